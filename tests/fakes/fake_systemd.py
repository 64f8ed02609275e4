"""The socket at which systemd hears what a service says of itself."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

WITHIN_S = 20.0


class FakeSystemd:
    """Keeps every state that a service has sent, in order."""

    def __init__(self, heard: socket.socket) -> None:
        self._heard = heard
        self.states: list[str] = []

    @property
    def address(self) -> str:
        """What `NOTIFY_SOCKET` is set to."""
        return str(self._heard.getsockname())

    def listen(self) -> list[str]:
        """Every state so far."""
        while True:
            try:
                self.states += self._heard.recv(65536).decode().split("\n")
            except BlockingIOError:
                return self.states

    def forget(self) -> None:
        """Begin anew."""
        self.listen()
        self.states = []

    async def wait(self, state: str) -> None:
        """Return when this state has been sent.

        Raises:
            TimeoutError: it was not.
        """
        async with asyncio.timeout(WITHIN_S):
            while state not in self.listen():  # noqa: ASYNC110 - a datagram socket is read here
                await asyncio.sleep(0.01)


@contextmanager
def fake_systemd(folder: Path) -> Iterator[FakeSystemd]:
    """Listen in this folder."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(folder / "notify"))
        heard.setblocking(False)
        yield FakeSystemd(heard)
