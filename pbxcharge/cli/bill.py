"""`pbxcharge bill …`: what subscriptions are charged, and what they will be."""

from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pbxcharge.cli.command import Run, command
from pbxcharge.cli.exits import Exit
from pbxcharge.cli.output import Column, at, complain, moment, plural, remark, say, table
from pbxcharge.cli.period import begins
from pbxcharge.core.money import format_amount, parse_amount

if TYPE_CHECKING:
    from pbxcharge.cli.reach import Api

app = typer.Typer(no_args_is_help=True, help="Charging subscriptions.")

Document = dict[str, Any]

CHARGED: list[Column] = [("", "<"), ("records", ">"), ("amount", ".")]
CALENDAR: list[Column] = [
    ("when", "<"),
    ("what", "<"),
    ("subscription", "<"),
    ("period", "<"),
    ("amount", "."),
    ("balance", "."),
]
CSV_COLUMNS = (
    "at", "local", "what", "assignment_id", "subscription", "period_first", "period_until",
    "amount", "balance",
)  # fmt: skip


@command(
    app,
    "run",
    examples=(
        "pbxcharge bill run",
        "pbxcharge bill run --until 2026-11-01   # what was owed when October ended, and before",
    ),
)
async def run_billing(
    run: Run,
    until: Annotated[
        str | None,
        typer.Option(
            metavar="DATE", help="Only what was owed by this day's first instant; now without it."
        ),
    ] = None,
) -> None:
    """Charge what subscriptions owe by now, and nothing of it twice."""
    from pbxcharge.cli.reach import act

    zone = run.settings.time_zone
    until_at = None if until is None else begins(until, zone).isoformat()
    whole: Document = {}
    place: str | None = ""
    while place is not None:
        # Each answer is of some accounts, so that none takes long.
        answer = await act(run, partial(_some, until=until_at, place=place), priced=True)
        place = answer.pop("next")
        whole = _joined(whole, answer)
    run.show(whole, lambda: _show_run(whole))
    if whole["failed"]:
        raise typer.Exit(Exit.REFUSED)


async def _some(api: "Api", until: str | None, place: str) -> Document:
    return await api.act("/billing/run", until=until, place=place)


def _joined(whole: Document, part: Document) -> Document:
    """Two parts of a run as one: counts and sums are added up, what waits is as it is now."""
    if not whole:
        return part
    counted = {name: whole[name] + part[name] for name in ("accounts", "suspended", "resumed")}
    failed = {one["account_id"]: one for one in (*whole["failed"], *part["failed"])}
    kinds = list(dict.fromkeys(one["kind"] for one in (*whole["charged"], *part["charged"])))
    charged = [_sum(kind, (*whole["charged"], *part["charged"])) for kind in kinds]
    return {**part, **counted, "charged": charged, "failed": list(failed.values())}


def _sum(kind: str, parts: tuple[Document, ...]) -> Document:
    own = [one for one in parts if one["kind"] == kind]
    micros = sum(parse_amount(one["amount"]) for one in own)
    return {
        "kind": kind,
        "count": sum(one["count"] for one in own),
        "amount": format_amount(micros),
    }


def _show_run(document: Document) -> None:
    currency, waiting = document["currency"], document["waiting"]
    rows = [(one["kind"], one["count"], one["amount"]) for one in document["charged"]]
    table(CHARGED, rows, "nothing was owed that was not charged before")
    say(f"{plural(document['accounts'], 'account')} charged until {at(document['until'])} (UTC)")
    if document["suspended"] or document["resumed"]:
        say(f"{document['suspended']} suspended for lack of funds, {document['resumed']} resumed")
    if waiting["accounts"]:
        owing = plural(waiting["accounts"], "account")
        say(f"{waiting['amount']} {currency} of {owing} wait for credit")
    for one in document["failed"]:
        complain(f"{one['account_id']} not charged: {one['why']}")


@command(
    app,
    "preview",
    examples=(
        "pbxcharge bill preview --account alice --months 12",
        "pbxcharge bill preview --account alice --close 2026-12-15   # with the penalty",
        "pbxcharge bill preview --account acme --csv > calendar.csv",
    ),
)
async def preview(
    run: Run,
    account_id: Annotated[
        str, typer.Option("--account", metavar="ACCOUNT", help="Whose subscriptions.")
    ],
    months: Annotated[int, typer.Option(min=1, max=120, help="So many months from today.")] = 12,
    close: Annotated[
        str | None,
        typer.Option(
            metavar="DATE",
            help="As if all of them ended when this day begins, by the account's clocks.",
        ),
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the lines as CSV.")] = False,
) -> None:
    """Show every charge, credit and penalty to come; write nothing."""
    from pbxcharge.cli.reach import read

    if as_csv and run.as_json:
        raise typer.BadParameter("one of --csv and --json")
    asked = {"account_id": account_id, "months": months, "close": close}
    answer = await read(run, lambda api: api.get("/billing/preview", **asked), priced=True)
    run.show(answer, lambda: _print_csv(answer) if as_csv else _show_preview(answer))


def _print_csv(document: Document) -> None:
    import sys

    from pbxcharge.reports.csv_text import csv_lines

    rows = ([line.get(name) for name in CSV_COLUMNS] for line in document["lines"])
    sys.stdout.writelines(csv_lines(CSV_COLUMNS, rows))


def _show_preview(document: Document) -> None:
    currency = document["currency"]
    parts = [list(lines) for _, lines in groupby(document["lines"], key=_part_of)]
    rows = [_row(lines, after) for lines, after in zip(parts, [*parts[1:], [{}]], strict=True)]
    table(CALENDAR, rows, "nothing will be charged")
    for one in document["not_begun"]:
        remark(f"{one['subscription']} ({one['assignment_id']}) begins with the first call")
    until = moment(document["until"], document["zone"])
    if rows:
        say(
            f"{document['totals']['all']} {currency} until {until}; "
            f"balance {document['balance']} now, {document['balance_after']} then without top-ups"
        )


def _part_of(line: Document) -> tuple[str, ...]:
    """What one line of the calendar tells together: a progressive fee is charged in parts."""
    names = ("what", "assignment_id", "period_first")
    return tuple(str(line.get(name, line["at"])) for name in names)


def _row(lines: list[Document], following: list[Document]) -> tuple[str, ...]:
    first, last = lines[0], lines[-1]
    when, what = _when(first), first["what"]
    if "amount" not in first:
        return (when, what, "", "", "", "")
    if len(lines) > 1:
        what = f"{what} in {len(lines)} parts"
        when = when if _when(last) == when else f"{when} to {_when(last)}"
    period = f"{first['period_first']} to {first['period_until']}"
    micros = sum(parse_amount(line["amount"]) for line in lines)
    # What is booked together has one balance after it, which stands behind the last line of it.
    together = all(last[name] == following[0].get(name) for name in ("at", "balance"))
    balance = "" if together else last["balance"]
    return (when, what, first["subscription"], period, format_amount(micros), balance)


def _when(line: Document) -> str:
    return str(line["local"])[:16].replace("T", " ").removesuffix(" 00:00")
