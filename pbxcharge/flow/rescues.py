"""Emergency calls that a phone has connected with a paid leg: nothing may end them any more.

Somebody puts a caller through to the emergency services. From there on that caller's leg is the
emergency call: when its paid time ended, so would both.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

from pbxcharge.asterisk.ami_lists import StatusEntry
from pbxcharge.asterisk.events import BridgeEnter, Event
from pbxcharge.core.attempt import Leg
from pbxcharge.core.call_events import HungUp, LegDialled
from pbxcharge.core.cdr import EndedBy, EndSource
from pbxcharge.core.trunks import EMERGENCY_CALL, Party, with_emergency
from pbxcharge.errors import AmiRefused
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.meter import Meter

NEVER_MS = 366 * 24 * 3600 * 1000
"""Asterisk's manager can move a timer, but not take it away."""
SOON_S = 30 * 24 * 3600
"""A timer that is nearer than this is a paid one."""
NORMAL_CLEARING = 16


class Timers(Protocol):
    """Who can move a leg's timer; raises AmiDown or AmiRefused."""

    async def absolute_timeout(self, uniqueid: str, timeout_ms: int) -> None:
        """End the channel so many milliseconds from now, instead of at any other instant."""
        ...


class Rescues:
    """Ends what is charged for legs that talk with an emergency number, and lets them talk.

    Nothing of it is kept: what the channels show decides, at each look.

    Args:
        meter: the live calls.
        timers: of Asterisk.
        clock: dates the end of what is charged.
        look: has all channels looked at soon.
    """

    def __init__(
        self, meter: Meter, timers: Timers, clock: Clock, look: Callable[[], None]
    ) -> None:
        self._meter = meter
        self._timers = timers
        self._clock = clock
        self._look = look

    def hear(self, event: Event) -> None:
        """Take an event: whoever an emergency number talks with may be a paid leg."""
        if isinstance(event, BridgeEnter) and event.call_id == EMERGENCY_CALL:
            self._look()

    async def spare(self, entries: Sequence[StatusEntry]) -> tuple[StatusEntry, ...]:
        """The channels, of which those that talk with an emergency number are no call's any more.

        Args:
            entries: every channel, with `emergency` for the call id of emergency legs.

        Raises:
            AmiDown: Asterisk did not answer; the next look tries again.
        """
        parties = [
            Party(e.uniqueid, e.channel, e.bridge_id, e.call_id == EMERGENCY_CALL) for e in entries
        ]
        spared = with_emergency(parties)
        for entry in entries:
            if entry.uniqueid in spared:
                await self._release(entry)
        return tuple(
            replace(entry, call_id=EMERGENCY_CALL) if entry.uniqueid in spared else entry
            for entry in entries
        )

    async def _release(self, entry: StatusEntry) -> None:
        """First the call ends, so that nobody arms the leg again; then its timer goes."""
        live = self._meter.get(entry.call_id)
        if live and live.call.leg in (None, leg := Leg(entry.uniqueid, entry.channel)):
            self._meter.feed(live.call.call_id, LegDialled(leg))
            self._meter.feed(live.call.call_id, self._end(entry))
        ends_at_s = entry.hangs_up_at_s
        if ends_at_s is not None and ends_at_s < self._clock.wall_us() // 1_000_000 + SOON_S:
            # One leg that is gone, or that Asterisk refuses, must not keep others from being seen.
            with suppress(AmiRefused):
                await self._timers.absolute_timeout(entry.uniqueid, NEVER_MS)

    def _end(self, entry: StatusEntry) -> HungUp:
        return HungUp(
            at_us=self._clock.wall_us(),
            source=EndSource.EVENT,
            cause=NORMAL_CLEARING,
            answered_at_us=entry.answered_at_us,
            by=EndedBy.CALLER,
            was_up=True,
        )
