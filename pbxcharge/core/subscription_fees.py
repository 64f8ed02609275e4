"""What a subscription costs: the exact fees of its billing periods, and of their days."""

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import lru_cache

from pbxcharge.core.billing_cycle import BillingCycle
from pbxcharge.core.billing_period import BillingCalendar, BillingPeriod, add_months
from pbxcharge.core.period import local_day, midnight_us
from pbxcharge.core.subscription import Lifetime, Revision
from pbxcharge.core.subscription_terms import (
    Applied,
    FeeAdjustment,
    PromotionalRow,
    SubscriptionPlan,
)

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Fee:
    """An amount before and after its one rounding, micro-units: 7/3 units are charged as 2.34."""

    exact_micros: Fraction
    amount_micros: int

    def less(self, other: "Fee") -> "Fee":
        """What is left of it after another one."""
        return Fee(self.exact_micros - other.exact_micros, self.amount_micros - other.amount_micros)


NOTHING = Fee(Fraction(0), 0)


def full_fee_micros(life: Lifetime, period: BillingPeriod, terms: Revision) -> Fraction:
    """The fee of a whole period by some terms: promotional or regular, and the discount."""
    row = promotional_row(life, period, terms)
    return _share(terms.plan, row, life.assignment.adjustment, period.cycle, 1, 1).exact_micros


def promotional_row(
    life: Lifetime, period: BillingPeriod, revision: Revision
) -> PromotionalRow | None:
    """The promotional row within whose months a period starts, counted from the activation.

    One month free and five at 1.99, from 15 March: what starts before 15 April is free, what starts
    before 15 September costs 1.99. The first, partial period starts with the activation.
    """
    if not revision.plan.promotions:
        return None
    return _promotional_row(life.calendar, life.activated_on, period, revision.plan)


@lru_cache(maxsize=16_384)
def _promotional_row(
    calendar: BillingCalendar, activated_on: date, period: BillingPeriod, plan: SubscriptionPlan
) -> PromotionalRow | None:
    starts = max(period.first, activated_on)
    ends = begins = activated_on
    months = 0
    for row in plan.promotions:
        count = row.periods.get(period.cycle)
        if count is None:
            months += row.months
            ends = add_months(begins, months)
        else:
            ends = begins = _periods_on(calendar, activated_on, ends, count)
            months = 0
        if starts < ends:
            return row
    return None


def counted_days(life: Lifetime, period: BillingPeriod, last_on: date | None) -> tuple[date, date]:
    """The days of a period that its fee is for, until before the second date.

    Those on which the subscription was active, the days of activation and closing among them;
    where a partial period is not prorated, as if it had begun with it, or ended with it.
    """
    if life.activated_on >= period.until or (last_on is not None and last_on < period.first):
        return period.first, period.first
    first, until = period.first, period.until
    if life.agreed.prorate_first:
        first = max(first, life.activated_on)
    if life.agreed.prorate_last and last_on is not None:
        until = min(until, last_on + _DAY)
    return first, until


def period_fee(life: Lifetime, period: BillingPeriod, last_on: date | None) -> Fee:
    """The fee of a period in one piece: 30 for November, active from the 16th, is 15.

    Fee × counted days / days of the whole period, so a period that a change of the billing period
    cut costs its share, too.

    Args:
        life: the subscription.
        period: one of its billing periods.
        last_on: its last day, as far as it is known.
    """
    first, until = counted_days(life, period, last_on)
    return days_fee(life, period, terms_of(life, period), (until - first).days)


def days_fee(life: Lifetime, period: BillingPeriod, terms: Revision, days: int) -> Fee:
    """The fee of some days of a period by the same terms, in one piece."""
    row = promotional_row(life, period, terms)
    adjustment = life.assignment.adjustment
    return _share(terms.plan, row, adjustment, period.cycle, days, period.full_days)


