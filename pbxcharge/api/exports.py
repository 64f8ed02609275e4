"""Answers about exports: the next file of a stream, its records, and that it was written."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from pbxcharge.api import report_rows
from pbxcharge.api.desk import Desk, declined, was_done
from pbxcharge.api.documents import Document, instant
from pbxcharge.api.report_question import asked_for
from pbxcharge.core.exports import ExportFile
from pbxcharge.flow.acts import Refusal
from pbxcharge.flow.exports import ROWS_MAX, NothingToExport
from pbxcharge.store.export_queries import COLUMNS

FILES_MAX = 1000
SEQ_MAX = 10**18


class Records(BaseModel):
    """Which records of a stream: those of one file."""

    model_config = ConfigDict(extra="forbid")

    stream: str
    first_seq: int = Field(ge=0, lt=SEQ_MAX)
    last_seq: int = Field(ge=0, lt=SEQ_MAX)


async def choose(desk: Desk, by: str, *, stream: str, rows: int) -> Document:
    """The file that is to be written next; null if the stream has every record."""
    file = was_done(await desk.acting.exports.choose(stream, rows, by)).result
    return {"done": True, "file": None if isinstance(file, NothingToExport) else document(file)}


async def written(desk: Desk, by: str, *, stream: str, number: int) -> Document:
    """A file lies where it was wanted."""
    act = was_done(await desk.acting.exports.written(stream, number, by))
    return {"done": True, "already": act.already}


async def files(desk: Desk, stream: str) -> Document:
    """The newest files of a stream, the newest one first."""
    found = await desk.queries.exports.files(stream, FILES_MAX)
    return {"files": [document(file) for file in found]}


async def content(desk: Desk, **asked: Any) -> Document:
    """The records of a file, as they were when they were chosen."""
    asks = asked_for(Records, asked)
    if not 0 <= asks.last_seq - asks.first_seq < ROWS_MAX:
        raise declined(Refusal.OUT_OF_BOUNDS, f"a file has 1 to {ROWS_MAX:,} records")
    async with desk.queries.reports.reading() as reading:
        found = await reading.exported(asks.stream, asks.first_seq, asks.last_seq)
    columns = tuple(COLUMNS)
    return {"columns": columns, "rows": await report_rows.row_documents(found, columns)}


def document(file: ExportFile) -> Document:
    """A file of a stream."""
    return {
        "stream": file.stream,
        "number": file.number,
        "name": file.name,
        "first_seq": file.first_seq,
        "last_seq": file.last_seq,
        "at": instant(file.at_us),
        "actor": file.actor,
        "written": file.written,
    }
