"""`pbxcharge cdr export`: records for mediation, each of them once."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

import typer

from pbxcharge.cli.command import Run, command
from pbxcharge.cli.exits import BadConfiguration
from pbxcharge.cli.output import at, plural, say, table

Document = dict[str, Any]


def add_to(app: typer.Typer) -> None:
    """The command stands beside the list of records."""
    command(
        app,
        "export",
        examples=(
            "pbxcharge cdr export --to /var/spool/pbxcharge/mediation",
            "pbxcharge cdr export --to /srv/warehouse --stream warehouse --rows 10000",
            "pbxcharge cdr export --list",
        ),
    )(export)


async def export(
    run: Run,
    to: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The folder that files are put into.")
    ] = None,
    stream: Annotated[
        str, typer.Option(help="For whom: each stream has every record, once.")
    ] = "mediation",
    rows: Annotated[int, typer.Option(min=1, max=10_000, help="Records of a file at most.")] = 5000,
    listed: Annotated[
        bool, typer.Option("--list", help="Show the files of the stream, and write none.")
    ] = False,
) -> None:
    """Write records that were not exported yet as CSV, each once."""
    if listed == (to is not None):
        raise typer.BadParameter("name a folder with --to, or ask for --list")
    if to is None:
        await _list(run, stream)
        return
    if not to.is_dir():
        raise BadConfiguration(f"{to} is no folder: make it first")
    files = [file async for file in _files(run, to, stream, rows)]
    count = sum(file["last_seq"] - file["first_seq"] + 1 for file in files)
    told = f"{plural(count, 'record')} in {plural(len(files), 'file')}"
    run.show({"done": True, "files": files, "records": count}, lambda: say(told))


async def _files(run: Run, to: Path, stream: str, rows: int) -> AsyncIterator[Document]:
    """Write one file after the other until the stream has every record."""
    while (file := await _chosen(run, stream, rows)) is not None:
        _write(to / file["name"], await _content(run, file))
        await _written(run, file)
        yield file | {"written": True}


async def _chosen(run: Run, stream: str, rows: int) -> Document | None:
    from pbxcharge.cli.reach import act

    answer = await act(run, lambda api: api.act("/exports/choose", stream=stream, rows=rows))
    chosen: Document | None = answer["file"]
    return chosen


async def _content(run: Run, file: Document) -> Document:
    from pbxcharge.cli.reach import read

    between = {key: file[key] for key in ("stream", "first_seq", "last_seq")}
    return await read(run, lambda api: api.get("/exports/content", **between))


async def _written(run: Run, file: Document) -> None:
    from pbxcharge.cli.reach import act

    body = {key: file[key] for key in ("stream", "number")}
    await act(run, lambda api: api.act("/exports/written", **body))


def _write(path: Path, answer: Document) -> None:
    """Whole or not at all, and on the disk before anybody is told."""
    from pbxcharge.reports.raw import csv_text

    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("w", encoding="utf-8", newline="") as file:
            file.writelines(csv_text(answer))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise BadConfiguration(f"{path} cannot be written: {error.strerror or error}") from error


async def _list(run: Run, stream: str) -> None:
    from pbxcharge.cli.reach import read

    answer = await read(run, lambda api: api.get("/exports", stream=stream))
    columns = [("file", "<"), ("records", ">"), ("at (UTC)", "<"), ("by", "<"), ("written", "<")]
    rows = (
        (
            file["name"],
            file["last_seq"] - file["first_seq"] + 1,
            at(file["at"]),
            file["actor"],
            file["written"],
        )
        for file in answer["files"][::-1]
    )
    run.show(answer, lambda: table(columns, rows, "nothing was exported yet"))
