"""The facts of an assigned subscription: states, days of its life, days without service."""

from datetime import UTC, date
from zoneinfo import ZoneInfo

import pytest

from pbxcharge.core.period import instant_us
from pbxcharge.core.subscription import (
    Assignment,
    Closing,
    Revision,
    SubscriptionState,
    lifetime,
    revisions_since,
)
from pbxcharge.core.subscription_terms import ActivationMode, DeadReason
from tests.fakes.subscriptions import MONTHS, a_life, a_plan, an_outage

EVERY = frozenset(DeadReason)


def states(facts: Assignment, *days: str) -> list[str]:
    """Where a subscription stands on days."""
    return [facts.state_at(instant_us(day, UTC)).value for day in days]


def test_a_subscription_is_pending_active_suspended_and_closed() -> None:
    """Only as long as it is pending can it be removed."""
    gap = an_outage(DeadReason.SUSPENDED, "2026-06-05", "2026-06-07")
    facts = a_life(a_plan(), "2026-06-01", "2026-06-20", outages=(gap,)).assignment
    days = ("2026-05-31", "2026-06-01", "2026-06-05", "2026-06-07", "2026-06-20")
    assert states(facts, *days) == ["pending", "active", "suspended", "active", "closed"]
    assert [state.value for state in SubscriptionState if state.removable] == ["pending"]


def test_a_first_use_activates() -> None:
    """Not before the assignment begins, and never if it is closed first."""
    plan = a_plan(activation_mode=ActivationMode.FIRST_USE)
    life = a_life(plan, "2026-06-01", first_used="2026-06-09T15:00:00")
    assert states(life.assignment, "2026-06-09", "2026-06-10") == ["pending", "active"]
    assert life.activated_on == date(2026, 6, 9)
    assert a_life(plan, "2026-06-01", first_used="2026-05-09").activated_on == date(2026, 6, 1)
    unused = Assignment(assignment_id="a", revisions=(Revision(0, plan),), starts_at_us=0)
    assert lifetime(unused, MONTHS, UTC) is None
    early = Assignment(
        assignment_id="a",
        revisions=unused.revisions,
        starts_at_us=0,
        first_used_at_us=8,
        closing=Closing(7, 7),
    )
    assert lifetime(early, MONTHS, UTC) is None


def test_its_days_are_those_of_the_customers_clocks() -> None:
    """22:30 UTC is tomorrow in Berlin; closed at midnight, the last day is the one before."""
    berlin = ZoneInfo("Europe/Berlin")
    life = a_life(a_plan(), "2026-06-01T22:30:00+00:00", "2026-07-01", zone=berlin)
    assert (life.activated_on, life.last_on) == (date(2026, 6, 2), date(2026, 6, 30))


def test_a_revision_holds_from_its_day_until_the_closing() -> None:
    """What comes after the closing changes nothing."""
    dear, dearer = a_plan("40"), a_plan("50")
    changes = (("2026-07-01", dear), ("2026-09-01", dearer))
    life = a_life(a_plan("30"), "2026-06-01", "2026-08-11", changes=changes)
    asked = [date(1999, 1, 1), date(2026, 6, 30), date(2026, 7, 1), date(2026, 9, 5)]
    fees = [life.revision(day).plan.monthly_fee_micros // 10**6 for day in asked]
    assert fees == [30, 30, 40, 40]


def test_revisions_begin_one_after_the_other() -> None:
    """And there is one."""
    one = Revision(0, a_plan())
    for revisions in ((), (one, one)):
        with pytest.raises(ValueError, match="revisions"):
            Assignment(assignment_id="a", revisions=revisions, starts_at_us=0)


@pytest.mark.parametrize(
    ("assigned_us", "fees"),
    [(0, [30, 40, 50]), (10, [30, 40, 50]), (19, [30, 40, 50]), (20, [40, 50]), (99, [50])],
)
def test_a_subscription_has_the_plan_as_it_was_then_and_later(
    assigned_us: int, fees: list[int]
) -> None:
    """What the plan said before is no matter of it; one that came later counts from its first."""
    history = tuple(
        Revision(since_us, a_plan(fee)) for since_us, fee in ((10, "30"), (20, "40"), (30, "50"))
    )
    found = revisions_since(history, assigned_us)
    assert [one.plan.monthly_fee_micros // 10**6 for one in found] == fees


@pytest.mark.parametrize(
    ("begins", "ends", "days"),
    [
        ("2026-06-03", "2026-06-05", [3, 4]),
        ("2026-06-03T00:00:01", "2026-06-05", [4]),
        ("2026-06-03", "2026-06-05T23:59:59", [3, 4]),
        ("2026-05-03", "2026-06-02", [1]),
        ("2026-06-20T12:00:00", None, [21]),
    ],
)
def test_a_dead_day_had_no_service_at_all(begins: str, ends: str | None, days: list[int]) -> None:
    """Of the days of activation and closing the part counts in which it was active."""
    gap = an_outage(DeadReason.BLOCKED, begins, ends)
    life = a_life(a_plan(), "2026-06-01T12:00:00", "2026-06-21T12:00:00", outages=(gap,))
    june = MONTHS.holding(date(2026, 6, 1))
    dead = life.dead_days(june, EVERY, instant_us("2026-07-01", UTC))
    assert [day.day for day in dead] == days


def test_reasons_that_touch_make_one_time_without_service() -> None:
    """Blocked until noon and out of funds from then on is a dead day; with one of them it is not.

    A day counts when it is over.
    """
    blocked = an_outage(DeadReason.BLOCKED, "2026-06-03", "2026-06-04T12:00:00")
    no_funds = an_outage(DeadReason.NO_FUNDS, "2026-06-04T12:00:00")
    life = a_life(a_plan(), "2026-06-01", outages=(no_funds, blocked))
    june, at_us = MONTHS.holding(date(2026, 6, 1)), instant_us("2026-06-06T12:00:00", UTC)
    assert [day.day for day in life.dead_days(june, EVERY, at_us)] == [3, 4, 5]
    assert [day.day for day in life.dead_days(june, [DeadReason.BLOCKED], at_us)] == [3]
    assert [day.day for day in life.dead_days(june, [DeadReason.NO_FUNDS], at_us)] == [5]
    assert not list(life.dead_days(june, [DeadReason.EXPIRED], at_us))
