"""The version of a plan: what it says, as twelve digits."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from pbxcharge.core.plan import CallType, Plan, PlanKind, WalletPolicy
from pbxcharge.core.plan_history import version_of
from pbxcharge.core.price import terms_to_canonical
from pbxcharge.core.tariff import DatedRate, Tariff
from pbxcharge.core.windows import Schedule

_MONTHLY = "monthly_limit_micros"


def plan_version(plan: Plan) -> str:
    """Twelve hexadecimal digits of the hash of what a plan says, whatever way it is written.

    Comments, blanks, the order of rows, and 0.1 for 0.10 change nothing; any price does.
    """
    return version_of(plan_body(plan))


def plan_body(plan: Plan) -> str:
    """What a plan says, as canonical JSON: the same text for the same content.

    Of a rate deck it has the version, not the rows.
    """
    content = _content(plan)
    texts = (f"{_dumps(key)}:{_text(content[key])}" for key in sorted(content))
    return f"{{{','.join(texts)}}}"


def _text(value: Any) -> str:
    """Row by row: Python's lock is kept for as long as one call of the encoder takes."""
    if isinstance(value, list):
        return f"[{','.join(map(_text, value))}]"
    return _dumps(value)


def _dumps(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _content(plan: Plan) -> dict[str, Any]:
    return {
        "name": plan.name,
        "kind": plan.kind,
        "allowed": sorted(plan.allowed),
        "initial_credit_micros": plan.initial_credit_micros,
        "credit_limit_micros": plan.credit_limit_micros,
        "slice_s": plan.terms.slice_s,
        "warn_before_s": plan.terms.warn_before_s,
        "call_max_s": plan.terms.call_max_s,
        "limits": {name: it for name, it in asdict(plan.limits).items() if name != _MONTHLY},
        "price_per_minute_max": str(plan.price_per_minute_max),
        "high_risk": not plan.barred.digits,
        "rates": _rates(plan.tariffs),
        # Plans that say nothing of what follows keep the version that they had before it could
        # be said.
        **dict(_later(plan)),
    }


def _later(plan: Plan) -> Iterator[tuple[str, Any]]:
    if plan.initial_incoming_micros:
        yield "initial_incoming_micros", plan.initial_incoming_micros
    if plan.kind is PlanKind.POSTPAID:
        yield _MONTHLY, plan.monthly_limit_micros
    if plan.wallets is not WalletPolicy.SEPARATE:
        yield "wallets", plan.wallets
    if plan.owner is not None:
        yield "owner", plan.owner
    if (plan.effective_from_s, plan.effective_until_s) != (0, None):
        yield "effective_s", [plan.effective_from_s, plan.effective_until_s]
    if plan.terms.warn_sound:
        yield "warn_sound", plan.terms.warn_sound
    if plan.terms.after:
        yield "after", plan.terms.after
    yield from _later_prices(plan)


def _later_prices(plan: Plan) -> Iterator[tuple[str, Any]]:
    if dated := _dated(plan.tariffs):
        yield "dated", dated
    if plan.relative:
        # In the fixed order of the kinds of call.
        yield "relative", [terms_to_canonical(plan.relative[kind]) for kind in CallType]
    if plan.exceptions:
        yield "exceptions", [_rates(plan.exceptions), _dated(plan.exceptions)]
    if plan.schedule.windows:
        yield "schedule", _schedule(plan.schedule)
    if plan.deck is not None:
        deck = plan.deck
        yield "deck", [deck.name, deck.version, *deck.segments, *deck.rounding]


def _rates(tariffs: Mapping[CallType, Tariff]) -> list[dict[str, Any]]:
    return _by_prefix(
        terms_to_canonical(rate) for tariff in tariffs.values() for rate in tariff.rates
    )


def _dated(tariffs: Mapping[CallType, Tariff]) -> list[dict[str, Any]]:
    rows = (_dated_row(row) for tariff in tariffs.values() for row in tariff.dated)
    return _by_prefix(sorted(rows, key=lambda row: int(row["from_s"])))


def _dated_row(row: DatedRate) -> dict[str, Any]:
    return terms_to_canonical(row.rate) | {"from_s": row.from_s, "until_s": row.until_s}


def _by_prefix(records: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(records, key=lambda record: str(record["prefix"]))


def _schedule(schedule: Schedule) -> list[Any]:
    windows = [[it.name, sorted(it.days), it.from_s, it.to_s] for it in schedule.windows]
    return [windows, sorted(day.isoformat() for day in schedule.holidays)]
