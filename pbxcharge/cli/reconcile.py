"""`pbxcharge reconcile …`: the books beside Asterisk's own records, or a carrier's."""

from collections.abc import Callable
from datetime import datetime, tzinfo
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pbxcharge.cli import findings as shown
from pbxcharge.cli.command import Run, command
from pbxcharge.cli.exits import BadConfiguration, Exit
from pbxcharge.cli.output import at, plural, printable, say, table, write_lines
from pbxcharge.cli.period import begins, ends
from pbxcharge.core.money import MICROS, parse_price
from pbxcharge.errors import AmountError

if TYPE_CHECKING:
    from pbxcharge.reconciling import Compared

app = typer.Typer(
    no_args_is_help=True, help="The books beside the call records of Asterisk or a carrier."
)

Document = dict[str, Any]

WORDS = {
    "missing_here": "missing here",
    "missing_there": "missing there",
    "seconds": "seconds differ",
    "cost": "cost differs",
}
ROWS_SHOWN = 50
_HEADINGS = [
    ("", "<"),
    ("at (UTC)", "<"),
    ("number or id", "<"),
    ("account", "<"),
    ("our s", ">"),
    ("their s", ">"),
    ("our cost", ">"),
    ("their cost", ">"),
    ("line", ">"),
    ("call", "<"),
]

File = Annotated[Path, typer.Argument(metavar="FILE", help="Their records, as CSV.")]
Since = Annotated[
    str | None, typer.Option("--from", metavar="DAY", help="Compare from this day or month on.")
]
Until = Annotated[
    str | None, typer.Option("--to", metavar="DAY", help="The last day or month that is compared.")
]
Seconds = Annotated[
    int, typer.Option("--tolerance-s", min=0, help="So many seconds are no difference.")
]
Everything = Annotated[bool, typer.Option("--all", help="Print every difference.")]
Csv = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Write every difference as CSV; - is standard output."),
]
Zone = Annotated[
    str | None,
    typer.Option("--time-zone", help="Of the times in the file; else that of the site."),
]


@command(
    app,
    "asterisk",
    examples=(
        "pbxcharge reconcile asterisk /var/log/asterisk/cdr-csv/Master.csv",
        "pbxcharge reconcile asterisk Master.csv --from 2026-11 --to 2026-11 --csv differences.csv",
    ),
)
def asterisk(
    run: Run,
    file: File,
    since: Since = None,
    until: Until = None,
    tolerance_s: Seconds = 1,
    zone: Zone = None,
    everything: Everything = False,
    csv: Csv = None,
) -> None:
    """Compare the answered calls with Asterisk's own file."""
    from pbxcharge.reconciling import Tolerance, compare_asterisk

    local = _zone(run, zone)
    between = _between(since, until, local)
    tolerance = Tolerance(seconds=tolerance_s)
    compared = compare_asterisk(run.settings, file, local, between, tolerance)
    _told(run, compared, file, everything, csv)


@command(
    app,
    "carrier",
    examples=(
        "pbxcharge reconcile carrier invoice-2026-11.csv --trunk carrier",
        "pbxcharge reconcile carrier cdr.csv --trunk carrier --number-column CLD "
        "--start-column 'Connect Time' --seconds-column Billed --cost-column Amount "
        "--time-format '%d.%m.%Y %H:%M:%S' --time-zone UTC",
    ),
)
def carrier(
    run: Run,
    file: File,
    trunk: Annotated[str, typer.Option(help="Over which the calls went.")],
    number: Annotated[str | None, typer.Option("--number-column", help="Who was called.")] = None,
    start: Annotated[str | None, typer.Option("--start-column", help="Since when.")] = None,
    length: Annotated[str | None, typer.Option("--seconds-column", help="How long.")] = None,
    cost: Annotated[str | None, typer.Option("--cost-column", help="For how much.")] = None,
    time_format: Annotated[
        str | None, typer.Option(help="How times are written, as in '%d.%m.%Y %H:%M:%S'.")
    ] = None,
    since: Since = None,
    until: Until = None,
    tolerance_s: Seconds = 1,
    tolerance_cost: Annotated[
        str, typer.Option(metavar="AMOUNT", help="So much is no difference.")
    ] = "0",
    within_s: Annotated[
        int, typer.Option(min=0, help="Times further apart are two calls: seconds.")
    ] = 60,
    zone: Zone = None,
    everything: Everything = False,
    csv: Csv = None,
) -> None:
    """Compare the calls of a trunk with its carrier's file."""
    from pbxcharge.reconciling import CarrierColumns, Tolerance, compare_carrier

    if trunk not in run.settings.trunk_endpoints:
        known = ", ".join(sorted(run.settings.trunk_endpoints))
        raise typer.BadParameter(f"there is no trunk {trunk!r}; there are {known}")
    local = _zone(run, zone)
    columns = CarrierColumns(number, start, length, cost, time_format, local)
    tolerance = Tolerance(tolerance_s, _amount(tolerance_cost), within_s * MICROS)
    between = _between(since, until, run.settings.time_zone)
    compared = compare_carrier(run.settings, file, columns, trunk, between, tolerance)
    _told(run, compared, file, everything, csv)


