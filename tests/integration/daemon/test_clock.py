"""The wall clock is set while people talk: deadlines stay, and nobody pays for the step."""

import os
from pathlib import Path

import pytest

from tests.exchange import SECOND, SLICE_S, Exchange, exchange, timing
from tests.fakes.until import until

HOUR_S = 3600
STEPPABLE = Path(__file__).parents[2] / "fakes" / "stepped_clock"


async def serve_steppable(x: Exchange) -> None:
    """Start the daemon on a wall clock that a test can step."""
    step = x.site.folder / "step"
    step.write_text("0")
    path = os.pathsep.join(filter(None, (str(STEPPABLE), os.environ.get("PYTHONPATH"))))
    await x.serve(PYTHONPATH=path, STEPPED_CLOCK=str(step))


def step_machine(x: Exchange, by_s: int) -> None:
    """Step the one clock of the machine: Asterisk and the daemon both see it."""
    (x.site.folder / "step").write_text(str(by_s * 10**9))
    x.pbx.step_s = by_s


@pytest.mark.parametrize("by_s", [HOUR_S, -HOUR_S])
async def test_step_of_the_machines_clock_costs_the_caller_nothing(by_s: int) -> None:
    """Set by an hour in mid-call, either way: renewed in time, charged by the monotonic clock.

    Asterisk's stamps say an hour of talk; the record says `clock: corrected`.
    Seen failing without `elapsed_ms` in Listener._hung_up.
    """
    async with exchange({"alice": "1.00"}, serve=False) as x:
        await serve_steppable(x)
        call = await x.talk("alice")
        step_machine(x, by_s)
        await x.site.log.wait("slice", call_id=call.call_id, paid_s=2 * SLICE_S)
        call.hang_up()
        record = await x.settled(call)
        assert abs(record["ended_at_us"] - record["answered_at_us"] - by_s * 10**6) < 10_000_000
        assert (record["clock"], record["ended_by"]) == ("corrected", "caller")
        assert 3 <= record["talk_s"] < 2 * SLICE_S
        assert (record["unpaid_s"], record["charge_micros"]) == (0, record["talk_s"] * SECOND)


@pytest.mark.parametrize("by_s", [HOUR_S, -HOUR_S])
async def test_call_that_is_cut_off_after_a_step_ends_when_its_credit_does(by_s: int) -> None:
    """Credit for ten seconds stays ten seconds, whatever the clock says meanwhile."""
    async with exchange({"alice": "0.10"}, serve=False) as x:
        await serve_steppable(x)
        call = await x.talk("alice")
        step_machine(x, by_s)
        begun = x.pbx.loop.time()
        record = await x.settled(call)
        assert 9 < x.pbx.loop.time() - begun < 13
        assert (record["billed_s"], record["ended_by"]) == (10, "credit")
        assert x.balance("alice") == 0


async def test_asterisk_on_a_clock_of_its_own_is_charged_by_its_own_stamps() -> None:
    """An hour ahead all the time: answer and end carry the same error, the talk is right."""
    async with exchange({"alice": "1.00"}, serve=False) as x:
        x.pbx.step_s = HOUR_S
        await x.serve()
        call = await x.talk("alice")
        await x.site.log.wait("slice", call_id=call.call_id)
        call.hang_up()
        record = await x.settled(call)
        assert (record["clock"], record["unpaid_s"]) == ("ok", 0)
        assert 3 <= record["talk_s"] < 2 * SLICE_S


@pytest.mark.parametrize("by_s", [HOUR_S, -HOUR_S])
async def test_step_of_asterisks_clock_alone_never_charges_more_than_was_paid(by_s: int) -> None:
    """Its stamps cannot be believed then: at most the slices that were held are charged."""
    async with exchange({"alice": "1.00"}) as x:
        call = await x.talk("alice")
        x.pbx.step_s = by_s
        call.hang_up()
        record = await x.settled(call)
        assert record["billed_s"] <= x.through_s(call) == SLICE_S
        assert x.balance("alice") == 1_000_000 - record["charge_micros"]


async def test_timeout_that_a_step_moved_is_set_anew() -> None:
    """Asterisk keeps its timeouts by the wall clock: set back an hour, the leg would talk on.

    The next look at the channels finds it, and sets the timeout as it was.
    """
    async with exchange({"alice": "0.10"}, serve=False, change=timing(status_check_s=1)) as x:
        await serve_steppable(x)
        call = await x.talk("alice")
        await x.paid(call, 2 * SLICE_S)
        step_machine(x, -HOUR_S)
        set_before = len(x.pbx.acted("AbsoluteTimeout"))
        await until(lambda: len(x.pbx.acted("AbsoluteTimeout")) > set_before)
        assert float(x.pbx.acted("AbsoluteTimeout")[-1]["Timeout"]) < 2 * SLICE_S
        await x.settled(call)
