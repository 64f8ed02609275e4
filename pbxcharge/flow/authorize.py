"""The answer to “may this call be made?”: refuse early, hold credit durably, then say yes."""

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from pbxcharge.core.account import Account
from pbxcharge.core.attempt import Attempt, Granted, Leg
from pbxcharge.core.authorization import Asked, Denial, Offer, Reason, authorize
from pbxcharge.core.call import Call
from pbxcharge.core.cdr import Cdr, Disposition
from pbxcharge.core.credit import Close, Outcome, Payer, Refused, Reserve, Reserved
from pbxcharge.core.effects import CallClosed, CallSaved, Effect
from pbxcharge.core.money import MICROS
from pbxcharge.core.number import NumberRule
from pbxcharge.core.plan import Plan
from pbxcharge.core.rating import Rating, rating_id
from pbxcharge.core.settlement import blank_cdr
from pbxcharge.errors import OperatingError, Overloaded, StorageDown
from pbxcharge.failpoints import Failpoint, reach
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.journal import Journal
from pbxcharge.flow.meter import Meter
from pbxcharge.flow.ports import Directory, Site, Writer
from pbxcharge.flow.refusals import Refusals

ANSWER_WITHIN_S = 0.9
"""A caller is told within a second, or refused; the rest of it is the way to Asterisk."""
VOID_RETRY_S = 1.0
RATINGS_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Ask:
    """An attempt as Asterisk tells it."""

    endpoint: str
    dialled: str
    call_type: str
    linkedid: str
    caller: Leg


@dataclass(slots=True)
class Prices:
    """The plans in force and how this site's dialled strings become E.164.

    There is one in a process. A reload changes it in place, so whoever decides reads it at that
    instant and keeps no part of it.
    """

    plans: Mapping[str, Plan]
    rules: tuple[NumberRule, ...]

    def become(self, fresh: "Prices") -> None:
        """Put everything that was read anew into force, in one step."""
        for part in fields(self):
            setattr(self, part.name, getattr(fresh, part.name))