@lru_cache(maxsize=16_384)
def _share(
    plan: SubscriptionPlan,
    row: PromotionalRow | None,
    adjustment: FeeAdjustment,
    cycle: BillingCycle,
    days: int,
    full_days: int,
) -> Fee:
    """A fee × days / days of the period; hundreds of thousands ask for the same few."""
    exact = adjustment.adjusted((row or plan).fee_micros(cycle)) * Fraction(days, full_days)
    return Fee(exact, plan.rounded_micros(exact))


def progressive_fee(
    life: Lifetime, period: BillingPeriod, through: date, last_on: date | None
) -> Fee:
    """The sum that is charged for a period when a day is over: round(fee × d / days).

    10 for April: 0.34 after one day, 0.67 after two, 10 after thirty. From a change of the fee on
    days cost their share of the new one; earlier days keep what they cost, so the sum never falls.

    Args:
        life: the subscription.
        period: one of its billing periods.
        through: the day that is over.
        last_on: its last day, as far as it is known; what is not prorated is charged with it.
    """
    parts = progressive_parts(life, period, through, last_on)
    if len(parts) == 1:
        terms, _, days = parts[0]
        return days_fee(life, period, terms, days)
    charged = NOTHING
    for terms, _, days in parts:
        exact = charged.exact_micros + days_fee(life, period, terms, days).exact_micros
        charged = Fee(exact, max(charged.amount_micros, terms.plan.rounded_micros(exact)))
    return charged


def progressive_parts(
    life: Lifetime, period: BillingPeriod, through: date, last_on: date | None
) -> list[tuple[Revision, date, int]]:
    """What `progressive_fee` adds up: terms, the first day that they count for, how many days."""
    first, until = counted_days(life, period, last_on)
    if through < max(first, life.activated_on):
        return []
    if last_on is None or through < last_on:
        until = min(until, through + _DAY)
    parts = []
    while first < until:
        terms, ends = _same_terms(life, first, until)
        parts.append((terms, first, (ends - first).days))
        first = ends
    return parts


def fee_of(life: Lifetime, period: BillingPeriod, last_on: date | None) -> Fee:
    """All that is charged for a period, however it is applied."""
    if life.agreed.applied is not Applied.PROGRESSIVE:
        return period_fee(life, period, last_on)
    through = period.until - _DAY if last_on is None else min(last_on, period.until - _DAY)
    return progressive_fee(life, period, through, last_on)


def charged_with(life: Lifetime, period: BillingPeriod) -> BillingPeriod:
    """The period with whose end the fee of a later one is charged in advance.

    With two periods in advance from April on: May and June with April's end, July with May's.
    """
    for _ in range(life.agreed.periods_in_advance):
        if life.is_first(period):
            break
        period = life.calendar.preceding(period)
    return period


def charged_ahead_us(life: Lifetime, period: BillingPeriod) -> int:
    """When a period is charged in advance: at the activation, or when an earlier period ends."""
    if life.is_first(period):
        return life.activated_us
    return midnight_us(charged_with(life, period).until, life.zone)


def terms_of(life: Lifetime, period: BillingPeriod) -> Revision:
    """By what a period is charged: the terms of its first day; in advance, of the instant."""
    revisions = life.assignment.revisions
    if len(revisions) == 1:
        return revisions[0]
    if life.agreed.applied is Applied.IN_ADVANCE:
        return life.revision_at(life.until(charged_ahead_us(life, period)))
    return life.revision(max(period.first, life.activated_on))


def _same_terms(life: Lifetime, first: date, until: date) -> tuple[Revision, date]:
    """What holds on a day, and until when, at most until the second date."""
    revisions = life.assignment.revisions
    if len(revisions) == 1:
        return revisions[0], until
    begins = (local_day(revision.since_us, life.zone) for revision in revisions[1:])
    return life.revision(first), min((day for day in begins if first < day < until), default=until)


def _periods_on(calendar: BillingCalendar, activated_on: date, day: date, count: int) -> date:
    """Where that many periods end, of which the first starts on a day or is the next that does."""
    period = calendar.holding(day)
    if max(period.first, activated_on) < day:
        period = calendar.following(period)
    return calendar.following(period, count).first
