"""Why a subscription owes an amount: unrounded lines, and the rounding as a line of its own.

The lines are stored with the record of the charge, so that it can be explained when the plan file
is long gone.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import lru_cache
from itertools import groupby

from pbxcharge.core.billing_cycle import BillingCycle
from pbxcharge.core.billing_period import BillingPeriod
from pbxcharge.core.fee_lines import FeeLine, FeeLineKind, fee_lines_text
from pbxcharge.core.subscription import Lifetime, Revision
from pbxcharge.core.subscription_ahead import paid_ahead, paid_until
from pbxcharge.core.subscription_credits import credited_days, dead_credit
from pbxcharge.core.subscription_fees import (
    counted_days,
    full_fee_micros,
    progressive_fee,
    progressive_parts,
    promotional_row,
    terms_of,
)
from pbxcharge.core.subscription_penalty import remaining_fees
from pbxcharge.core.subscription_schedule import Owed, OwedKind
from pbxcharge.core.subscription_terms import (
    Applied,
    FeeAdjustment,
    PenaltyKind,
    PromotionalRow,
    SubscriptionPlan,
)

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ExplainedFee:
    """The lines of what is owed; they add up to it exactly.

    Args:
        lines: in order.
        used_days: with service, as far as it was known.
        charged_days: that are charged, or given back: 30 of November where nothing is prorated.
        lines_text: the lines as canonical JSON.
    """

    lines: tuple[FeeLine, ...]
    used_days: int
    charged_days: int
    lines_text: str


def explained(life: Lifetime, one: Owed) -> ExplainedFee:
    """How an amount that a subscription owes came about.

    10 in April, a promotion of 6, 15 days: 10.00, promotion -4.00, 15 of 30 days -3.00, rounding 0.
    To be asked with the facts that it was owed by, or more: what came later changes no line.
    """
    match one.kind:
        case OwedKind.ACTIVATION:
            return _activation(one)
        case OwedKind.FEE if life.agreed.applied is Applied.PROGRESSIVE:
            return _day(life, one)
        case OwedKind.FEE if one.day is not None:
            return _more_days(life, one)
        case OwedKind.FEE:
            return _whole(life, one)
        case OwedKind.CREDIT:
            return _credit(life, one)
        case OwedKind.UNUSED:
            return _unused(life, one)
        case OwedKind.PENALTY:
            return _penalty(life, one)


def _activation(one: Owed) -> ExplainedFee:
    line = FeeLine(FeeLineKind.ACTIVATION, Fraction(one.terms.plan.activation_fee_micros))
    return _explained((line,), one.amount_micros, 0, 0)


def _whole(life: Lifetime, one: Owed) -> ExplainedFee:
    """The fee of a period in one piece: of most subscriptions the same, so it is remembered."""
    period, last_on = one.period, life.last_known(one.at_us)
    first, until = counted_days(life, period, last_on)
    used = _used_days(life, period, last_on)
    terms = terms_of(life, period)
    row = promotional_row(life, period, terms)
    adjustment, charged = life.assignment.adjustment, (until - first).days
    return _whole_fee(terms.plan, row, adjustment, period.cycle, charged, period.full_days, used)


@lru_cache(maxsize=16_384)
def _whole_fee(
    plan: SubscriptionPlan,
    row: PromotionalRow | None,
    adjustment: FeeAdjustment,
    cycle: BillingCycle,
    days: int,
    full_days: int,
    used_days: int,
) -> ExplainedFee:
    lines = tuple(_share_lines(plan, row, adjustment, cycle, days, full_days))
    amount_micros = plan.rounded_micros(_total(lines))
    return _explained(lines, amount_micros, used_days, days)


def _more_days(life: Lifetime, one: Owed) -> ExplainedFee:
    """What a period costs until a later end, less what was paid until the earlier one."""
    period, now_us = one.period, one.at_us
    paid = paid_ahead(life, period, now_us - 1)
    ends = [paid_until(life, period, at_us) for at_us in (now_us - 1, now_us)]
    counted = [counted_days(life, period, last_on) for last_on in ends]
    paid_days, days = ((until - first).days for first, until in counted)
    before, used = (_used_days(life, period, last_on) for last_on in ends)
    lines = [*_days_lines(life, period, terms_of(life, period), days)]
    lines.append(FeeLine(FeeLineKind.EARLIER, -Fraction(paid.amount_micros)))
    return _explained(lines, one.amount_micros, used - before, days - paid_days)


def _day(life: Lifetime, one: Owed) -> ExplainedFee:
    """The sum when a day is over, less what earlier days were charged."""
    day, period = one.day, one.period
    assert day is not None  # noqa: S101 - a progressive fee is of a day
    parts = progressive_parts(life, period, day, life.last_known(one.at_us))
    before = progressive_fee(life, period, day - _DAY, None).amount_micros
    earlier = sum(days for *_, days in progressive_parts(life, period, day - _DAY, None))
    if len(parts) > 1:
        lines = [
            line
            for terms, first, days in parts
            for line in _days_lines(life, period, terms, days, first)
        ]
        counted = sum(days for *_, days in parts)
        return _part_of_sum(tuple(lines), before, one.amount_micros, counted - earlier)
    ((terms, _, days),) = parts
    row, adjustment = promotional_row(life, period, terms), life.assignment.adjustment
    same = (terms.plan, row, adjustment, period.cycle, days, period.full_days)
    return _one_part_of_sum(*same, before, one.amount_micros, days - earlier)


@lru_cache(maxsize=16_384)
def _one_part_of_sum(
    plan: SubscriptionPlan,
    row: PromotionalRow | None,
    adjustment: FeeAdjustment,
    cycle: BillingCycle,
    days: int,
    full_days: int,
    before_micros: int,
    amount_micros: int,
    own_days: int,
) -> ExplainedFee:
    lines = tuple(_share_lines(plan, row, adjustment, cycle, days, full_days))
    return _part_of_sum(lines, before_micros, amount_micros, own_days)


def _part_of_sum(
    lines: tuple[FeeLine, ...], before_micros: int, amount_micros: int, own_days: int
) -> ExplainedFee:
    earlier = FeeLine(FeeLineKind.EARLIER, -Fraction(before_micros))
    return _explained((*lines, earlier), amount_micros, 1, own_days)


def _credit(life: Lifetime, one: Owed) -> ExplainedFee:
    """Dead days at what a day cost, less what was credited for them before."""
    days = list(credited_days(life, one.period, one.at_us))
    full_days = one.period.full_days
    lines = []
    for terms, dead in groupby(days, key=lambda each: each[1]):
        count = len(list(dead))
        exact = full_fee_micros(life, one.period, terms) * Fraction(count, full_days)
        lines.append(FeeLine(FeeLineKind.DEAD_DAYS, -exact, count, full_days))
    credited = dead_credit(life, one.period, one.at_us)
    lines.append(FeeLine(FeeLineKind.BOUND, -_total(lines) - credited.exact_micros))
    before = credited.amount_micros + one.amount_micros
    lines.append(FeeLine(FeeLineKind.EARLIER, Fraction(before)))
    return _explained(lines, one.amount_micros, 0, len(days))


def _unused(life: Lifetime, one: Owed) -> ExplainedFee:
    """What was paid for a period, less what the days until the closing cost."""
    period = one.period
    known_on = paid_until(life, period, one.at_us)
    paid = paid_ahead(life, period, one.at_us)
    (paid_first, paid_end), (first, until) = (
        counted_days(life, period, last_on) for last_on in (known_on, life.last_on)
    )
    days, paid_days = (until - first).days, (paid_end - paid_first).days
    lines = [FeeLine(FeeLineKind.PAID, -Fraction(paid.amount_micros), paid_days, period.full_days)]
    if days:
        lines += _days_lines(life, period, terms_of(life, period), days)
    used = _used_days(life, period, life.last_on)
    return _explained(lines, one.amount_micros, used, paid_days - days)


def _penalty(life: Lifetime, one: Owed) -> ExplainedFee:
    """An amount, or what each period to the end of the minimum term would have cost."""
    term = life.agreed.minimum_term
    if term.penalty is PenaltyKind.FIXED:
        line = FeeLine(FeeLineKind.FIXED, Fraction(term.fixed_micros))
        return _explained((line,), one.amount_micros, 0, 0)
    lines = [
        FeeLine(FeeLineKind.REMAINING, fee.exact_micros, days, period.full_days, period.first)
        for period, days, fee in remaining_fees(life)
    ]
    return _explained(lines, one.amount_micros, 0, sum(line.days for line in lines))


def _days_lines(
    life: Lifetime, period: BillingPeriod, terms: Revision, days: int, first: date | None = None
) -> Iterator[FeeLine]:
    row, adjustment = promotional_row(life, period, terms), life.assignment.adjustment
    return _share_lines(terms.plan, row, adjustment, period.cycle, days, period.full_days, first)


def _share_lines(
    plan: SubscriptionPlan,
    row: PromotionalRow | None,
    adjustment: FeeAdjustment,
    cycle: BillingCycle,
    days: int,
    full_days: int,
    first: date | None = None,
) -> Iterator[FeeLine]:
    regular = plan.fee_micros(cycle)
    reduced = regular if row is None else row.fee_micros(cycle)
    full = adjustment.adjusted(reduced)
    yield FeeLine(FeeLineKind.FULL_FEE, Fraction(regular), first=first)
    yield FeeLine(FeeLineKind.PROMOTION, Fraction(reduced - regular))
    yield FeeLine(FeeLineKind.ADJUSTMENT, full - reduced)
    yield FeeLine(FeeLineKind.DAYS, full * Fraction(days - full_days, full_days), days, full_days)


def _explained(
    lines: Iterable[FeeLine], amount_micros: int, used_days: int, charged_days: int
) -> ExplainedFee:
    """With the rounding, and without lines that change nothing, except of what is free."""
    found = tuple(lines)
    rounding = FeeLine(FeeLineKind.ROUNDING, amount_micros - _total(found))
    all_lines = (*found[:1], *(one for one in (*found[1:], rounding) if one.amount_micros))
    return ExplainedFee(all_lines, used_days, charged_days, fee_lines_text(all_lines))


def _total(lines: Iterable[FeeLine]) -> Fraction:
    return sum((line.amount_micros for line in lines), Fraction(0))


def _used_days(life: Lifetime, period: BillingPeriod, last_on: date | None) -> int:
    """The days of a period on which it was active for any time."""
    until = period.until if last_on is None else min(period.until, last_on + _DAY)
    return max(0, (until - max(period.first, life.activated_on)).days)
