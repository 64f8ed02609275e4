"""A fee that waits for credit, from the day it is due to its booking, on every credit engine.

30 for November, and 20 are there: no funds from the first day on, and what is due falls by 1 a day.
"""

from dataclasses import replace
from datetime import UTC, date

from pbxcharge.core.credit import Collect, Collected, CreditEngine, Waits
from pbxcharge.core.ledger import Entry, EntryKind
from pbxcharge.core.money import MICROS
from pbxcharge.core.period import DAY_US, instant_us
from pbxcharge.core.subscription import Booking, Lifetime
from pbxcharge.core.subscription_schedule import Owed, next_at_us, owed
from pbxcharge.core.subscription_terms import Applied, DeadReason
from pbxcharge.core.xdr import XdrKind
from tests.fakes.small_site import ACTOR, ALICE, top_up
from tests.fakes.subscriptions import a_life, a_plan, an_outage

FIRST_US = instant_us("2026-11-01", UTC)
LIFE = a_life(
    a_plan(applied=Applied.IN_ADVANCE),
    "2026-10-01",
    outages=(an_outage(DeadReason.NO_FUNDS, "2026-11-01"),),
)


def due(life: Lifetime, at_us: int) -> list[Owed]:
    """What November takes to be booked at an instant: its fee, and credits for its dead days."""
    late = (Booking(date(2026, 11, 1), at_us),) if at_us > FIRST_US else ()
    booked = replace(life, assignment=replace(life.assignment, bookings=late))
    november = life.calendar.holding(date(2026, 11, 1))
    return [one for one in owed(booked, FIRST_US, at_us + 1) if one.period == november]


def collecting(items: list[Owed], at_us: int) -> Collect:
    """What is due as an operation of the credit engine."""
    entries = tuple(
        Entry(
            one.owed_id,
            ALICE,
            XdrKind(one.kind.value).entry_kind,
            -one.amount_micros,
            at_us,
            ACTOR,
        )
        for one in items
    )
    return Collect(entries, max(0, sum(one.amount_micros for one in items)))


async def test_november_is_booked_on_the_11th(engine: CreditEngine) -> None:
    """Ten midnights it does not fit; then both are booked, +30 and -10, and nothing is left."""
    await engine.execute(top_up("paid", 20 * MICROS))
    at_us, waited = FIRST_US, 0
    while isinstance(outcome := await engine.execute(collecting(due(LIFE, at_us), at_us)), Waits):
        assert outcome.needs_micros == (30 - waited) * MICROS
        at_us, waited = next_at_us(LIFE, at_us, waits=True) or 0, waited + 1
    assert at_us == instant_us("2026-11-11", UTC)
    assert [one.amount_micros for one in due(LIFE, at_us)] == [30 * MICROS, -10 * MICROS]
    assert outcome == Collected(ALICE, 0)


async def test_a_top_up_books_it_at_once(engine: CreditEngine) -> None:
    """At noon of the 5th four days are over without service: 26 are due."""
    await engine.execute(top_up("paid", 20 * MICROS))
    at_us = FIRST_US + 4 * DAY_US + DAY_US // 2
    asked = collecting(due(LIFE, at_us), at_us)
    assert isinstance(await engine.execute(asked), Waits)
    await engine.execute(top_up("more", 10 * MICROS))
    assert await engine.execute(asked) == Collected(ALICE, 4 * MICROS)
    kinds = [entry.kind for entry in asked.items]
    assert kinds == [EntryKind.FEE, EntryKind.CREDIT]
