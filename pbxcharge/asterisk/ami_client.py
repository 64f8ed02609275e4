"""The AMI client: what the flow asks of Asterisk, and what Asterisk tells it."""

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pbxcharge.asterisk.ami_events import EVENT_NAMES
from pbxcharge.asterisk.ami_fields import required, stamped_at
from pbxcharge.asterisk.ami_link import AmiLink, Proof
from pbxcharge.asterisk.ami_lists import (
    SPOOL_FAMILY,
    STATUS_VARIABLES,
    SpoolEntry,
    StatusEntry,
    application_in,
    dialplan_line,
    parse_spool,
    parse_status,
)
from pbxcharge.asterisk.ami_message import Headers, channel_id
from pbxcharge.asterisk.ami_protocol import Reply
from pbxcharge.asterisk.events import Event
from pbxcharge.core.trunks import number_in
from pbxcharge.errors import AmiDown, AmiRefused, ChannelGone, OperatingError
from pbxcharge.logger import Logger

ITEMS_AT_ONCE = 200
"""Entries of a list that are taken apart in one turn of the loop: a list may be very long."""
_DIGIT = re.compile(r"[0-9A-D*#]")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CONTEXT = re.compile(r"[A-Za-z0-9_-]+")
_CONTEXT_MISSING = "Did not find context"
_CALLED_URI, _CALLING_URI = "CHANNEL(pjsip,request_uri)", "CHANNEL(pjsip,remote_uri)"
_BASIC = "basic"
_CHANNEL_GONE = ("No such channel", "Channel not found", "Channel does not exist")

Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True)
class CoreSettings:
    """What Asterisk says of itself.

    Args:
        asterisk_version: 22.10.1 and what the packager adds.
        ami_version: of the protocol.
        system_name: of asterisk.conf, the prefix of its uniqueids; may be empty.
    """

    asterisk_version: str
    ami_version: str
    system_name: str


