"""Calls that nobody of the site is left in: two trunk legs that talk to each other, and are paid.

Whoever made a leg pays for it until it ends, also after they have connected it to another one and
left. Such calls go on for a while and are then ended. What brings legs together is told in too many
ways to be followed; so after each of them, and now and then, all channels are looked at.
"""

import asyncio
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Protocol

from pbxcharge.asterisk.ami_lists import StatusEntry
from pbxcharge.asterisk.events import AttendedTransfer, BlindTransfer, BridgeEnter, Event, Pickup
from pbxcharge.core.call_events import Accompanied, LeftAlone
from pbxcharge.core.dialling import endpoint_of
from pbxcharge.core.trunks import Talker, left_alone
from pbxcharge.flow.meter import Meter

AGAIN_S = 1.0
"""A transfer is told while it happens: what it leaves behind is looked at once more."""


class Bridges(Protocol):
    """Who knows the bridges; raises AmiDown or AmiRefused."""

    async def bridges_of_two(self) -> frozenset[str]:
        """Every bridge in which parties talk to each other, and no conference or parking lot."""
        ...


class Orphans:
    """Finds calls that are left alone, and tells them.

    Args:
        trunks: endpoints that lead out of the house; everybody else is of the site.
        max_ms: how long such a call may go on.
        meter: the live calls.
        bridges: of Asterisk.
        look: has all channels looked at soon.
    """

    def __init__(
        self,
        trunks: Collection[str],
        max_ms: int,
        meter: Meter,
        bridges: Bridges,
        look: Callable[[], None],
    ) -> None:
        self._trunks = trunks
        self._max_ms = max_ms
        self._meter = meter
        self._bridges = bridges
        self._look = look
        self._came_home: set[str] = set()

    def hear(self, event: Event) -> None:
        """Take an event, before the calls do. Those that move legs also take their timers along."""
        match event:
            case AttendedTransfer():
                self._came_home.update(event.party_uniqueids)
                self._look_twice()
            case BlindTransfer(transferee_uniqueid=str(uniqueid)):
                self._came_home.add(uniqueid)
                self._look_twice()
            case BlindTransfer() | Pickup():
                self._look_twice()
            case BridgeEnter(call_id=str(call_id)):
                live = self._meter.get(call_id)
                if live is not None and live.call.settled_in:
                    self._look()
            case _:
                pass

    async def mark(self, entries: Sequence[StatusEntry]) -> None:
        """Tell each call whether it is left alone.

        Raises:
            AmiDown, AmiRefused: Asterisk did not answer; nobody was told.
        """
        self._came_home &= {entry.uniqueid for entry in entries}
        self._came_home |= self._at_home(entries)
        talkers = tuple(self._talkers(entries))
        alone = left_alone(talkers)
        if alone:
            basic = await self._bridges.bridges_of_two()
            alone &= {one.uniqueid for one in talkers if one.bridge_id in basic}
        for live in self._meter.calls():
            leg = live.call.leg
            if leg is not None and leg.uniqueid in alone:
                self._meter.feed(live.call.call_id, LeftAlone(self._max_ms))
            elif live.call.alone_until_ms is not None:
                self._meter.feed(live.call.call_id, Accompanied())

    def _at_home(self, entries: Sequence[StatusEntry]) -> set[str]:
        """Legs that somebody of the site made, has sent where they are, or talks to now."""
        made = {
            live.call.leg.uniqueid
            for live in self._meter.calls()
            if live.call.leg and self._is_phone(live.call.granted.attempt.caller.channel)
        }
        inside = {e.bridge_id for e in entries if e.bridge_id and not self._outside(e)}
        present = {e.uniqueid for e in entries if e.transferred or e.bridge_id in inside}
        return made | present

    def _is_phone(self, channel: str) -> bool:
        endpoint = endpoint_of(channel)
        return endpoint is not None and endpoint not in self._trunks

    def _outside(self, entry: StatusEntry) -> bool:
        return endpoint_of(entry.channel) in self._trunks

    def _talkers(self, entries: Sequence[StatusEntry]) -> Iterator[Talker]:
        for entry in entries:
            if entry.bridge_id is not None:
                came_home = entry.uniqueid in self._came_home
                yield Talker(entry.uniqueid, entry.bridge_id, self._outside(entry), came_home)

    def _look_twice(self) -> None:
        self._look()
        asyncio.get_running_loop().call_later(AGAIN_S, self._look)
