"""The spool: what Asterisk's dialplan wrote down while nobody listened."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from pbxcharge.asterisk.ami_lists import SpoolDeny, SpoolEmergency, SpoolEnd, SpoolEntry
from pbxcharge.core.attempt import Attempt, Leg
from pbxcharge.core.cdr import EMERGENCY, Cdr, EndSource
from pbxcharge.core.disposition import Disposition
from pbxcharge.core.effects import CdrWritten
from pbxcharge.core.plan import CallType
from pbxcharge.core.recovery import Written
from pbxcharge.core.resolution import Way
from pbxcharge.core.settlement import blank_cdr, talk_seconds
from pbxcharge.errors import WriteRefused
from pbxcharge.flow.attempts import refused_cdr, with_route
from pbxcharge.flow.journal import Journal
from pbxcharge.flow.ports import Directory, Site, Writer
from pbxcharge.flow.prices import Prices
from pbxcharge.flow.routing import Question, Resolved, resolve
from pbxcharge.logger import Logger

FAMILY = "pbxcharge"
KEYS_MAX = 100_000
EMERGENCY_KEY = "-emergency"
"""Ends the key of an emergency call: the bare Uniqueid may be that of a paid leg's end."""
DAEMON_AWAY = "daemon_away"
"""The reason of attempts that the dialplan refused by itself, with a 503."""
NUMBER_INVALID = "number_invalid"
REFUSED_CAUSE = 34
"""Q.850 `no circuit available`: what a 503 is."""
TOLERANCE_US = 2_000_000
"""Two witnesses of one end that are no further apart than this agree."""
SAME_ATTEMPT_US = 5_000_000
"""The dialplan gives up 3 s after its question: a record of the same channel that was set up no
further from its refusal than this is of the same attempt."""


class Reader(Protocol):
    """Who can read the spool: raises AmiDown or AmiRefused."""

    async def db_get_tree(self, family: str) -> Sequence[SpoolEntry]:
        """Every entry."""
        ...


class Records(Protocol):
    """Who knows which calls have their record."""

    async def cdr(self, call_id: str) -> Cdr | None:
        """The durable record of this call."""
        ...

    async def has_attempt(
        self, pbx: str, caller_uniqueid: str, since_us: int, until_us: int
    ) -> bool:
        """Whether an attempt of this channel, set up in that time, has its durable record."""
        ...


