"""The fake Asterisk: a FastAGI client and an AMI server that speak real bytes.

It enforces leases as Asterisk does, with the daemon or without it: the ring lease on the dialled
leg, the slice at the answer, AbsoluteTimeout afterwards; and it writes the spool at the end.
"""

import asyncio
import itertools
import time
from collections.abc import Callable
from uuid import uuid4

from tests.fakes.dialplan_files import contexts
from tests.fakes.fake_ami_server import FakeAmiConnection
from tests.fakes.fake_call import FakeCall
from tests.fakes.fake_channels import FakeChannel, bridge, cause_headers, event

ENDPOINT = {"context": "pbxc-out", "rtp_timeout": "60", "direct_media": "false"}


class FakeAsterisk:
    """A PBX with one trunk, `carrier`, and as many phones as are named.

    Args:
        agi_port: where the daemon listens for FastAGI, on loopback.
        username: of the manager user.
        secret: likewise; may be changed later.
        clock: seconds since the epoch.

    Faults may be set at any time: `mute` reads AMI but answers nothing (a half-open link),
    `byte_at_a_time` cuts what it sends into bytes, `refuse_logins`, `booted` (False: no FullyBooted
    event), `reply_delay_s`; `omitted` and `doubled` name events that are lost or sent twice.
    `dialplan` has contexts with what the first priority of each extension does, `contexts` those
    of the project's files with all their lines; `endpoints` what is set at each, "" for any other.
    """

    def __init__(
        self,
        agi_port: int = 0,
        *,
        username: str = "pbxcharge",
        secret: str = "secret",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.agi_port, self.username, self.secret, self.now = agi_port, username, secret, clock
        self.mute = self.byte_at_a_time = self.refuse_logins = False
        self.booted = True
        self.reply_delay_s = 0.0
        self.omitted: set[str] = set()
        self.doubled: set[str] = set()
        self.connections: list[FakeAmiConnection] = []
        self.connects = 0
        self.actions: list[dict[str, str]] = []
        self.played: list[tuple[str, str]] = []
        self.variables: dict[tuple[str, str], str] = {}
        self.spool: dict[str, str] = {}
        self.dialplan = {
            "pbxc-emergency": {
                dialled: f"Gosub(pbxc-emergency-call,s,1({dialled},PJSIP/112@carrier))"
                for dialled in ("112", "911", "999")
            }
        }
        self.contexts = contexts()
        self.endpoints: dict[str, dict[str, str]] = {"": ENDPOINT}
        self.ami_port = 0
        self._listener: asyncio.Server | None = None
        self._held: list[bytes] | None = None
        self._ids = itertools.count()
        self._begin()

    def _begin(self) -> None:
        """Start with no channel, and with names from 0."""
        self.booted_at = self.now()
        self.channels: dict[str, FakeChannel] = {}
        self.calls: dict[str, FakeCall] = {}
        self.bridges: dict[str, str] = {}
        self._numbers = itertools.count()

    async def start(self) -> None:
        """Listen for AMI, at the same port each time."""
        self._listener = await self.loop.create_server(
            lambda: FakeAmiConnection(self), "127.0.0.1", self.ami_port
        )
        self.ami_port = self._listener.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Be killed: every channel and connection is gone without a word; the spool stays."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        self.drop_ami()
        for channel in self.channels.values():
            self.disarm(channel)
        for call in set(self.calls.values()):
            call.abandon()
        self._begin()
        await asyncio.sleep(0)

    async def restart(self) -> None:
        """Be killed and start again: the names of channels begin at 0."""
        await self.stop()
        await self.start()

    def drop_ami(self) -> None:
        """Cut every AMI connection."""
        for connection in list(self.connections):
            connection.abort()

    def hold_events(self) -> None:
        """Keep events back from now on."""
        self._held = self._held or []

    def release_events(self) -> None:
        """Send what was kept back, in order."""
        held, self._held = self._held or [], None
        for sent in held:
            self._send(sent)

    def emit(self, name: str, body: str, privilege: str = "call,all") -> None:
        """Tell every session about an event."""
        if name in self.omitted:
            return
        sent = event(name, self.now(), body, privilege)
        for _ in range(2 if name in self.doubled else 1):
            if self._held is None:
                self._send(sent)
            else:
                self._held.append(sent)

    def _send(self, sent: bytes) -> None:
        for connection in self.connections:
            if connection.logged_in and not self.mute:
                connection.write(sent)

    def place_call(self, endpoint: str, number: str) -> FakeCall:
        """A phone dials: its channel is there, the dialplan begins."""
        caller = self.new_channel(endpoint, context="pbxc-out", exten=number)
        return FakeCall(self, caller, endpoint, number)

    def place_incoming(self, number: str, caller_number: str, trunk: str = "carrier") -> FakeCall:
        """A call comes in by a trunk: its channel is there, the dialplan begins."""
        caller = self.new_channel(trunk, context="pbxc-in", exten=number)
        return FakeCall(self, caller, trunk, number, way="incoming", caller_number=caller_number)

    def new_channel(
        self,
        endpoint: str,
        *,
        context: str,
        exten: str,
        beside: FakeChannel | None = None,
        state: int = 4,
    ) -> FakeChannel:
        """Make a channel; one that is dialled is `beside` its caller's."""
        number = next(self._numbers)
        uniqueid = f"{int(self.now())}.{next(self._ids)}"
        channel = FakeChannel(
            name=f"PJSIP/{endpoint}-{number:08x}",
            uniqueid=uniqueid,
            linkedid=beside.linkedid if beside else uniqueid,
            context=context,
            exten=exten,
            number=exten if beside else endpoint,
            peer=beside.number if beside else "<unknown>",
            account="" if beside else endpoint,
            state=state,
            created_at=self.now(),
        )
        self.channels[uniqueid] = channel
        self.emit("Newchannel", channel.describe())
        return channel

    def dial_trunk(
        self, dial: str, caller: FakeChannel | None = None, leg_variable: str = ""
    ) -> FakeChannel:
        """Dial `PJSIP/112@carrier`, or a phone; without caller, as Originate and call files do."""
        dial_string = dial.partition("/")[2]
        number, _, trunk = dial_string.partition("@")
        to, context = trunk or number, "from-carrier" if trunk else "pbxc-out"
        leg = self.new_channel(to, context=context, exten=number, beside=caller, state=0)
        leg.leg_variable, leg.dialled = leg_variable, number
        described = caller.describe() if caller else ""
        told = f"{described}{leg.describe('Dest')}DialString: {dial_string}\r\n"
        self.emit("DialBegin", told)
        return leg

    def connect(self, *channels: FakeChannel, kind: str = "basic") -> str:
        """Put channels into a bridge of their own, out of those where they are; its id."""
        bridge_id = str(uuid4())
        self.bridges[bridge_id] = kind
        for place, channel in enumerate(channels, 1):
            channel.bridge_id = bridge_id
            self.emit("BridgeEnter", bridge(bridge_id, place) + channel.describe())
        return bridge_id

    def transfer_attended(self, kept: FakeCall, moved: FakeCall) -> None:
        """Whoever made both calls connects their far ends with each other, and leaves."""
        self.connect(kept.metered_leg, moved.metered_leg)
        parts = (
            *(("OrigTransferer", kept.caller), ("SecondTransferer", moved.caller)),
            *(("Transferee", kept.metered_leg), ("TransferTarget", moved.metered_leg)),
        )
        told = "".join(channel.describe(name) for name, channel in parts)
        self.emit("AttendedTransfer", f"Result: Success\r\n{told}DestType: Bridge\r\n")
        for call in (kept, moved):
            self.hang_up(call.caller, 16)

    def channel(self, named: str) -> FakeChannel | None:
        """Find a channel by uniqueid or by name, as Asterisk does."""
        if named in self.channels:
            return self.channels[named]
        return next((c for c in self.channels.values() if c.name == named), None)

    def must_channel(self, named: str) -> FakeChannel:
        """Find a channel that is known to be there."""
        channel = self.channel(named)
        assert channel is not None, named
        return channel

    def arm(self, channel: FakeChannel, timeout_s: float) -> None:
        """Set the channel's timeout, from now."""
        self.disarm(channel)
        channel.hangs_up_at = self.now() + timeout_s
        channel.timer = self.loop.call_later(timeout_s, self.end, channel)

    def disarm(self, channel: FakeChannel) -> None:
        """Take the channel's timeout away, as a masquerade does."""
        channel.hangs_up_at = 0.0
        if channel.timer is not None:
            channel.timer.cancel()
            channel.timer = None

    def end(self, channel: FakeChannel, *, cause: int = 16) -> None:
        """End the call of a channel: its timeout fired, or AMI said so."""
        if channel.uniqueid in self.calls:
            self.calls[channel.uniqueid].end(cause=cause)
        else:
            self.hang_up(channel, cause)

    def hang_up(self, channel: FakeChannel, cause: int) -> None:
        """Let one channel go."""
        self.disarm(channel)
        if self.channels.pop(channel.uniqueid, None) is not None:
            self.calls.pop(channel.uniqueid, None)
            self.emit("Hangup", channel.describe() + cause_headers(cause))
