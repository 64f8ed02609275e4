"""A small SIP party on a socket of its own: it keeps dialogs apart and writes down what it sees."""

import asyncio
import secrets
import socket
import struct
import time
from collections.abc import Coroutine
from typing import Self
from urllib.parse import quote

from tests.asterisk.harness import sip
from tests.asterisk.harness.seen import CallTrace, Sighting

Address = tuple[str, int]
# RFC 3261, timers A and G: what is not answered is sent again after these pauses.
REPEAT_AFTER_S = (0.5, 1.0, 2.0, 4.0, 4.0)


class Ear:
    """One call's media socket: counts what it hears and says nothing."""

    def __init__(self, host: str) -> None:
        self.heard_at_epoch_s: list[float] = []
        self.digits = 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind((host, 0))
        self.port: int = self._socket.getsockname()[1]
        self.description = sip.media_description(host, self.port)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket, self._hear)

    def _hear(self) -> None:
        packet = self._socket.recv(2048)
        # Payload type 101 is a telephone event (a key), the rest is sound.
        if packet[1] & 0x7F == 101:
            self.digits += 1
        else:
            self.heard_at_epoch_s.append(time.time())

    async def say(self, to: Address, for_s: float) -> None:
        """Send sound: a packet of silence every 20 ms."""
        for n in range(int(for_s * 50)):
            header = struct.pack("!BBHII", 0x80, 0, n, n * 160, 1)
            self._socket.sendto(header + b"\xff" * 160, to)
            await asyncio.sleep(0.02)

    def close(self) -> None:
        """Stop listening."""
        self._loop.remove_reader(self._socket)
        self._socket.close()


class Dialog:
    """One call at one party. Requests and final answers are repeated until they are heard."""

    def __init__(self, agent: "UserAgent", number: str, call_id: str) -> None:
        self.agent = agent
        self.call_id = call_id
        self.ear = Ear(agent.host)
        self.trace = CallTrace(number)
        self.local = ""
        self.remote = ""
        self.target = ""
        self.cseq = 0
        self.sound_to: Address | None = None
        self._answers: dict[tuple[str, int], bytes] = {}
        self._unheard: dict[tuple[str, int], asyncio.Task[None]] = {}

    def note(self, message: sip.SipMessage | str, method: str, *, sent: bool) -> None:
        """Write a message down with both clocks."""
        what = message if isinstance(message, str) else message.what
        self.trace.note(Sighting(what, method, sent, time.time(), time.monotonic()))

    def send(self, raw: bytes) -> None:
        """Put a datagram on its way to Asterisk."""
        self.agent.send(raw)

    def insist(self, raw: bytes, key: tuple[str, int]) -> None:
        """Send again, after pauses, until `heard(key)`."""
        self.heard(key)
        self._unheard[key] = self.agent.run(self._repeat(raw))

    async def _repeat(self, raw: bytes) -> None:
        for pause_s in REPEAT_AFTER_S:
            await asyncio.sleep(pause_s)
            self.send(raw)

    def heard(self, key: tuple[str, int]) -> None:
        """Stop repeating."""
        task = self._unheard.pop(key, None)
        if task is not None:
            task.cancel()

    def answer(
        self,
        request: sip.SipMessage,
        code: int,
        *,
        reason: str = "",
        sdp: bool = False,
        contact: str = "",
    ) -> bytes:
        """Answer a request, and remember the answer in case the request comes again."""
        raw = sip.respond(
            request,
            code,
            reason=reason,
            to=self.local,
            contact=contact or self.agent.contact,
            body=self.ear.description if sdp else "",
        )
        self._answers[request.method, request.cseq] = raw
        self.note(str(code), request.method, sent=True)
        self.send(raw)
        return raw

    def request(self, method: str, *extra: tuple[str, str]) -> None:
        """Send a request inside the dialog."""
        self.cseq += 1
        raw = sip.compose(
            f"{method} {self.target} SIP/2.0",
            [("Via", self.agent.via(token())), *self.identity(self.cseq, method), *extra],
        )
        self.note(method, method, sent=True)
        self.send(raw)
        self.insist(raw, (method, self.cseq))

    def identity(self, cseq: int, method: str) -> list[tuple[str, str]]:
        """The headers that say which dialog and which request."""
        return [
            ("From", self.local), ("To", self.remote), ("Call-ID", self.call_id),
            ("CSeq", f"{cseq} {method}"), ("Contact", self.agent.contact), ("Max-Forwards", "70"),
        ]  # fmt: skip

    def hang_up(self) -> None:
        """End an answered call."""
        self.request("BYE")

    def transfer(self, to: str) -> None:
        """Send the other side to another number and leave (REFER)."""
        host, port = self.agent.peer
        self.request("REFER", ("Refer-To", f"<sip:{to}@{host}:{port}>"))

    def connect(self, other: "Dialog") -> None:
        """Bring the other side together with that of another call, and leave (REFER, Replaces)."""
        host, port = self.agent.peer
        tags = f"to-tag={sip.tag_in(other.remote)};from-tag={sip.tag_in(other.local)}"
        replaces = quote(f"{other.call_id};{tags}", safe="")
        number = other.trace.number
        self.request("REFER", ("Refer-To", f"<sip:{number}@{host}:{port}?Replaces={replaces}>"))

    def speak(self, for_s: float = 30.0) -> None:
        """Send sound to the other side for a while; by default nobody says a word.

        Raises:
            LookupError: it has not told where it listens.
        """
        if self.sound_to is None:
            raise LookupError(f"{self.trace.number}: no media yet: {self.trace.story()}")
        self.agent.run(self.ear.say(self.sound_to, for_s))

    def receive(self, message: sip.SipMessage) -> None:
        """Take a message of this dialog; repetitions are answered again and written down once."""
        self.sound_to = sip.media_address(message) or self.sound_to
        key = (message.method, message.cseq)
        if message.code is not None:
            self.note(message, message.method, sent=False)
            self.on_response(message)
        elif message.method != "ACK" and key in self._answers:
            self.send(self._answers[key])
        else:
            self.note(message, message.method, sent=False)
            self.on_request(message)

    def on_response(self, message: sip.SipMessage) -> None:
        """A request that was answered need not be sent again."""
        if message.code is not None:
            self.heard((message.method, message.cseq))

    def on_request(self, message: sip.SipMessage) -> None:
        """Everything inside a dialog is agreed to; a new offer gets our media again."""
        if message.method != "ACK":
            self.answer(message, 200, sdp=message.method == "INVITE")


