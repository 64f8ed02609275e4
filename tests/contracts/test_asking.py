"""What a phone may be told, on every credit engine: asked for in the engine's own step.

One second of talk costs 0.01.
"""

from dataclasses import replace

import pytest

from pbxcharge.core.credit import CreditEngine, OpenWallet, Refused, Reserve, Reserved, Shortage
from pbxcharge.core.limits import UNLIMITED, Limits
from pbxcharge.core.money import AMOUNT_MAX_MICROS, MICROS
from tests.fakes.small_site import ALICE, NOW_US, PRICE, reserve, top_up


def asking(call_id: str, limits: Limits = UNLIMITED, *, horizon_s: int = 600) -> Reserve:
    """A question for a first slice of 10 s that holds nothing."""
    asked = reserve(call_id, 1, 10)
    payers = tuple(replace(payer, limits=limits, month_from_us=NOW_US) for payer in asked.payers)
    return replace(asked, payers=payers, horizon_s=horizon_s, holds=False)


async def test_a_question_holds_nothing(engine: CreditEngine) -> None:
    """Asked twice, the same is left; the call that is made then gets all of it."""
    await engine.execute(top_up("t1", 60 * PRICE))
    for _ in range(2):
        told = await engine.execute(asking("a"))
        assert isinstance(told, Reserved)
        assert (told.affordable_s, told.own_available_micros) == (60, 60 * PRICE)
    held = await engine.execute(reserve("a", 1, 60))
    assert isinstance(held, Reserved)
    assert held.through_s == 60


async def test_what_other_calls_hold_is_not_told(engine: CreditEngine) -> None:
    """Ten live calls hold 10 s each of 130: 30 s are there now."""
    await engine.execute(top_up("t1", 130 * PRICE))
    for number in range(10):
        await engine.execute(reserve(f"c{number}", 1, 10))
    told = await engine.execute(asking("a"))
    assert isinstance(told, Reserved)
    assert (told.affordable_s, told.own_available_micros) == (30, 30 * PRICE)


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        (UNLIMITED, Shortage.NOT_ENOUGH_CREDIT),
        (replace(UNLIMITED, concurrent_calls=0), Shortage.CONCURRENT_CALLS),
    ],
)
async def test_a_refusal_tells_what_is_left_too(
    engine: CreditEngine, limits: Limits, why: Shortage
) -> None:
    """5 s are left, and the first slice is 10 s; or no call at all is allowed."""
    await engine.execute(top_up("t1", 5 * PRICE))
    asked = replace(asking("a", limits), least_s=10)
    told = await engine.execute(asked)
    assert told == Refused("a", 1, why, ALICE, 5 * PRICE)


@pytest.mark.parametrize(("monthly", "available"), [(None, None), (3 * MICROS, 3 * MICROS)])
async def test_who_is_never_cut_has_no_balance_to_be_told(
    engine: CreditEngine, monthly: int | None, available: int | None
) -> None:
    """Unlimited: nothing. Postpaid: what is left of the month."""
    await engine.execute(OpenWallet(ALICE, "alice", "outgoing", -AMOUNT_MAX_MICROS))
    told = await engine.execute(asking("a", replace(UNLIMITED, monthly_limit_micros=monthly)))
    assert isinstance(told, Reserved)
    assert told.own_available_micros == available
