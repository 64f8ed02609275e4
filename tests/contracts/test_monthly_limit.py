"""Postpaid accounts, on every credit engine: what they may spend in a calendar month.

One second of talk costs 0.01; Alice's wallets may be spent below zero.
"""

import asyncio
from dataclasses import replace
from fractions import Fraction

from pbxcharge.core.credit import (
    CreditEngine,
    OpenWallet,
    Refused,
    Reserve,
    Reserved,
    Shortage,
)
from pbxcharge.core.limits import UNLIMITED
from pbxcharge.core.money import AMOUNT_MAX_MICROS, MICROS
from tests.fakes.granted_call import a_rate
from tests.fakes.small_site import ALICE, NOW_US, PRICE, close, reserve, top_up

INCOMING = "alice:incoming"
MAY_US = NOW_US + 100 * MICROS
"""When the next month begins."""


async def owing(engine: CreditEngine) -> None:
    """Alice's wallets, as those of a postpaid account."""
    for wallet in (ALICE, INCOMING):
        kind = wallet.partition(":")[2]
        await engine.execute(OpenWallet(wallet, "alice", kind, -AMOUNT_MAX_MICROS))


def monthly(
    call_id: str,
    step: int = 1,
    want_s: int = 10,
    *,
    limit: int = 30,
    wallet: str = ALICE,
    month_us: int = NOW_US - MICROS,
    least_s: int | None = None,
) -> Reserve:
    """A slice of a call of an account that may spend `limit` seconds' price in its month."""
    asked = reserve(call_id, step, want_s, least_s)
    (payer,) = asked.payers
    limits = replace(UNLIMITED, monthly_limit_micros=limit * PRICE)
    payer = replace(payer, wallet_id=wallet, limits=limits, month_from_us=month_us)
    return replace(asked, payers=(payer,), at_us=max(NOW_US, month_us))


async def test_ten_calls_at_once_never_pass_a_monthly_limit(engine: CreditEngine) -> None:
    """Of calls from both wallets, asked for together, three fit; the rest lack credit."""
    await owing(engine)
    asked = [
        engine.execute(monthly(f"c{number}", wallet=(ALICE, INCOMING)[number % 2]))
        for number in range(10)
    ]
    outcomes = await asyncio.gather(*asked)
    assert sum(isinstance(outcome, Reserved) for outcome in outcomes) == 3
    refused = {outcome.why for outcome in outcomes if isinstance(outcome, Refused)}
    assert refused == {Shortage.NOT_ENOUGH_CREDIT}


async def test_the_end_of_a_monthly_limit_is_shared_like_credit(engine: CreditEngine) -> None:
    """Two calls of 10 s each hold 20 of 40: the one that renews gets half of what is left."""
    await owing(engine)
    await engine.execute(monthly("a", limit=40))
    await engine.execute(monthly("b", limit=40, wallet=INCOMING))
    held = await engine.execute(monthly("a", 2, 40, limit=40, least_s=11))
    assert isinstance(held, Reserved)
    assert (held.through_s, held.short) == (20, True)


async def test_what_was_charged_counts_until_the_month_is_over(engine: CreditEngine) -> None:
    """20 of 30 are charged: 10 are left, until the next month begins with all 30."""
    await owing(engine)
    await engine.execute(monthly("a", want_s=20))
    await engine.execute(close("a", 20 * PRICE))
    assert isinstance(await engine.execute(monthly("b", want_s=11)), Refused)
    assert isinstance(await engine.execute(monthly("b", want_s=30, month_us=MAY_US)), Reserved)


async def test_payments_and_refunds_do_not_enlarge_a_month(engine: CreditEngine) -> None:
    """A payment lowers the debt; what may be spent in this month stays what it is."""
    await owing(engine)
    await engine.execute(monthly("a", want_s=30))
    await engine.execute(close("a", 30 * PRICE))
    await engine.execute(top_up("paid", 1000 * PRICE))
    assert isinstance(await engine.execute(monthly("b", want_s=1)), Refused)


async def test_a_call_over_the_months_end_is_charged_to_the_month_of_its_end(
    engine: CreditEngine,
) -> None:
    """It holds 20 of each month that asks; once it is charged, the new month has 10 left."""
    await owing(engine)
    await engine.execute(monthly("a", want_s=20))
    assert isinstance(await engine.execute(monthly("b", want_s=11, month_us=MAY_US)), Refused)
    await engine.execute(replace(close("a", 20 * PRICE), at_us=MAY_US))
    assert isinstance(await engine.execute(monthly("b", want_s=11, month_us=MAY_US)), Refused)
    assert isinstance(await engine.execute(monthly("b", want_s=10, month_us=MAY_US)), Reserved)


async def test_what_costs_nothing_needs_no_monthly_limit(engine: CreditEngine) -> None:
    """Nothing left, and a free call begins."""
    await owing(engine)
    asked = monthly("a", limit=0)
    (payer,) = asked.payers
    free = replace(payer, price=a_rate(price_per_minute=Fraction(0)))
    assert isinstance(await engine.execute(replace(asked, payers=(free,))), Reserved)