class Authorizer:
    """Decides attempts. `stopping` refuses every new one.

    Args:
        directory: who owns an endpoint.
        prices: what calls cost.
        writer: the one writer, which is also the credit engine.
        meter: takes over what is allowed.
        site: settings.
        clock: the two clocks.
        journal: the live cost log.
        refusals: records of what is refused.
    """

    def __init__(
        self,
        directory: Directory,
        prices: Prices,
        writer: Writer,
        meter: Meter,
        site: Site,
        clock: Clock,
        journal: Journal,
        refusals: Refusals,
    ) -> None:
        self._directory = directory
        self._prices = prices
        self._writer = writer
        self._meter = meter
        self._site = site
        self._clock = clock
        self._journal = journal
        self._refusals = refusals
        self._rating_ids: dict[tuple[tuple[str, str, str], ...], tuple[Rating, str]] = {}
        self.stopping = False

    async def decide(self, ask: Ask) -> Call | Denial:
        """A call whose first slice is held on disk and which is metered from now on, or why not."""
        zero_ms = self._clock.mono_ms()
        attempt = self._attempt(ask)
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                chain = await self._chain(ask.endpoint)
                attempt = _paid_by(attempt, chain)
                decided = self._closed() or await self._decide(attempt, chain)
        except Overloaded:
            decided = Denial(Reason.OVERLOADED)
        except (OperatingError, TimeoutError):
            decided = Denial(Reason.STORAGE_DOWN)
        if isinstance(decided, Denial):
            await self._refuse(attempt, decided, zero_ms)
        else:
            self._meter.admit(decided, zero_ms)
            self._tell_authorized(decided)
        return decided

    async def _decide(self, attempt: Attempt, chain: tuple[Account, ...]) -> Call | Denial:
        offer = self._offer(attempt, chain)
        if isinstance(offer, Denial):
            return offer
        granted = self._granted(attempt, offer)
        outcome = await self._hold(granted, offer)
        if isinstance(outcome, Refused):
            return _refused_by_engine(outcome, granted)
        try:
            denied = await self._no_longer_allowed(chain, attempt)
        except BaseException:
            # Too late, or storage is away: whatever it was, nobody will say yes to this hold.
            self._void(attempt)
            raise
        if denied is not None:
            self._void(attempt)
        return denied or _call(granted, outcome)

    def _closed(self) -> Denial | None:
        """Why nobody at all is let in, whoever asks for whatever."""
        if not self._writer.healthy:
            return Denial(Reason.STORAGE_DOWN)
        return Denial(Reason.STOPPING) if self.stopping else None

    def _offer(self, attempt: Attempt, chain: tuple[Account, ...]) -> Offer | Denial:
        asked = Asked(attempt.endpoint, attempt.dialled, attempt.call_type)
        return authorize(asked, chain, self._prices.plans, self._prices.rules)

    async def _no_longer_allowed(
        self, chain: tuple[Account, ...], attempt: Attempt
    ) -> Denial | None:
        """Whoever was suspended while the hold was written is found out here, before the yes."""
        now = await self._chain(attempt.endpoint)
        if now == chain and not self.stopping:
            return None
        again = self._closed() or self._offer(attempt, now)
        return again if isinstance(again, Denial) else Denial(Reason.OVERLOADED)

    async def _chain(self, endpoint: str) -> tuple[Account, ...]:
        payer = await self._directory.payer(endpoint)
        return payer[1] if payer else ()

    def _tell_authorized(self, call: Call) -> None:
        attempt = call.granted.attempt
        self._journal.tell(
            "authorized",
            call,
            type=str(attempt.call_type),
            endpoint=attempt.endpoint,
            destination=call.granted.rating.levels[0].rate.destination,
            paid_s=call.through_s,
        )

    async def _hold(self, granted: Granted, offer: Offer) -> Reserved | Refused:
        """Hold the first slice; if the answer comes too late, what it held is given back."""
        attempt = granted.attempt
        reserve = Reserve(
            call_id=attempt.call_id,
            step=1,
            payers=tuple(
                Payer(level.wallet_id, rated.rate, rated.limits)
                for level, rated in zip(offer.levels, offer.rating.levels, strict=True)
            ),
            least_s=offer.least_s,
            want_s=offer.want_s,
            lease_from_us=attempt.setup_at_us + self._site.ring_s * MICROS,
            node=self._site.pbx,
            at_us=attempt.setup_at_us,
        )
        reach(Failpoint.BEFORE_HOLD)
        future = self._writer.submit((reserve,), lambda outcomes: _kept(granted, outcomes))
        try:
            (outcome,) = await asyncio.shield(future)
        except asyncio.CancelledError:
            future.add_done_callback(lambda late: self._void_late(attempt, late))
            raise
        except StorageDown:
            # It may be on disk after all.
            self._void(attempt)
            raise
        reach(Failpoint.AFTER_HOLD)
        assert isinstance(outcome, Reserved | Refused)  # noqa: S101 - what a Reserve answers
        return outcome

    def _void_late(self, attempt: Attempt, future: "asyncio.Future[tuple[Outcome, ...]]") -> None:
        if not future.cancelled() and future.exception() is None:
            self._void(attempt)

    def _void(self, attempt: Attempt) -> None:
        """Give back a hold whose call was never let through; repeated until it is durable."""
        close = Close(attempt.call_id, (), self._clock.wall_us(), "authorize")
        future = self._writer.submit((close,), [CallClosed(attempt.call_id)])
        future.add_done_callback(lambda done: self._void_again(attempt, done))

    def _void_again(self, attempt: Attempt, future: "asyncio.Future[tuple[Outcome, ...]]") -> None:
        if not future.cancelled() and future.exception() is not None:
            asyncio.get_running_loop().call_later(VOID_RETRY_S, self._void, attempt)

    def _granted(self, attempt: Attempt, offer: Offer) -> Granted:
        rating, stored_id = self._rating(offer.rating)
        return Granted(
            attempt=replace(attempt, number=offer.number),
            levels=offer.levels,
            rating=rating,
            rating_id=stored_id,
            ring_s=self._site.ring_s,
            renew_lead_ms=self._site.renew_lead_ms,
        )

    def _rating(self, rating: Rating) -> tuple[Rating, str]:
        """The rating and its hash, worked out once for each plan version and prefix."""
        key = tuple((lvl.plan, lvl.plan_version, lvl.rate.prefix) for lvl in rating.levels)
        if key not in self._rating_ids:
            if len(self._rating_ids) >= RATINGS_KEPT:
                self._rating_ids.clear()
            self._rating_ids[key] = (rating, rating_id(rating.canonical()))
        return self._rating_ids[key]

    def _attempt(self, ask: Ask) -> Attempt:
        now_us = self._clock.wall_us()
        return Attempt(
            call_id=new_call_id(now_us),
            pbx=self._site.pbx,
            linkedid=ask.linkedid,
            caller=ask.caller,
            call_type=ask.call_type,
            endpoint=ask.endpoint,
            dialled=ask.dialled,
            number=None,
            account_id=None,
            organization_id=None,
            setup_at_us=now_us,
        )

    async def _refuse(self, attempt: Attempt, denial: Denial, zero_ms: int) -> None:
        """Record a refusal before it is told: the dialplan notes only those nobody told it."""
        known = replace(attempt, number=denial.number)
        cdr = refused_cdr(known, str(denial.reason), self._site.currency)
        recorded = self._refusals.record(cdr)
        self._journal.tell(
            "refused",
            call_id=attempt.call_id,
            account=attempt.account_id,
            organization=attempt.organization_id,
            number=denial.number,
            type=str(attempt.call_type),
            endpoint=attempt.endpoint,
            dialled=attempt.dialled,
            reason=str(denial.reason),
            refused_by=denial.account_id,
            sip_code=denial.reason.sip_code,
        )
        if self._writer.healthy:
            # The caller does not wait longer for it than for a yes.
            left_ms = ANSWER_WITHIN_S * 1000 - (self._clock.mono_ms() - zero_ms)
            await asyncio.wait((recorded,), timeout=max(0.0, left_ms / 1000))


