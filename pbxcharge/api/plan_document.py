"""A charging plan as a document: everything that it puts into force, in words and decimals."""

from collections.abc import Iterator, Mapping
from datetime import tzinfo
from fractions import Fraction
from typing import Any

from pbxcharge.core.money import Rounding, format_amount
from pbxcharge.core.plan import UNLIMITED_S, CallType, Plan, PlanKind
from pbxcharge.core.price import Rate, RelativeTerms, Step, Variant
from pbxcharge.core.tariff import DatedRate, Tariff
from pbxcharge.core.windows import Schedule, Window
from pbxcharge.flow.versions import local_time

Document = dict[str, Any]

USUAL_ROUNDING = (Rounding.AWAY_FROM_ZERO, 4)
ROWS_SHOWN = 10
"""Of each list of prices; how many more there are is said."""


def plan_document(plan: Plan, accounts: int, zone: tzinfo) -> Document:
    """A charging plan, how many accounts it charges, and when it is in force, in local time."""
    return {
        "name": plan.name,
        "version": plan.version,
        "type": str(plan.kind),
        "owner": plan.owner,
        "wallets": str(plan.wallets),
        "allows": sorted(str(call_type) for call_type in plan.allowed),
        "credit_limit": format_amount(plan.credit_limit_micros),
        "monthly_limit": _monthly_limit(plan),
        "effective_from": local_time(plan.effective_from_s, zone)
        if plan.effective_from_s
        else None,
        "effective_until": _until(plan.effective_until_s, zone),
        "accounts": accounts,
    }


def whole_plan_document(plan: Plan, accounts: int, zone: tzinfo) -> Document:
    """The same with limits, windows and prices."""
    return plan_document(plan, accounts, zone) | {
        "initial_credit": {
            str(kind): format_amount(plan.initial_micros(kind)) for kind in plan.wallets.kinds
        },
        "limits": _limits(plan),
        "terms": _terms(plan),
        "relative": _relative_of_all(plan),
        "windows": [_window(window) for window in plan.schedule.windows],
        "holidays": _holidays(plan.schedule),
        "deck": plan.deck and {"name": plan.deck.name, "version": plan.deck.version},
        "prices": _prices(plan.tariffs, zone),
        "exceptions": _prices(plan.exceptions, zone),
    }


def _until(at_s: int | None, zone: tzinfo) -> str | None:
    return None if at_s is None else local_time(at_s, zone)


def _monthly_limit(plan: Plan) -> str | None:
    if plan.kind is not PlanKind.POSTPAID:
        return None
    return _amount(plan.monthly_limit_micros)


def _amount(micros: int | None) -> str:
    return "unlimited" if micros is None else format_amount(micros)


def _limits(plan: Plan) -> Document:
    limits, price_max = plan.limits, plan.price_per_minute_max
    call_max_s = plan.terms.call_max_s
    return {
        "concurrent_calls": limits.concurrent_calls or "unlimited",
        "calls_per_minute": limits.calls_per_minute or "unlimited",
        "spend_per_hour": _amount(limits.spend_per_hour_micros),
        "spend_per_day": _amount(limits.spend_per_day_micros),
        "price_per_minute_max": "unlimited" if price_max is None else price_text(price_max),
        "call_max_s": "unlimited" if call_max_s == UNLIMITED_S else call_max_s,
        "high_risk_barred": len(plan.barred.digits),
    }


def _terms(plan: Plan) -> Document:
    terms = plan.terms
    return {
        "slice_s": terms.slice_s,
        "warn_before_s": terms.warn_before_s,
        "warn_sound": terms.warn_sound or None,
        "after": terms.after or None,
    }


def _relative_of_all(plan: Plan) -> Document | None:
    if not plan.relative:
        return None
    outgoing, incoming = plan.relative[CallType.PUBLIC], plan.relative[CallType.INCOMING]
    return relative_document(outgoing) | {
        "segments_incoming": f"{incoming.first_s}/{incoming.next_s}"
    }


def relative_document(terms: RelativeTerms) -> Document:
    """Terms over what the level above charges."""
    return {
        "multiplier": price_text(terms.multiplier),
        "adjustment": format_amount(terms.adjustment_micros),
        "interval_s": terms.interval_s,
        "segments": f"{terms.first_s}/{terms.next_s}",
    }


