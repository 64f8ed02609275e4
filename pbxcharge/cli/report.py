"""`report`: calls, accounts, destinations, margins, refusals of a time; for people and programs."""

import inspect
import sys
from collections.abc import Awaitable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pbxcharge.cli.command import Run, command
from pbxcharge.cli.output import facts, print_json, remark, say, table
from pbxcharge.errors import OperatingError

if TYPE_CHECKING:
    from pbxcharge.reports.table import Report, Table

app = typer.Typer(
    no_args_is_help=True,
    help="What was called, charged, earned and refused in a time.",
)

Document = dict[str, Any]

Account = Annotated[str | None, typer.Option(help="Only this one and those below it.")]
Month = Annotated[str | None, typer.Option(help="A month, such as 2026-11; else this month.")]
Since = Annotated[str | None, typer.Option(metavar="DATE", help="From this day or second on.")]
Until = Annotated[str | None, typer.Option(metavar="DATE", help="Before this day or second.")]
Utc = Annotated[bool, typer.Option("--utc", help="Days and months of UTC, not of the site's zone.")]
Types = Annotated[
    str | None,
    typer.Option("--type", help="public, local, extended_local, incoming, emergency; or several."),
]
Direction = Annotated[str | None, typer.Option(help="outgoing or incoming.")]
Dispositions = Annotated[
    str | None, typer.Option("--disposition", help="What became of them, such as BUSY,FAILED.")
]
Causes = Annotated[str | None, typer.Option("--cause", help="Hangup causes (Q.850), such as 17.")]
Limit = Annotated[int, typer.Option(min=1, max=20_000, help="Rows at most.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print the rows as CSV.")]
Html = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write a page with charts; - is standard output."),
]
Plan = Annotated[
    bool, typer.Option("--query-plan", help="Print how the books would be searched, nothing else.")
]
Columns = Annotated[
    str | None,
    typer.Option(help="Only these columns of --csv and --json, such as setup_at,charge."),
]
By = Annotated[str, typer.Option(help="Tell margins apart by account, destination or trunk.")]


def _options(
    account: Account = None,
    month: Month = None,
    since: Since = None,
    until: Until = None,
    utc: Utc = False,
    types: Types = None,
    direction: Direction = None,
    dispositions: Dispositions = None,
    causes: Causes = None,
    limit: Limit = 10_000,
    as_csv: AsCsv = False,
    html: Html = None,
    query_plan: Plan = False,
) -> None:
    """The options that every report has; only their signature counts."""


def _report(name: str, help_text: str, *examples: str, **more: Any) -> None:
    """Add a report to the command line.

    Args:
        name: of the command, and the last word of its path.
        help_text: one line.
        examples: after `pbxcharge report NAME`.
        more: further options: their types.
    """

    def body(run: Run, **asked: Any) -> Awaitable[None]:
        return _show(run, name, **asked)

    keyword = inspect.Parameter.KEYWORD_ONLY
    own = [
        inspect.Parameter(option, keyword, default=default, annotation=kind)
        for option, (kind, default) in more.items()
    ]
    shared = inspect.signature(_options).parameters.values()
    run = inspect.Parameter("run", inspect.Parameter.POSITIONAL_ONLY)
    signature = inspect.Signature([run, *(each.replace(kind=keyword) for each in shared), *own])
    body.__signature__ = signature  # type: ignore[attr-defined]
    body.__doc__ = help_text
    command(app, name, examples=tuple(f"pbxcharge report {name} {one}" for one in examples))(body)


_report(
    "calls",
    "List each call with its cost. The sums by type and disposition follow.",
    "--account alice --month 2026-11",
    "--account acme --type public,incoming --csv > november.csv",
    "--account alice --month 2026-11 --html alice.html",
    columns=(Columns, None),
)
_report(
    "accounts",
    "Say what each account was charged, topped up, and has now.",
    "--month 2026-11",
    "--account acme --csv",
)
_report(
    "destinations",
    "Say where the calls went, the dearest destination first.",
    "--month 2026-11",
    "--account acme --since 2026-11-01 --until 2026-11-08",
)
_report(
    "margins",
    "Say what each level earned. What it paid above is taken off.",
    "--month 2026-11",
    "--by destination --account telco",
    by=(By, "account"),
)
_report(
    "refused",
    "Say which attempts were refused, by reason and account.",
    "--since 2026-11-05",
    "--account acme --month 2026-11",
)


async def _show(
    run: Run,
    name: str,
    *,
    account: str | None,
    as_csv: bool,
    html: Path | None,
    query_plan: bool,
    **asked: Any,
) -> None:
    """Ask, and show the answer as it is wanted."""
    from pbxcharge.cli.reach import read
    from pbxcharge.reports import call_report, page, raw, render

    if as_csv + (html is not None) + (run.as_json or query_plan) > 1:
        raise typer.BadParameter("one of --csv and --html, without --json and --query-plan")

    if html is not None:
        # A missing library is said before the books are searched.
        page.require_page()
    if name == "calls" and not (run.as_json or as_csv or query_plan):
        asked["columns"] = ",".join(call_report.COLUMNS)
    answer = await read(
        run,
        lambda api: api.get(
            f"/reports/{name}",
            scope=account,
            query_plan=query_plan or None,
            **{option: value or None for option, value in asked.items()},
        ),
    )
    if run.as_json:
        print_json(answer)
    elif query_plan:
        _print_plans(answer)
    elif as_csv:
        sys.stdout.writelines(raw.csv_text(answer))
        _remark_cut(answer)
    elif html is not None:
        _write(html, page.page(render.report(answer)))
    else:
        _print(render.report(answer))


def _print(report: "Report") -> None:
    facts(dict(report.facts))
    for each in (report.main, *report.sums):
        say("")
        _print_table(each)
    for note in report.notes:
        say("")
        say(note)


def _print_table(shown: "Table") -> None:
    columns = [
        (heading.removeprefix(">"), ">" if heading.startswith(">") else "<")
        for heading in shown.headings
    ]
    table(columns, shown.rows, shown.empty)


def _print_plans(answer: Document) -> None:
    for question, steps in answer["query_plans"].items():
        say(f"{question}:")
        for step in steps:
            say(f"  {step}")


def _remark_cut(answer: Document) -> None:
    if answer["cut"]:
        remark(f"cut: only {len(answer['rows'])} rows are shown; ask for more with --limit")


def _write(file: Path, page: str) -> None:
    if str(file) == "-":
        sys.stdout.write(page)
        return
    try:
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise OperatingError(f"{file} cannot be written: {error.strerror}") from error
    say(f"{file}: written; it needs no network to be read")
