"""The event stream: the live cost log for readers, one JSON document on each line."""

import asyncio
from collections.abc import AsyncIterator

import orjson

from pbxcharge.flow.journal import Journal, Listener

READERS_MAX = 50
QUIET_S = 10.0
"""An empty line after so long a silence finds readers that are gone."""


class Streams:
    """Everybody who reads along. A slow reader is dropped by the journal, and told so."""

    def __init__(self) -> None:
        self._open: set[Listener] = set()

    @property
    def readers(self) -> int:
        """How many read along."""
        return len(self._open)

    @property
    def full(self) -> bool:
        """Whether no further reader is taken."""
        return self.readers >= READERS_MAX

    async def lines(self, journal: Journal) -> AsyncIterator[bytes]:
        """All that is told from the first (empty) line on, until the reader or the daemon goes."""
        with journal.listen() as listener:
            self._open.add(listener)
            try:
                yield b"\n"
                async for line in _lines(listener):
                    yield line
            finally:
                self._open.discard(listener)

    def close(self) -> None:
        """End every stream."""
        for listener in self._open:
            if listener.queue.full():
                listener.queue.get_nowait()
            listener.queue.put_nowait(None)


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
