"""`calls`: calls that run."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from pbxcharge.cli.command import Run, command, examples_text
from pbxcharge.cli.output import Column, console, grid, remark, say, table

calls = typer.Typer(
    help="Calls that run now: list them, or hang one up.",
    epilog=examples_text(
        "pbxcharge calls", "pbxcharge calls --watch", "pbxcharge calls --account acme"
    ),
    invoke_without_command=True,
)

Document = dict[str, Any]
CallId = Annotated[str, typer.Argument(metavar="CALL", help="Id of the call.")]

WATCH_EVERY_S = 1.0
UNMETERED = "nobody meters these calls now; each ends when its paid time does"
COLUMNS: list[Column] = [
    ("type", "<"),
    ("from", "<"),
    ("to", "<"),
    ("account", "<"),
    ("state", "<"),
    ("talk s", ">"),
    ("cost", ">"),
    ("paid s", ">"),
    ("paid through", "<"),
    ("held", ">"),
    ("", "<"),
    ("call", "<"),
]
STATES = {"ringing": "ringing", "up": "talking", "ending": "ending"}


async def list_calls(run: Run, account: str | None = None, *, watch: bool = False) -> None:
    """List the calls that run now, what they cost so far, and what they hold."""
    if watch and not run.as_json and console().is_terminal:
        await _watch(run, account)
        return
    answer = await _running(run, account)
    run.show(answer, lambda: _print(answer))


@command(calls, "hang-up", examples=("pbxcharge calls hang-up 019a0c5d3b1fc4d8a1e2f3",))
async def hang_up(run: Run, call_id: CallId) -> None:
    """End a running call now; it is charged until now."""
    from pbxcharge.cli.reach import daemon

    async with daemon(run) as api:
        answer = await api.act("/calls/hang-up", call_id=call_id)
    run.show(answer, lambda: say(f"{call_id} is being hung up"))


async def _running(run: Run, account: str | None) -> Document:
    from pbxcharge.cli.reach import read

    return await read(run, lambda api: api.get("/calls", scope=account))


async def _watch(run: Run, account: str | None) -> None:
    """The table on the whole terminal, again and again, until Ctrl-C."""
    import asyncio

    from rich.console import Console
    from rich.live import Live

    with Live(console=Console(highlight=False), screen=True, auto_refresh=False) as live:
        while True:
            live.update(_screen(await _running(run, account)), refresh=True)
            await asyncio.sleep(WATCH_EVERY_S)


def _screen(answer: Document) -> Any:
    from rich.console import Group
    from rich.text import Text

    now = datetime.now(UTC).strftime("%H:%M:%S")
    heading = Text(f"live calls: {len(answer['calls'])}, at {now} UTC; Ctrl-C ends", "dim")
    warning = [] if answer["metered"] else [Text(UNMETERED, "bold yellow")]
    return Group(heading, *warning, grid(COLUMNS, _rows(answer)))


def _print(answer: Document) -> None:
    if not answer["metered"]:
        remark(UNMETERED)
    table(COLUMNS, _rows(answer), "no calls")


def _rows(answer: Document) -> list[tuple[Any, ...]]:
    return [
        (
            call["type"],
            call["endpoint"],
            call["number"],
            call["account_id"],
            _state(call),
            call["talk_s"],
            call["cost"],
            call["paid_s"],
            (call["paid_through"] or "")[11:19],
            call["held"],
            call["currency"],
            call["call_id"],
        )
        for call in answer["calls"]
    ]


def _state(call: Document) -> str:
    """What a call does, and whether it goes on after its paid time."""
    state = STATES.get(call["phase"], "ending")
    if call["ends_because"]:
        return f"{state}, ends ({call['ends_because']})"
    return f"{state}, warned" if call["warned"] else state