def _zone(run: Run, name: str | None) -> tzinfo:
    from zoneinfo import ZoneInfo

    if name is None:
        return run.settings.time_zone
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise typer.BadParameter(f"{name!r} is not a time zone such as Europe/Berlin") from None


def _amount(text: str) -> Fraction:
    try:
        return parse_price(text)
    except AmountError as error:
        raise typer.BadParameter(f"--tolerance-cost: {error}") from None


def _between(since: str | None, until: str | None, zone: tzinfo) -> tuple[int | None, int | None]:
    def us(text: str | None, bound: Callable[[str, tzinfo], datetime]) -> int | None:
        return None if text is None else int(bound(text, zone).timestamp()) * MICROS

    from_us, until_us = us(since, begins), us(until, ends)
    if from_us is not None and until_us is not None and until_us <= from_us:
        raise typer.BadParameter(f"--to {until} is before --from {since}")
    return from_us, until_us


def _told(run: Run, compared: "Compared", file: Path, everything: bool, csv: str | None) -> None:
    from pbxcharge.reports.reconcile_document import reconcile_csv, reconcile_document

    if compared.found is None:
        shown.complain_of(compared.findings)
        raise BadConfiguration(f"{file} cannot be compared")
    times = compared.from_us, compared.until_us
    document = reconcile_document(compared.found, *times, compared.cleaned)
    if csv is not None:
        write_lines(csv, reconcile_csv(document))
    if csv != "-":
        run.show(document, lambda: _show(document, file, None if everything else ROWS_SHOWN))
    raise typer.Exit(Exit.DONE if document["agrees"] else Exit.REFUSED)


def _show(document: Document, file: Path, rows_max: int | None) -> None:
    say(f"{plural(document['paired'], 'call')} in the books and in {file}")
    for key, words in (
        ("missing_here", f"only in {file}: missing here"),
        ("missing_there", "only in the books: missing there"),
        ("seconds_differ", "in both, of another length"),
        ("cost_differs", "in both, with another cost"),
    ):
        if document[key]:
            say(f"{document[key]:,} {words}")
    if document["others"]:
        say(f"{document['others']:,} calls in {file} went over no trunk: not looked at")
    if document["costs_not_compared"]:
        say(f"{document['costs_not_compared']:,} whose cost only one side tells: not compared")
    if document["numbers_cleaned"]:
        first = printable(document["number_cleaned"])
        told = f"{plural(document['numbers_cleaned'], 'number')} in {file} had more than digits"
        say(f"{told}, which alone were compared: the first one is {first!r}")
    say(f"compared from {at(document['from'])} to {at(document['until'])} UTC")
    if document["agrees"]:
        say("both sides agree")
        return
    rows = document["differences"][:rows_max]
    say("")
    table(_HEADINGS, map(_row, rows), "no differences")
    if len(rows) < len(document["differences"]):
        say(f"and {len(document['differences']) - len(rows):,} more: see --all, --csv")


def _row(row: Document) -> tuple[Any, ...]:
    return (
        WORDS[row["difference"]],
        at(row["at"]),
        printable(row["key"]),
        row["account_id"],
        row["our_seconds"],
        row["their_seconds"],
        row["our_cost"],
        row["their_cost"],
        row["line"],
        row["call_id"],
    )
