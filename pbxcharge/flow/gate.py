"""One FastAGI session: a caller waits before the gate for a verdict."""

import asyncio
from collections.abc import Mapping
from typing import Protocol

from pbxcharge.asterisk.agi_protocol import AgiRequest, parse_authorize
from pbxcharge.asterisk.agi_session import AgiSession
from pbxcharge.core.attempt import Granted, Leg
from pbxcharge.core.authorization import Denial
from pbxcharge.core.call import Call
from pbxcharge.core.resolution import Way
from pbxcharge.errors import AgiError, AgiHangup, OperatingError
from pbxcharge.failpoints import Failpoint, reach
from pbxcharge.flow.announce import NOTHING_TOLD, Allowed, announced
from pbxcharge.flow.authorize import Ask
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.phone_features import PhoneFeatures
from pbxcharge.flow.ports import Site
from pbxcharge.flow.prices import Prices
from pbxcharge.flow.routing import Question
from pbxcharge.flow.spool import FAMILY, Spool
from pbxcharge.logger import Logger

DELETIONS = 2
"""Spool entries deleted in one session, while the hold is being written: more than calls write."""


FEATURES = 2
"""Phones whose features are written in one session, beside those that the call is about."""

_DIALS = ("PBXC_DIAL", "PBXC_DIAL2", "PBXC_DIAL3", "PBXC_DIAL4")
"""A trunk each, in the order in which they are tried: WAYS_MAX of them."""


class Decider(Protocol):
    """Who decides attempts."""

    async def decide(self, ask: Ask) -> Allowed | Denial:
        """A call that is held and metered, or why not."""
        ...


class Callers(Protocol):
    """Who watches the channels that asked, and looks for calls that may have come to nothing."""

    def expect_caller(self, uniqueid: str, call_id: str) -> None:
        """This channel asked for this call."""
        ...

    def want(self) -> None:
        """Look soon."""
        ...


