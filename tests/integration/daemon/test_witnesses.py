"""Who says when a call ended: each witness alone, the best of two that disagree, an hour away.

The record names the witness (`end_source`). Asterisk's own records confirm and never decide.
"""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.exchange import SECOND, SLICE_S, Exchange, exchange, slices_of, timing
from tests.fakes.fake_call import FakeCall
from tests.fakes.until import until

OFTEN = timing(status_check_s=1, spool_check_s=1)
LEGS = {"HangupRequest", "Hangup"}
HOUR_S = 3600
STEPPABLE = Path(__file__).parents[2] / "fakes" / "stepped_clock"


class Unwritten(dict[str, str]):
    """A database of Asterisk that keeps nothing."""

    def __setitem__(self, key: str, value: str) -> None:
        """Keep nothing."""


def often(settings: Any, rule: str = "last_seen") -> None:
    """Look every second, and settle lost ends by this rule."""
    OFTEN(settings)
    settings["lost_end"] = rule


def paid_through(settings: Any) -> None:
    """The other rule."""
    often(settings, "paid_through")


async def seen_in_talk(x: Exchange, call: FakeCall) -> None:
    """Wait for a durable proof of life that is younger than the answer."""
    proof = "SELECT at_us / 1e6 AS seen_at FROM pbx_seen"
    await until(lambda: x.rows(proof)[0]["seen_at"] > call.answered_at)


async def charged(x: Exchange, call: FakeCall, source: str) -> dict[str, Any]:
    """The record, decided by this witness, charged once for what it says."""
    record = await x.settled(call)
    assert record["end_source"] == source, record
    paid_s = min(record["talk_s"], x.through_s(call))
    assert (record["disposition"], record["charge_micros"]) == ("ANSWERED", paid_s * SECOND)
    assert (x.held(), x.balance("alice")) == ([], 1_000_000 - record["charge_micros"])
    return record


async def test_event_alone() -> None:
    """Nothing is written, no record of Asterisk: the leg's Hangup event is enough."""
    async with exchange({"alice": "1.00"}) as x:
        x.pbx.spool, x.pbx.omitted = Unwritten(), {"Cdr"}
        call = await x.talk("alice")
        call.hang_up()
        await charged(x, call, "event")


async def test_spool_alone() -> None:
    """No event of the end, no record of Asterisk: what the leg wrote down is enough."""
    async with exchange({"alice": "1.00"}, change=often) as x:
        x.pbx.omitted = {*LEGS, "Cdr"}
        call = await x.talk("alice")
        call.hang_up()
        await charged(x, call, "spool")


@pytest.mark.parametrize("told", [set(), {"Cdr"}], ids=["nothing", "asterisks_record"])
async def test_last_proof_of_life_alone(told: set[str]) -> None:
    """No event, nothing written: up to the last proof; also where Asterisk's record knows better.

    Seen failing with the two rules of recovery.lost_end exchanged.
    """
    async with exchange({"alice": "1.00"}, change=often, plan=slices_of(30)) as x:
        x.pbx.spool, x.pbx.omitted = Unwritten(), {*LEGS, "Cdr"} - told
        call = await x.talk("alice")
        await seen_in_talk(x, call)
        call.hang_up()
        record = await charged(x, call, "last_seen")
        assert call.answered_at is not None
        assert record["ended_at_us"] / 1e6 <= x.pbx.ended_at[call.metered_leg.uniqueid]


async def test_paid_time_alone() -> None:
    """No event, nothing written, and the operator wants lost ends paid in full."""
    async with exchange({"alice": "1.00"}, change=paid_through) as x:
        x.pbx.spool, x.pbx.omitted = Unwritten(), {*LEGS, "Cdr"}
        call = await x.talk("alice")
        call.hang_up()
        assert (await charged(x, call, "paid_through"))["billed_s"] == SLICE_S


async def test_of_two_that_disagree_the_better_one_decides_and_it_is_told() -> None:
    """The event says now, what the leg wrote says 7 s later: the event counts, and it is logged.

    Seen failing without Spool._tell_difference.
    """
    async with exchange({"alice": "1.00"}, change=often) as x:
        call = await x.talk("alice")
        call.hang_up()
        leg = call.metered_leg.uniqueid
        head, answered, ended, *rest = x.pbx.spool[leg].rsplit("|", 5)
        x.pbx.spool[leg] = "|".join([head, answered, f"{float(ended) + 7:.6f}", *rest])
        record = await charged(x, call, "event")
        told = await x.site.log.wait("ends differ", call_id=call.call_id)
        assert (told["end_source"], round(told["spool_later_s"])) == ("event", 7)
        assert abs(record["ended_at_us"] / 1e6 - float(ended)) < 0.5


