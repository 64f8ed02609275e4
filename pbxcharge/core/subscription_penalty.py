"""What closing a subscription before the end of its minimum term costs."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

from pbxcharge.core.billing_period import BillingPeriod, add_months
from pbxcharge.core.subscription import Lifetime
from pbxcharge.core.subscription_fees import NOTHING, Fee, fee_of
from pbxcharge.core.subscription_terms import PenaltyKind

_DAY = timedelta(days=1)


def penalty(life: Lifetime) -> Fee:
    """What closing a subscription before the end of its minimum term costs; never negative.

    `remaining`: what would have been charged for the days until then, promotions included, less
    what is charged anyway. 12 months at 10 from 1 January, closed with May's end: 70.
    """
    term = life.agreed.minimum_term
    last_on = life.last_on
    if last_on is None or last_on >= term_ends(life) or term.penalty is PenaltyKind.NONE:
        return NOTHING
    if term.penalty is PenaltyKind.FIXED:
        exact = Fraction(term.fixed_micros)
        return Fee(exact, life.revision(last_on).plan.rounded_micros(exact))
    fees = [fee for _, _, fee in remaining_fees(life)]
    exact = sum((fee.exact_micros for fee in fees), Fraction(0))
    return Fee(exact, sum(fee.amount_micros for fee in fees))


def remaining_fees(life: Lifetime) -> Iterator[tuple[BillingPeriod, int, Fee]]:
    """Of each period from the closing to the end of the minimum term, the days and their fee."""
    last_on = life.last_on or date.max
    ends = term_ends(life)
    period = life.calendar.holding(last_on)
    total, charged = fee_of(life, period, ends), fee_of(life, period, last_on)
    left = total.less(charged)
    days = (min(period.until, ends + _DAY) - last_on).days - 1
    yield period, days, replace(left, amount_micros=max(0, left.amount_micros))
    while period.until <= ends:
        period = life.calendar.following(period)
        days = (min(period.until, ends + _DAY) - period.first).days
        yield period, days, fee_of(life, period, ends)


def term_ends(life: Lifetime) -> date:
    """The last day of the minimum term: 12 months from 15 March end on 14 March."""
    return add_months(life.activated_on, life.agreed.minimum_term.months) - _DAY
