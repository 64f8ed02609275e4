"""AMI over one TCP connection: bytes to messages, actions to replies."""

import asyncio
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from time import monotonic_ns
from typing import Protocol, cast

from panoramisk.ami_protocol import AMIProtocol

from pbxcharge.asterisk.ami_events import EVENT_NAMES
from pbxcharge.asterisk.ami_message import Headers, format_action, parse_message
from pbxcharge.errors import AmiDown, AmiMalformed, AmiNoReply

MESSAGE_BYTES_MAX = 1 << 20
"""An unfinished message longer than this is none: the connection is dropped."""
TURN_BYTES, TURN_MESSAGES = 1 << 16, 200
"""No more is read in one turn of the loop, so that a flood of events keeps nobody waiting."""
LIST_ITEMS_MAX = 100_000
GREETING = b"Asterisk Call Manager/"
NEVER_INCLUDED = b"VarSet"
"""The most frequent event, which no filter of ours lets through: there is no filter."""
END = b"\r\n\r\n"
CALLED_FROM_HERE = b"\r\nChannelState: 0\r\n"
"""Marks a new channel that somebody here calls: one that calls us is ringing (4) from the start."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer to an action.

    Args:
        headers: of the response.
        items: the list that followed it, in order.
    """

    headers: Headers
    items: tuple[Headers, ...] = ()

    @property
    def done(self) -> bool:
        """Whether Asterisk did what was asked."""
        return self.headers.get("Response") == "Success"

    @property
    def message(self) -> str:
        """What Asterisk says about it."""
        return self.headers.get("Message", "")


class Receiver(Protocol):
    """Who is told what arrives."""

    def dispatch(self, headers: Headers, received_ns: int) -> None:
        """Take an event."""

    def malformed(self, error: Exception) -> None:
        """Take note of a message that cannot be read."""

    def unfiltered(self) -> None:
        """Take note that Asterisk sends events that nobody wants."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Take note that the connection is gone."""


@dataclass(slots=True)
class _Pending:
    future: asyncio.Future[Reply]
    expiry: asyncio.TimerHandle
    is_list: bool
    response: Headers = field(default_factory=dict)
    items: list[Headers] = field(default_factory=list)


