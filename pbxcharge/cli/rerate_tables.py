"""Calls that were priced again, as tables: each with every level, the sums, and who stays."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from pbxcharge.cli.output import Column, at, remark, say, table
from pbxcharge.core.money import format_amount, parse_amount

Document = dict[str, Any]

CALL_COLUMNS: list[Column] = [
    ("call", "<"),
    ("at (UTC)", "<"),
    ("number", "<"),
    ("talk s", ">"),
    ("who pays", "<"),
    ("plan", "<"),
    ("destination", "<"),
    ("before", ">"),
    ("after", ">"),
    ("difference", ">"),
    ("", "<"),
]
SUM_COLUMNS: list[Column] = [
    ("level", ">"),
    ("account", "<"),
    ("calls", ">"),
    ("before", ">"),
    ("after", ">"),
    ("difference", ">"),
]
LEFT_COLUMNS: list[Column] = [("stays as it is", "<"), ("account", "<"), ("because", "<")]
_UNTOUCHED = ("changed", "same")


def rerate_document(
    calls: list[Document], currency: str, run_id: str, *, applied: bool
) -> Document:
    """What became, or would become, of the calls, with sums for each account at each level."""
    for call in calls:
        call.pop("rating", None)
    return {
        "id": run_id or None,
        "applied": applied,
        "currency": currency,
        "verdicts": dict(sorted(Counter(call["verdict"] for call in calls).items())),
        "totals": list(_totals(calls)),
        "calls": calls,
    }


def show_rerate(document: Document) -> None:
    """The calls that change, the sums, the calls that stay for a reason, and what was done."""
    calls = document["calls"]
    table(CALL_COLUMNS, _changes(calls), "no call changes")
    if document["totals"]:
        say("")
        table(SUM_COLUMNS, map(_sum_row, document["totals"]), "")
    left = [call for call in calls if call["verdict"] not in _UNTOUCHED]
    if left:
        say("")
        rows = ((call["call_id"], call.get("account_id"), call["why"]) for call in left)
        table(LEFT_COLUMNS, rows, "")
    say(f"\n{_summary(document)}")
    if "month_closed" in document["verdicts"]:
        remark("calls of closed months are charged anew with --closed-month")
    if not document["applied"] and document["totals"]:
        remark("nothing was written: give it with --apply to charge them anew")


def _changes(calls: Iterable[Document]) -> Iterator[tuple[Any, ...]]:
    """One row for each level of a call; its own facts stand in the first."""
    for call in calls:
        if call["verdict"] != "changed":
            continue
        ends = (
            ""
            if call["ends_after_s"] is None
            else f"would have ended after {call['ends_after_s']} s"
        )
        own: tuple[Any, ...] = (
            call["call_id"],
            at(call["setup_at"]),
            call["number"],
            call["talk_s"],
        )
        for level in call["levels"]:
            names = ("account_id", "plan", "destination", "before", "after", "difference")
            yield (*own, *(level[name] for name in names), ends)
            own, ends = ("", "", "", ""), ""
        if call["cost_before"] != call["cost_after"]:
            costs = (call["cost_before"] or "", call["cost_after"] or "")
            yield (*own, "(the carrier)", "", "", *costs, "", "")


def _totals(calls: Iterable[Document]) -> Iterator[Document]:
    """For each level, the caller's own first, and each account there: what changes in all."""
    sums: dict[tuple[int, str], list[int]] = {}
    for call in calls:
        if call["verdict"] != "changed":
            continue
        for number, level in enumerate(call["levels"]):
            found = sums.setdefault((number, level["account_id"]), [0, 0, 0])
            found[0] += 1
            found[1] += parse_amount(level["before"])
            found[2] += parse_amount(level["after"])
    for (number, account_id), (count, before, after) in sorted(sums.items()):
        yield {
            "level": number,
            "account_id": account_id,
            "calls": count,
            "before": format_amount(before),
            "after": format_amount(after),
            "difference": format_amount(after - before),
        }


def _sum_row(total: Document) -> tuple[Any, ...]:
    return tuple(total.values())


def _summary(document: Document) -> str:
    counts = document["verdicts"]
    changed = counts.get("changed", 0)
    counted = "1 call" if changed == 1 else f"{changed} calls"
    was = "was" if changed == 1 else "were"
    done = f"{was} charged anew" if document["applied"] else "would be charged anew"
    others = ", ".join(
        f"{count} {verdict.replace('_', ' ')}"
        for verdict, count in counts.items()
        if verdict != "changed"
    )
    run = f", id {document['id']}" if document["applied"] else ""
    return f"{counted} {done}" + (f"; {others}" if others else "") + run
