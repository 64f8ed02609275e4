"""What every credit engine promises of included minutes and discounts.

One second of talk costs 0.01 in Alice's wallet, where no quota takes anything off.
"""

import asyncio
from dataclasses import replace
from fractions import Fraction

from pbxcharge.core.attempt import Granted
from pbxcharge.core.credit import Close, Closed, CreditEngine, HoldLine, Refused, Reserved
from pbxcharge.core.measure import Measure
from pbxcharge.core.quotas import QuotaWallet
from tests.fakes.granted_call import a_rate, granted
from tests.fakes.quotas import MINUTES, discounted, included, with_quotas
from tests.fakes.small_site import ACTOR, ALICE, NOW_US, PRICE, reserve_for, top_up, two_levels

LATER = "alice:allowance:smartcall:minutes:2026-10-01"


def a_call(call_id: str, *quotas: QuotaWallet) -> Granted:
    """A call of Alice's that these quotas count."""
    return with_quotas(granted(call_id), *quotas)


async def held(
    engine: CreditEngine, call: Granted, want_s: int, step: int = 1, at_us: int = NOW_US
) -> Reserved:
    """The next slice, or as much of it as there is."""
    asked = replace(reserve_for(call, step, want_s, 1), at_us=at_us)
    payers = tuple(
        replace(one, quotas=tuple(quota for quota in one.quotas if quota.usable(at_us)))
        for one in asked.payers
    )
    outcome = await engine.execute(replace(asked, payers=payers))
    assert isinstance(outcome, Reserved), outcome
    return outcome


async def ended(engine: CreditEngine, call_id: str, micros: int, **used: int) -> None:
    """The call's end: what it is charged, and what it used of its quotas."""
    lines = [HoldLine(ALICE, micros), *(HoldLine(MINUTES, amount) for amount in used.values())]
    outcome = await engine.execute(Close(call_id, tuple(lines), NOW_US, ACTOR))
    assert outcome == Closed(call_id)


def amounts(reserved: Reserved) -> dict[str, int]:
    """What is held in each wallet."""
    return {line.wallet_id: line.amount_micros for line in reserved.lines}


async def test_two_minutes_left_pay_for_the_first_two_of_eight(engine: CreditEngine) -> None:
    """120 s are held of the minutes, and 360 s of money."""
    await engine.execute(top_up("t1", 1000 * PRICE))
    got = await held(engine, a_call("a", included(120)), 480)
    assert amounts(got) == {ALICE: 360 * PRICE, MINUTES: 120}
    (span,) = got.coverage[0]
    assert (span.from_s, span.until_s, span.discount) == (0, 120, Fraction(1))


async def test_free_minutes_need_no_credit(engine: CreditEngine) -> None:
    """Without a cent a call goes on to the end of the minutes, and not a second further."""
    got = await held(engine, a_call("a", included(25)), 60)
    assert (got.through_s, got.short) == (25, True)
    again = await engine.execute(reserve_for(a_call("a", included(25)), 2, 60))
    assert isinstance(again, Refused)


async def test_ten_calls_do_not_use_the_same_minute(engine: CreditEngine) -> None:
    """Sixty seconds are shared out once, however many ask at the same time."""
    asked = [held(engine, a_call(f"c{n}", included(60)), 6) for n in range(10)]
    outcomes = await asyncio.gather(*asked)
    assert sum(amounts(outcome)[MINUTES] for outcome in outcomes) == 60
    refused = await engine.execute(reserve_for(a_call("c10", included(60)), 1, 6, 1))
    assert isinstance(refused, Refused)


async def test_what_a_call_did_not_use_goes_back(engine: CreditEngine) -> None:
    """Of 60 s held 10 were talked: 50 are there for the next call."""
    await held(engine, a_call("a", included(60)), 60)
    await ended(engine, "a", 0, minutes=10)
    got = await held(engine, a_call("b", included(60)), 60)
    assert (got.through_s, amounts(got)[MINUTES]) == (50, 50)


async def test_a_slice_goes_on_where_the_last_one_ended(engine: CreditEngine) -> None:
    """What was granted stays; what another call gave back meanwhile counts from now on only."""
    await engine.execute(top_up("t1", 1000 * PRICE))
    minutes = included(30)
    await held(engine, a_call("other", minutes), 10)
    first = await held(engine, a_call("a", minutes), 30)
    assert amounts(first) == {ALICE: 10 * PRICE, MINUTES: 20}
    await ended(engine, "other", 0)
    second = await held(engine, a_call("a", minutes), 60, step=2)
    assert amounts(second) == {ALICE: 30 * PRICE, MINUTES: 30}
    assert [(span.from_s, span.until_s) for span in second.coverage[0]] == [(0, 20), (30, 40)]


