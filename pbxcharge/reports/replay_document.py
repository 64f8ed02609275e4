"""A replay as a document for programs, and as the records of a CSV file."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any, Final

from pbxcharge.core.money import MICROS, Rounding, format_amount, round_quotient
from pbxcharge.core.replay import Change, Replay, Sums, Threshold, by_group, most_changed
from pbxcharge.reports.csv_text import csv_lines

Document = dict[str, Any]

SUM_COLUMNS: Final = (
    *("by", "name", "calls", "before", "after", "difference", "percent", "refused"),
    "ended_earlier",
)
CHANGE_COLUMNS: Final = (
    *("call_id", "setup_at", "account", "number", "destination", "paying_account", "before"),
    *("after", "difference", "refused", "refused_by", "ends_after_s"),
)
CALLERS, CARRIERS = "callers", "carriers"
_SOFTLY = Rounding.HALF_AWAY_FROM_ZERO


@dataclass(frozen=True, slots=True)
class Tables:
    """The sums of a replay by what they are asked for, those first that change most."""

    totals: list[tuple[str, Sums]]
    levels: list[tuple[str, Sums]]
    accounts: list[tuple[str, Sums]]
    destinations: list[tuple[str, Sums]]

    def of(self, by: str) -> list[tuple[str, Sums]]:
        """One table: `level`, `account`, `destination` or `total`."""
        return {
            "total": self.totals,
            "level": self.levels,
            "account": self.accounts,
            "destination": self.destinations,
        }[by]


def tables(replay: Replay, kinds: Iterable[tuple[str, str]]) -> Tables:
    """The tables of a replay; the levels are the kinds of the accounts that pay."""
    levels = by_group(replay.accounts, kinds)
    return Tables(
        totals=[(CALLERS, replay.own), (CARRIERS, replay.carriers)],
        levels=list(most_changed(levels)),
        accounts=list(most_changed(replay.accounts)),
        destinations=list(most_changed(replay.destinations)),
    )


def passed(found: Tables, threshold: Threshold | None) -> list[Document]:
    """Every total, level and account whose difference passes the threshold."""
    if threshold is None:
        return []
    return [
        {"by": by, **sums_document(name, sums)}
        for by in ("total", "level", "account")
        for name, sums in found.of(by)
        if threshold.passed_by(sums)
    ]


def replay_document(replay: Replay, found: Tables) -> Document:
    """Everything that a replay found; amounts are decimal text."""
    callers, carriers = (sums_document(*total) for total in found.totals)
    return {
        "callers": callers,
        "carriers": carriers,
        "by_level": [sums_document(*each) for each in found.levels],
        "by_account": [sums_document(*each) for each in found.accounts],
        "by_destination": [sums_document(*each) for each in found.destinations],
        "would_be_refused": dict(replay.refused),
        "would_end_earlier": replay.own.ended,
        "refused_before": dict(replay.attempts),
        "would_be_allowed": replay.would_be_allowed,
        "missing_plans": dict(replay.missing_plans),
        "not_priced": replay.not_priced,
        "calls_changed": replay.changed,
        "changes": [change_document(change) for change in replay.changes()],
    }


def sums_document(name: str, sums: Sums) -> Document:
    """One row: what some calls cost, and would have cost."""
    return {
        "name": name,
        "calls": sums.calls,
        "before": format_amount(sums.before_micros),
        "after": format_amount(sums.after_micros),
        "difference": format_amount(sums.difference_micros),
        "percent": percent_text(sums.percent),
        "refused": sums.refused,
        "ended_earlier": sums.ended,
    }


def change_document(change: Change) -> Document:
    """One call: what its most changed level paid and would have paid, and what else changes."""
    recorded = change.recorded
    at = datetime.fromtimestamp(recorded.call.setup_at_us // MICROS, UTC)
    return {
        "call_id": recorded.call_id,
        "setup_at": at.isoformat(),
        "account": recorded.account_id,
        "number": recorded.call.route.number,
        "destination": recorded.destination,
        "paying_account": change.account_id,
        "before": format_amount(change.before_micros),
        "after": format_amount(change.after_micros),
        "difference": format_amount(change.difference_micros),
        "refused": change.refused and str(change.refused.reason),
        "refused_by": change.refused and change.refused.account_id,
        "ends_after_s": change.ends_after_s,
    }


def replay_csv(replay: Replay, found: Tables, by: str | None) -> Iterator[str]:
    """The lines of a CSV file: one of the tables, all of them, or every call that changes."""
    if by == "call":
        changes = map(change_document, replay.changes())
        return csv_lines(
            CHANGE_COLUMNS, ([row[name] for name in CHANGE_COLUMNS] for row in changes)
        )
    wanted = ("total", "level", "account", "destination") if by is None else (by,)
    rows = ({"by": each, **sums_document(*row)} for each in wanted for row in found.of(each))
    return csv_lines(SUM_COLUMNS, ([row[name] for name in SUM_COLUMNS] for row in rows))


def percent_text(percent: Fraction | None) -> str | None:
    """With two decimals: 5/2 is 2.50; None where there was nothing before."""
    if percent is None:
        return None
    hundredths = round_quotient(100 * percent.numerator, percent.denominator, _SOFTLY)
    return format_amount(hundredths * MICROS // 100)
