"""One FastAGI connection: bytes in and out, within bounds, one command at a time."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from pbxcharge.asterisk.agi_protocol import AgiReply, ReplyParser, parse_request
from pbxcharge.asterisk.agi_session import AgiSession
from pbxcharge.errors import AgiError, AgiHangup

if TYPE_CHECKING:
    from pbxcharge.asterisk.agi_server import AgiServer


@dataclass(frozen=True, slots=True)
class AgiLimits:
    """Bounds of a session.

    Args:
        header_bytes: the longest header, and the longest unfinished line after it.
        header_s: until the whole header is there.
        command_s: until a command is answered.
        session_s: until the handler is done; the last resort against one that hangs.
        sessions_max: sessions at a time; more are closed at once.
        waiting_max: connections that have not asked yet; for another one the oldest is closed.
    """

    header_bytes: int = 16384
    header_s: float = 2.0
    command_s: float = 3.0
    session_s: float = 5.0
    sessions_max: int = 500
    waiting_max: int = 1000


class AgiConnection(asyncio.Protocol):
    """A TCP connection and the one coroutine that answers it.

    One timer bounds header, command and session: it runs at the earliest of their deadlines and
    is set anew there, so that a usual session of 2 ms sets a single timer.
    """

    def __init__(self, server: "AgiServer") -> None:
        self.routes = server.routes
        self.error: AgiError | None = None
        self._server = server
        self._loop = server.loop
        self._limits = server.limits
        self._parser = ReplyParser()
        self._unread = b""
        self._lost = False
        self._ended = False
        self._task: asyncio.Task[None] | None = None
        self._answer: asyncio.Future[AgiReply] | None = None

    @property
    def hungup(self) -> bool:
        """Whether Asterisk said HANGUP, or the connection is gone."""
        return self._lost or self._ended or self._parser.hungup

    @property
    def task(self) -> asyncio.Task[None] | None:
        """What answers this session; None until its header is read."""
        return self._task

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Give the peer a while for its header, if it is admitted at all."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass of it
        now = self._loop.time()
        self._end_at = now + self._limits.session_s
        self._deadline_at = now + self._limits.header_s
        self._timer = self._loop.call_at(self._deadline_at, self._on_timer)
        if not self._server.admit(self, transport.get_extra_info("peername")):
            self.abort()

    def data_received(self, data: bytes) -> None:
        """Take the header, later the answers."""
        if self._lost:
            return
        try:
            if self._task is None:
                self._read_header(data)
            else:
                self._read_lines(data)
        except AgiError as error:
            self._fail(error)

    def _read_header(self, data: bytes) -> None:
        searched = max(0, len(self._unread) - 1)
        self._unread += data
        end = self._unread.find(b"\n\n", searched, self._limits.header_bytes)
        if end < 0:
            if not self._unread.startswith(b"agi_"[: len(self._unread)]):
                raise AgiError("this peer speaks no AGI")
            if len(self._unread) >= self._limits.header_bytes:
                raise AgiError("AGI header too long")
            return
        if not self._server.begin(self):
            self.abort()
            return
        request = parse_request(self._unread[:end])
        endpoint = self.routes.endpoint_of(request.script)
        rest, self._unread = self._unread[end + 2 :], b""
        self._deadline_at = self._end_at
        answer = self._server.answer(self, endpoint, AgiSession(self, request))
        self._task = self._loop.create_task(answer)
        self._task.add_done_callback(self._on_done)
        if rest:
            self._read_lines(rest)

    def _read_lines(self, data: bytes) -> None:
        # Nothing that Asterisk says between two commands is nearly as long.
        if len(self._unread) + len(data) > self._limits.header_bytes:
            raise AgiError("AGI answer too long")
        *lines, self._unread = (self._unread + data).split(b"\n")
        for line in lines:
            reply = self._parser.feed(line.decode("utf-8", "replace"))
            if reply is not None:
                self._give(reply)

    def _give(self, reply: AgiReply) -> None:
        if self._answer is None or self._answer.done():
            raise AgiError("an AGI answer that nobody asked for")
        self._deadline_at = self._end_at
        self._answer.set_result(reply)

    async def ask(self, line: bytes) -> AgiReply:
        """Send one command and wait for its answer; AgiSession.send_command says what it raises."""
        if self._lost:
            raise self.error or AgiHangup("the session is over")
        if self._answer is not None:
            raise AssertionError("AGI commands are never pipelined")
        self._answer = self._loop.create_future()
        self._set_deadline(min(self._end_at, self._loop.time() + self._limits.command_s))
        self._transport.write(line)
        try:
            return await self._answer
        except asyncio.CancelledError:
            # Whether Asterisk carries the command out is not known, so nothing may follow it.
            self.abort()
            raise
        finally:
            self._answer = None

    def _set_deadline(self, at: float) -> None:
        self._deadline_at = at
        if at < self._timer.when():
            self._timer.cancel()
            self._timer = self._loop.call_at(at, self._on_timer)

    def _on_timer(self) -> None:
        now = self._loop.time()
        if self._deadline_at <= now:
            self._on_deadline()
        if self._deadline_at > now:
            self._timer = self._loop.call_at(self._deadline_at, self._on_timer)

    def _on_deadline(self) -> None:
        if self._task is None:
            self._fail(AgiError("no whole AGI header in time"))
        elif self._deadline_at < self._end_at:
            self._deadline_at = self._end_at
            self._end_answer(TimeoutError("no answer to an AGI command in time"))
            self.abort()
        else:
            self._task.cancel("the AGI session takes too long")
            self.abort()

    def _fail(self, error: AgiError) -> None:
        """End this session, and this one only."""
        self.error = error
        self._server.broken(error)
        self._end_answer(error)
        self.abort()

    def _end_answer(self, error: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)

    def eof_received(self) -> None:
        """Note that the peer is gone: the transport says so only some turns of the loop later."""
        self._ended = True

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits for an answer that none will come."""
        if self._unread and self._task is None and self.error is None:
            self._server.broken(AgiError("closed in the middle of its header"))
        self._lost = True
        self._end_answer(AgiHangup("the session was closed"))
        if self._task is None or self._task.done():
            self._leave()

    def _on_done(self, _: asyncio.Task[None]) -> None:
        if self._lost:
            self._leave()
        else:
            self._transport.close()

    def _leave(self) -> None:
        self._timer.cancel()
        self._server.left(self)

    def abort(self) -> None:
        """End the connection at once; the handler learns it at its next command."""
        self._lost = True
        self._transport.abort()