def _window(window: Window) -> Document:
    return {
        "name": window.name,
        "days": [day.name.lower() for day in sorted(window.days)],
        "from": _clock(window.from_s),
        "to": _clock(window.to_s),
    }


def _clock(clock_s: int) -> str:
    return f"{clock_s // 3600:02}:{clock_s // 60 % 60:02}"


def _holidays(schedule: Schedule) -> list[str]:
    return sorted(day.isoformat() for day in schedule.holidays)


def _prices(tariffs: Mapping[CallType, Tariff], zone: tzinfo) -> Document:
    """The first rows of each kind of call, by prefix, and how many more there are."""
    shown = {}
    for call_type, tariff in tariffs.items():
        rows = [*(DatedRate(rate) for rate in tariff.rates), *tariff.dated]
        rows.sort(key=lambda row: (row.rate.prefix, row.from_s))
        shown[str(call_type)] = {
            "rows": [_row(row, zone) for row in rows[:ROWS_SHOWN]],
            "more": max(0, len(rows) - ROWS_SHOWN),
        }
    return shown


def _row(row: DatedRate, zone: tzinfo) -> Document:
    rate = row.rate
    return {
        "prefix": rate.prefix,
        "destination": rate.destination,
        "forbidden": rate.forbidden,
        "effective_from": local_time(row.from_s, zone) if row.from_s else None,
        "effective_until": _until(row.until_s, zone),
        **terms_document(rate),
    }


def terms_document(rate: Rate | RelativeTerms) -> Document:
    """What a row asks for a call: a price, or a margin over what the level above charges."""
    return relative_document(rate) if isinstance(rate, RelativeTerms) else _rate(rate)


def _rate(rate: Rate) -> Document:
    return {
        "price_per_minute": price_text(rate.price_per_minute),
        "segments": f"{rate.first_s}/{rate.next_s}",
        "connect_fee": format_amount(rate.connect_fee_micros),
        "also": [*_also(rate)],
    }


def _also(rate: Rate) -> Iterator[str]:
    """What else belongs to a price, in words."""
    yield from _first_block(rate)
    yield from (_step_text(step) for step in rate.steps)
    if rate.free_s:
        yield f"{rate.free_s} s free"
    if rate.grace_s:
        yield f"free up to {rate.grace_s} s"
    if rate.minimum_charge_micros:
        yield f"at least {format_amount(rate.minimum_charge_micros)}"
    if rate.maximum_charge_micros is not None:
        then = rate.maximum_then.replace("_", " ")
        yield f"at most {format_amount(rate.maximum_charge_micros)}, then {then}"
    if rate.surcharge_percent:
        yield f"+ {price_text(rate.surcharge_percent)} %"
    if (rate.rounding, rate.rounding_decimals) != USUAL_ROUNDING:
        yield f"rounded {rate.rounding.replace('_', ' ')}, {rate.rounding_decimals} decimals"
    yield from (_variant_text(variant) for variant in rate.variants)


def _first_block(rate: Rate | Variant) -> Iterator[str]:
    if rate.first_amount_micros is not None:
        yield f"first block {format_amount(rate.first_amount_micros)}"
    if rate.first_price_per_minute is not None:
        yield f"first block {price_text(rate.first_price_per_minute)} a minute"


def _step_text(step: Step) -> str:
    price = "" if step.price_per_minute is None else f" {price_text(step.price_per_minute)}"
    blocks = "" if step.next_s is None else f" in blocks of {step.next_s} s"
    return f"from {step.from_s} s{price}{blocks}"


def _variant_text(variant: Variant) -> str:
    parts = []
    if variant.price_per_minute is not None:
        parts.append(price_text(variant.price_per_minute))
    if variant.first_s is not None:
        parts.append(f"{variant.first_s}/{variant.next_s}")
    if variant.connect_fee_micros is not None:
        parts.append(f"connect fee {format_amount(variant.connect_fee_micros)}")
    parts += _first_block(variant)
    parts += [_step_text(step) for step in variant.steps or ()]
    return f"{variant.window}: {', '.join(parts)}"


def price_text(price: Fraction) -> str:
    """An exact price: 0.0041, or as a fraction where no decimal number says it."""
    scaled = price * 10**12
    if scaled.denominator != 1:
        return str(price)
    whole, rest = divmod(scaled.numerator, 10**12)
    digits = f"{rest:012}".rstrip("0")
    return f"{whole}.{digits:0<2}"
