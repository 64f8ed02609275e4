"""`rerate`: settled calls priced again, and charged anew where they cost something else."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from pbxcharge.cli import findings as shown
from pbxcharge.cli.account import Below
from pbxcharge.cli.command import Run, command
from pbxcharge.cli.exits import BadConfiguration, Exit
from pbxcharge.cli.money import Id, Note, new_id
from pbxcharge.cli.output import remark
from pbxcharge.cli.period import FROM, To, from_to
from pbxcharge.cli.rerate_tables import rerate_document, show_rerate
from pbxcharge.errors import OperatingError

Document = dict[str, Any]
Look = Callable[..., Awaitable[Document]]

PAGE = 50
"""So many calls are priced, and then booked, at once."""

LEFT = frozenset({"refused", "month_closed", "below_refund", "out_of_bounds", "not_priced"})
"""What a single call is left as it is for, so that the command has not done what it was to do."""


def add_to(app: typer.Typer) -> None:
    """The command that stands at the top of the command line."""
    command(
        app,
        "rerate",
        examples=(
            "pbxcharge rerate 019a0c5d3b1fc4d8a1e2f3",
            "pbxcharge rerate 019a0c5d3b1fc4d8a1e2f3 --apply --note 'wrong price in October'",
            "pbxcharge rerate --plan retail --from 2026-10 --to 2026-10 --account acme",
            "pbxcharge rerate --plan retail --from 2026-10 --plans new-plans --apply --id oct-1",
        ),
    )(rerate)


async def rerate(
    run: Run,
    call_id: Annotated[
        str | None, typer.Argument(metavar="[CALL]", help="Id of the call; else give --plan.")
    ] = None,
    plan: Annotated[
        str | None, typer.Option(help="Every answered call that some level pays for by this plan.")
    ] = None,
    begin: Annotated[str | None, FROM] = None,
    end: To = None,
    account_id: Below = None,
    plans: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Price by this folder's plans, not by those in force."),
    ] = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Charge them anew; else it is only shown.")
    ] = False,
    closed_month: Annotated[
        bool, typer.Option("--closed-month", help="Also calls of months that are closed.")
    ] = False,
    run_id: Id = None,
    note: Note = "",
) -> None:
    """Price settled calls again, and correct their charges."""
    asked = _asked(run, call_id, plan, begin, end, account_id)
    run_id = run_id or (new_id("rerate") if apply else "")
    signed = {"id": run_id, "note": note, "closed_month": closed_month}
    calls: list[Document] = []
    async with _looking(run, plans) as look:
        async for page in _pages(look, asked, run_id, closed_month):
            calls += await _booked(run, page, signed) if apply else page
    document = rerate_document(calls, run.settings.site.currency, run_id, applied=apply)
    run.show(document, lambda: show_rerate(document))
    if not calls:
        remark(f"nobody paid for a call of this time by plan {plan!r}")
    if call_id is not None and calls[0]["verdict"] in (*LEFT, "unknown_call"):
        raise typer.Exit(Exit.REFUSED)


def _asked(
    run: Run,
    call_id: str | None,
    plan: str | None,
    begin: str | None,
    end: str | None,
    account_id: str | None,
) -> Document:
    """The calls that are meant: one, or those of a plan in a time."""
    if (call_id is None) == (plan is None):
        raise typer.BadParameter("give the id of a call, or --plan with --from")
    if call_id is not None:
        if begin or end or account_id:
            raise typer.BadParameter("--from, --to and --account go with --plan")
        return {"call_id": call_id}
    if begin is None:
        raise typer.BadParameter("--plan needs --from: a day or a month, such as 2026-10")
    # What is settled while this runs is not among it.
    since, until = from_to(begin, end, run.settings.time_zone)
    times = {"since": since.isoformat(), "until": until.isoformat()}
    return {"plan": plan, "scope": account_id, "limit": PAGE, **times}


@asynccontextmanager
async def _looking(run: Run, plans: Path | None) -> AsyncIterator[Look]:
    """Who prices the calls: the daemon by what is in force, or this process by another folder."""
    if plans is None:
        from pbxcharge.cli.reach import read

        yield lambda **asked: read(run, lambda api: api.get("/rerate", **asked), priced=True)
        return
    from pbxcharge.alone import reading
    from pbxcharge.replaying import read_other_files

    files, found = read_other_files(run.settings, plans, None)
    shown.complain_of(found)
    if files is None:
        raise BadConfiguration(f"{plans} has errors, nothing is priced by it")
    catalog, prices = files.catalog, files.prices
    async with reading(run.settings, prices.plans, catalog.decks, (), catalog.in_force) as api:
        yield lambda **asked: api.get("/rerate", ratings=True, **asked)


async def _pages(
    look: Look, asked: Document, run_id: str, closed_month: bool
) -> AsyncIterator[list[Document]]:
    """The calls with what they would cost, some at a time."""
    after: str | None = None
    while True:
        answer = await look(**asked, run=run_id, closed_month=closed_month, after=after)
        yield answer["calls"]
        after = answer["next"]
        if after is None:
            return


async def _booked(run: Run, page: list[Document], signed: Document) -> list[Document]:
    """A page whose calls are charged anew where they cost something else."""
    from pbxcharge.cli.reach import act

    wanted = [call["call_id"] for call in page if call["verdict"] == "changed"]
    ratings = {call["call_id"]: call["rating"] for call in page if "rating" in call}
    if not wanted:
        return page
    body = {"call_ids": wanted, "ratings": {name: ratings[name] for name in wanted if ratings}}
    try:
        answer = await act(
            run, lambda api: api.act("/rerates", **signed, **body), priced=not ratings
        )
    except OperatingError:
        remark(f"some calls may be charged anew already: go on with --id {signed['id']}")
        raise
    booked = {call["call_id"]: call for call in answer["calls"]}
    return [booked.get(call["call_id"], call) for call in page]
