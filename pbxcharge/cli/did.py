"""`pbxcharge did …`: numbers of the public network that reach this PBX."""

from typing import Annotated, Any

import typer

from pbxcharge.cli.account import Subtree
from pbxcharge.cli.command import Run, command
from pbxcharge.cli.output import say, table

app = typer.Typer(no_args_is_help=True, help="Numbers by which users are called from outside.")

Number = Annotated[
    str, typer.Argument(metavar="NUMBER", help="As it is dialled, or as the trunk sends it.")
]


@command(
    app,
    "add",
    examples=(
        "pbxcharge did add 442079460000 --account bob",
        "pbxcharge did add 442079460001 --account bob --context support",
    ),
)
async def add(
    run: Run,
    number: Number,
    account: Annotated[str, typer.Option(help="The user who pays for what comes in by it.")],
    endpoint: Annotated[
        str | None, typer.Option(help="The phone that rings; by default the user's only one.")
    ] = None,
    context: Annotated[
        str | None, typer.Option(help="A context of the dialplan that answers: a menu, a queue.")
    ] = None,
) -> None:
    """Give a user a number of the public network."""
    from pbxcharge.cli.reach import act

    wanted = {"number": number, "account_id": account, "endpoint": endpoint, "context": context}
    answer = await act(run, lambda api: api.act("/dids", **wanted))
    run.show(answer, lambda: _say_done(answer, "reaches"))


@command(app, "list", examples=("pbxcharge did list", "pbxcharge did list acme"))
async def list_dids(
    run: Run,
    account_id: Subtree = None,
) -> None:
    """List the numbers, with who pays and what answers."""
    from pbxcharge.cli.reach import read

    answer = await read(run, lambda api: api.get("/dids", scope=account_id))
    run.show(answer, lambda: _dids_table(answer["dids"]))


@command(app, "remove", examples=("pbxcharge did remove 442079460000",))
async def remove(run: Run, number: Number) -> None:
    """Take a number away; calls to it are refused, those that run go on."""
    from pbxcharge.cli.reach import act

    answer = await act(run, lambda api: api.act("/dids/remove", number=number))
    run.show(answer, lambda: _say_done(answer, "no longer reaches"))


def _say_done(answer: dict[str, Any], verb: str) -> None:
    did = answer["did"]
    before = "already done: " if answer["already"] else ""
    say(f"{before}{did['number']} {verb} {_reached(did)}, paid by {did['account_id']}")


def _reached(did: dict[str, Any]) -> str:
    return did["endpoint"] or f"context {did['context']}"


def _dids_table(dids: list[dict[str, Any]]) -> None:
    table(
        [("number", "<"), ("account", "<"), ("phone", "<"), ("context", "<")],
        ((did["number"], did["account_id"], did["endpoint"], did["context"]) for did in dids),
        "no numbers: pbxcharge did add",
    )
