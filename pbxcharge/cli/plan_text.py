"""A charging plan for people: what `plan show` prints."""

from collections.abc import Iterator
from typing import Any

from pbxcharge.cli.output import facts, remark, say, table

Document = dict[str, Any]

_COLUMNS = [
    *(("for", "<"), ("prefix", "<"), ("destination", "<"), ("per minute", ">")),
    *(("segments", ">"), ("connect fee", ">"), ("also", "<")),
]


def show_plan(plan: Document, accounts: str | None) -> None:
    """Settings, then windows, then prices: everything that the plan puts into force."""
    facts({"plan": plan["name"], **_settings(plan), "accounts": accounts})
    for window in plan["windows"]:
        days = ", ".join(window["days"])
        say(f"window {window['name']}: {days}, {window['from']} to {window['to']}")
    if plan["holidays"]:
        say(f"holidays: {', '.join(plan['holidays'])}")
    for title, prices in (("prices", plan["prices"]), ("exceptions", plan["exceptions"])):
        if prices:
            say(f"\n{title}")
            table(_COLUMNS, _rows(prices), "none")
            for call_type, shown in prices.items():
                if shown["more"]:
                    remark(f"and {shown['more']} more for {call_type} calls")


def _settings(plan: Document) -> Document:
    limits, terms = plan["limits"], plan["terms"]
    initial = plan["initial_credit"]
    return {
        "version": plan["version"],
        "type": plan["type"],
        "owner": plan["owner"] or "the site",
        "in force from": plan["effective_from"],
        "in force until": plan["effective_until"],
        "allows": ", ".join(plan["allows"]) or "nothing",
        "wallets": plan["wallets"],
        "initial credit": ", ".join(f"{amount} {kind}" for kind, amount in initial.items()),
        "credit limit": plan["credit_limit"] if plan["type"] == "prepaid" else None,
        "monthly limit": plan["monthly_limit"],
        "slice": f"{terms['slice_s']} s",
        "warning": _warning(terms),
        "then": f"goes on in {terms['after']}" if terms["after"] else "hung up",
        "at once": f"{limits['concurrent_calls']} calls, {limits['calls_per_minute']} a minute",
        "spending": f"{limits['spend_per_hour']} an hour, {limits['spend_per_day']} a day",
        "dearest minute": limits["price_per_minute_max"],
        "longest call": f"{limits['call_max_s']} s",
        "high-risk": _barred(limits["high_risk_barred"]),
        "relative": _relative(plan["relative"]),
        "rate deck": plan["deck"] and f"{plan['deck']['name']} {plan['deck']['version']}",
    }


def _barred(prefixes: int | None) -> str:
    """Of an earlier version it is only known that there were some."""
    return "barred" if prefixes is None else f"{prefixes} prefixes barred"


def _warning(terms: Document) -> str:
    if not terms["warn_before_s"]:
        return "none"
    return f"{terms['warn_before_s']} s before the end, {terms['warn_sound'] or 'a tone'}"


def _relative(relative: Document | None) -> str | None:
    if relative is None:
        return None
    segments = f"{relative['segments']}, incoming {relative['segments_incoming']}"
    return f"{_margin(relative)}, segments {segments}"


def _margin(terms: Document) -> str:
    margin = f"{terms['multiplier']} × the level above"
    if terms["adjustment"] == "0.00":
        return margin
    return f"{margin} + {terms['adjustment']} for each {terms['interval_s']} s"


def _rows(prices: Document) -> Iterator[tuple[Any, ...]]:
    for call_type, shown in prices.items():
        for row in shown["rows"]:
            yield call_type, row["prefix"], row["destination"], *_terms(row)


def _terms(row: Document) -> tuple[Any, ...]:
    dates = [f"from {row['effective_from']}"] if row["effective_from"] else []
    dates += [f"until {row['effective_until']}"] if row["effective_until"] else []
    if row["forbidden"]:
        return "forbidden", None, None, "; ".join(dates)
    if "multiplier" in row:
        return None, row["segments"], None, "; ".join([_margin(row), *dates])
    also = "; ".join([*row["also"], *dates])
    return row["price_per_minute"], row["segments"], row["connect_fee"], also
