"""`pbxcharge cdr export`: records for mediation, each of them once."""

import errno
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import typer

from pbxcharge.cli.command import Run, command
from pbxcharge.cli.exits import BadConfiguration
from pbxcharge.cli.output import at, plural, say, table
from pbxcharge.errors import ExportDiffers, ExportRuns

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
    with _alone(run.settings.database, stream):
        files = [file async for file in _files(run, to, stream, rows)]
    count = sum(file["last_seq"] - file["first_seq"] + 1 for file in files)
    told = f"{plural(count, 'record')} in {plural(len(files), 'file')}"
    run.show({"done": True, "files": files, "records": count}, lambda: say(told))


@contextmanager
def _alone(database: Path, stream: str) -> Iterator[None]:
    """One export of a stream at a time, whoever gives it and wherever it writes.

    Another one would be given the same file, and put it into its folder as well. The name of a
    socket is a lock that users share who may read none of each other's files, and that ends with
    the process, however that ends.
    """
    named = sha256(f"{database}\0{stream}".encode()).hexdigest()
    with socket.socket(socket.AF_UNIX) as held:
        try:
            held.bind(f"\0pbxcharge-export-{named}")
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise ExportRuns(
                f"another export of the stream {stream} is at work: give it again after that"
            ) from None
        yield


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

    text = "".join(csv_text(answer)).encode()
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        _refuse_to_replace(path, text)
        with beside.open("wb") as file:
            file.write(text)
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


def _refuse_to_replace(path: Path, text: bytes) -> None:
    """What was handed over under this name is never lost; the same bytes may come again."""
    if path.exists() and path.read_bytes() != text:
        raise ExportDiffers(
            f"{path} is there and has other records: were the books restored from a copy since? "
            "Compare it, and move it away; then the export goes on"
        )


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