class UserAgent(asyncio.DatagramProtocol):
    """A party at one address; a subclass decides what becomes of an incoming INVITE."""

    def __init__(self, name: str, host: str, peer: Address) -> None:
        self.name = name
        self.host = host
        self.peer = peer
        self.port = 0
        self.dialogs: dict[str, Dialog] = {}
        self._transport: asyncio.DatagramTransport | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self, port: int = 0) -> Self:
        """Bind the socket; port 0 takes a free one."""
        self._transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: self, local_addr=(self.host, port)
        )
        self.port = self._transport.get_extra_info("sockname")[1]
        return self

    async def close(self) -> None:
        """End all tasks and sockets; calls that still go on are left to the other side."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for dialog in self.dialogs.values():
            dialog.ear.close()
        if self._transport is not None:
            self._transport.close()
        # A transport closes its socket in the loop's next turn.
        await asyncio.sleep(0)

    @property
    def contact(self) -> str:
        """Where this party is reached."""
        return f"<sip:{self.name}@{self.host}:{self.port}>"

    def via(self, branch: str) -> str:
        """The header that brings answers back; `branch` names the request."""
        return f"SIP/2.0/UDP {self.host}:{self.port};branch=z9hG4bK{branch}"

    def send(self, raw: bytes) -> None:
        """Send to Asterisk; after `close` nothing leaves any more."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(raw, self.peer)

    def run(self, story: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Run something that ends with this party at the latest."""
        task = asyncio.get_running_loop().create_task(story)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def datagram_received(self, data: bytes, addr: Address) -> None:
        """Hand a message to its dialog; what belongs to none is for the subclass."""
        message = sip.parse(data)
        dialog = self.dialogs.get(message.get("Call-ID"))
        if dialog is not None:
            dialog.receive(message)
        elif message.code is None:
            self.on_stranger(message)

    def on_stranger(self, request: sip.SipMessage) -> None:
        """Nobody calls this party: 481 to everything but an ACK."""
        if request.method != "ACK":
            to = request.get("To")
            self.send(sip.respond(request, 481, to=to, contact=self.contact))


def token() -> str:
    """A name that nothing else on this machine has."""
    return secrets.token_hex(6)