async def test_the_same_slice_asked_for_twice_covers_once(engine: CreditEngine) -> None:
    """A repeat gets the same answer, its coverage too."""
    first = await held(engine, a_call("a", included(60)), 20)
    assert await held(engine, a_call("a", included(60)), 20) == first
    assert amounts(first)[MINUTES] == 20


async def test_a_discount_begins_after_what_all_calls_used(engine: CreditEngine) -> None:
    """Half off from 100 s on: one call holds 80 s, so that the other has it from its 21st."""
    await engine.execute(top_up("t1", 1000 * PRICE))
    volume = discounted((100, 50))
    assert amounts(await held(engine, a_call("a", volume), 80))[ALICE] == 80 * PRICE
    got = await held(engine, a_call("b", volume), 60)
    assert amounts(got) == {ALICE: (20 + 20) * PRICE, MINUTES: 60}


async def test_an_amount_that_is_included_is_counted_before_the_discount(
    engine: CreditEngine,
) -> None:
    """0.30 included pays for 30 s at 0.01."""
    got = await held(engine, a_call("a", included(30 * PRICE, measure=Measure.AMOUNT)), 60)
    assert got.through_s == 30
    assert amounts(got) == {ALICE: 0, MINUTES: 30 * PRICE}


async def test_what_is_left_of_an_earlier_month_is_used_first(engine: CreditEngine) -> None:
    """The wallet that ends sooner comes first, whatever the later one has."""
    old = included(10)
    new = included(60, LATER)
    got = await held(engine, a_call("a", old, new), 30)
    assert amounts(got) == {ALICE: 0, MINUTES: 10, LATER: 20}


async def test_seconds_of_a_slice_after_the_period_are_the_next_ones(engine: CreditEngine) -> None:
    """The instant of a slice decides; what the month before gave stays with the call."""
    old = included(60, times_us=(0, NOW_US + 10, NOW_US + 10))
    new = included(60, LATER, times_us=(NOW_US + 10, NOW_US + 99, NOW_US + 99))
    call = a_call("a", old, new)
    await held(engine, call, 30, at_us=NOW_US + 9)
    got = await held(engine, call, 50, step=2, at_us=NOW_US + 10)
    assert amounts(got) == {ALICE: 0, MINUTES: 30, LATER: 20}


async def test_what_rolled_over_ends_with_the_last_tier(engine: CreditEngine) -> None:
    """60 s free, then half off for good, but in the months after it only what is left of the 60."""
    await engine.execute(top_up("t1", 1000 * PRICE))
    old = discounted((0, 100), (60, 50), times_us=(0, NOW_US, NOW_US + 10))
    got = await held(engine, a_call("a", old), 100)
    assert amounts(got) == {ALICE: 40 * PRICE, MINUTES: 60}


async def test_only_who_pays_is_covered(engine: CreditEngine) -> None:
    """The user's minutes are the user's: the organization pays for all of the talk."""
    await engine.execute(top_up("t1", 100 * PRICE, "acme:outgoing"))
    got = await held(engine, with_quotas(two_levels("a"), included(60)), 60)
    assert amounts(got) == {ALICE: 0, "acme:outgoing": 30 * PRICE, MINUTES: 60}


async def test_blocks_are_used_whole(engine: CreditEngine) -> None:
    """At 60/60, 90 s of included minutes cover the first block and half of the second."""
    await engine.execute(top_up("t1", 1000 * PRICE))
    rate = a_rate(first_s=60, next_s=60)
    got = await held(engine, with_quotas(granted("a", rates=(rate,)), included(90)), 120)
    assert amounts(got) == {ALICE: 30 * PRICE, MINUTES: 90}


async def test_what_was_used_is_gone_for_good(engine: CreditEngine) -> None:
    """Of 60 s a call used 25: the next one has 35."""
    await held(engine, a_call("a", included(60)), 60)
    await ended(engine, "a", 0, minutes=25)
    assert (await held(engine, a_call("b", included(60)), 60)).through_s == 35
