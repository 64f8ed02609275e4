"""The event stream: the live cost log for readers, one JSON document on each line."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from pbxcharge.errors import StorageDown
from pbxcharge.flow.archive import Archive
from pbxcharge.flow.journal import Journal, Listener

if TYPE_CHECKING:
    from pbxcharge.api.events import History
    from pbxcharge.api.wanted import Wanted

READERS_MAX = 50
QUIET_S = 10.0
"""An empty line after so long a silence finds readers that are gone."""


class Streams:
    """Everybody who reads along. A slow reader is dropped by the journal, and told so."""

    def __init__(self) -> None:
        self._open: set[Listener] = set()
        self.readers = 0

    @property
    def full(self) -> bool:
        """Whether no further reader is taken."""
        return self.readers >= READERS_MAX

    async def lines(
        self,
        journal: Journal,
        archive: Archive | None,
        wanted: "Wanted",
        history: "History | None" = None,
    ) -> AsyncIterator[bytes]:
        """What is told from now on, after what was told before, until the reader or daemon goes.

        Live lines begin with an empty one.
        """
        past = None if history is None else _Past(history)
        self.readers += 1
        try:
            if past is not None:
                async for page in past.full_pages():
                    yield page
            with journal.listen(wanted.fits) as listener:
                self._open.add(listener)
                try:
                    yield b"\n" if past is None else await past.rest(listener, archive) + b"\n"
                    async for line in _lines(listener):
                        yield line
                finally:
                    self._open.discard(listener)
        finally:
            self.readers -= 1

    def close(self) -> None:
        """End every stream."""
        for listener in self._open:
            if listener.queue.full():
                listener.queue.get_nowait()
            listener.queue.put_nowait(None)


class _Past:
    """What was told before a reader came, up to the very line before its first live one."""

    def __init__(self, history: "History") -> None:
        self._left = history
        self._lines: list[Mapping[str, Any]] = []

    async def full_pages(self) -> AsyncIterator[bytes]:
        """Page after page, waiting for the reader; one that is not full is kept for the rest.

        So nobody waits between that page and the first live line, and what lies between is little.
        """
        more = True
        while more:
            try:
                self._lines[:], self._left, more = await self._left.page()
            except StorageDown:
                return
            if more:
                yield _joined(self._lines) or b"\n"

    async def rest(self, listener: Listener, archive: Archive | None) -> bytes:
        """Everything up to where the listener began, on disk or on its way there."""
        unwritten = [] if archive is None else archive.unwritten()
        early = [line for line in unwritten if line["event_id"] <= listener.last_id]
        until = early[0]["event_id"] - 1 if early else listener.last_id
        try:
            async for page in self._left.pages(until):
                self._lines += page
        except StorageDown as error:
            self._lines.append({"event": "stored events unavailable", "message": str(error)})
        return _joined([*self._lines, *filter(self._left.fits, early)])


def _joined(lines: Iterable[Mapping[str, Any]]) -> bytes:
    return b"".join(orjson.dumps(line, default=str) + b"\n" for line in lines)


async def _lines(listener: Listener) -> AsyncIterator[bytes]:
    while True:
        try:
            async with asyncio.timeout(QUIET_S):
                told = await listener.queue.get()
        except TimeoutError:
            yield b"\n"
            continue
        if told is None:
            if listener.dropped:
                yield b'{"event":"dropped"}\n'
            return
        yield orjson.dumps(told, default=str) + b"\n"
