"""Answers about imports: many accounts, phones and numbers, shown first and written at once."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pbxcharge.api.desk import Desk, declined
from pbxcharge.api.documents import Document
from pbxcharge.core.imported import COLUMNS, ROWS_MAX, ImportRow, Subject
from pbxcharge.core.money import format_amount
from pbxcharge.flow.acts import Refusal
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.import_changes import Change
from pbxcharge.flow.importing import Imported
from pbxcharge.flow.standing import review

LINE_MAX = 20_000
"""Bytes of a row; the longest one with sense has some hundreds."""

CHUNK = 500

Text = Annotated[str, Field(min_length=1, max_length=1000)]


class RowBody(BaseModel):
    """One row of an import."""

    model_config = ConfigDict(extra="forbid")

    subject: Subject
    file: Annotated[str, Field(max_length=1000)]
    line: int
    cells: dict[Text, Text]
    key: Annotated[str, Field(max_length=1000)] = ""
    lines: dict[Text, int] = {}


async def import_rows(
    desk: Desk, by: str, *, rows: Sequence[Mapping[str, Any]], apply: bool = False
) -> Document:
    """What the rows would change, or, to apply them, what they have changed.

    All of them are written in one transaction, or none.
    """
    if len(rows) > ROWS_MAX:
        raise declined(Refusal.OUT_OF_BOUNDS, f"an import has at most {ROWS_MAX:,} rows")
    return await bring(desk, by, [_row(orjson.dumps(row)) for row in rows], apply)


async def bring(desk: Desk, by: str, rows: Sequence[ImportRow], apply: bool) -> Document:
    """The same with rows that are read already."""
    importing = desk.acting.importing
    try:
        imported = await (importing.apply if apply else importing.preview)(rows, by)
    finally:
        # Also of one that was not written: running calls were bounded by it before it was tried.
        if apply and desk.meter is not None:
            plans, now_us = desk.prices.plans, Clock().wall_us()
            offering = desk.prices.offering
            await review(desk.meter, desk.queries, plans, now_us, offering=offering)
    return await asyncio.to_thread(_document, imported, desk.currency)


async def read_rows(pieces: AsyncIterator[bytes]) -> list[ImportRow]:
    """The rows of a request, one JSON object to a line, read as they come in.

    Raises:
        ActDeclined: a line is no row, or there are too many.
    """
    rows: list[ImportRow] = []
    rest = b""
    async for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        rows += [_row(line) for line in lines if line]
        if len(rows) > ROWS_MAX:
            raise declined(Refusal.OUT_OF_BOUNDS, f"an import has at most {ROWS_MAX:,} rows")
        if len(rest) > LINE_MAX:
            raise declined(Refusal.OUT_OF_BOUNDS, f"a row has at most {LINE_MAX:,} bytes")
    return [*rows, _row(rest)] if rest else rows


async def written(document: Document, last: str = "changes") -> AsyncIterator[bytes]:
    """A document as JSON, the list that stands last in it some at a time."""
    listed = document[last]
    # It stands last, so that what precedes it is complete.
    head = orjson.dumps({**document, last: []})
    yield head.removesuffix(b"]}")
    for start in range(0, len(listed), CHUNK):
        some = orjson.dumps(listed[start : start + CHUNK])[1:-1]
        yield b"," * (start > 0) + some
    yield b"]}"


def _row(line: bytes) -> ImportRow:
    try:
        body = RowBody.model_validate_json(line)
    except ValidationError as error:
        found = error.errors()[0]
        place = ".".join(map(str, found["loc"]))
        raise declined(
            Refusal.NAME_INVALID, f"no row of an import: {place}: {found['msg']}"
        ) from None
    if COLUMNS[body.subject][0] not in body.cells:
        raise declined(Refusal.NAME_INVALID, f"a row about nothing: {body.cells}")
    if unknown := body.cells.keys() - set(COLUMNS[body.subject]):
        raise declined(Refusal.NAME_INVALID, f"no columns of an import: {', '.join(unknown)}")
    return ImportRow(body.subject, body.file, body.line, body.cells, body.key, body.lines)


def _document(imported: Imported, currency: str) -> Document:
    differences = imported.differences
    new = sum(change.before is None for change in differences.changes)
    return {
        "done": not differences.findings,
        "written": imported.written,
        "add": new,
        "change": len(differences.changes) - new,
        "same": differences.same,
        "refused": differences.refused,
        "initial_credit": format_amount(imported.initial_micros),
        "currency": currency,
        "findings": [asdict(finding) for finding in differences.findings],
        "changes": [_change(change) for change in differences.changes],
    }


def _change(change: Change) -> Document:
    row = change.row
    return {
        "subject": str(row.subject),
        "id": change.id,
        "change": "add" if change.before is None else "change",
        "fields": {
            column: {"before": _text(before), "after": _text(after)}
            for column, (before, after) in change.fields.items()
        },
        "file": row.file,
        "line": row.line,
    }


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
