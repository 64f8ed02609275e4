"""`tail`: the live cost log, from now on or from some time ago on."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from pbxcharge.cli.command import Run, command
from pbxcharge.cli.output import console, remark
from pbxcharge.cli.period import instant
from pbxcharge.errors import NoAnswer, NobodyThere

Document = dict[str, Any]
Asked = dict[str, str | None]


def add_to(app: typer.Typer) -> None:
    """The command stands at the top of the command line."""
    command(
        app,
        "tail",
        examples=(
            "pbxcharge tail",
            "pbxcharge tail --since 10m --account acme",
            "pbxcharge tail --event refused --event settled",
            "pbxcharge tail --json | jq .cost",
        ),
    )(tail)


async def tail(
    run: Run,
    since: Annotated[
        str | None,
        typer.Option(metavar="WHEN", help="From then on: an age (90s, 10m, 2h, 3d) or an instant."),
    ] = None,
    account: Annotated[
        list[str] | None, typer.Option(help="Only of this account and those below it.")
    ] = None,
    number: Annotated[
        list[str] | None, typer.Option(help="Only calls to this number; 44* is all of 44.")
    ] = None,
    event: Annotated[
        list[str] | None, typer.Option(help="Only this event: authorized, answered, slice …")
    ] = None,
) -> None:
    """Follow the live cost log, call by call."""
    from pbxcharge.cli.reach import daemon

    asked: Asked = {
        "since": since and instant(since, datetime.now(UTC)).isoformat(),
        "account": _listed(account),
        "number": _listed(number),
        "event": _listed(event),
    }
    try:
        async with daemon(run) as api, api.events(**asked) as lines:
            show = _Printer(run)
            async for text in lines:
                show.line(text)
    except NobodyThere:
        if since is None:
            raise
        await _print_stored(run, asked)
    else:
        remark("the daemon has ended the stream")


async def _print_stored(run: Run, asked: Asked) -> None:
    """What the books have, while nobody tells anything new."""
    from pbxcharge.cli.reach import alone

    show = _Printer(run)
    after: int | None = 0
    async with alone(run, priced=False, writes=False) as api:
        while after is not None:
            page = await api.get("/events/stored", **asked, after=after)
            for line in page["events"]:
                show.line(json.dumps(line))
            after = page["next"]
    remark("the daemon does not run: this is what is stored, and nothing new comes")


class _Printer:
    """Prints lines of the stream as they are, or for people."""

    def __init__(self, run: Run) -> None:
        self._as_json = run.as_json
        self._out = None if run.as_json else console()
        self._last_us: int | None = None

    def line(self, text: str) -> None:
        """One line; an empty one only says that somebody is there.

        Raises:
            NoAnswer: the daemon has dropped this reader, and says so.
        """
        if not text:
            return
        line = json.loads(text)
        if self._out is None:
            print(text, flush=True)
        elif line["event"] != "dropped":
            from pbxcharge.cli.event_lines import event_line, today_utc

            self._out.print(event_line(line, today_utc()), soft_wrap=True)
        if line["event"] == "dropped":
            raise NoAnswer(self._dropped())
        self._last_us = line.get("at_us", self._last_us)

    def _dropped(self) -> str:
        again = "--since 10m"
        if self._last_us is not None:
            at = datetime.fromtimestamp(self._last_us // 1_000_000, UTC)
            again = f"--since {at:%Y-%m-%dT%H:%M:%S}"
        return f"dropped for reading too slowly: lines are missing here, go on with {again}"


def _listed(texts: list[str] | None) -> str | None:
    return ",".join(texts) if texts else None