async def test_record_of_asterisk_that_contradicts_is_told_and_changes_nothing() -> None:
    """Asterisk's Cdr says 9 s more than was charged: the operator reads it in the log.

    Seen failing without Confirmation.hear.
    """
    async with exchange({"alice": "1.00"}) as x:
        call = await x.talk("alice")
        stated = x.pbx.emit

        def longer(name: str, body: str, privilege: str = "call,all") -> None:
            stated(name, body.replace("BillableSeconds: ", "BillableSeconds: 9"), privilege)

        x.pbx.emit = longer  # type: ignore[method-assign]
        call.hang_up()
        record = await charged(x, call, "event")
        told = await x.site.log.wait("cdr differs", call_id=call.call_id)
        assert (told["talk_s"], told["end_source"]) == (record["talk_s"], "event")
        assert told["asterisk_s"] >= 90


async def test_record_of_asterisk_that_agrees_is_not_spoken_of() -> None:
    """Asterisk counts whole seconds in its own way: two seconds are no contradiction."""
    async with exchange({"alice": "1.00"}) as x:
        first, second = await x.talk("alice"), await x.talk("alice")
        first.hang_up()
        await x.settled(first)
        # When this one is paid further, the first one has long been compared.
        await x.site.log.wait("slice", call_id=second.call_id, paid_s=2 * SLICE_S)
        assert not x.site.log.find("cdr differs")


async def test_slow_asterisk_is_waited_for() -> None:
    """Each action waits for 0.7 s: calls are renewed all the same, and end by their events."""
    async with exchange({"alice": "1.00"}, change=timing(renew_lead_s=4)) as x:
        call = await x.talk("alice")
        x.pbx.reply_delay_s = 0.7
        await x.site.log.wait("slice", call_id=call.call_id, paid_s=3 * SLICE_S)
        assert not call.ended.is_set()
        call.hang_up("callee")
        assert (await charged(x, call, "event"))["ended_by"] == "callee"
        assert not x.site.log.find("ami_down")


@pytest.mark.parametrize("death", ["stop", "kill"])
async def test_hour_without_the_daemon(death: str) -> None:
    """Calls end while it is away, one is refused, one is free: all of it is in the books after it.

    The hour is a step of both clocks, which is what an hour is to a daemon that did not run.
    """
    async with exchange({"alice": "1.00"}, serve=False, plan=slices_of(6)) as x:
        step = x.site.folder / "step"
        step.write_text("0")
        path = os.pathsep.join(filter(None, (str(STEPPABLE), os.environ.get("PYTHONPATH"))))
        await x.serve(PYTHONPATH=path, STEPPED_CLOCK=str(step))
        stays, leaves = await x.talk("alice"), await x.talk("alice")
        await (x.site.stop() if death == "stop" else x.site.kill())
        leaves.hang_up("callee")
        await stays.ended.wait()
        x.pbx.step_s = HOUR_S / 2
        refused = await x.ask("alice")
        emergency = x.pbx.place_call("alice", "112")
        emergency.dial_emergency()
        emergency.answer()
        emergency.hang_up()
        x.pbx.step_s = HOUR_S
        step.write_text(str(HOUR_S * 10**9))
        await x.serve(PYTHONPATH=path, STEPPED_CLOCK=str(step))
        for call, by in ((stays, "lease"), (leaves, "callee")):
            record = await x.settled(call)
            assert (record["end_source"], record["ended_by"]) == ("spool", by), record
            assert 1 <= record["talk_s"] <= 7
            assert record["charge_micros"] == min(6, record["talk_s"]) * SECOND
        await until(lambda: x.records(refused) and x.records(emergency))
        away, free = x.record(refused), x.record(emergency)
        assert (refused.sip_code, away["reason"], away["end_source"]) == (
            503,
            "daemon_away",
            "spool",
        )
        assert (free["call_type"], free["charge_micros"], free["talk_s"]) == ("emergency", 0, 1)
        assert x.held() == []
