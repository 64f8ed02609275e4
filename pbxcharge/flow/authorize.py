"""The answer to “may this call be made?”: refuse early, hold credit durably, then say yes."""

import asyncio
from collections.abc import Hashable
from dataclasses import dataclass, replace

from pbxcharge.core.account import Account
from pbxcharge.core.attempt import Attempt, Granted, Leg, PayingLevel
from pbxcharge.core.authorization import Denial, Offer, Reason, authorize
from pbxcharge.core.call import Call, granted_call
from pbxcharge.core.cdr import Cdr
from pbxcharge.core.credit import Close, Outcome, Refused, Reserve, Reserved
from pbxcharge.core.effects import CallClosed, CallSaved, CdrWritten, Effect
from pbxcharge.core.limits import Limits
from pbxcharge.core.money import MICROS
from pbxcharge.core.permission import access_of
from pbxcharge.core.plan import CallType
from pbxcharge.core.pricing import destination
from pbxcharge.core.rating import Rating, rating_id
from pbxcharge.core.resolution import Way
from pbxcharge.errors import OperatingError, Overloaded
from pbxcharge.failpoints import Failpoint, reach
from pbxcharge.flow.announce import Allowed
from pbxcharge.flow.attempts import (
    missing,
    new_call_id,
    parties,
    refused_cdr,
    with_route,
)
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.journal import Journal
from pbxcharge.flow.meter import Meter
from pbxcharge.flow.payers import payers
from pbxcharge.flow.ports import KnownDirectory, Site, Writer
from pbxcharge.flow.prices import Prices
from pbxcharge.flow.quotas import with_quotas
from pbxcharge.flow.refusals import Refusals
from pbxcharge.flow.routing import Question, Resolved, resolve
from pbxcharge.flow.zones import zone_name

ANSWER_WITHIN_S = 0.9
"""A caller is told within a second, or refused; the rest of it is the way to Asterisk."""
VOID_RETRY_S = 1.0
RATINGS_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Ask:
    """An attempt as Asterisk tells it.

    Args:
        question: what is asked.
        linkedid: in which conversation.
        caller: by which channel.
        access: by which context of the dialplan, or access code.
        forwarded: whether it goes on from an extension that has not dialled it.
    """

    question: Question
    linkedid: str
    caller: Leg
    access: str = ""
    forwarded: bool = False


