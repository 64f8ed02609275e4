"""The smallest thing that can answer an authorization, and fail at it in every way."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

VARIABLES = (
    "PBXC_CALL,PBXC_DIAL,PBXC_TO,PBXC_RING_S,PBXC_RING_LEASE_S,PBXC_LEASE_S,PBXC_SIPCODE,"
    "PBXC_SOUND,PBXC_VERDICT"
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What Asterisk is told; each value as it goes over the wire."""

    call_id: str = "call"
    dial: str = "PJSIP/{number}@carrier"
    ring_s: str = "30"
    ring_lease_s: str = "60"
    lease_s: str = "30"
    sip_code: str = "0"
    word: str = "ALLOW"
    to: str = ""
    sound: str = ""

    @classmethod
    def rings(cls, call_id: str, endpoint: str, lease_s: str = "30") -> Self:
        """A call to a phone of the house."""
        return cls(call_id=call_id, dial=f"PJSIP/{endpoint}", lease_s=lease_s, to=endpoint)

    def command(self, number: str) -> bytes:
        """The one command that says all, the permission last."""
        values = (self.call_id, self.dial.format(number=number), self.to, self.ring_s,
                  self.ring_lease_s, self.lease_s, self.sip_code, self.sound,
                  self.word)  # fmt: skip
        return f'SET VARIABLE "ARRAY({VARIABLES})" "{",".join(values)}"\n'.encode()


def denial(sip_code: int) -> Verdict:
    """A refusal with this answer to the caller."""
    return Verdict("", "", "0", "0", "0", str(sip_code), "DENY")


Session = Callable[[dict[str, str], asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Answerer:
    """A FastAGI server for the dialplan's tests; a number that nobody planned gets 403."""

    def __init__(self) -> None:
        self.requests: list[dict[str, str]] = []
        self._plans: dict[str, Session] = {}
        self._server: asyncio.Server | None = None
        self._sessions: set[asyncio.Task[None]] = set()

    async def open(self, port: int) -> Self:
        """Listen where the dialplan asks."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End the server and every session that hangs."""
        if self._server is not None:
            self._server.close()
        for session in list(self._sessions):
            session.cancel()
        await asyncio.gather(*self._sessions, return_exceptions=True)

    def says(self, number: str, verdict: Verdict, after_s: float = 0.0) -> None:
        """Answer for this number, after a while if so wanted."""

        async def session(
            _: dict[str, str], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
        ) -> None:
            await asyncio.sleep(after_s)
            writer.write(verdict.command(number))
            await reader.readline()

        self._plans[number] = session

    def asked(self, number: str) -> list[dict[str, str]]:
        """Every question for this number so far."""
        return [request for request in self.requests if request.get("agi_arg_2") == number]

    def allows(self, number: str, call_id: str, **values: str) -> None:
        """Let the call through, with other values than the usual ones where given."""
        self.says(number, replace(Verdict(call_id=call_id), **values))

    def hangs(self, number: str) -> None:
        """Accept the question and say nothing, for ever."""

        async def session(*_: object) -> None:
            await asyncio.Event().wait()

        self._plans[number] = session

    def dies(self, number: str) -> None:
        """Close in mid-dialogue, after a command that says nothing about the call."""

        async def session(
            _: dict[str, str], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
        ) -> None:
            writer.write(b'SET VARIABLE "PBXC_LEASE_S" "30"\n')
            await reader.readline()

        self._plans[number] = session

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._sessions.add(task)
        try:
            head = (await reader.readuntil(b"\n\n")).decode(errors="replace")
            request = dict(line.split(": ", 1) for line in head.splitlines() if ": " in line)
            self.requests.append(request)
            number = request.get("agi_arg_2", "")
            if number not in self._plans:
                self.says(number, denial(403))
            await self._plans[number](request, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            # The other side left, or the test is over.
            return
        finally:
            self._sessions.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
