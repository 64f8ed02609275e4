"""A TCP path between two programs that a test can cut, or stop up, and mend."""

import asyncio
from typing import Self


class Wire:
    """Listens on a port and passes everything on to another one, both on this machine."""

    def __init__(self, target_port: int) -> None:
        self.port = 0
        self._target_port = target_port
        self._server: asyncio.Server | None = None
        self._flows = asyncio.Event()
        self._flows.set()
        self._ends: set[asyncio.StreamWriter] = set()
        self._pumps: set[asyncio.Task[None]] = set()

    async def open(self) -> Self:
        """Let connections through; after `cut` on the same port as before."""
        self._server = await asyncio.start_server(self._join, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def stop_up(self) -> None:
        """Let nothing pass in either direction; connections stay, and new ones are accepted."""
        self._flows.clear()

    def cut(self) -> None:
        """Reset every connection, and refuse new ones."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for end in self._ends:
            end.transport.abort()

    async def mend(self) -> None:
        """Let through again what waits, and what comes."""
        self._flows.set()
        if self._server is None:
            await self.open()

    async def close(self) -> None:
        """End every connection and every task."""
        self.cut()
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        self._ends |= {writer, far_writer}
        for source, sink in ((reader, far_writer), (far_reader, writer)):
            pump = asyncio.create_task(self._pump(source, sink))
            self._pumps.add(pump)
            pump.add_done_callback(self._pumps.discard)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while passing := await source.read(65536):
                await self._flows.wait()
                sink.write(passing)
                await sink.drain()
        except ConnectionError:
            # The other direction was reset, or the wire was cut.
            return
        finally:
            self._ends.discard(sink)
            sink.close()
