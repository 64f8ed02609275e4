"""Making the books and Asterisk agree: after each login, now and then, and when a call asks."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from pbxcharge.asterisk.ami_lists import StatusEntry
from pbxcharge.core.attempt import Leg
from pbxcharge.core.call import Call
from pbxcharge.core.effects import PbxSeen
from pbxcharge.core.recovery import (
    Shown,
    Written,
    catch_up,
    ended_unseen,
    lost_end,
    may_still_begin,
)
from pbxcharge.core.trunks import EMERGENCY_CALL
from pbxcharge.errors import ChannelGone, PbxchargeError
from pbxcharge.failpoints import Failpoint, reach
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.live_call import LiveCall
from pbxcharge.flow.meter import Meter
from pbxcharge.flow.ports import Asterisk, Site, Writer
from pbxcharge.flow.spool import Spool
from pbxcharge.logger import Logger

UP = 6
LOOK_GAP_S = 0.5
"""Listing all channels is not cheap: many callers who give up at once make one look."""
MISSING_GRACE_S = 2.0
"""The Hangup event of a leg that is just gone may be a moment behind the list of channels."""


class Channels(Asterisk, Protocol):
    """Who can list Asterisk's channels."""

    async def status(self) -> Sequence[StatusEntry]:
        """Every channel that lives."""
        ...


class OpenCalls(Protocol):
    """Who knows the calls that were never settled."""

    async def open_calls(self) -> list[Call]:
        """Calls whose hold is pending, ready to be resumed."""
        ...


@dataclass(frozen=True, slots=True)
class View:
    """Asterisk at one moment: live metered legs, all channels, and the ends written down.

    `strangers` are the metered legs that belonged to no open call at that moment: a call that is
    settled while the spool is read does not make its leg one.
    """

    legs: dict[str, StatusEntry]
    strangers: tuple[StatusEntry, ...]
    channels: tuple[StatusEntry, ...]
    ends: dict[str, Written]
    asked_ms: int


Judge = Callable[[Sequence[StatusEntry]], Awaitable[Sequence[StatusEntry]]]
Mark = Callable[[Sequence[StatusEntry]], Awaitable[None]]
Prepare = Callable[[Sequence[Call]], Awaitable[None]]


async def _everybody_stays(entries: Sequence[StatusEntry]) -> Sequence[StatusEntry]:
    return entries


async def _nobody_is_marked(_: Sequence[StatusEntry]) -> None:
    return


async def _nothing_is_prepared(_: Sequence[Call]) -> None:
    return


