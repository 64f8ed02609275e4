"""The calls of an account and a time: each with its cost, their sums, the cost of each day."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from pbxcharge.core.money import parse_amount
from pbxcharge.reports.table import Cell, Chart, Report, Table
from pbxcharge.reports.words import (
    Document,
    heading_facts,
    length,
    lying,
    named,
    share,
)
from pbxcharge.reports.words import local as local_time

COLUMNS = (
    *("setup_at", "account_id", "call_type", "direction", "endpoint", "caller_number", "dialled"),
    *("number", "callee_endpoint", "callee_context", "destination", "talk_s", "billed_s", "charge"),
    *("refunded", "disposition", "hangup_cause", "ended_by", "reason", "call_id", "revision"),
)
"""What the table is made of; CSV and JSON have every column."""

DAYS_MAX = 92
"""A longer time is shown by months."""

_HEADINGS = (
    *("at", "account", "type", "from", "to", "destination", ">talk", ">billed", ">charge"),
    *(">refunded", "disposition", ">cause", "ended by, or why not", "call"),
)
_SUMS = (">calls", ">answered", ">", ">talk", ">billed", ">charge", ">refunded", ">net")


def call_report(answer: Document) -> Report:
    """What `/reports/calls` answers, as a report."""
    unit = answer["currency"]
    return Report(
        title="Calls",
        facts=heading_facts(answer),
        charts=(
            Chart(f"Charged for calls of each {_step(answer)}", unit, _days(answer), upright=True),
            lying(
                "Charged by destination",
                unit,
                (
                    (named((row["destination"], row["prefix"])), parse_amount(row["charge"]))
                    for row in answer["by_destination"]
                ),
                cut=answer["destinations_cut"],
            ),
        ),
        sums=(
            _sums("By type of call", ("type", "direction"), "call_type", "direction", answer),
            _sums("By disposition", ("disposition",), "disposition", "", answer),
        ),
        main=Table("Calls", _HEADINGS, [_row(call, answer) for call in answer["rows"]], "no calls"),
        notes=(*_cut(answer), *_notes(answer)),
    )


def _row(call: Document, answer: Document) -> tuple[Cell, ...]:
    return (
        local_time(call["setup_at"], answer["zone"]),
        call["account_id"],
        call["call_type"],
        caller(call),
        callee(call),
        call["destination"],
        length(call["talk_s"]),
        length(call["billed_s"]),
        call["charge"],
        "" if call["refunded"] == "0.00" else call["refunded"],
        call["disposition"],
        call["hangup_cause"],
        call["reason"] or call["ended_by"],
        call["call_id"] + ("*" if call["revision"] else ""),
    )


def caller(call: Document) -> str:
    """The phone that called; or who did from outside."""
    if call["direction"] == "outgoing":
        return str(call["endpoint"])
    return str(call["caller_number"] or "unknown")


def callee(call: Document) -> str:
    """The number as it was rated, else as it was dialled."""
    return str(call["number"] or call["dialled"])


def _sums(title: str, heads: tuple[str, ...], key: str, second: str, answer: Document) -> Table:
    """Sums of groups, with one row for all at the end."""
    groups = answer[f"by_{'type' if key == 'call_type' else key}"]
    keys = (key, second) if second else (key,)
    rows = [(*(group[name] for name in keys), *_summed(group)) for group in groups]
    blanks = ("",) * (len(keys) - 1)
    return Table(
        title, (*heads, *_SUMS), [*rows, ("all", *blanks, *_summed(answer["totals"]))], "no calls"
    )


def _summed(sums: Document) -> tuple[Cell, ...]:
    return (
        sums["calls"],
        sums["answered"],
        share(sums["answered"], sums["calls"]),
        length(sums["talk_s"]),
        length(sums["billed_s"]),
        sums["charge"],
        sums["refunded"],
        sums["net"],
    )


def _cut(answer: Document) -> tuple[str, ...]:
    if not answer["cut"]:
        return ()
    shown, all_calls = len(answer["rows"]), answer["totals"]["calls"]
    return (
        f"Cut: the newest {shown} of {all_calls} calls are listed (--limit); the sums count all.",
    )


def _notes(answer: Document) -> tuple[str, ...]:
    corrected = any(call["revision"] for call in answer["rows"])
    return ("* was charged anew, see pbxcharge explain CALL.",) if corrected else ()


def _step(answer: Document) -> str:
    return "day" if len(_all_days(answer)) <= DAYS_MAX else "month"


def _days(answer: Document) -> tuple[tuple[str, int], ...]:
    """What was charged each day, or each month, also where that is nothing."""
    shown = slice(None) if _step(answer) == "day" else slice(7)
    bars = {day.isoformat()[shown]: 0 for day in _all_days(answer)}
    for row in answer["by_day"]:
        bars[row["day"][shown]] += parse_amount(row["charge"])
    return tuple(bars.items())


def _all_days(answer: Document) -> list[date]:
    zone = ZoneInfo(answer["zone"])
    first, last = (
        (datetime.fromisoformat(answer[name]) - timedelta(microseconds=before)).astimezone(zone)
        for name, before in (("from", 0), ("until", 1))
    )
    count = (last.date() - first.date()).days + 1
    return [first.date() + timedelta(days=number) for number in range(count)]