class Authorizer:
    """Decides attempts. `stopping` refuses every new one.

    Args:
        directory: who owns an endpoint or a number.
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
        directory: KnownDirectory,
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
        self._rating_ids: dict[Hashable, tuple[Rating, str]] = {}
        self._held: set[str] = set()
        self.stopping = False

    async def decide(self, ask: Ask) -> Allowed | Denial:
        """A call whose first slice is held on disk and which is metered from now on, or why not."""
        zero_ms = self._clock.mono_ms()
        attempt = self._attempt(ask)
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                as_of = self._directory.changes
                resolved = await self._resolve(ask)
                attempt = with_route(attempt, resolved)
                decided = self._closed() or await self._decide(attempt, resolved, ask, as_of)
        except Overloaded:
            decided = Denial(Reason.OVERLOADED)
        except (OperatingError, TimeoutError):
            decided = Denial(Reason.STORAGE_DOWN)
        except asyncio.CancelledError:
            # Nobody waits for the verdict any more; what may be held for it is given back.
            self._deny(attempt, Denial(Reason.STOPPING))
            raise
        if isinstance(decided, Denial):
            await self._refuse(attempt, decided, zero_ms)
        else:
            self._held.discard(attempt.call_id)
            self._meter.admit(decided.call, zero_ms)
            self._tell_authorized(decided.call)
        return decided

    async def estimate(self, ask: Ask) -> Reserved | Refused | Denial:
        """What this call would be told if it were made now; nothing is held, and nobody counts it.

        Raises:
            OperatingError: nobody can say.
        """
        resolved = await self._resolve(ask)
        attempt = with_route(self._attempt(ask), resolved)
        offer = self._closed() or self._offer(resolved, attempt)
        if isinstance(offer, Denial):
            return offer
        first = self._first(await self._granted(attempt, offer, resolved), offer)
        (outcome,) = await self._writer.submit((replace(first, holds=False),))
        assert isinstance(outcome, Reserved | Refused)  # noqa: S101 - what a Reserve answers
        return outcome

    async def _decide(
        self, attempt: Attempt, resolved: Resolved, ask: Ask, as_of: int
    ) -> Allowed | Denial:
        in_force, offer = self._in_force(), self._offer(resolved, attempt)
        if isinstance(offer, Denial):
            return offer
        granted = await self._granted(attempt, offer, resolved)
        outcome = await self._hold(granted, offer)
        if isinstance(outcome, Refused):
            return _refused_by_engine(outcome, granted)
        others = self._directory.changes != as_of or self._in_force() != in_force
        changed = self.stopping or others
        denied = await self._no_longer_allowed(resolved, ask, attempt, offer) if changed else None
        return denied or Allowed.of(granted_call(granted, outcome), outcome)

    def _in_force(self) -> tuple[int, int]:
        """What a reload replaces, by its identity."""
        return id(self._prices.plans), id(self._prices.products)

    def _closed(self) -> Denial | None:
        """Why nobody at all is let in, whoever asks for whatever."""
        if not self._writer.healthy:
            return Denial(Reason.STORAGE_DOWN)
        return Denial(Reason.STOPPING) if self.stopping else None

    def _offer(self, resolved: Resolved, attempt: Attempt) -> Offer | Denial:
        prices = self._prices
        circumstances = prices.circumstances(
            resolved.route,
            attempt.endpoint,
            attempt.setup_at_us,
            self._site.ring_s,
            access_of(attempt),
        )
        return authorize(resolved.route, resolved.chain, prices.plans, circumstances)

    async def _no_longer_allowed(
        self, resolved: Resolved, ask: Ask, attempt: Attempt, offer: Offer
    ) -> Denial | None:
        """Whoever was suspended while the hold was written is found out here, before the yes.

        So is what a reload took away meanwhile, or limits otherwise; the price that is held stays.
        """
        now = await self._resolve(ask)
        again = self._closed() or self._offer(now, attempt)
        if isinstance(again, Denial):
            return again
        same = now == resolved and _limits(again) == _limits(offer)
        return None if same else Denial(Reason.OVERLOADED)

    async def _resolve(self, ask: Ask) -> Resolved:
        numbering = self._prices.numbering
        return await resolve(ask.question, self._directory, numbering, self._site.trunks)

    def _tell_authorized(self, call: Call) -> None:
        attempt, rating = call.granted.attempt, call.granted.rating
        self._journal.tell(
            "authorized",
            call,
            type=str(attempt.call_type),
            linkedid=attempt.linkedid,
            endpoint=attempt.endpoint,
            **parties(attempt),
            destination=destination(rating, rating.levels[0], call.trunk),
            paid_s=call.through_s,
        )

    async def _hold(self, granted: Granted, offer: Offer) -> Reserved | Refused:
        """Hold the first slice. What comes of it too late is given back by who refuses the call."""
        attempt, reserve = granted.attempt, self._first(granted, offer)
        reach(Failpoint.BEFORE_HOLD)
        self._held.add(attempt.call_id)
        future = self._writer.submit((reserve,), lambda outcomes: _kept(granted, outcomes))
        (outcome,) = await asyncio.shield(future)
        reach(Failpoint.AFTER_HOLD)
        assert isinstance(outcome, Reserved | Refused)  # noqa: S101 - what a Reserve answers
        if isinstance(outcome, Refused):
            self._held.discard(attempt.call_id)
        return outcome

    def _first(self, granted: Granted, offer: Offer) -> Reserve:
        attempt = granted.attempt
        return Reserve(
            call_id=attempt.call_id,
            step=1,
            payers=payers(granted, offer.sale.prices, attempt.setup_at_us, self._meter.months),
            least_s=offer.sale.least_s,
            want_s=offer.sale.want_s,
            lease_from_us=attempt.setup_at_us + granted.ringing_s * MICROS,
            node=self._site.pbx,
            at_us=attempt.setup_at_us,
            horizon_s=offer.sale.limit_s,
        )

    def _deny(self, attempt: Attempt, denial: Denial) -> "asyncio.Future[tuple[Outcome, ...]]":
        """Write the record of a refusal; in the same transaction goes back what may be held.

        A hold that was asked for may be on disk although its answer was lost or late: the writer
        decides in order, so this comes after it.
        """
        currency, reason = self._site.currency, str(denial.reason)
        feature = denial.feature and str(denial.feature)
        cdr = refused_cdr(attempt, reason, currency, denial.account_id, feature)
        if attempt.call_id not in self._held:
            return self._refusals.record(cdr)
        self._held.discard(attempt.call_id)
        return self._void(cdr)

    def _void(self, cdr: Cdr) -> "asyncio.Future[tuple[Outcome, ...]]":
        """Give back a hold whose call was never let through; repeated until it is durable."""
        close = Close(cdr.call_id, (), self._clock.wall_us(), "authorize")
        future = self._writer.submit((close,), [CdrWritten(cdr), CallClosed(cdr.call_id)])
        future.add_done_callback(lambda done: self._void_again(cdr, done))
        return future

    def _void_again(self, cdr: Cdr, future: "asyncio.Future[tuple[Outcome, ...]]") -> None:
        if not future.cancelled() and future.exception() is not None:
            asyncio.get_running_loop().call_later(VOID_RETRY_S, self._void, cdr)

    async def _granted(self, attempt: Attempt, offer: Offer, resolved: Resolved) -> Granted:
        rating, stored_id = self._rating(offer.rating)
        granted = Granted(
            attempt=attempt,
            levels=_with_zones(offer, resolved.chain, str(self._prices.zone)),
            rating=rating,
            rating_id=stored_id,
            ring_s=self._site.ring_s,
            renew_lead_ms=self._site.renew_lead_ms,
            trunks=self._trunks(attempt, rating),
        )
        limit_s = offer.sale.limit_s
        return await with_quotas(granted, resolved, self._directory, self._prices, limit_s)

    def _trunks(self, attempt: Attempt, rating: Rating) -> tuple[str, ...]:
        """Over which trunks it may leave the house, in the order in which they are tried.

        Where decks tell what a call costs, only over those that it can be priced on.
        """
        if attempt.call_type != CallType.PUBLIC:
            return ()
        ways = self._site.routing.ways(attempt.number or "")
        priced = {trunk.name for trunk in rating.trunks}
        return tuple(way.trunk for way in ways if not priced or way.trunk in priced)

    def _rating(self, rating: Rating) -> tuple[Rating, str]:
        """The rating and its hash, worked out once for each plan version, rate and hours.

        A rate that is known by its identity lives as long as the rating that is kept here.
        """
        key = (
            *((one.plan, one.plan_version, id(one.rate), one.timeline) for one in rating.levels),
            *((one.name, one.deck_version, id(one.rate)) for one in rating.trunks),
            rating.answer_within_s,
            rating.terms.slice_s,
        )
        if key not in self._rating_ids:
            if len(self._rating_ids) >= RATINGS_KEPT:
                self._rating_ids.clear()
            self._rating_ids[key] = (rating, rating_id(rating.canonical()))
        return self._rating_ids[key]

    def _attempt(self, ask: Ask) -> Attempt:
        now_us = self._clock.wall_us()
        question = ask.question
        incoming = question.way is Way.INCOMING
        return Attempt(
            call_id=new_call_id(now_us),
            pbx=self._site.pbx,
            linkedid=ask.linkedid,
            caller=ask.caller,
            call_type=CallType.INCOMING if incoming else CallType.PUBLIC,
            endpoint=question.endpoint,
            dialled=question.dialled,
            number=None,
            account_id=None,
            organization_id=None,
            setup_at_us=now_us,
            direction=question.way,
            caller_number=question.caller_number,
            access=ask.access,
            forwarded=ask.forwarded,
        )

    async def _refuse(self, attempt: Attempt, denial: Denial, zero_ms: int) -> None:
        """Record a refusal before it is told: the dialplan notes only those nobody told it."""
        recorded = self._deny(attempt, denial)
        self._journal.tell(
            "refused",
            None,
            call_id=attempt.call_id,
            account=attempt.account_id,
            organization=attempt.organization_id,
            number=denial.number,
            type=str(attempt.call_type),
            endpoint=attempt.endpoint,
            dialled=attempt.dialled,
            reason=str(denial.reason),
            **missing(denial),
            refused_by=denial.account_id,
            sip_code=denial.sip_code,
        )
        if self._writer.healthy:
            # The caller does not wait longer for it than for a yes.
            left_ms = ANSWER_WITHIN_S * 1000 - (self._clock.mono_ms() - zero_ms)
            await asyncio.wait((recorded,), timeout=max(0.0, left_ms / 1000))


def _with_zones(
    offer: Offer, chain: tuple[Account, ...], site_zone: str
) -> tuple[PayingLevel, ...]:
    """Who pays, and by whose clocks the months of monthly limits begin, should there be any."""
    above = {account.account_id: chain[place:] for place, account in enumerate(chain)}
    return tuple(
        replace(level, time_zone=zone_name(above[level.account_id], site_zone))
        for level in offer.levels
    )


def _limits(offer: Offer) -> list[Limits]:
    return [level.limits for level in offer.rating.levels]


def _kept(granted: Granted, outcomes: tuple[Outcome, ...]) -> list[Effect]:
    """The call is stored with its hold; a refusal stores nothing here."""
    (outcome,) = outcomes
    return [CallSaved(granted_call(granted, outcome))] if isinstance(outcome, Reserved) else []


def _refused_by_engine(refused: Refused, granted: Granted) -> Denial:
    """A limit or the credit of one level: the engine's words are reasons of the same name."""
    attempt = granted.attempt
    level = next(lvl for lvl in granted.levels if lvl.wallet_id == refused.wallet_id)
    call_type = CallType(attempt.call_type)
    return Denial(Reason(refused.why), level.account_id, attempt.number, call_type)