class LinkProtocol(AMIProtocol):  # type: ignore[misc]  # panoramisk carries no types
    """panoramisk's protocol with reading, replies and closing replaced.

    Its own decodes each TCP chunk by itself, keeps unfinished messages without bound, lets any
    exception of a handler end the connection, and parks unanswered actions to send them again
    after a reconnect, when a channel's name may belong to somebody else's call.
    """

    def __init__(self, receiver: Receiver, wanted: Collection[str] = EVENT_NAMES) -> None:
        self._receiver = receiver
        self._wanted = frozenset(name.encode() for name in {*wanted, "FullyBooted"})
        self._pending: dict[str, _Pending] = {}
        # Who can smuggle a line break into a caller's number must not be able to forge an answer.
        self._id_prefix = secrets.token_hex(8)
        self._last_id = 0
        self._unread = bytearray()
        self._searched = 0
        self._received_ns = 0
        self._greeted = False
        self.closed = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        super().connection_made(transport)
        self._transport = cast(asyncio.Transport, transport)
        self._loop = asyncio.get_running_loop()

    def send(
        self, data: Mapping[str, object], as_list: bool = False, deadline_s: float = 5.0
    ) -> asyncio.Future[Reply]:
        """Send an action; the future has its reply, or fails with AmiNoReply or AmiDown.

        Raises:
            AmiDown: the connection is closed; nothing was sent.
            AmiRefused: a header cannot be sent; nothing was sent.
        """
        if self.closed:
            raise AmiDown("not connected")
        self._last_id += 1
        action_id = f"{self._id_prefix}-{self._last_id}"
        self._transport.write(format_action(data, action_id))
        future: asyncio.Future[Reply] = self._loop.create_future()
        expiry = self._loop.call_later(deadline_s, self._expire, action_id)
        self._pending[action_id] = _Pending(future, expiry, as_list)
        return future

    def _expire(self, action_id: str) -> None:
        pending = self._pending.pop(action_id)
        if not pending.future.done():
            pending.future.set_exception(AmiNoReply("no reply in time"))

    def data_received(self, data: bytes) -> None:
        """Take whole messages out of the stream; no exception of a handler leaves here."""
        self._received_ns = monotonic_ns()
        self._unread += data
        if self._greeted or self._greet():
            self._read()

    def _greet(self) -> bool:
        """Cut off the first line, which has no blank line after it; False if it is not whole."""
        line, eol, rest = self._unread.partition(b"\r\n")
        if not (line.startswith(GREETING) if eol else GREETING.startswith(line[: len(GREETING)])):
            self._receiver.malformed(AmiMalformed("this port speaks no AMI"))
            self.close()
            return False
        self._greeted = bool(eol)
        self._unread = rest if eol else line[:100]
        return self._greeted

    def _read(self) -> None:
        """Take what may be taken in this turn; the rest waits for the next one, and TCP with it."""
        read, end = 0, self._unread.find(END, self._searched)
        for _ in range(TURN_MESSAGES):
            if end < 0 or read > TURN_BYTES or self.closed:
                break
            self._take_one(bytes(self._unread[read:end]))
            read = end + len(END)
            end = self._unread.find(END, read)
        del self._unread[:read]
        # What was searched for a blank line is not searched again, however small the pieces are.
        self._searched = 0 if end >= 0 else max(0, len(self._unread) - len(END) + 1)
        if end >= 0 and not self.closed:
            self._transport.pause_reading()
            self._loop.call_soon(self._go_on)
        elif len(self._unread) > MESSAGE_BYTES_MAX:
            self._receiver.malformed(AmiMalformed("endless message"))
            self.close()

    def _go_on(self) -> None:
        if not self.closed:
            self._transport.resume_reading()
            self._read()

    def _take_one(self, block: bytes) -> None:
        try:
            self._take(block.lstrip(b"\r\n"), self._received_ns)
        except AmiMalformed as error:
            self._receiver.malformed(error)

    def _take(self, block: bytes, received_ns: int) -> None:
        if block.startswith(b"Event: ") and b"\r\nActionID: " not in block:
            # What nobody wants is not even taken apart: without a filter that is 80 of 85 events.
            name = block[7 : block.find(b"\r", 7)]
            if name == b"Newchannel" and CALLED_FROM_HERE not in block:
                return
            if name in self._wanted:
                self._receiver.dispatch(parse_message(block), received_ns)
            elif name == NEVER_INCLUDED:
                self._receiver.unfiltered()
        elif block:
            self._answer(parse_message(block))

    def _answer(self, headers: Headers) -> None:
        pending = self._pending.get(headers.get("ActionID", ""))
        if pending is None:
            return  # It comes too late: whoever asked has given up.
        if "Response" in headers:
            pending.response = headers
            if pending.is_list and headers.get("EventList", "").lower() == "start":
                return
        elif headers.get("EventList", "").lower() != "complete":
            pending.items.append(headers)
            if len(pending.items) <= LIST_ITEMS_MAX:
                return
        self._complete(headers["ActionID"], pending, headers)

    def _complete(self, action_id: str, pending: _Pending, last: Headers) -> None:
        del self._pending[action_id]
        pending.expiry.cancel()
        if pending.future.done():
            return
        length = str(len(pending.items))
        if last.get("ListItems", length) == length:
            pending.future.set_result(Reply(pending.response, tuple(pending.items)))
        else:
            # An entry was unreadable. Its absence must not be taken for evidence.
            pending.future.set_exception(AmiMalformed("a list is not complete"))

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail what is open; nothing is kept to be sent again."""
        self.close()
        for pending in self._pending.values():
            pending.expiry.cancel()
            if not pending.future.done():
                pending.future.set_exception(AmiDown("connection lost before the reply"))
        self._pending.clear()
        self._receiver.connection_lost(exc)

    def close(self) -> None:
        """Close at once, also when the peer does not read."""
        if not self.closed:
            self.closed = True
            self._transport.abort()
