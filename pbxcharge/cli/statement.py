"""`xdr list` and `statement`: what accounts were charged and credited, for people and programs."""

from typing import Annotated

import typer

from pbxcharge.cli.command import Run, command
from pbxcharge.cli.report import Account, Limit, Month, Since, Until, Utc
from pbxcharge.cli.report_forms import AsCsv, Forms, Html, Pdf, QueryPlan, ask_and_show

xdrs = typer.Typer(
    no_args_is_help=True, help="Charges of subscriptions beside calls, top-ups and the rest."
)


@command(
    xdrs,
    "list",
    examples=(
        "pbxcharge xdr list --account alice --month 2026-11",
        "pbxcharge xdr list --account acme --kind subscription --csv",
    ),
)
async def list_xdrs(
    run: Run,
    account: Account = None,
    month: Month = None,
    since: Since = None,
    until: Until = None,
    utc: Utc = False,
    kinds: Annotated[
        str | None,
        typer.Option("--kind", help="Only call, fee, credit, top_up …; subscription is all of it."),
    ] = None,
    limit: Limit = 10_000,
    as_csv: AsCsv = False,
    html: Html = None,
    query_plan: QueryPlan = False,
) -> None:
    """List what was charged, paid in, given back, with balances."""
    forms = Forms(as_csv, html, query_plan=query_plan, charts=False)
    asked = {"month": month, "since": since, "until": until, "utc": utc}
    await ask_and_show(run, "/xdrs", forms, scope=account, kinds=kinds, limit=limit, **asked)


def add_to(top: typer.Typer) -> None:
    """The commands that stand at the top of the command line."""
    top.add_typer(xdrs, name="xdr")
    command(
        top,
        "statement",
        examples=(
            "pbxcharge statement --account alice --period 2026-11",
            "pbxcharge statement --account acme --period 2026-11 --pdf acme-2026-11.pdf",
        ),
    )(statement)


async def statement(
    run: Run,
    account: Annotated[str, typer.Option(help="Whose, with those below it.")],
    period: Annotated[
        str | None,
        typer.Option(
            metavar="MONTH|DAY",
            help="The billing period that begins in a month or holds a day; else the last one.",
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=20_000, help="Movements listed at most.")] = (
        20_000
    ),
    as_csv: AsCsv = False,
    html: Html = None,
    pdf: Pdf = None,
    query_plan: QueryPlan = False,
) -> None:
    """Say what moved in a billing period and what is left."""
    forms = Forms(as_csv, html, pdf, query_plan, charts=False)
    await ask_and_show(run, "/statement", forms, scope=account, period=period, limit=limit)
