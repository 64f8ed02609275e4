"""Everybody who judges legs: which may stay, which nothing may end, which have nobody left."""

from collections.abc import Callable, Sequence
from typing import Protocol

from pbxcharge.asterisk.ami_lists import StatusEntry
from pbxcharge.asterisk.events import Event
from pbxcharge.catalog.emergency import EmergencyRoute
from pbxcharge.core.call import Call
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.emergency_list import Dialplan, EmergencyList
from pbxcharge.flow.journal import Journal
from pbxcharge.flow.meter import Meter
from pbxcharge.flow.orphans import Bridges, Orphans
from pbxcharge.flow.rescues import Rescues, Timers
from pbxcharge.flow.trunk_watch import TrunkAsterisk, Trunks, TrunkWatch
from pbxcharge.logger import Logger


class LegAsterisk(TrunkAsterisk, Dialplan, Bridges, Timers, Protocol):
    """What all of them ask of Asterisk."""


class LegWatch:
    """The watchdog over trunks, emergency numbers and their legs, and calls left alone.

    Args:
        trunks: the endpoints that lead out of the house, and what goes over them.
        routes: the site's emergency list as it is now.
        orphan_max_ms: how long a call may go on that nobody of the site is part of.
        meter: the live calls.
        asked_by: the call that a channel asked for.
        asterisk: see LegAsterisk.
        journal: the live cost log.
        clock: dates the end of what is charged.
        log: for the operator.
        look: has all channels looked at soon.
    """

    def __init__(
        self,
        trunks: Trunks,
        routes: Callable[[], tuple[EmergencyRoute, ...]],
        orphan_max_ms: int,
        meter: Meter,
        asked_by: Callable[[str], Call | None],
        asterisk: LegAsterisk,
        journal: Journal,
        clock: Clock,
        log: Logger,
        look: Callable[[], None],
    ) -> None:
        self._trunks = TrunkWatch(trunks, meter, asked_by, asterisk, journal, log, look)
        self._orphans = Orphans(trunks.endpoints, orphan_max_ms, meter, asterisk, look)
        self._rescues = Rescues(meter, asterisk, clock, look)
        self.emergency = EmergencyList(asterisk, routes, self._trunks.learn_emergency, log)

    def hear(self, event: Event) -> bool:
        """Take an event; False if it is about a leg that no call may take for its own."""
        if not self._trunks.hear(event):
            return False
        self._rescues.hear(event)
        self._orphans.hear(event)
        return True

    async def judge(self, entries: Sequence[StatusEntry]) -> Sequence[StatusEntry]:
        """Which channels may stay, and which of them nothing may end."""
        return await self._rescues.spare(await self._trunks.inspect(entries))

    async def mark(self, entries: Sequence[StatusEntry]) -> None:
        """Tell the calls that are left alone, and those that are so no more."""
        await self._orphans.mark(entries)

    async def close(self) -> None:
        """Judge nothing any more."""
        await self._trunks.close()
