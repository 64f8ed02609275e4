"""What subscriptions owe is booked, or waits, on every credit engine.

One second of talk costs 0.01.
"""

from dataclasses import replace

import pytest

from pbxcharge.core.credit import (
    Collect,
    Collected,
    Conflict,
    Convert,
    CreditEngine,
    NotOpen,
    OpenWallet,
    OutOfBounds,
    PartlyCollected,
    Refused,
    Reserve,
    Reserved,
    Waits,
)
from pbxcharge.core.ledger import Entry, EntryKind
from pbxcharge.core.limits import UNLIMITED
from pbxcharge.core.money import AMOUNT_MAX_MICROS, MICROS
from tests.fakes.small_site import ACTOR, ALICE, BOB, NOW_US, PRICE, close, reserve, top_up

FEE, CREDIT = EntryKind.FEE, EntryKind.CREDIT
INCOMING, SHARED = "alice:incoming", "alice:shared"


def item(name: str, amount: int, kind: EntryKind = FEE, wallet: str = ALICE) -> Entry:
    """An entry over so many seconds' price."""
    return Entry(f"subscription:{name}", wallet, kind, amount * PRICE, NOW_US, ACTOR)


def collect(*items: Entry, may_wait: bool = True) -> Collect:
    """All of what is owed, which needs as much as it costs."""
    needs = max(0, -sum(entry.amount_micros for entry in items))
    return Collect(items, needs, may_wait)


NOVEMBER = collect(item("fee", -30), item("credit", 10, CREDIT))


async def balance(engine: CreditEngine, wallet: str = ALICE) -> int:
    """In seconds' price; opening a wallet as it is changes nothing."""
    account_id, kind = wallet.split(":")
    opened = await engine.execute(OpenWallet(wallet, account_id, kind, 0))
    return int(opened.wallet.balance_micros) // PRICE  # type: ignore[union-attr]


async def test_a_fee_waits_until_what_is_due_fits(engine: CreditEngine) -> None:
    """30 with a credit of 10 waits for 20; both are booked, and nothing is left."""
    await engine.execute(top_up("t1", 19 * PRICE))
    assert await engine.execute(NOVEMBER) == Waits(ALICE, 20 * PRICE, 19 * PRICE)
    assert await balance(engine) == 19
    await engine.execute(top_up("t2", PRICE))
    assert await engine.execute(NOVEMBER) == Collected(ALICE, 0)


async def test_the_same_collected_twice_is_booked_once(engine: CreditEngine) -> None:
    """Whatever is left, and whenever it is asked again."""
    await engine.execute(top_up("t1", 30 * PRICE))
    await engine.execute(NOVEMBER)
    later = replace(
        NOVEMBER, items=tuple(replace(one, at_us=one.at_us + 7) for one in NOVEMBER.items)
    )
    assert await engine.execute(later) == Collected(ALICE, 10 * PRICE, repeated=True)
    assert await balance(engine) == 10


async def test_whoever_knows_less_than_the_books_collects_nothing(engine: CreditEngine) -> None:
    """The fee is booked, with a credit of 10; a second look by older facts adds no other one."""
    await engine.execute(top_up("t1", 30 * PRICE))
    await engine.execute(NOVEMBER)
    later = collect(item("fee", -30), item("credit-later", 11, CREDIT))
    found = await engine.execute(later)
    assert found == PartlyCollected(ALICE, ("subscription:fee",))
    other = collect(item("fee", -29))
    assert isinstance(await engine.execute(other), Conflict)
    assert await balance(engine) == 10


async def test_what_calls_hold_stays_theirs(engine: CreditEngine) -> None:
    """30, of which a call holds 10: a fee of 21 waits, also when it is asked for twice."""
    await engine.execute(top_up("t1", 30 * PRICE))
    await engine.execute(reserve("a"))
    for _ in range(2):
        assert await engine.execute(collect(item("fee", -21))) == Waits(
            ALICE, 21 * PRICE, 20 * PRICE
        )
    assert await engine.execute(collect(item("fee", -20))) == Collected(ALICE, 10 * PRICE)
    assert await engine.execute(close("a", 10 * PRICE))
    assert await balance(engine) == 0


async def test_what_may_not_wait_is_booked_below_zero(engine: CreditEngine) -> None:
    """The service was given; a live call keeps what it holds, and gets no more."""
    await engine.execute(top_up("t1", 10 * PRICE))
    await engine.execute(reserve("a"))
    given = collect(item("fee", -30), item("penalty", -5, EntryKind.PENALTY), may_wait=False)
    assert await engine.execute(given) == Collected(ALICE, -25 * PRICE)
    assert isinstance(await engine.execute(reserve("a", 2, 20, 11)), Refused)
    await engine.execute(close("a", 10 * PRICE))
    assert await balance(engine) == -35


