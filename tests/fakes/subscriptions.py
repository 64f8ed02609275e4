"""Subscriptions for tests: one plan billed by calendar months, by the clocks of UTC."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, tzinfo
from typing import Any

from pbxcharge.core.billing_cycle import BillingCycle
from pbxcharge.core.billing_period import BillingCalendar, billing_calendar
from pbxcharge.core.money import format_amount, parse_amount
from pbxcharge.core.period import instant_us
from pbxcharge.core.subscription import (
    Assignment,
    Booking,
    Closing,
    Lifetime,
    Outage,
    Revision,
    lifetime,
)
from pbxcharge.core.subscription_schedule import Owed, owed
from pbxcharge.core.subscription_terms import (
    NO_ADJUSTMENT,
    DeadReason,
    FeeAdjustment,
    SubscriptionPlan,
)

MONTHS = billing_calendar(BillingCycle.MONTHLY, date(2026, 1, 1))
FAR_US = instant_us("2040-01-01", UTC)


def a_plan(monthly: str = "30", **terms: Any) -> SubscriptionPlan:
    """A plan by its monthly fee, and other terms."""
    return SubscriptionPlan(name="SmartCall", monthly_fee_micros=parse_amount(monthly), **terms)


def an_outage(reason: DeadReason, begins: str, ends: str | None = None) -> Outage:
    """A time without service, by UTC."""
    return Outage(reason, instant_us(begins, UTC), None if ends is None else instant_us(ends, UTC))


def a_life(
    plan: SubscriptionPlan,
    begins: str,
    closed: str | None = None,
    *,
    known: str | None = None,
    changes: Iterable[tuple[str, SubscriptionPlan]] = (),
    adjustment: FeeAdjustment | None = None,
    outages: tuple[Outage, ...] = (),
    booked: Iterable[tuple[str, str]] = (),
    calendar: BillingCalendar = MONTHS,
    zone: tzinfo = UTC,
    first_used: str | None = None,
) -> Lifetime:
    """A subscription that became active; days and instants by the clocks of its zone."""
    revisions = [Revision(0, plan)]
    revisions += (Revision(instant_us(at, zone), new) for at, new in changes)
    closing = closed and Closing(instant_us(closed, zone), instant_us(known or closed, zone))
    facts = Assignment(
        assignment_id="a1",
        revisions=tuple(revisions),
        starts_at_us=instant_us(begins, zone),
        adjustment=adjustment or NO_ADJUSTMENT,
        first_used_at_us=None if first_used is None else instant_us(first_used, zone),
        closing=closing or None,
        outages=outages,
        bookings=tuple(Booking(date.fromisoformat(p), instant_us(at, zone)) for p, at in booked),
    )
    life = lifetime(facts, calendar, zone)
    assert life is not None
    return life


def shown(items: Iterable[Owed], zone: tzinfo = UTC) -> list[str]:
    """What is owed, one line each: `2026-07-01 fee of 2026-06-01: 30.00`; times if not midnight."""
    return [_line(one, zone) for one in items]


def all_shown(life: Lifetime, until: str = "2040-01-01") -> list[str]:
    """All that a subscription owes before a day, by the clocks of its zone."""
    return shown(owed(life, 0, instant_us(until, life.zone)), life.zone)


def _line(one: Owed, zone: tzinfo) -> str:
    at = datetime.fromtimestamp(one.at_us // 10**6, zone).strftime("%Y-%m-%d %H:%M")
    amount = format_amount(one.amount_micros)
    return f"{at.removesuffix(' 00:00')} {one.kind} of {one.period.first}: {amount}"
