"""The rows of a plan file as rates, with the plan's defaults where a row has nothing of its own."""

from collections.abc import Iterator
from fractions import Fraction

from pbxcharge.catalog.plan_form import HouseForm, IncomingForm, PlanForm, PriceForm, RateStatus
from pbxcharge.core.money import Rounding
from pbxcharge.core.plan import CallType
from pbxcharge.core.price import MaximumThen, Rate, Step

DESTINATIONS = {
    CallType.LOCAL: "Own organization",
    CallType.EXTENDED_LOCAL: "Other organizations",
    CallType.INCOMING: "Incoming",
}
"""What calls inside the house are called where the file gives them no name."""


def plan_rates(form: PlanForm) -> Iterator[tuple[CallType, Rate]]:
    """The rates of a plan, one for each prefix, with the kind of call that they price."""
    for row in form.prices.public:
        for prefix in row.prefixes:
            yield CallType.PUBLIC, rate_of(row, CallType.PUBLIC, prefix, form)
    for call_type, house in house_prices(form):
        yield call_type, rate_of(house, call_type, f"@{call_type}", form)
    for incoming in form.prices.incoming:
        for prefix in caller_destinations(incoming):
            yield CallType.INCOMING, rate_of(incoming, CallType.INCOMING, prefix, form)


def house_prices(form: PlanForm) -> Iterator[tuple[CallType, HouseForm]]:
    """The prices of calls between phones of this PBX, as far as there are any."""
    prices = form.prices
    for call_type, house in (
        (CallType.LOCAL, prices.local),
        (CallType.EXTENDED_LOCAL, prices.extended_local),
    ):
        if house is not None:
            yield call_type, house


def caller_destinations(row: IncomingForm) -> tuple[str, ...]:
    """The pseudo-destinations of a row: `@incoming`, or with caller prefixes `@incoming:44`."""
    anybody = f"@{CallType.INCOMING}"
    if row.caller_prefixes is None:
        return (anybody,)
    return tuple(f"{anybody}:{prefix}" for prefix in row.caller_prefixes)


def rate_of(row: PriceForm, call_type: CallType, prefix: str, form: PlanForm) -> Rate:
    """The rate of one prefix. Raises ValueError for terms that no price follows from."""
    segments = form.charging_segments
    # A rate's own pair of segments wins as a whole.
    first_s, next_s = row.segments or (
        segments.incoming if call_type is CallType.INCOMING else segments.outgoing
    )
    maximum = row.maximum_charge
    method, decimals = _rounding(row, form)
    return Rate(
        destination=row.destination or DESTINATIONS.get(call_type, ""),
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


def _rounding(row: PriceForm, form: PlanForm) -> tuple[Rounding, int]:
    """The row's own rounding, else the plan's, else away from zero at four decimals."""
    method, decimals = Rounding.AWAY_FROM_ZERO, 4
    for rounding in (form.rounding, row.rounding):
        method = method if rounding.method is None else rounding.method
        decimals = decimals if rounding.decimals is None else rounding.decimals
    return method, decimals
