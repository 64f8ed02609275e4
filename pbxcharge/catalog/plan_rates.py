"""The rows of a plan file as rates, with the plan's defaults where a row has nothing of its own."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from fractions import Fraction

from pbxcharge.catalog.plan_form import PlanForm
from pbxcharge.catalog.price_form import (
    AdjustmentForm,
    ExceptionForm,
    HouseForm,
    IncomingForm,
    PriceForm,
    RateStatus,
    StepForm,
    WindowPriceForm,
)
from pbxcharge.core.money import Rounding
from pbxcharge.core.plan import PUBLIC_PREFIX, CallType
from pbxcharge.core.price import MaximumThen, Rate, RelativeTerms, Step, Variant
from pbxcharge.core.tariff import DatedRate, Priced, Tariff

DESTINATIONS = {
    CallType.LOCAL: "Own organization",
    CallType.EXTENDED_LOCAL: "Other organizations",
    CallType.INCOMING: "Incoming",
}
"""What calls inside the house are called where the file gives them no name."""

Row = tuple[CallType, DatedRate]


def plan_rates(form: PlanForm) -> Iterator[Row]:
    """The rates of a plan, one for each prefix, with the kind of call that they price."""
    for row in form.prices.public.rates:
        for prefix in row.prefixes:
            yield CallType.PUBLIC, _dated(row, rate_of(row, CallType.PUBLIC, prefix, form))
    for call_type, house in house_prices(form):
        yield call_type, _dated(house, rate_of(house, call_type, f"@{call_type}", form))
    for incoming in form.prices.incoming:
        for prefix in caller_destinations(incoming):
            rate = rate_of(incoming, CallType.INCOMING, prefix, form)
            yield CallType.INCOMING, _dated(incoming, rate)


def exception_rates(form: PlanForm) -> Iterator[Row]:
    """What the exceptions of a plan price, or forbid, one for each prefix."""
    for row in form.exceptions:
        for call_type, prefix in exception_prefixes(row):
            yield call_type, _dated(row, exception_of(row, call_type, prefix, form))


def tariffs_of(rows: Iterable[Row]) -> dict[CallType, Tariff]:
    """Rows as one tariff for each kind of call."""
    always: defaultdict[CallType, list[Priced]] = defaultdict(list)
    dated: defaultdict[CallType, list[DatedRate]] = defaultdict(list)
    for call_type, row in rows:
        if row == DatedRate(row.rate):
            always[call_type].append(row.rate)
        else:
            dated[call_type].append(row)
    return {
        call_type: Tariff(tuple(always[call_type]), tuple(dated[call_type]))
        for call_type in (*always, *dated)
    }


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
    if row.caller_prefixes is None:
        return (f"@{CallType.INCOMING}",)
    return tuple(_from_caller(prefix) for prefix in row.caller_prefixes)


def exception_prefixes(row: ExceptionForm) -> Iterator[tuple[CallType, str]]:
    """What an exception is for: prefixes of numbers or of callers, or a whole kind of call."""
    for prefix in row.prefixes:
        yield CallType.PUBLIC, prefix
    for prefix in row.caller_prefixes:
        yield CallType.INCOMING, _from_caller(prefix)
    if row.call_type is not None:
        yield CallType(row.call_type), f"@{row.call_type}"


def relative_terms(form: PlanForm) -> dict[CallType, RelativeTerms]:
    """How a relative plan sells what the level above charges; empty for a plan of fixed prices."""
    relative = form.relative
    if relative is None:
        return {}
    return {
        call_type: _relative(
            DESTINATIONS.get(call_type, ""),
            PUBLIC_PREFIX if call_type is CallType.PUBLIC else f"@{call_type}",
            relative.multiplier,
            relative.adjustment,
            _segments(None, call_type, form),
            plan_rounding(form),
        )
        for call_type in CallType
    }


def exception_of(row: ExceptionForm, call_type: CallType, prefix: str, form: PlanForm) -> Priced:
    """The price of an exception. Raises ValueError for terms that no price follows from."""
    if row.multiplier is None:
        return rate_of(row, call_type, prefix, form)
    segments, rounding = _segments(row, call_type, form), _rounding(row, form)
    return _relative(row.destination, prefix, row.multiplier, row.adjustment, segments, rounding)


def rate_of(row: PriceForm, call_type: CallType, prefix: str, form: PlanForm) -> Rate:
    """The rate of one prefix. Raises ValueError for terms that no price follows from."""
    first_s, next_s = _segments(row, call_type, form)
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
        steps=_steps(row.steps),
        free_s=row.free_seconds,
        grace_s=row.grace_seconds,
        minimum_charge_micros=row.minimum_charge,
        maximum_charge_micros=None if maximum is None else maximum.amount,
        maximum_then=MaximumThen.FREE if maximum is None else maximum.then,
        surcharge_percent=row.surcharge_percent,
        forbidden=row.status is RateStatus.FORBIDDEN,
        rounding=method,
        rounding_decimals=decimals,
        variants=tuple(_variant(name, window) for name, window in row.windows.items()),
    )


def plan_rounding(form: PlanForm) -> tuple[Rounding, int]:
    """The rounding of prices that have none of their own."""
    return _rounding(None, form)


def _variant(name: str, window: WindowPriceForm) -> Variant:
    first_s, next_s = window.segments or (None, None)
    return Variant(
        window=name,
        price_per_minute=window.price_per_minute,
        connect_fee_micros=window.connect_fee,
        first_s=first_s,
        next_s=next_s,
        first_price_per_minute=window.first_price_per_minute,
        first_amount_micros=window.first_amount,
        steps=None if window.steps is None else _steps(window.steps),
    )


def _steps(steps: tuple[StepForm, ...]) -> tuple[Step, ...]:
    return tuple(Step(step.from_s, step.price_per_minute, step.segment) for step in steps)


def _relative(
    destination: str,
    prefix: str,
    multiplier: Fraction,
    adjustment: AdjustmentForm,
    segments: tuple[int, int],
    rounding: tuple[Rounding, int],
) -> RelativeTerms:
    return RelativeTerms(
        destination=destination,
        prefix=prefix,
        multiplier=multiplier,
        adjustment_micros=adjustment.amount,
        interval_s=adjustment.interval_s,
        first_s=segments[0],
        next_s=segments[1],
        rounding=rounding[0],
        rounding_decimals=rounding[1],
    )


def _dated(row: PriceForm, rate: Priced) -> DatedRate:
    return DatedRate(rate, row.effective_from, row.effective_until)


def _from_caller(prefix: str) -> str:
    return f"@{CallType.INCOMING}:{prefix}"


def _segments(row: PriceForm | None, call_type: CallType, form: PlanForm) -> tuple[int, int]:
    """A rate's own pair of segments wins as a whole."""
    if row is not None and row.segments is not None:
        return row.segments
    segments = form.charging_segments
    return segments.incoming if call_type is CallType.INCOMING else segments.outgoing


def _rounding(row: PriceForm | None, form: PlanForm) -> tuple[Rounding, int]:
    """The row's own rounding, else the plan's, else away from zero at four decimals."""
    method, decimals = Rounding.AWAY_FROM_ZERO, 4
    for rounding in (form.rounding, *([] if row is None else [row.rounding])):
        method = method if rounding.method is None else rounding.method
        decimals = decimals if rounding.decimals is None else rounding.decimals
    return method, decimals
