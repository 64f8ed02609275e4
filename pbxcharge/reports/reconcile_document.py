"""What a comparison of records has shown, as a document and as rows."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from pbxcharge.core.instant import utc
from pbxcharge.core.money import MICROS, format_amount
from pbxcharge.core.reconciliation import OurCall, Pair, Reconciliation, TheirCall
from pbxcharge.core.shown_lines import decimal_amounts
from pbxcharge.reports.csv_text import csv_lines

Document = dict[str, Any]

COLUMNS = (
    *("difference", "call_id", "line", "at", "key", "account_id", "our_seconds", "their_seconds"),
    *("our_cost", "their_cost", "cost_difference"),
)


def reconcile_document(
    found: Reconciliation, from_us: int, until_us: int, cleaned: Sequence[str] = ()
) -> Document:
    """The time that was compared, counts, and a row for each difference.

    `cleaned` are numbers of theirs out of which characters were left.
    """
    return {
        "from": utc(from_us).isoformat(),
        "until": utc(until_us).isoformat(),
        "agrees": found.agrees,
        "paired": found.pairs,
        "missing_here": len(found.missing_here),
        "missing_there": len(found.missing_there),
        "seconds_differ": len(found.seconds_differ),
        "cost_differs": len(found.cost_differs),
        "others": found.not_ours,
        "costs_not_compared": found.cost_unknown,
        "numbers_cleaned": len(cleaned),
        "number_cleaned": next(iter(cleaned), None),
        "differences": list(rows(found)),
    }


def reconcile_csv(document: Document) -> Iterator[str]:
    """The rows as CSV, line by line."""
    return csv_lines(COLUMNS, ([row[name] for name in COLUMNS] for row in document["differences"]))


def rows(found: Reconciliation) -> Iterator[Document]:
    """A row for each difference; a call with another length and another cost has two."""
    for theirs in found.missing_here:
        yield _row("missing_here", None, theirs)
    for ours in found.missing_there:
        yield _row("missing_there", ours, None)
    for kind, pairs in (("seconds", found.seconds_differ), ("cost", found.cost_differs)):
        for pair in pairs:
            yield _row(kind, pair.ours, pair.theirs)


def _row(kind: str, ours: OurCall | None, theirs: TheirCall | None) -> Document:
    one = ours or theirs
    assert one is not None  # noqa: S101 - a difference is of some call
    dearer = Pair(ours, theirs).dearer if ours and theirs else None
    cost_micros = ours.cost_micros if ours else None
    return {
        "difference": kind,
        "call_id": ours.call_id if ours else None,
        "line": theirs.line if theirs else None,
        "at": utc(one.at_us).isoformat(),
        "key": ours.number if ours else one.key,
        "account_id": ours.account_id if ours else None,
        "our_seconds": ours.talk_s if ours else None,
        "their_seconds": theirs.seconds if theirs else None,
        "our_cost": None if cost_micros is None else format_amount(cost_micros),
        "their_cost": _amount(theirs.cost if theirs else None),
        "cost_difference": _amount(dearer),
    }


def _amount(exact: Fraction | None) -> str | None:
    if exact is None:
        return None
    (text,) = decimal_amounts([exact * MICROS])
    return text
