"""The watchdog over trunks: a leg that leads out of the house without a grant is hung up.

Asterisk tells of every leg that it dials (`Newchannel`), and a moment later who dialled it and what
(`DialBegin`). A leg of a trunk whose dialling channel was granted no such call ends at once; one of
which nobody says who dialled it ends half a second later, and one that was dialled while the daemon
was away at the next look at all channels. Emergency calls are let through always.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Protocol

from pbxcharge.asterisk.ami_lists import StatusEntry
from pbxcharge.asterisk.events import (
    DialBegin,
    DialEvent,
    Event,
    Hangup,
    LegCreated,
    LegEvent,
    UserEvent,
)
from pbxcharge.core.call import Call
from pbxcharge.core.dialling import Routing, endpoint_of
from pbxcharge.core.trunks import (
    EMERGENCY_CALL,
    Standing,
    TrunkLeg,
    may_become_granted,
    number_dialled,
    route,
    standing,
)
from pbxcharge.errors import AmiRefused, ChannelGone, OperatingError
from pbxcharge.flow.journal import Journal
from pbxcharge.flow.meter import Meter
from pbxcharge.logger import Logger

GRACE_S = 0.5
"""DialBegin follows Newchannel within milliseconds."""


class TrunkAsterisk(Protocol):
    """What is asked of Asterisk; each raises AmiDown or AmiRefused."""

    async def hang_up(self, uniqueid: str, cause: int = 16) -> None:
        """End the channel now."""
        ...

    async def number_reached(self, channel: str) -> str | None:
        """The number that a channel has called from here; None if it has called us."""
        ...


@dataclass(frozen=True, slots=True)
class Trunks:
    """What the site says of its trunks.

    Args:
        endpoints: those that lead out of the house.
        routing: over which of them public numbers are dialled.
    """

    endpoints: frozenset[str]
    routing: Routing


class TrunkWatch:
    """Watches every leg that is dialled over a trunk. `counts` has what became of them.

    Args:
        trunks: of the site.
        meter: the live calls.
        asked_by: the live call that a channel has asked for last.
        asterisk: actions.
        journal: told of every leg that was granted to nobody.
        log: for the operator.
        look: has all channels looked at soon.
    """

    def __init__(
        self,
        trunks: Trunks,
        meter: Meter,
        asked_by: Callable[[str], Call | None],
        asterisk: TrunkAsterisk,
        journal: Journal,
        log: Logger,
        look: Callable[[], None],
    ) -> None:
        self._trunks = trunks
        self._meter = meter
        self._asked_by = asked_by
        self._asterisk = asterisk
        self._journal = journal
        self._log = log
        self._look = look
        self._emergency: set[str] = set()
        self._new: dict[str, asyncio.TimerHandle] = {}
        self._rescues: set[str] = set()
        self._cleared: set[str] = set()
        self._refused: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.counts: Counter[str] = Counter()

    def learn_emergency(self, dials: Iterable[str]) -> None:
        """Let through what is dialled so for an emergency, such as `PJSIP/112@carrier`.

        None is ever forgotten: the dialplan may put through what a new list has no more.
        """
        self._emergency.update(route(dial).number for dial in dials)

    def hear(self, event: Event) -> bool:
        """Take an event; False if it is about a leg that no call may take for its own.

        Cheap: it stands in the AMI connection's path.
        """
        if isinstance(event, LegEvent):
            refused = event.uniqueid in self._refused
            self._hear(event)
            return not refused
        self._hear(event)
        return not (isinstance(event, DialEvent) and event.dest_uniqueid in self._refused)

    def _hear(self, event: Event) -> None:
        match event:
            case LegCreated(channel_state=0):
                if self._trunk(event.channel) is not None:
                    self._expect(event.uniqueid, event.channel)
            case DialBegin():
                if (trunk := self._trunk(event.dest_channel)) is not None:
                    self._dialled(event, trunk)
            case Hangup():
                self._forget(event.uniqueid)
            case UserEvent(name="PbxchargeEmergency", uniqueid=str(uniqueid)):
                # A paid leg that was sent to an emergency number: from now on nothing may end it.
                self._rescues.add(uniqueid)
            case _:
                pass

    async def inspect(self, entries: Sequence[StatusEntry]) -> tuple[StatusEntry, ...]:
        """Judge the trunk legs that were never judged; what is left are those that may stay.

        A leg that turns out to be an emergency call's says so in what is returned, whatever its
        variable says.
        """
        present = {entry.uniqueid for entry in entries}
        self._rescues &= present
        self._cleared &= present
        self._refused &= present
        unknown = {
            entry.uniqueid: number
            for entry in entries
            if self._is_unknown(entry) and (number := await self._number(entry)) is not None
        }
        self._rescues.update(u for u, number in unknown.items() if number in self._emergency)
        with_rescue = {entry.linkedid for entry in entries if entry.uniqueid in self._rescues}
        self._rescues.update(
            entry.uniqueid
            for entry in entries
            if entry.call_id == EMERGENCY_CALL and entry.linkedid in with_rescue
        )
        at_home = {e.call_id for e in entries if e.uniqueid in unknown and self._is_beside(e)}
        shown = (self._shown(entry, unknown.get(entry.uniqueid), at_home) for entry in entries)
        return tuple(entry for entry in shown if entry is not None)

    async def close(self) -> None:
        """Judge nothing any more."""
        for timer in self._new.values():
            timer.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # What Asterisk tells.

    def _trunk(self, channel: str) -> str | None:
        endpoint = endpoint_of(channel)
        return endpoint if endpoint in self._trunks.endpoints else None

    def _expect(self, uniqueid: str, channel: str) -> None:
        loop = asyncio.get_running_loop()
        self._new[uniqueid] = loop.call_later(GRACE_S, self._overdue, uniqueid, channel)

    def _forget(self, uniqueid: str) -> None:
        self._rescues.discard(uniqueid)
        self._cleared.discard(uniqueid)
        self._refused.discard(uniqueid)
        if (timer := self._new.pop(uniqueid, None)) is not None:
            timer.cancel()

    def _dialled(self, event: DialBegin, trunk: str) -> None:
        self._forget(event.dest_uniqueid)
        number = number_dialled(event.dial_string)
        leg = TrunkLeg(event.dest_uniqueid, trunk, number, event.uniqueid)
        self._judge(leg, event.dest_channel, event.channel)

    def _overdue(self, uniqueid: str, channel: str) -> None:
        """Nobody has told who dialled it."""
        del self._new[uniqueid]
        self._start(self._judge_untold(uniqueid, channel))

    async def _judge_untold(self, uniqueid: str, channel: str) -> None:
        trunk = self._trunk(channel) or ""
        number = await self._asterisk.number_reached(uniqueid)
        leg = TrunkLeg(uniqueid, trunk, number or "", None)
        if number is None or uniqueid in self._new or self._is_metered(uniqueid):
            return
        if self._awaits(leg):
            self._expect(uniqueid, channel)
        else:
            self._judge(leg, channel, None)

    # What is decided.

    def _judge(self, leg: TrunkLeg, channel: str, caller: str | None) -> None:
        call = None if leg.caller is None else self._asked_by(leg.caller)
        what, why = standing(leg, call, self._trunks.routing, self._emergency)
        self.counts[what] += 1
        if what is Standing.UNAUTHORIZED:
            self._refuse(leg, channel, caller, why)
        elif what is Standing.EMERGENCY:
            self._rescues.add(leg.uniqueid)

    def _refuse(self, leg: TrunkLeg, channel: str, caller: str | None, why: str) -> None:
        self._refused.add(leg.uniqueid)
        self._start(self._end(leg.uniqueid))
        self._journal.tell(
            "unauthorized leg",
            trunk=leg.trunk,
            number=leg.number,
            channel=channel,
            uniqueid=leg.uniqueid,
            dialled_by=caller,
            reason=why,
            count=self.counts[Standing.UNAUTHORIZED],
        )

    async def _end(self, uniqueid: str) -> None:
        with suppress(ChannelGone):
            await self._asterisk.hang_up(uniqueid)

    # What a look shows.

    def _is_metered(self, uniqueid: str) -> bool:
        return any(
            live.call.leg is not None and live.call.leg.uniqueid == uniqueid
            for live in self._meter.calls()
        )

    def _is_unknown(self, entry: StatusEntry) -> bool:
        """Whether it is a trunk's, was never judged, and is not the leg that its call has."""
        judged = self._rescues | self._cleared | self._refused | self._new.keys()
        if entry.uniqueid in judged or self._trunk(entry.channel) is None:
            return False
        live = self._meter.get(entry.call_id)
        leg = live.call.leg if live else None
        return leg is None or leg.uniqueid != entry.uniqueid

    async def _number(self, entry: StatusEntry) -> str | None:
        """What it was dialled to; None if nothing is to be judged: it is gone, or has called us."""
        try:
            number = await self._asterisk.number_reached(entry.uniqueid)
        except ChannelGone:
            return None
        except AmiRefused as error:
            self._log.warning("trunk leg not judged", channel=entry.channel, error=str(error))
            return None
        if number is None:
            self._cleared.add(entry.uniqueid)
        return number

    def _is_beside(self, entry: StatusEntry) -> bool:
        """Whether it is in the conversation from which its call was asked for."""
        live = self._meter.get(entry.call_id)
        return live is not None and live.call.granted.attempt.linkedid == entry.linkedid

    def _shown(
        self, entry: StatusEntry, number: str | None, at_home: set[str | None]
    ) -> StatusEntry | None:
        """What a leg turns out to be; None if it was granted to nobody, and ends.

        If several legs name one call of which none is known, the call's is the one that is
        `at_home`: in the conversation from which it was asked for.
        """
        if entry.uniqueid in self._rescues:
            return replace(entry, call_id=EMERGENCY_CALL)
        if entry.uniqueid in self._refused:
            # It is still there: the action that ends it may not have reached Asterisk.
            self._start(self._end(entry.uniqueid))
            return None
        if number is None:
            return entry
        leg = TrunkLeg(entry.uniqueid, self._trunk(entry.channel) or "", number, None)
        live = self._meter.get(entry.call_id)
        twin = entry.call_id in at_home and not self._is_beside(entry)
        if live and not twin and may_become_granted(leg, live.call, self._trunks.routing):
            return entry
        if entry.call_id is None and self._awaits(leg):
            self._look()
            return entry
        if live is None and entry.call_id not in (None, EMERGENCY_CALL):
            return entry  # The leg of a call that is settled: it is ended as such.
        self.counts[Standing.UNAUTHORIZED] += 1
        self._refuse(leg, entry.channel, None, "found without a grant")
        return None

    def _awaits(self, leg: TrunkLeg) -> bool:
        """Whether a call was granted that has no leg yet and may mean this one."""
        routing = self._trunks.routing
        return any(may_become_granted(leg, live.call, routing) for live in self._meter.calls())

    def _start(self, act: Coroutine[Any, Any, None]) -> None:
        """Do something beside the events; what fails is done at the next look."""
        task = asyncio.ensure_future(self._guarded(act))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, act: Coroutine[Any, Any, None]) -> None:
        try:
            await act
        except ChannelGone:
            return
        except OperatingError as error:
            self._log.warning("trunk leg not ended", error=str(error))
            self._look()