class Gate:
    """Answers `authorize`: exactly one command sets every variable, the verdict last."""

    def __init__(
        self,
        decider: Decider,
        spool: Spool,
        callers: Callers,
        site: Site,
        prices: Prices,
        clock: Clock,
        log: Logger,
        features: PhoneFeatures | None = None,
    ) -> None:
        self._decider = decider
        self._spool = spool
        self._callers = callers
        self._site = site
        self._prices = prices
        self._clock = clock
        self._log = log
        self._features = features

    async def authorize(self, request: AgiRequest, session: AgiSession) -> None:
        """Decide one attempt and tell Asterisk.

        Raises:
            AgiError: the request or an answer was malformed.
            AgiHangup: the caller is gone; what was held is given back by recovery.
        """
        asked = parse_authorize(request)
        reach(Failpoint.QUESTION_READ)
        dials = self._prices.emergency.get(asked.number)
        if dials is not None and Way(asked.way) is Way.OUTGOING:
            await self._rescue(session, asked.number, dials)
            return
        await _see_who_left(session)
        self._spool.asked(asked.uniqueid, self._clock.wall_us())
        question = Question(Way(asked.way), asked.endpoint, asked.number, asked.caller_number)
        caller = Leg(asked.uniqueid, asked.channel)
        ask = Ask(question, asked.linkedid, caller, asked.access, asked.forwarded)
        deciding = asyncio.ensure_future(self._decider.decide(ask))
        try:
            await self._delete_settled(session)
        finally:
            decided = await deciding
            if isinstance(decided, Allowed):
                self._callers.expect_caller(asked.uniqueid, decided.call.call_id)
        reach(Failpoint.BEFORE_VERDICT)
        try:
            await self._tell_features(session, asked.endpoint, decided)
            await session.set_variables(self._variables(decided))
        except (OperatingError, TimeoutError):
            self._callers.want()
            raise
        reach(Failpoint.AFTER_VERDICT)
        if session.hungup:
            self._callers.want()

    async def _rescue(self, session: AgiSession, number: str, dials: str) -> None:
        """Never refuse what the dialplan should not have asked for: its list is an old one."""
        self._log.error(
            "emergency number asked for, Asterisk's dialplan lacks it",
            number=number,
            hint="pbxcharge dialplan emergency writes the file; reload the dialplan",
        )
        await session.set_variables(_verdict("EMERGENCY", PBXC_DIAL=dials))

    async def _tell_features(
        self, session: AgiSession, endpoint: str, decided: Allowed | Denial
    ) -> None:
        """Before the call goes on, its phones have in Asterisk's database what products say."""
        if self._features is not None:
            attempt = decided.call.granted.attempt if isinstance(decided, Allowed) else None
            callee = attempt.callee_endpoint if attempt else None
            try:
                await self._features.write(session, endpoint, callee, more=FEATURES)
            except AgiError as error:
                # No feature is worth a call: whoever hung up is noticed by the verdict.
                self._log.warning("features of a phone not written", error=str(error))

    async def _delete_settled(self, session: AgiSession) -> None:
        for key in self._spool.take_done(DELETIONS):
            await session.database_del(FAMILY, key)
            reach(Failpoint.SPOOL_DELETED)

    def _variables(self, decided: Allowed | Denial) -> dict[str, str]:
        if isinstance(decided, Denial):
            return _verdict("DENY", PBXC_SIPCODE=str(decided.sip_code))
        return self._allow(decided.call, announced(decided))

    def _allow(self, decided: Call, told: Mapping[str, str]) -> dict[str, str]:
        ring_s, slice_s = self._site.ring_s, decided.through_s
        attempt = decided.granted.attempt
        return _verdict(
            "ALLOW",
            PBXC_CALL=decided.call_id,
            **self._dials(decided.granted),
            PBXC_TO=attempt.callee_endpoint or "",
            PBXC_TYPE=str(attempt.call_type),
            PBXC_RING_S=str(ring_s),
            PBXC_RING_LEASE_S=str(ring_s + slice_s),
            PBXC_LEASE_S=str(slice_s),
            **told,
        )

    def _dials(self, granted: Granted) -> dict[str, str]:
        """What the dialplan is to call: a phone, a context, or the number by each trunk in turn.

        A context that is called from inside is dialled through a Local channel, which is the
        metered leg; a trunk's channel is metered itself and goes into the context as it is.
        """
        attempt = granted.attempt
        number = attempt.number or ""
        if attempt.callee_endpoint:
            return {"PBXC_DIAL": f"PJSIP/{attempt.callee_endpoint}"}
        if attempt.callee_context:
            context = attempt.callee_context
            return {"PBXC_DIAL": context if attempt.incoming else f"Local/{number}@{context}/n"}
        ways = self._site.routing.ways(number)
        dials = (way.dial for way in ways if way.trunk in granted.trunks)
        return dict(zip(_DIALS, dials, strict=False))


async def _see_who_left(session: AgiSession) -> None:
    """A daemon that stood still for a while finds questions of callers who were refused long since.

    Nothing is held for them. Their end comes one turn of the loop after their question.
    """
    await asyncio.sleep(0)
    if session.hungup:
        raise AgiHangup("the caller was gone before the question was read")


_NO_VERDICT = {
    "PBXC_CALL": "",
    **dict.fromkeys(_DIALS, ""),
    "PBXC_TO": "",
    "PBXC_TYPE": "",
    "PBXC_RING_S": "0",
    "PBXC_RING_LEASE_S": "0",
    "PBXC_LEASE_S": "0",
    **NOTHING_TOLD,
    "PBXC_SIPCODE": "0",
}
"""Every variable is set each time, so that nothing is left of an earlier verdict."""


def _verdict(word: str, **variables: str) -> dict[str, str]:
    """The variables in their order; the word comes last."""
    return {**_NO_VERDICT, **variables, "PBXC_VERDICT": word}