class AmiClient:
    """Keeps a link to one Asterisk; nothing that was asked is ever sent a second time by itself.

    To be built inside the running loop.

    Args:
        host: of AMI.
        port: of AMI.
        username: section of manager.conf.
        secret: its secret.
        on_event: takes each event in Asterisk's order, with the monotonic instant at which it
            was received; must only put it aside. What it raises is logged.
        on_connected: runs after each login, for the resync; the client is ready when it is done.
            If it raises, the link is dropped and begun again. Events come meanwhile.
        on_lost: is told when a link is lost that had logged in.
        on_unreadable: is told of a message that could not be read, which may have been anything.
        ping_interval_s: between a ping's answer and the next ping.
        ping_deadline_s: without an answer for so long the link is dropped.
        action_deadline_s: for each action; lists have four times as long.
        wanted: names of the events that on_event needs, as in ami_events.EVENT_NAMES; others are
            dropped before they cost anything.
        logger: takes what an operator should see.

    Every action raises AmiDown (not connected, or the link was lost: perhaps done), AmiNoReply
    (not answered in time: perhaps done), AmiRefused, or its kind ChannelGone. Channels are named
    by uniqueid, or by name, which is used again after a restart of Asterisk.
    """

    def __init__(
        self,
        host: str,
        port: int,
        username: str,
        secret: str,
        *,
        on_event: Callable[[Event, int], None],
        on_connected: Callable[[], Awaitable[None]],
        on_lost: Callable[[], None] = lambda: None,
        on_unreadable: Callable[[], None] = lambda: None,
        ping_interval_s: float = 2.0,
        ping_deadline_s: float = 4.0,
        action_deadline_s: float = 3.0,
        wanted: Collection[str] = EVENT_NAMES,
        logger: Logger,
    ) -> None:
        self._on_connected = on_connected
        self._on_lost = on_lost
        self._action_deadline_s = action_deadline_s
        self._logger = logger
        self._ready = asyncio.Event()
        self._resyncing = asyncio.Lock()
        self._resyncs: set[asyncio.Task[None]] = set()
        self._link = AmiLink(
            host,
            port,
            username,
            secret,
            on_up=self._up,
            on_down=self._down,
            on_event=on_event,
            on_unreadable=on_unreadable,
            ping_interval_s=ping_interval_s,
            ping_deadline_s=ping_deadline_s,
            wanted=wanted,
            logger=logger,
        )

    @property
    def ready(self) -> bool:
        """Whether the link is up and the resync after its login is done."""
        return self._ready.is_set()

    @property
    def connected(self) -> bool:
        """Whether actions can be sent."""
        return bool(self._link.up)

    @property
    def last_proof(self) -> Proof | None:
        """The last proof of life, also of a link that is lost by now."""
        return self._link.last_proof

    @property
    def last_failure(self) -> OperatingError | None:
        """Why it is not ready, as far as known."""
        return self._link.last_failure

    @property
    def counts(self) -> Counter[str]:
        """Messages that were `malformed`, and events whose handler failed, `handler_failed`."""
        return self._link.counts

    async def start(self) -> None:
        """Begin to connect; returns at once."""
        self._link.connect()

    async def wait_ready(self, timeout_s: float) -> None:
        """Wait until it is ready.

        Raises:
            AmiDown, AmiRefused: it is not ready in time, and why.
        """
        try:
            async with asyncio.timeout(timeout_s):
                await self._ready.wait()
        except TimeoutError:
            raise self.last_failure or AmiDown("Asterisk is not ready in time") from None

    async def close(self) -> None:
        """End the link for good; actions that wait fail with AmiDown."""
        self._ready.clear()
        self._link.close()
        for resync in self._resyncs:
            resync.cancel()
        if self._resyncs:
            await asyncio.wait(self._resyncs)
        await asyncio.sleep(0)  # the transport says that it is closed on the next turn

    def _up(self) -> None:
        resync = asyncio.get_running_loop().create_task(self._resync(self._link.epoch))
        self._resyncs.add(resync)
        resync.add_done_callback(self._resyncs.discard)

    def _down(self) -> None:
        self._ready.clear()
        self._on_lost()

    async def _resync(self, epoch: int) -> None:
        """Run the resync of this link; one that a lost link left behind is waited for."""
        async with self._resyncing:
            if epoch != self._link.epoch:
                return
            try:
                await self._on_connected()
            except Exception as error:
                self._logger.error("ami_resync_failed", error=repr(error), exc_info=True)
                if epoch == self._link.epoch:
                    self._link.drop(AmiDown(f"resync failed: {error!r}"))
                return
            if epoch == self._link.epoch:
                self._link.settled()
                self._ready.set()

    async def _act(
        self, action: Mapping[str, object], as_list: bool = False, patience: int = 1
    ) -> Reply:
        if not self._link.up:
            raise AmiDown("not connected to Asterisk")
        deadline_s = self._action_deadline_s * patience
        reply: Reply = await self._link.protocol.send(action, as_list, deadline_s)
        if not reply.done:
            refusal = ChannelGone if reply.message in _CHANNEL_GONE else AmiRefused
            raise refusal(f"{action['Action']}: {reply.message}")
        return reply

    async def status(self) -> tuple[StatusEntry, ...]:
        """Every channel that lives now; complete, or it raises.

        Raises:
            AmiMalformed: an entry cannot be read; then no absence is evidence.
        """
        action = {"Action": "Status", "Variables": STATUS_VARIABLES}
        return await _each(parse_status, (await self._act(action, True, 4)).items)

    async def absolute_timeout(self, channel: str, timeout_ms: int) -> None:
        """End the channel so many milliseconds from now, instead of any earlier or later instant.

        Raises:
            AmiRefused: less than 1 ms, which Asterisk would take for no timeout at all.
        """
        if timeout_ms < 1:
            raise AmiRefused("a timeout must be at least 1 ms")
        timeout = f"{timeout_ms // 1000}.{timeout_ms % 1000:03d}"
        action = {"Action": "AbsoluteTimeout", "Channel": channel_id(channel), "Timeout": timeout}
        await self._act(action)

    async def hang_up(self, channel: str, cause: int = 16) -> None:
        """End the channel now, with this Q.850 cause."""
        await self._act({"Action": "Hangup", "Channel": channel_id(channel), "Cause": cause})

    async def play_dtmf(self, channel: str, digit: str, *, receive: bool = True) -> None:
        """Play a digit to the channel; with `receive`, as if its own phone had sent it."""
        if not _DIGIT.fullmatch(digit):
            raise AmiRefused("not a DTMF digit")
        target = channel_id(channel)
        await self._act(
            {"Action": "PlayDTMF", "Channel": target, "Digit": digit, "Receive": int(receive)}
        )

    async def set_variable(self, channel: str, name: str, value: str) -> None:
        """Set a channel variable; functions such as `SHELL()` are no variables."""
        if not _VARIABLE.fullmatch(name):
            raise AmiRefused("not the name of a variable")
        target = channel_id(channel)
        await self._act({"Action": "Setvar", "Channel": target, "Variable": name, "Value": value})

    async def number_reached(self, channel: str) -> str | None:
        """The number that this SIP channel has called from here; None if it has called us."""
        if await self._variable(channel, _CALLED_URI):
            return None
        return number_in(await self._variable(channel, _CALLING_URI))

    async def _variable(self, channel: str, name: str) -> str:
        action = {"Action": "Getvar", "Channel": channel_id(channel), "Variable": name}
        return (await self._act(action)).headers.get("Value", "")

    async def bridges_of_two(self) -> frozenset[str]:
        """Every bridge in which parties talk to each other, and no conference or parking lot."""
        items = (await self._act({"Action": "BridgeList"}, True, 4)).items
        # Asterisk 22.10 can be asked for one type, and then lists none at all.
        return frozenset(
            required(item, "BridgeUniqueid") for item in items if item.get("BridgeType") == _BASIC
        )

    async def db_get_tree(self, family: str = SPOOL_FAMILY) -> tuple[SpoolEntry, ...]:
        """Every entry of the spool."""
        reply = await self._act({"Action": "DBGetTree", "Family": family}, True, 4)
        return await _each(lambda x: parse_spool(required(x, "Key"), x.get("Val", "")), reply.items)

    async def db_values(self, family: str) -> dict[str, str]:
        """Every key and value of a family of Asterisk's database."""
        reply = await self._act({"Action": "DBGetTree", "Family": family}, True, 4)
        pairs = await _each(lambda x: (required(x, "Key"), x.get("Val", "")), reply.items)
        return {key.removeprefix(f"/{family}/"): value for key, value in pairs}

    async def loaded_context(self, context: str) -> dict[str, str]:
        """What a context of the loaded dialplan does: `{"112": "Gosub(…)"}`, its first priorities.

        A context that is not loaded does nothing, so it is empty.
        """
        return {
            line.get("Extension", ""): application_in(line)
            for line in await self._dialplan(context)
            if line.get("Priority") == "1"
        }

    async def dialplan_lines(self, context: str) -> tuple[str, ...]:
        """A context of the loaded dialplan, line by line; see `dialplan_line`.

        A context that is not loaded has none.
        """
        return tuple(map(dialplan_line, await self._dialplan(context)))

    async def _dialplan(self, context: str) -> Sequence[Headers]:
        if not _CONTEXT.fullmatch(context):
            raise AmiRefused("not the name of a context")
        try:
            return (await self._act({"Action": "ShowDialPlan", "Context": context}, True, 4)).items
        except AmiRefused as refused:
            if _CONTEXT_MISSING in str(refused):
                return ()
            raise

    async def endpoint_setting(self, endpoint: str, name: str) -> str:
        """A setting of a PJSIP endpoint as it is loaded, also from a database; "" is nowhere.

        Likewise empty where Asterisk has not loaded the function (func_pjsip_endpoint.so).
        """
        if not _CONTEXT.fullmatch(endpoint):
            raise AmiRefused("not the name of an endpoint")
        asked = f"PJSIP_ENDPOINT({endpoint},{name})"
        reply = await self._act({"Action": "Getvar", "Variable": asked})
        return reply.headers.get("Value", "")

    async def core_settings(self) -> CoreSettings:
        """What Asterisk says of itself."""
        headers = (await self._act({"Action": "CoreSettings"})).headers
        return CoreSettings(
            asterisk_version=headers.get("AsteriskVersion", ""),
            ami_version=headers.get("AMIversion", ""),
            system_name=headers.get("SystemName", ""),
        )

    async def ping(self) -> int:
        """Make a round trip; returns Asterisk's clock in microseconds since the epoch."""
        return stamped_at((await self._act({"Action": "Ping"})).headers)


async def _each(parse: Callable[[Headers], Entry], items: Sequence[Headers]) -> tuple[Entry, ...]:
    entries: list[Entry] = []
    for first in range(0, len(items), ITEMS_AT_ONCE):
        entries += map(parse, items[first : first + ITEMS_AT_ONCE])
        await asyncio.sleep(0)
    return tuple(entries)
