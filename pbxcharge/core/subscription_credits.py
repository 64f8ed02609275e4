"""Credits for days without service."""

from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction
from itertools import groupby

from pbxcharge.core.billing_period import BillingPeriod
from pbxcharge.core.period import local_day
from pbxcharge.core.subscription import Lifetime, Revision
from pbxcharge.core.subscription_fees import (
    NOTHING,
    Fee,
    full_fee_micros,
    period_fee,
    progressive_fee,
    terms_of,
)
from pbxcharge.core.subscription_terms import Applied

_DAY = timedelta(days=1)


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
    fees = Fraction(0)
    for terms, days in groupby(credited_days(life, period, at_us), key=_terms):
        fees += full_fee_micros(life, period, terms) * sum(1 for _ in days)
    exact = fees * Fraction(1, period.full_days)
    charged, plan = charged_by(life, period, at_us), terms_of(life, period).plan
    return Fee(
        min(exact, charged.exact_micros), min(plan.rounded_micros(exact), charged.amount_micros)
    )


def _terms(credited: tuple[date, Revision]) -> Revision:
    return credited[1]


def credited_days(
    life: Lifetime, period: BillingPeriod, at_us: int
) -> Iterator[tuple[date, Revision]]:
    """The dead days of a period that are credited, and by what terms each was charged."""
    terms, last_on = terms_of(life, period), life.last_known(at_us)
    credits_ = terms.plan.credits
    is_last = last_on is not None and period.holds(last_on)
    if credits_.skips(life.is_first(period), is_last):
        return
    daily = life.agreed.applied is Applied.PROGRESSIVE
    for day in life.dead_days(period, credits_.reasons, at_us):
        yield day, life.revision(day) if daily else terms