class Recovery:
    """Tells each call what Asterisk shows of it, and settles those that are gone.

    `seen_us` is the last proof of life: until then, no end of a call can have been missed.
    `judge` has the channels that are listed and gives back those that may stay; `mark` is told of
    them when each call knows what is seen of it. `prepare` has the stored calls before they are
    metered again.
    """

    def __init__(
        self,
        meter: Meter,
        asterisk: Channels,
        spool: Spool,
        calls: OpenCalls,
        writer: Writer,
        site: Site,
        clock: Clock,
        log: Logger,
        *,
        judge: Judge = _everybody_stays,
        mark: Mark = _nobody_is_marked,
        prepare: Prepare = _nothing_is_prepared,
    ) -> None:
        self._meter = meter
        self._asterisk = asterisk
        self._spool = spool
        self._calls = calls
        self._writer = writer
        self._site = site
        self._clock = clock
        self._log = log
        self._judge = judge
        self._mark = mark
        self._prepare = prepare
        self._wanted = asyncio.Event()
        self._lock = asyncio.Lock()
        self.seen_us: int | None = None

    def want(self) -> None:
        """Ask for a look soon."""
        self._wanted.set()

    async def restore(self, seen_us: int | None) -> int:
        """Take up every call that was live when the daemon ended; how many there are."""
        self.seen_us = seen_us
        calls = await self._calls.open_calls()
        await self._prepare(calls)
        for call in calls:
            self._meter.restore(call)
        reach(Failpoint.RESTORED)
        return len(calls)

    async def resync(self) -> None:
        """Compare all calls with Asterisk, once.

        Raises:
            AmiDown, AmiRefused: Asterisk did not answer; nothing was decided.
            StorageDown: a record could not be written.
        """
        seen_us = self.seen_us
        async with self._lock:
            await self._take_up_broken()
            view = await self._look()
            reach(Failpoint.LOOKED)
            missing = [live for live in self._meter.calls() if not self._resume(live, view)]
            await self._mark(view.channels)
            await self._end_strangers(view)
        if missing:
            await asyncio.sleep(MISSING_GRACE_S)
            await self._settle_missing(missing, seen_us)

    async def alive(self, proved_us: int) -> None:
        """Note durably that up to now no end can have been missed."""
        self.seen_us = proved_us
        await self._writer.submit((), [PbxSeen(self._site.pbx, proved_us)])

    async def watch(self, every_s: float) -> None:
        """Compare every so often, and whenever asked; the first comparison is the login's."""
        while True:
            await _either(self._wanted, every_s)
            self._wanted.clear()
            try:
                await self.resync()
            except PbxchargeError as error:
                self._log.warning("check of channels failed", error=str(error))
            await asyncio.sleep(LOOK_GAP_S)

    async def _look(self) -> View:
        asked_ms = self._clock.mono_ms()
        status = await self._asterisk.status()
        unclaimed = {e.uniqueid for e in status if e.call_id and self._meter.get(e.call_id) is None}
        status = await self._judge(status)
        legs = [e for e in status if e.call_id and e.call_id != EMERGENCY_CALL]
        return View(
            legs={e.call_id: e for e in legs if e.call_id and self._may_be_its(e)},
            strangers=tuple(e for e in legs if e.uniqueid in unclaimed),
            channels=tuple(status),
            ends=await self._spool.read(self._undialled),
            asked_ms=asked_ms,
        )

    def _may_be_its(self, entry: StatusEntry) -> bool:
        """False if the call has another leg: this one has only inherited the variable."""
        live = self._meter.get(entry.call_id)
        return live is None or live.call.carries(Leg(entry.uniqueid, entry.channel))

    def _undialled(self) -> dict[str, str]:
        """The open calls that the dialplan may not have begun, by the channels that asked.

        Those too whose record is being written: until it is there, nothing else tells of them.
        """
        calls = (live.call for live in self._meter.calls())
        return {
            call.granted.attempt.caller.uniqueid: call.call_id for call in calls if call.undialled
        }

    def _resume(self, live: LiveCall, view: View) -> bool:
        """Tell a call what is seen of it; False if it is nowhere to be seen."""
        call = live.call
        if not call.live or live.zero_ms > view.asked_ms:
            return True
        entry = view.legs.get(call.call_id)
        if entry is not None:
            if call.answered_ms is None:
                live.continuous = False
            _find_payer(live, entry, view.channels)
            now_ms, now_us = self._meter.line_ms(live), self._clock.wall_us()
            for event in catch_up(call, self._shown(entry), now_ms, now_us):
                self._meter.feed(call.call_id, event)
            return True
        channels = frozenset(entry.uniqueid for entry in view.channels)
        if (written := view.ends.get(call.call_id)) is not None:
            for event in ended_unseen(call, written, channels):
                self._meter.feed(call.call_id, event)
            return True
        return may_still_begin(call, channels)

    def _shown(self, entry: StatusEntry) -> Shown:
        now_us, ends_at_s = self._clock.wall_us(), entry.hangs_up_at_s
        answered_at_us = entry.answered_at_us
        if answered_at_us is None and ends_at_s is None and entry.channel_state == UP:
            # Taken out of its Dial while it rang, by a Redirect: the dialplan neither noted its
            # answer nor armed it. It is paid for from now on, which is the last that is sure.
            answered_at_us = now_us
        return Shown(
            leg=Leg(entry.uniqueid, entry.channel),
            answered_at_us=answered_at_us,
            left_ms=None if ends_at_s is None else ends_at_s * 1000 - now_us // 1000,
        )

    async def _settle_missing(self, missing: list[LiveCall], seen_us: int | None) -> None:
        """Look once more: an end may have been told or written meanwhile; else the rule decides."""
        async with self._lock:
            view = await self._look()
            for live in missing:
                if not self._resume(live, view):
                    end = lost_end(live.call, self._site.lost_end, seen_us)
                    self._log.warning(
                        "end not seen", call_id=live.call.call_id, rule=str(end.source)
                    )
                    reach(Failpoint.BEFORE_LOST_END)
                    self._meter.feed(live.call.call_id, end)

    async def _end_strangers(self, view: View) -> None:
        """A metered leg that belongs to no open call must not talk on."""
        for entry in view.strangers:
            self._log.error("leg of no open call", call_id=entry.call_id, channel=entry.channel)
            with suppress(ChannelGone):
                await self._asterisk.hang_up(entry.uniqueid)

    async def _take_up_broken(self) -> None:
        broken, self._meter.broken = self._meter.broken, set()
        if not broken:
            return
        calls = [call for call in await self._calls.open_calls() if call.call_id in broken]
        await self._prepare(calls)
        for call in calls:
            self._meter.restore(call)


def _find_payer(live: LiveCall, leg: StatusEntry, channels: Sequence[StatusEntry]) -> None:
    """Whose phone talks with a caller from outside, where its joining was not heard."""
    if live.payer_channel is not None or leg.bridge_id is None:
        return
    for entry in channels:
        if entry.bridge_id == leg.bridge_id and entry.call_id is None:
            live.joined(entry.uniqueid, entry.channel)


async def _either(event: asyncio.Event, timeout_s: float) -> None:
    try:
        async with asyncio.timeout(timeout_s):
            await event.wait()
    except TimeoutError:
        return
