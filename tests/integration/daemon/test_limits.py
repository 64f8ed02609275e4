"""Limits on the real daemon: how many come through when many try at once, and after a restart."""

import asyncio
from collections import Counter

from tests.exchange import PLAN, SECOND, SLICE_S, Exchange, exchange
from tests.fakes.fake_call import FakeCall
from tests.fakes.until import until

ATTACKED = "00442079460000"
DEFAULTS = PLAN.partition("limits:")[0] + "prices:" + PLAN.partition("prices:")[2]
"""The plan as somebody writes it who never thought of limits."""


def limited(**limits: object) -> str:
    """The plan with these limits, and no others."""
    plan = PLAN
    for key, limit in limits.items():
        assert f"{key}: unlimited" in plan
        plan = plan.replace(f"{key}: unlimited", f"{key}: {limit}")
    return plan


async def burst(x: Exchange, calls: int) -> tuple[list[FakeCall], Counter[tuple[str, int]]]:
    """So many attempts at once: those let through, and why the others were not."""
    before = len(x.site.log.lines)
    placed = [x.pbx.place_call("alice", ATTACKED) for _ in range(calls)]
    allowed = await asyncio.gather(*(call.authorize() for call in placed))
    through = [call for call, yes in zip(placed, allowed, strict=True) if yes]
    await until(lambda: len(refusals(x, before)) == calls - len(through))
    return through, Counter(refusals(x, before))


def refusals(x: Exchange, before: int) -> list[tuple[str, int]]:
    """Reason and SIP answer of every refusal that was told after so many lines of the log."""
    told = [line for line in x.site.log.lines[before:] if line["event"] == "refused"]
    return [(line["reason"], line["sip_code"]) for line in told]


async def test_two_hundred_calls_in_a_second_on_credit_for_three_let_three_through() -> None:
    """The other 197 are told that the credit is not enough, each has a record, the books hold.

    Seen failing with `_room_micros` taking the balance for what is available.
    """
    async with exchange({"alice": "0.15"}, plan=DEFAULTS) as x:
        through, refused = await burst(x, 200)
        assert (len(through), refused) == (3, {("not_enough_credit", 402): 197})
        assert len(x.held()) == 3
        reasons = "SELECT count(*) AS n FROM cdr WHERE reason = 'not_enough_credit'"
        await until(lambda: x.rows(reasons) == [{"n": 197}])
        for call in through:
            call.hang_up()
            await x.settled(call)
        assert x.balance("alice") == 150_000
        await x.site.stop()
        await x.site.run("verify")


async def test_an_attack_of_thirty_calls_is_stopped_in_its_first_second() -> None:
    """With ample credit and no word about limits in the plan: ten at once, and no more.

    Seen failing with the limits of the plan not handed to Payer in Authorizer._hold.
    """
    async with exchange({"alice": "1000.00"}, plan=DEFAULTS) as x:
        through, refused = await burst(x, 30)
        assert (len(through), refused) == (10, {("concurrent_calls", 486): 20})


async def test_an_attack_shows_in_what_it_would_spend_before_it_has_spent_anything() -> None:
    """0.25 an hour is five slices of 0.05: held money counts, so the sixth call is refused."""
    async with exchange({"alice": "1000.00"}, plan=limited(spend_per_hour="0.25")) as x:
        through, refused = await burst(x, 30)
        assert (len(through), refused) == (5, {("spend_rate", 403): 25})


async def test_a_restart_forgets_no_count() -> None:
    """Of five calls a minute three were made before a crash, and hung up: two are left after it.

    Seen failing without the starts read in read_activities.
    """
    async with exchange({"alice": "1000.00"}, plan=limited(calls_per_minute=5)) as x:
        through, _ = await burst(x, 3)
        for call in through:
            call.hang_up()
            await x.settled(call)
        await x.site.kill()
        await x.serve()
        through, refused = await burst(x, 4)
        assert (len(through), refused) == (2, {("calls_per_minute", 486): 2})


async def test_a_restart_forgets_neither_what_is_held_nor_what_was_charged() -> None:
    """0.11 an hour: one call has paid 0.01, one holds 0.05, so one more slice of 0.05 fits.

    Seen failing without the spending read in read_spending.
    """
    async with exchange({"alice": "1000.00"}, plan=limited(spend_per_day="0.11")) as x:
        paid = await x.talk("alice")
        paid.hang_up()
        assert (await x.settled(paid))["charge_micros"] == SECOND
        rings = await x.ring("alice")
        await x.site.kill()
        await x.serve()
        through, refused = await burst(x, 3)
        assert (len(through), refused) == (1, {("spend_rate", 403): 2})
        assert not rings.ended.is_set()


async def test_an_account_shows_how_near_its_limits_it_is() -> None:
    """One call was charged 0.01, another one rings and holds 0.05."""
    async with exchange({"alice": "1000.00"}, plan=limited(spend_per_hour="0.12")) as x:
        paid = await x.talk("alice")
        paid.hang_up()
        await x.settled(paid)
        await x.ring("alice")
        limits = (await x.site.ask("account", "show", "alice"))["limits"]
        assert limits == {
            "concurrent_calls": {"now": 1, "most": None},
            "calls_per_minute": {"now": 2, "most": None},
            "spend_per_hour": {"now": "0.06", "most": "0.12"},
            "spend_per_day": {"now": "0.06", "most": None},
        }
        told = (await x.site.run("account", "show", "alice")).out
        assert "0.06, at most 0.12" in told
        assert "2, unlimited" in told


async def test_a_running_call_ends_with_the_time_that_the_limit_lets_it_pay() -> None:
    """0.12 an hour at 0.01 a second: 12 s of talk, and the record says that a limit ended it."""
    async with exchange({"alice": "1000.00"}, plan=limited(spend_per_hour="0.12")) as x:
        call = await x.talk("alice")
        await x.paid(call, 2 * SLICE_S)
        record = await x.settled(call)
        assert (record["talk_s"], record["unpaid_s"], record["ended_by"]) == (12, 0, "limit")
        assert record["charge_micros"] == 12 * SECOND
