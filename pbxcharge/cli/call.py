"""`calls` and `tail`: calls that run."""

import json
from typing import Annotated, Any

import typer

from pbxcharge.cli.command import Run, command
from pbxcharge.cli.output import clock, remark, say, table

calls = typer.Typer(
    help="Calls that run now: list them, or hang one up.", invoke_without_command=True
)

Document = dict[str, Any]
CallId = Annotated[str, typer.Argument(metavar="CALL", help="Id of the call.")]


def add_to(app: typer.Typer) -> None:
    """The commands of calls that stand at the top of the command line."""
    command(
        app,
        "tail",
        examples=("pbxcharge tail", "pbxcharge tail --json | jq .cost"),
    )(tail)


async def list_calls(run: Run) -> None:
    """List the calls that run now, with what they hold."""
    from pbxcharge.cli.reach import read

    answer = await read(run, lambda api: api.get("/calls"))
    run.show(answer, lambda: _calls_table(answer))


@command(calls, "hang-up", examples=("pbxcharge calls hang-up 019a0c5d3b1fc4d8a1e2f3",))
async def hang_up(run: Run, call_id: CallId) -> None:
    """End a running call now; it is charged until now."""
    from pbxcharge.cli.reach import daemon

    async with daemon(run) as api:
        answer = await api.act("/calls/hang-up", call_id=call_id)
    run.show(answer, lambda: say(f"{call_id} is being hung up"))


async def tail(run: Run) -> None:
    """Follow the live cost log, call by call."""
    from pbxcharge.cli.reach import daemon

    async with daemon(run) as api, api.events() as lines:
        async for line in lines:
            if line and run.as_json:
                print(line, flush=True)
            elif line:
                _say_event(json.loads(line))
    remark("the daemon has ended the stream")


def _calls_table(answer: Document) -> None:
    if not answer["metered"]:
        remark("nobody meters these calls now; each ends when its paid time does")
    table(
        [
            ("call", "<"),
            ("account", "<"),
            ("from", "<"),
            ("to", "<"),
            ("destination", "<"),
            ("phase", "<"),
            ("talk s", ">"),
            ("paid s", ">"),
            ("held", ">"),
            ("", "<"),
        ],
        (
            (
                call["call_id"],
                call["account_id"],
                call["endpoint"],
                call["number"],
                call["destination"],
                call["phase"],
                call["talk_s"],
                call["paid_s"],
                call["held"],
                call["currency"],
            )
            for call in answer["calls"]
        ),
        "no calls",
    )


def _say_event(line: Document) -> None:
    known = ("event", "at_us", "account", "call_id")
    rest = " ".join(f"{name}={value}" for name, value in line.items() if name not in known)
    say(
        f"{clock(line.get('at_us'))} {line['event']:<12} {line.get('account') or '-':<12} {rest}"
        + (f" call_id={line['call_id']}" if line.get("call_id") else "")
    )
