"""The rows of a plan file as rates, with the plan's defaults where a row has nothing of its own."""

from collections.abc import Iterator
from fractions import Fraction

from pbxcharge.catalog.plan_form import PlanForm, RateForm, RateStatus
from pbxcharge.core.money import Rounding
from pbxcharge.core.rate import MaximumThen, Rate, Step


def plan_rates(form: PlanForm) -> Iterator[Rate]:
    """The rates of a plan, one for each prefix."""
    for row in form.prices.public:
        for prefix in row.prefixes:
            yield rate_of(row, prefix, form)


def rate_of(row: RateForm, prefix: str, form: PlanForm) -> Rate:
    """The rate of one prefix. Raises ValueError for terms that no price follows from."""
    # A rate's own pair of segments wins as a whole.
    first_s, next_s = row.segments or form.charging_segments.outgoing
    maximum = row.maximum_charge
    method, decimals = _rounding(row, form)
    return Rate(
        destination=row.destination,
        prefix=prefix,
        price_per_minute=row.price_per_minute or Fraction(0),
        connect_fee_micros=row.connect_fee,
        first_s=first_s,
        next_s=next_s,
        first_price_per_minute=row.first_price_per_minute,
        first_amount_micros=row.first_amount,
        steps=tuple(Step(step.from_s, step.price_per_minute, step.segment) for step in row.steps),
        free_s=row.free_seconds,
        grace_s=row.grace_seconds,
        minimum_charge_micros=row.minimum_charge,
        maximum_charge_micros=None if maximum is None else maximum.amount,
        maximum_then=MaximumThen.FREE if maximum is None else maximum.then,
        surcharge_percent=row.surcharge_percent,
        forbidden=row.status is RateStatus.FORBIDDEN,
        rounding=method,
        rounding_decimals=decimals,
    )


def _rounding(row: RateForm, form: PlanForm) -> tuple[Rounding, int]:
    """The row's own rounding, else the plan's, else away from zero at four decimals."""
    method, decimals = Rounding.AWAY_FROM_ZERO, 4
    for rounding in (form.rounding, row.rounding):
        method = method if rounding.method is None else rounding.method
        decimals = decimals if rounding.decimals is None else rounding.decimals
    return method, decimals
