"""Rows of reports as JSON documents: money as decimal text, instants as ISO 8601 in UTC."""

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pbxcharge.api.documents import Document, instant, money
from pbxcharge.core.denial import Denial, Reason
from pbxcharge.core.money import format_amount
from pbxcharge.core.period import day_text
from pbxcharge.core.plan import CallType
from pbxcharge.core.shown_lines import line_document, shown_lines

Row = Sequence[Any]

AT_ONCE = 10
"""So many calls are written before others have their turn: about a millisecond.

A call that is asked for meanwhile needs many turns, and waits for as many pieces.
"""

_KEYS = ("day", "call_type", "direction", "disposition")
_DAEMON_AWAY_SIP = 503


def _levels(text: str) -> list[Document]:
    levels: list[Document] = json.loads(text)
    for level in levels:
        level["charge"] = format_amount(level.pop("charge_micros"))
    return levels


def _lines(text: str) -> list[Document]:
    return [line_document(line) for line in shown_lines(text)]


_WRITTEN: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("charge", "refunded", "net", "cost", "amount", "balance"), money),
    **dict.fromkeys(("setup_at", "answered_at", "ended_at", "at", "owed_at"), instant),
    "upper_levels": _levels,
    "lines": _lines,
}


async def row_documents(rows: Sequence[Row], columns: Sequence[str]) -> list[Document]:
    """Calls, or movements, by the names of their columns; others have their turn in between."""
    documents: list[Document] = []
    changed = [(at, name, _WRITTEN[name]) for at, name in enumerate(columns) if name in _WRITTEN]
    for start in range(0, len(rows), AT_ONCE):
        for row in rows[start : start + AT_ONCE]:
            document = dict(zip(columns, row, strict=True))
            for at, name, written in changed:
                document[name] = written(row[at])
            documents.append(document)
        await asyncio.sleep(0)
    return documents


def sums(rows: Iterable[Row]) -> Document:
    """What rows of `selects.totals` add up to."""
    calls = answered = talk_s = billed_s = unpaid_s = charge = refunded = 0
    for row in rows:
        calls += row[4]
        answered += row[4] if row[3] == "ANSWERED" else 0
        talk_s += row[5]
        billed_s += row[6]
        unpaid_s += row[7]
        charge += row[8]
        refunded += row[9]
    return {
        "calls": calls,
        "answered": answered,
        "talk_s": talk_s,
        "billed_s": billed_s,
        "unpaid_s": unpaid_s,
        "charge": format_amount(charge),
        "refunded": format_amount(refunded),
        "net": format_amount(charge - refunded),
    }


def sums_by(rows: Iterable[Row], *names: str) -> list[Document]:
    """The same for each combination of some of day, call_type, direction and disposition."""
    places = [_KEYS.index(name) for name in names]
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row[place] for place in places), []).append(row)
    return [
        {**dict(zip(names, map(_key, key), strict=True)), **sums(groups[key])}
        for key in sorted(groups)
    ]


def _key(value: Any) -> str:
    return day_text(value) if isinstance(value, int) else value


@dataclass(frozen=True, slots=True)
class Listing:
    """How the rows of one report are written.

    Args:
        columns: their names.
        cells: the values under them, from a row of the statement.
    """

    columns: tuple[str, ...]
    cells: Callable[[Row], tuple[Any, ...]]

    def documents(self, rows: Iterable[Row]) -> list[Document]:
        """Rows by the names of their columns."""
        return [dict(zip(self.columns, self.cells(row), strict=True)) for row in rows]


def _destination(row: Row) -> tuple[Any, ...]:
    return (*row[:6], *map(format_amount, (row[6], row[7], row[6] - row[7])))


def _account(row: Row) -> tuple[Any, ...]:
    return (*row[:8], *map(format_amount, row[8:]))


def _margin(row: Row) -> tuple[Any, ...]:
    """From seller, group, calls, talk_s, income, paid, calls without a cost, their income."""
    income, paid, unknown = row[4], row[5], row[7]
    margin = income - unknown - paid
    amounts = map(format_amount, (income, paid, margin))
    return (row[0] or None, *row[1:4], *amounts, row[6], format_amount(unknown))


def _refused(row: Row) -> tuple[Any, ...]:
    return (*row[:5], told(row[0], row[2]), instant(row[5]), instant(row[6]))


DESTINATIONS = Listing(
    (
        *("destination", "prefix", "calls", "answered", "talk_s", "billed_s"),
        *("charge", "refunded", "net"),
    ),
    _destination,
)
ACCOUNTS = Listing(
    (
        *("account_id", "name", "kind", "plan", "status", "calls", "answered", "talk_s"),
        *("charge", "refunded", "fees", "credits", "topped_up", "balance", "held"),
    ),
    _account,
)
MARGINS = Listing(
    (
        *("account_id", "group", "calls", "talk_s", "income", "paid", "margin"),
        *("calls_without_cost", "income_without_cost"),
    ),
    _margin,
)
"""The margin is of the calls whose cost is known alone."""

REFUSED = Listing(
    (
        *("reason", "account_id", "call_type", "refused_by", "calls", "sip_code"),
        *("first_at", "last_at"),
    ),
    _refused,
)


def told(reason: str, call_type: str) -> int:
    """What the phone was told: 402 for want of credit, 480 to a carrier.

    A reason that is none of the daemon's is the dialplan's own, which says 503.
    """
    if reason not in set(Reason):
        return _DAEMON_AWAY_SIP
    kind = CallType(call_type) if call_type in set(CallType) else CallType.PUBLIC
    return Denial(Reason(reason), call_type=kind).sip_code