def new_call_id(now_us: int) -> str:
    """A call id: 12 hexadecimal digits of the millisecond, so that ids sort by time, and chance."""
    return f"{now_us // 1000:012x}{secrets.token_hex(5)}"


def refused_cdr(attempt: Attempt, reason: str, currency: str) -> Cdr:
    """The record of an attempt that was not allowed."""
    blank = blank_cdr(attempt, currency, Disposition.NOT_ALLOWED)
    return replace(blank, reason=reason, ended_at_us=attempt.setup_at_us)


def _paid_by(attempt: Attempt, chain: tuple[Account, ...]) -> Attempt:
    if not chain:
        return attempt
    return replace(attempt, account_id=chain[0].account_id, organization_id=chain[0].parent_id)


def _call(granted: Granted, reserved: Reserved) -> Call:
    return Call(granted, reserved.step, reserved.through_s, short=reserved.short)


def _kept(granted: Granted, outcomes: tuple[Outcome, ...]) -> list[Effect]:
    """The call is stored with its hold; a refusal stores nothing here."""
    (outcome,) = outcomes
    return [CallSaved(_call(granted, outcome))] if isinstance(outcome, Reserved) else []


def _refused_by_engine(refused: Refused, granted: Granted) -> Denial:
    """A limit or the credit of one level: the engine's words are reasons of the same name."""
    number = granted.attempt.number
    level = next(lvl for lvl in granted.levels if lvl.wallet_id == refused.wallet_id)
    return Denial(Reason(refused.why), level.account_id, number)
