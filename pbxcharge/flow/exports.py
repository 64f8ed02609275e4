"""Handing records to other systems: each is put into a file once, and has its number for ever.

Which records a file has is durable before the file is written, and that it was written is durable
before the next one is begun. Whatever dies in between, the file is made again: the same name, the
same bytes.
"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from pbxcharge.core.effects import ExportChosen, ExportWritten
from pbxcharge.core.exports import ExportFile, ToExport
from pbxcharge.flow.acts import Declined, Done, Refusal
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.ports import Writer

ROWS_MAX = 10_000
"""So many records are one transaction, which calls wait for: some tens of milliseconds."""

_STREAM = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


class ExportRecords(Protocol):
    """What was exported, and what was not yet."""

    async def files(self, stream: str, limit: int) -> Sequence[ExportFile]:
        """The newest files of a stream, the newest one first."""
        ...

    async def to_export(self, stream: str, last: ExportFile | None, limit: int) -> ToExport:
        """The next records of a stream."""
        ...


@dataclass(frozen=True, slots=True)
class NothingToExport:
    """The stream has every record."""


class Exports:
    """Chooses the records of files and remembers which of them were written.

    Args:
        writer: the one writer.
        records: what is committed.
        clock: dates the files.
    """

    def __init__(self, writer: Writer, records: ExportRecords, clock: Clock) -> None:
        self._writer = writer
        self._records = records
        self._clock = clock
        self._turn = asyncio.Lock()

    async def choose(
        self, stream: str, rows_max: int, actor: str
    ) -> Done[ExportFile | NothingToExport] | Declined:
        """The next file that is to be written: one that was chosen before, or a new one.

        Raises:
            StorageDown: nothing was chosen, or it is not known; asking again tells.
        """
        if _STREAM.fullmatch(stream) is None:
            message = f"{stream[:40]!r} is no name of a stream: small letters, digits and dashes"
            return Declined(Refusal.NAME_INVALID, message, field="stream")
        if not 1 <= rows_max <= ROWS_MAX:
            message = f"a file has 1 to {ROWS_MAX:,} records"
            return Declined(Refusal.OUT_OF_BOUNDS, message, field="rows")
        async with self._turn:
            last = next(iter(await self._records.files(stream, 1)), None)
            if last is not None and not last.written:
                return Done(last, already=True)
            found = await self._records.to_export(stream, last, rows_max)
            if not found.records:
                return Done(NothingToExport())
            file = self._file(stream, last, found, actor)
            await self._writer.submit((), (ExportChosen(file, found.records),))
            return Done(file)

    def _file(
        self, stream: str, last: ExportFile | None, found: ToExport, actor: str
    ) -> ExportFile:
        first_seq = last.last_seq + 1 if last else 1
        return ExportFile(
            stream=stream,
            number=last.number + 1 if last else 1,
            first_seq=first_seq,
            last_seq=first_seq + len(found.records) - 1,
            at_us=self._clock.wall_us(),
            actor=actor,
            through_row=found.through_row,
            through_call_id=found.through_call_id,
        )

    async def written(self, stream: str, number: int, actor: str) -> Done[ExportFile] | Declined:
        """Remember that a file lies where it was wanted; safe to repeat.

        Raises:
            StorageDown: it is not remembered, and the file will be written again.
        """
        async with self._turn:
            last = next(iter(await self._records.files(stream, 1)), None)
            if last is None or not 1 <= number <= last.number:
                message = f"stream {stream} has no file {number}; see `pbxcharge cdr export --list`"
                return Declined(Refusal.OUT_OF_BOUNDS, message, field="number")
            if number < last.number or last.written:
                return Done(last, already=True)
            effect = ExportWritten(stream, number, self._clock.wall_us(), actor)
            await self._writer.submit((), (effect,))
            return Done(last)
