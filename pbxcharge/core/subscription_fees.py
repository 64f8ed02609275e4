"""What a subscription costs: exact fees of billing periods, credits for dead days, penalties."""

from bisect import bisect_left
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from functools import lru_cache

from pbxcharge.core.billing_period import (
    BillingCalendar,
    BillingCycle,
    BillingPeriod,
    add_months,
)
from pbxcharge.core.period import local_day, midnight_us
from pbxcharge.core.subscription import Lifetime, Outage, Revision
from pbxcharge.core.subscription_terms import (
    Applied,
    DeadReason,
    FeeAdjustment,
    PenaltyKind,
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
    first, until = counted_days(life, period, last_on)
    if through < max(first, life.activated_on):
        return NOTHING
    if last_on is None or through < last_on:
        until = min(until, through + _DAY)
    terms, ends = _same_terms(life, first, until)
    sum_ = days_fee(life, period, terms, (ends - first).days)
    while ends < until:
        first = ends
        terms, ends = _same_terms(life, first, until)
        exact = sum_.exact_micros + days_fee(life, period, terms, (ends - first).days).exact_micros
        sum_ = Fee(exact, max(sum_.amount_micros, terms.plan.rounded_micros(exact)))
    return sum_


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
    if life.agreed.applied is Applied.IN_ADVANCE:
        return life.revision_at(life.until(charged_ahead_us(life, period)))
    return life.revision(max(period.first, life.activated_on))


def charged_by(life: Lifetime, period: BillingPeriod, at_us: int) -> Fee:
    """What a period was charged at an instant, by what was known; what is charged later is not."""
    last_on = life.last_known(at_us)
    if life.agreed.applied is Applied.END_OF_PERIOD and at_us < life.period_end_us(period):
        return NOTHING
    if life.agreed.applied is not Applied.PROGRESSIVE:
        return period_fee(life, period, last_on)
    through = local_day(at_us, life.zone) - _DAY
    if life.last_on is not None and life.until(at_us + 1) <= at_us:
        through = life.last_on
    return progressive_fee(life, period, min(through, period.until - _DAY), last_on)


def dead_credit(life: Lifetime, period: BillingPeriod, at_us: int) -> Fee:
    """What is credited for the dead days of a period that were over at an instant; not negative.

    30 for November, no funds for its first ten days: 10. Never more than the period was charged,
    and nothing in a period whose credits are skipped.
    """
    if not life.assignment.outages:
        return NOTHING
    terms, last_on = terms_of(life, period), life.last_known(at_us)
    plan = terms.plan
    is_last = last_on is not None and period.holds(last_on)
    if plan.credits.skips(life.is_first(period), is_last):
        return NOTHING
    daily = life.agreed.applied is Applied.PROGRESSIVE
    days = life.dead_days(period, plan.credits.reasons, at_us)
    fees = (full_fee_micros(life, period, life.revision(day) if daily else terms) for day in days)
    exact = sum(fees, Fraction(0)) * Fraction(1, period.full_days)
    charged = charged_by(life, period, at_us)
    return Fee(
        min(exact, charged.exact_micros), min(plan.rounded_micros(exact), charged.amount_micros)
    )


def penalty(life: Lifetime) -> Fee:
    """What closing a subscription before the end of its minimum term costs; never negative.

    `remaining`: what would have been charged for the days until then, promotions included, less
    what is charged anyway. 12 months at 10 from 1 January, closed with May's end: 70.
    """
    term = life.agreed.minimum_term
    ends = add_months(life.activated_on, term.months) - _DAY
    last_on = life.last_on
    if last_on is None or last_on >= ends or term.penalty is PenaltyKind.NONE:
        return NOTHING
    if term.penalty is PenaltyKind.FIXED:
        exact = Fraction(term.fixed_micros)
        return Fee(exact, life.revision(last_on).plan.rounded_micros(exact))
    period = life.calendar.holding(last_on)
    total, charged = fee_of(life, period, ends), fee_of(life, period, last_on)
    exact = total.exact_micros - charged.exact_micros
    amount_micros = max(0, total.amount_micros - charged.amount_micros)
    while period.until <= ends:
        period = life.calendar.following(period)
        fee = fee_of(life, period, ends)
        exact, amount_micros = exact + fee.exact_micros, amount_micros + fee.amount_micros
    return Fee(exact, amount_micros)


def due_micros(fee_micros: int, credited_micros: int) -> int:
    """What a waiting fee takes to be booked: fee − credits for dead days, and never below zero."""
    return max(0, fee_micros - credited_micros)


def fits_on(life: Lifetime, period: BillingPeriod, available_micros: int) -> date | None:
    """The day on whose first instant a waiting fee fits what is available, if nothing is paid in.

    30 for November, 20 available: suspended for lack of funds from the 1st on, its due amount falls
    by 1 a day; on the 11th it is 20. None if not even a period without service brings it down.
    """
    first = max(period.first, life.activated_on)
    from_us = max(midnight_us(first, life.zone), life.activated_us)
    waits = Outage(DeadReason.NO_FUNDS, from_us)
    facts = replace(life.assignment, outages=(*life.assignment.outages, waits))
    waiting = replace(life, assignment=facts)

    def fits(days: int) -> bool:
        at_us = max(from_us, midnight_us(first + days * _DAY, life.zone))
        fee, credited = (each(waiting, period, at_us) for each in (charged_by, dead_credit))
        # What costs nothing needs nothing, also where a debt is left.
        return due_micros(fee.amount_micros, credited.amount_micros) <= max(0, available_micros)

    # What is due never rises from one midnight to the next.
    days = (period.until - first).days
    found = bisect_left(range(days + 1), True, key=fits)
    return first + found * _DAY if found <= days else None


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