class Spool:
    """Reads entries, makes records of attempts that the daemon did not see, names what may go.

    An entry is deleted only when what it says is durable, and by the next FastAGI session, since
    the AMI user must not have the right to delete (it is the right to load modules, too).
    """

    def __init__(
        self,
        reader: Reader,
        records: Records,
        directory: Directory,
        writer: Writer,
        site: Site,
        prices: Prices,
        journal: Journal,
        log: Logger,
    ) -> None:
        self._reader = reader
        self._records = records
        self._directory = directory
        self._writer = writer
        self._site = site
        self._prices = prices
        self._journal = journal
        self._log = log
        self._done: deque[str] = deque(maxlen=KEYS_MAX)
        self._durable: set[str] = set()
        self._asked_us: dict[str, int] = {}
        self._unexplained: set[str] = set()

    def settled(self, uniqueid: str) -> None:
        """The end of this leg is durable; its entry may go."""
        self._done.append(uniqueid)

    def asked(self, uniqueid: str, at_us: int) -> None:
        """The daemon has read this channel's question: the record of that attempt is its own."""
        if len(self._asked_us) >= KEYS_MAX:
            self._asked_us.pop(next(iter(self._asked_us)))
        self._asked_us[uniqueid] = at_us

    def take_done(self, count: int) -> list[str]:
        """Up to so many keys that may be deleted now."""
        return [self._done.popleft() for _ in range(min(count, len(self._done)))]

    async def read(self, undialled: Callable[[], Mapping[str, str]]) -> dict[str, Written]:
        """The ends that are written down, by call id; other entries get their records here.

        Args:
            undialled: the open calls of which no leg is known, by the channels that asked. If the
                dialplan refused one, since the yes did not reach it, that is its end.

        Raises:
            AmiDown, AmiRefused: Asterisk did not answer.
            StorageDown: a record could not be written; its entry stays.
        """
        entries = await self._reader.db_get_tree(FAMILY)
        self._done.clear()
        # Thousands may wait for their deletion; what was durable once is not asked for again.
        self._durable &= {entry.uniqueid for entry in entries}
        ends: dict[str, Written] = {}
        asked = undialled()
        for entry in entries:
            if entry.uniqueid in self._durable:
                self.settled(entry.uniqueid)
            elif isinstance(entry, SpoolEnd):
                await self._end(entry, ends)
            elif isinstance(entry, SpoolDeny) and entry.uniqueid in asked:
                ends.setdefault(asked[entry.uniqueid], _refused_end(entry))
            elif entry.uniqueid in self._unexplained:
                continue
            elif isinstance(entry, SpoolDeny | SpoolEmergency):
                await self._record(entry)
            else:
                self._unexplained.add(entry.uniqueid)
                self._log.warning("spool entry unreadable", key=entry.uniqueid, why=entry.reason)
        return ends

    async def _end(self, entry: SpoolEnd, ends: dict[str, Written]) -> None:
        if (cdr := await self._records.cdr(entry.call_id)) is not None:
            self._tell_difference(entry, cdr)
            self._keep(entry.uniqueid)
            return
        written = Written(
            uniqueid=entry.uniqueid,
            answered_at_us=entry.answered_at_us,
            ended_at_us=entry.ended_at_us,
            cause=entry.cause,
            source=entry.hangup_source,
            channel=entry.channel,
        )
        known = ends.get(entry.call_id)
        if known is None or _how_late(known) < _how_late(written):
            ends[entry.call_id] = written

    def _tell_difference(self, entry: SpoolEnd, cdr: Cdr) -> None:
        """A better witness has decided; where the leg itself says something else, it is told.

        A leg over a trunk that did not put the call through says nothing of the call's end.
        """
        if cdr.uniqueid not in (None, entry.uniqueid):
            return
        late_us = entry.ended_at_us - (cdr.ended_at_us or entry.ended_at_us)
        if abs(late_us) > TOLERANCE_US:
            self._log.warning(
                "ends differ",
                call_id=cdr.call_id,
                end_source=str(cdr.end_source),
                spool_later_s=late_us / 1_000_000,
            )

    def _keep(self, uniqueid: str) -> None:
        self._durable.add(uniqueid)
        self.settled(uniqueid)

    async def _record(self, entry: SpoolDeny | SpoolEmergency) -> None:
        if isinstance(entry, SpoolDeny) and await self._is_recorded(entry):
            self._keep(entry.uniqueid)
            return
        if isinstance(entry, SpoolDeny) and self._is_awaited(entry):
            return
        attempt = await self._attempt(entry)
        if isinstance(entry, SpoolDeny):
            reason = NUMBER_INVALID if entry.sip_code == 404 else DAEMON_AWAY
            cdr = replace(
                refused_cdr(attempt, reason, self._site.currency), end_source=EndSource.SPOOL
            )
        elif await self._records.cdr(attempt.call_id) is not None:
            self._keep(entry.uniqueid)
            return
        else:
            cdr = _emergency_cdr(attempt, entry, self._site.currency)
        try:
            await self._writer.submit((), [CdrWritten(cdr)])
        except WriteRefused as error:
            # One entry that the books do not take must not keep all others from being read.
            self._unexplained.add(entry.uniqueid)
            self._log.error("spool entry not taken", key=entry.uniqueid, error=str(error))
        else:
            self._keep(entry.uniqueid)
            self._tell(cdr)

    def _tell(self, cdr: Cdr) -> None:
        """Say what went by unseen; whoever draws a day's calls would miss it."""
        of_kind = (
            {"disposition": str(cdr.disposition), "talk_s": cdr.talk_s}
            if cdr.reason is None
            else {"reason": cdr.reason}
        )
        self._journal.tell(
            "refused" if cdr.reason else "emergency",
            call_id=cdr.call_id,
            account=cdr.account_id,
            organization=cdr.organization_id,
            number=cdr.number,
            type=str(cdr.call_type),
            endpoint=cdr.endpoint,
            dialled=cdr.dialled,
            setup_at_us=cdr.setup_at_us,
            end_source=str(cdr.end_source),
            **of_kind,
        )

    async def _is_recorded(self, entry: SpoolDeny) -> bool:
        """Whether the daemon knew of the attempt, and only its answer was lost."""
        around = (entry.at_us - SAME_ATTEMPT_US, entry.at_us + SAME_ATTEMPT_US)
        return await self._records.has_attempt(self._site.pbx, entry.uniqueid, *around)

    def _is_awaited(self, entry: SpoolDeny) -> bool:
        """Whether the record of the attempt is on its way; the entry stays until it is there."""
        asked_us = self._asked_us.get(entry.uniqueid)
        return asked_us is not None and abs(entry.at_us - asked_us) <= SAME_ATTEMPT_US

    async def _attempt(self, entry: SpoolDeny | SpoolEmergency) -> Attempt:
        if isinstance(entry, SpoolEmergency):
            payer = await self._directory.payer(entry.endpoint)
            caller = Resolved(payer[1] if payer else (), None)
            return with_route(self._blank(entry, EMERGENCY, entry.setup_at_us), caller)
        incoming = entry.endpoint in self._site.trunks
        way = Way.INCOMING if incoming else Way.OUTGOING
        kind = CallType.INCOMING if incoming else CallType.PUBLIC
        question = Question(way, entry.endpoint, entry.number)
        trunks = self._site.trunks
        found = await resolve(question, self._directory, self._prices.numbering, trunks)
        blank = replace(self._blank(entry, kind, entry.at_us), direction=way)
        return with_route(blank, found)

    def _blank(self, entry: SpoolDeny | SpoolEmergency, kind: str, setup_at_us: int) -> Attempt:
        uniqueid = entry.uniqueid.removesuffix(EMERGENCY_KEY)
        return Attempt(
            call_id=f"{kind}-{self._site.pbx}-{uniqueid}",
            pbx=self._site.pbx,
            linkedid=uniqueid,
            caller=Leg(uniqueid, ""),
            call_type=kind,
            endpoint=entry.endpoint,
            dialled=entry.number,
            number=None,
            account_id=None,
            organization_id=None,
            setup_at_us=setup_at_us,
        )


def _how_late(written: Written) -> tuple[bool, int]:
    """The end of a ringing leg whose call another channel picked up is not the end of the call."""
    return written.answered_at_us is not None, written.ended_at_us


def _refused_end(entry: SpoolDeny) -> Written:
    """The end of a call that was allowed, but whose caller was told 503."""
    return Written(entry.uniqueid, None, entry.at_us, REFUSED_CAUSE, "")


def _emergency_cdr(attempt: Attempt, entry: SpoolEmergency, currency: str) -> Cdr:
    """An emergency call: always free, always recorded."""
    answered_at_us = entry.answered_at_us
    disposition = Disposition.NO_ANSWER if answered_at_us is None else Disposition.ANSWERED
    talk_s = 0 if answered_at_us is None else talk_seconds(entry.ended_at_us - answered_at_us, 100)
    return replace(
        blank_cdr(attempt, currency, disposition),
        answered_at_us=answered_at_us,
        ended_at_us=entry.ended_at_us,
        talk_s=talk_s,
        hangup_cause=entry.cause,
        end_source=EndSource.SPOOL,
    )