async def test_what_costs_nothing_needs_nothing(engine: CreditEngine) -> None:
    """A free month, or one that was credited whole, does not wait for a debt to be paid."""
    await engine.execute(collect(item("debt", -3), may_wait=False))
    assert await engine.execute(collect(item("free", 0))) == Collected(ALICE, -3 * PRICE)
    whole = collect(item("fee", -30), item("credit", 30, CREDIT))
    assert await engine.execute(whole) == Collected(ALICE, -3 * PRICE)


async def test_a_credit_limit_pays_fees(engine: CreditEngine) -> None:
    """10 below zero are allowed: 10 are available."""
    await engine.execute(OpenWallet(ALICE, "alice", "outgoing", -10 * PRICE))
    assert isinstance(await engine.execute(collect(item("dear", -11))), Waits)
    assert await engine.execute(collect(item("fee", -10))) == Collected(ALICE, -10 * PRICE)


async def test_a_closed_wallet_pays_no_fee(engine: CreditEngine) -> None:
    """The account has another one, which is asked then."""
    await engine.execute(OpenWallet(SHARED, "alice", "shared", 0))
    await engine.execute(Convert((ALICE, INCOMING), SHARED, "", NOW_US, ACTOR))
    for may_wait in (True, False):
        assert await engine.execute(collect(item("fee", -1), may_wait=may_wait)) == NotOpen(ALICE)


async def test_a_debt_is_bounded(engine: CreditEngine) -> None:
    """Nothing is booked of what would pass the range of amounts."""
    most = item("most", -AMOUNT_MAX_MICROS // PRICE)
    await engine.execute(collect(most, may_wait=False))
    one = item("one", -1)
    assert await engine.execute(collect(one, may_wait=False)) == OutOfBounds(one)


def postpaid(limit: int, *items: Entry) -> Collect:
    """Collected from an account that may be charged so much in its month."""
    asked = collect(*items)
    return replace(asked, monthly_limit_micros=limit * PRICE, month_from_us=NOW_US - MICROS)


def monthly(call_id: str, limit: int, want_s: int) -> Reserve:
    """A first slice of such an account."""
    asked = reserve(call_id, 1, want_s)
    limits = replace(UNLIMITED, monthly_limit_micros=limit * PRICE)
    payer = replace(asked.payers[0], limits=limits, month_from_us=NOW_US - MICROS)
    return replace(asked, payers=(payer,))


async def owing(engine: CreditEngine) -> None:
    """Alice's wallet may be spent far below zero."""
    await engine.execute(OpenWallet(ALICE, "alice", "outgoing", -AMOUNT_MAX_MICROS))


@pytest.mark.parametrize("asked_before", [True, False])
async def test_fees_count_in_a_monthly_limit(engine: CreditEngine, asked_before: bool) -> None:
    """Of 30 a month, 20 less 5 are charged by a subscription: calls have 15 left."""
    await owing(engine)
    if asked_before:
        assert isinstance(await engine.execute(monthly("a", 30, 31)), Refused)
    await engine.execute(collect(item("fee", -20), item("credit", 5, CREDIT), may_wait=False))
    assert isinstance(await engine.execute(monthly("b", 30, 16)), Refused)
    assert isinstance(await engine.execute(monthly("c", 30, 15)), Reserved)


async def test_a_fee_waits_for_room_in_the_month(engine: CreditEngine) -> None:
    """Of 30, a call was charged 8 and another holds 12: 10 are left for fees."""
    await owing(engine)
    await engine.execute(monthly("a", 30, 8))
    await engine.execute(close("a", 8 * PRICE))
    await engine.execute(monthly("b", 30, 12))
    found = await engine.execute(postpaid(30, item("dear", -11)))
    assert found == Waits(ALICE, 11 * PRICE, 10 * PRICE)
    assert isinstance(await engine.execute(postpaid(30, item("fee", -10))), Collected)
    assert isinstance(await engine.execute(postpaid(30, item("more", -1))), Waits)


async def test_fees_do_not_brake_calls(engine: CreditEngine) -> None:
    """The limits of an hour and a day are for what calls spend."""
    await engine.execute(top_up("t1", 100 * PRICE))
    await engine.execute(collect(item("fee", -50)))
    asked = reserve("a", 1, 30)
    limits = replace(UNLIMITED, spend_per_hour_micros=30 * PRICE, spend_per_day_micros=30 * PRICE)
    asked = replace(asked, payers=(replace(asked.payers[0], limits=limits),))
    assert isinstance(await engine.execute(asked), Reserved)


@pytest.mark.parametrize(
    "items",
    [(), (item("a", -1), item("b", -1, wallet=BOB)), (item("a", 1, EntryKind.TOP_UP),)],
)
def test_only_what_subscriptions_book_in_one_wallet_is_collected(items: tuple[Entry, ...]) -> None:
    """Anything else is a programmer's error."""
    with pytest.raises(ValueError, match="collected"):
        Collect(items, 0)
