"""A statement of a billing period: opening balance, what moved and why, closing balance."""

from collections.abc import Sequence

from pbxcharge.reports.movement_words import (
    KINDS,
    call_type,
    called,
    days,
    late,
    plan_name,
    quantity,
    service_days,
)
from pbxcharge.reports.table import Cell, Report, Table, point_under_point
from pbxcharge.reports.words import Document, length, local

_GROUPS = {
    "initial_credit": "initial credit",
    "top_ups": "top-ups",
    "calls": "calls",
    "subscriptions": "subscriptions",
    "credits": "credits",
    "penalties": "penalties",
    "refunds": "refunds",
    "corrections": "corrections",
}
OPENING, CLOSING = "opening balance", "closing balance"


def statement_report(answer: Document) -> Report:
    """What `/statement` answers, as a report."""
    period = days(answer["period_first"], answer["period_until"])
    owner = f"{answer['name']} ({answer['scope']})"
    several = len(answer["accounts"]) > 1
    return Report(
        title="Statement",
        facts=(
            ("of", owner),
            ("billing period", f"{period}, {answer['cycle'].replace('_', '-')}"),
            ("time zone", answer["zone"]),
            ("currency", answer["currency"]),
            ("made", f"{local(answer['made_at'], answer['zone'])} ({answer['zone']})"),
            *_state(answer),
        ),
        charts=(),
        sums=(
            point_under_point(_summary(answer)),
            *((point_under_point(_by_account(answer)),) if several else ()),
            point_under_point(_subscriptions(answer, several)),
            point_under_point(_payments(answer, several)),
            point_under_point(_by_type(answer)),
        ),
        main=point_under_point(_calls(answer, several)),
        notes=tuple(_notes(answer, several)),
        running=f"Statement of {answer['name']}, {period}",
    )


def _summary(answer: Document) -> Table:
    totals = answer["totals"]
    moved = [(name, totals[group]) for group, name in _GROUPS.items() if totals[group] != "0.00"]
    rows: list[tuple[Cell, ...]] = [(OPENING, totals["opening"]), *moved]
    return Table("Summary", ("", f">{answer['currency']}"), [*rows, (CLOSING, totals["closing"])])


def _by_account(answer: Document) -> Table:
    """What each account has, and what moved in the groups of which there is something."""
    totals = answer["totals"]
    groups = [group for group in _GROUPS if totals[group] != "0.00"]
    names = ("opening", *groups, "closing")
    headings = ("account", "name", *(f">{_GROUPS.get(name, name)}" for name in names))
    rows = [
        (each["account_id"], each["name"], *(each[name] for name in names))
        for each in answer["accounts"]
    ]
    whole = ("all", "", *(totals[name] for name in names))
    return Table("By account", headings, [*rows, whole])


def _subscriptions(answer: Document, several: bool) -> Table:
    rows = [row for row in answer["rows"] if row["assignment_id"]]
    headings = ("booked", "subscription", "what", "for the period", ">days", ">amount", "")
    cells = [
        (
            local(row["at"], answer["zone"])[:16],
            plan_name(row),
            KINDS[row["kind"]],
            service_days(row),
            quantity(row, "charged").removesuffix(" d"),
            row["amount"],
            late(row, answer["zone"]),
        )
        for row in rows
    ]
    return _table("Subscriptions", headings, cells, rows, several, "no subscriptions")


def _payments(answer: Document, several: bool) -> Table:
    rows = [row for row in answer["rows"] if row["kind"] != "call" and not row["assignment_id"]]
    cells = [
        (local(row["at"], answer["zone"])[:16], KINDS[row["kind"]], row["note"], row["amount"])
        for row in rows
    ]
    headings = ("booked", "what", "note", ">amount")
    title = "Payments, refunds and corrections"
    return _table(title, headings, cells, rows, several, "none")


def _by_type(answer: Document) -> Table:
    groups = answer["by_type"]
    names = ("calls", "talk_s", "billed_s", "included_s")
    rows: list[tuple[Cell, ...]] = [(_type(one), *_counts(one), one["amount"]) for one in groups]
    if rows:
        whole = {name: sum(one[name] for one in groups) for name in names}
        rows.append(("all", *_counts(whole), answer["totals"]["calls"]))
    headings = ("type", ">calls", ">talk", ">billed", ">of that included", ">amount")
    return Table("Calls by type", headings, rows, "no calls")


def _type(one: Document) -> str:
    name = call_type(one)
    return name if one["direction"] in ("", name) or name == "incoming" else f"{name}, made"


def _counts(one: Document) -> tuple[Cell, ...]:
    return (one["calls"], *(length(one[name]) for name in ("talk_s", "billed_s", "included_s")))


def _calls(answer: Document, several: bool) -> Table:
    rows = [row for row in answer["rows"] if row["kind"] == "call"]
    cells = [
        (
            local(row["setup_at"] or row["at"], answer["zone"]),
            call_type(row),
            called(row),
            row["destination"],
            quantity(row, "used"),
            length(row["included_s"]) if row["included_s"] else "",
            row["amount"],
        )
        for row in rows
    ]
    headings = ("call", "type", "with", "destination", ">talk", ">included", ">amount")
    return _table("Calls", headings, cells, rows, several, "no calls")


def _table(
    title: str,
    headings: tuple[str, ...],
    cells: Sequence[tuple[Cell, ...]],
    rows: list[Document],
    several: bool,
    empty: str,
) -> Table:
    """With the account's name behind the instant, where there are several accounts."""
    if several:
        headings = (headings[0], "account", *headings[1:])
        pairs = zip(cells, rows, strict=True)
        cells = [(cell[0], row["name"], *cell[1:]) for cell, row in pairs]
    return Table(title, headings, cells, empty)


def _state(answer: Document) -> tuple[tuple[str, str], ...]:
    """Whether more may come."""
    if not answer["over"]:
        return (("state", "preliminary: the billing period is not over"),)
    if not answer["charged"]:
        return (("state", "preliminary: not all of its subscriptions are charged yet"),)
    return ()


def _notes(answer: Document, several: bool) -> list[str]:
    found = []
    if answer["waiting"] != "0.00":
        due = f"{answer['waiting']} {answer['currency']}"
        found.append(f"{due} of fees are due and wait for credit; they are not in these sums.")
    if answer["cut"]:
        shown = len(answer["rows"])
        found.append(f"Cut: only the newest {shown} movements are listed; the sums count all.")
    found.append(
        "What is charged is below zero, what is paid in or given back above. Everything stands "
        "where it was booked; what a subscription was charged at the midnight that ends a billing "
        "period stands on that period's statement."
    )
    if several:
        found.append("A call that two of these accounts pay for is charged to both.")
    return found
