"""`report`: calls, accounts, destinations, margins, refusals of a time; for people and programs."""

import inspect
from collections.abc import Awaitable
from pathlib import Path
from typing import Annotated, Any

import typer

from pbxcharge.cli.command import Run, command
from pbxcharge.cli.report_forms import AsCsv, Forms, Html, QueryPlan, ask_and_show

app = typer.Typer(
    no_args_is_help=True,
    help="What was called, charged, earned and refused in a time.",
)

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
    query_plan: QueryPlan = False,
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
    from pbxcharge.reports.call_report import COLUMNS

    forms = Forms(as_csv, html, query_plan=query_plan)
    if name == "calls" and not (run.as_json or as_csv or query_plan):
        asked["columns"] = ",".join(COLUMNS)
    await ask_and_show(run, f"/reports/{name}", forms, scope=account, **asked)
