"""`replay`: past calls priced by other files, before these go live."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pbxcharge.cli import findings as shown
from pbxcharge.cli.account import Below
from pbxcharge.cli.command import Run, command
from pbxcharge.cli.exits import BadConfiguration, Exit
from pbxcharge.cli.output import at, complain, printable, say, table, write_lines
from pbxcharge.cli.period import FROM, To, from_to
from pbxcharge.cli.reasons import in_words
from pbxcharge.core.money import MICROS, parse_amount, parse_price
from pbxcharge.errors import AmountError

if TYPE_CHECKING:
    from pbxcharge.core.replay import Threshold
    from pbxcharge.replaying import OtherFiles

Document = dict[str, Any]

SUM_COLUMNS = [
    ("calls", ">"),
    ("before", "."),
    ("after", "."),
    ("difference", "."),
    ("%", "."),
    ("refused", ">"),
    ("ended earlier", ">"),
]
CHANGE_COLUMNS = [
    ("call", "<"),
    ("at (UTC)", "<"),
    ("account", "<"),
    ("number", "<"),
    ("destination", "<"),
    ("who pays", "<"),
    ("before", "."),
    ("after", "."),
    ("difference", "."),
    ("then", "<"),
]
ROWS_SHOWN = 20
"""Of each table, without --all."""
CHANGES_SHOWN = 20


class By(StrEnum):
    """By what a replay is told."""

    LEVEL = "level"
    ACCOUNT = "account"
    DESTINATION = "destination"
    CALL = "call"


def add_to(app: typer.Typer) -> None:
    """The command that stands at the top of the command line."""
    command(
        app,
        "replay",
        examples=(
            "pbxcharge replay --plans new-plans --from 2026-10 --to 2026-10",
            "pbxcharge replay --plans new-plans --from 2026-10-01 --account acme --by destination",
            "pbxcharge replay --plans new-plans --from 2026-10 --to 2026-10 --fail-above 2%",
            "pbxcharge replay --decks new-rates --from 2026-10 --by call --csv calls.csv",
        ),
    )(replay)


def replay(
    run: Run,
    begin: Annotated[str, FROM],
    end: To = None,
    plans: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="A folder of plan files; else the site's own."),
    ] = None,
    decks: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="A folder of rate decks; else the site's own."),
    ] = None,
    account_id: Below = None,
    by: Annotated[By | None, typer.Option(help="Only this table.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every row, not only those that change most.")
    ] = False,
    csv: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Write every row as CSV; - is the standard output."),
    ] = None,
    fail_above: Annotated[
        str | None,
        typer.Option(
            metavar="AMOUNT|PERCENT%",
            help="Exit 1 if a total, a level or an account differs by more, up or down.",
        ),
    ] = None,
) -> None:
    """Price past calls by other plans and decks; write nothing."""
    from pbxcharge.replaying import Asked, replay_books
    from pbxcharge.reports.replay_document import passed, replay_csv, replay_document, tables

    threshold = None if fail_above is None else read_threshold(fail_above)
    span = from_to(begin, end, run.settings.time_zone)
    files = _files(run, plans, decks)
    kept = None if everything or (csv is not None and by is By.CALL) else CHANGES_SHOWN
    asked = Asked(_us(span[0]), _us(span[1]), account_id, kept)
    replayed = replay_books(run.settings, files, asked)
    found = tables(replayed.replay, replayed.kinds.items())
    beyond = passed(found, threshold)
    if csv is not None:
        write_lines(csv, replay_csv(replayed.replay, found, by))
    if csv != "-":
        more = {"fail_above": fail_above, "beyond": beyond}
        told = replay_document(replayed.replay, found)
        document = {**_frame(run, span, account_id), **told, **more}
        run.show(document, lambda: _show(document, by, None if everything else ROWS_SHOWN))
    for each in beyond:
        name = f"{each['by']} {printable(each['name'])}"
        complain(f"{name}: a difference of {signed(each['difference'])} is more than {fail_above}")
    raise typer.Exit(Exit.REFUSED if beyond else Exit.DONE)


def _frame(run: Run, span: tuple[datetime, datetime], account_id: str | None) -> Document:
    """Of which calls a replay tells, and in which currency."""
    return {
        "from": span[0].isoformat(),
        "until": span[1].isoformat(),
        "time_zone": str(run.settings.time_zone),
        "currency": run.settings.site.currency,
        "scope": account_id,
    }


def read_threshold(text: str) -> "Threshold":
    """An amount, or hundredths of what it was: `5.00` or `2%`.

    Raises:
        typer.BadParameter: it is neither.
    """
    from pbxcharge.core.replay import Threshold

    try:
        if text.endswith("%"):
            percent = parse_price(text[:-1])
            found = Threshold(percent=percent) if percent >= 0 else None
        else:
            micros = parse_amount(text)
            found = Threshold(amount_micros=micros) if micros >= 0 else None
    except AmountError as error:
        raise typer.BadParameter(f"--fail-above {text}: {error}") from None
    if found is None:
        raise typer.BadParameter(f"--fail-above {text}: say how much, up or down, without a sign")
    return found


def _files(run: Run, plans: Path | None, decks: Path | None) -> "OtherFiles":
    from pbxcharge.replaying import read_other_files

    files, found = read_other_files(run.settings, plans, decks)
    shown.complain_of(found)
    if files is None:
        raise BadConfiguration("plans or decks have errors, nothing is replayed")
    return files


def _us(instant: datetime) -> int:
    return int(instant.timestamp()) * MICROS


def _show(document: Document, by: By | None, rows_max: int | None) -> None:
    _show_totals(document)
    for each in By:
        if by not in (None, each):
            continue
        rows = document["changes"] if each is By.CALL else document[f"by_{each}"]
        of = document["calls_changed"] if each is By.CALL else len(rows)
        kept = rows[:rows_max]
        say("")
        say(_heading(each, len(kept), of))
        if each is By.CALL:
            table(CHANGE_COLUMNS, map(_change_row, kept), "no call changes")
        else:
            table([(str(each), "<"), *SUM_COLUMNS], map(_sum_row, kept), "no calls")


def _heading(by: By, shown_count: int, of: int) -> str:
    title = "calls that change most" if by is By.CALL else f"by {by}"
    return title if shown_count == of else f"{title} ({shown_count:,} of {of:,}, --all for all)"


def _show_totals(document: Document) -> None:
    currency, callers = document["currency"], document["callers"]
    say(f"{callers['calls']:,} calls that were let through, {_from_to(document)}")
    say(f"callers paid {callers['before']} {currency}, {_then(callers, currency)}")
    if document["carriers"]["calls"]:
        carriers = document["carriers"]
        say(f"carriers asked {carriers['before']} {currency}, {_then(carriers, currency)}")
    for reason, count in document["would_be_refused"].items():
        say(f"{count:,} would be refused: {in_words(reason)}")
    if document["would_end_earlier"]:
        say(f"{document['would_end_earlier']:,} would be ended before they were")
    for plan, count in document["missing_plans"].items():
        say(f"plan {printable(plan)} is not among the files: {count:,} calls have it")
    if refused := sum(document["refused_before"].values()):
        allowed = document["would_be_allowed"]
        say(f"{allowed:,} of {refused:,} attempts that plans refused would be let through")
    if document["not_priced"]:
        what = "emergency calls, and attempts refused for credit, limits or status"
        say(f"{document['not_priced']:,} others are not looked at: {what}")


def _from_to(document: Document) -> str:
    span = f"from {at(document['from'])} to {at(document['until'])}"
    return f"{span} ({document['time_zone']})"


def _then(sums: Document, currency: str) -> str:
    percent = "" if sums["percent"] is None else f" ({signed(sums['percent'])} %)"
    difference = signed(sums["difference"])
    return f"would be {sums['after']} {currency}: {difference}{percent}"


def _sum_row(row: Document) -> list[Any]:
    return [
        row["name"],
        f"{row['calls']:,}",
        row["before"],
        row["after"],
        signed(row["difference"]),
        "" if row["percent"] is None else signed(row["percent"]),
        row["refused"] or "",
        row["ended_earlier"] or "",
    ]


def _change_row(row: Document) -> list[Any]:
    return [
        row["call_id"],
        at(row["setup_at"]),
        *(row[name] for name in ("account", "number", "destination", "paying_account")),
        row["before"],
        row["after"],
        signed(row["difference"]),
        _what_then(row),
    ]


def _what_then(row: Document) -> str:
    """What else would have been: the call refused, or ended."""
    if row["refused"]:
        return f"refused: {row['refused']} at {row['refused_by']}"
    return f"ended after {row['ends_after_s']} s" if row["ends_after_s"] is not None else ""


def signed(amount: str) -> str:
    """A difference with its sign: +0.50, -0.50, and 0.00 without one."""
    return amount if amount.startswith("-") or not amount.strip("0.") else f"+{amount}"
