"""Settlement: from a call and its end to the record, the charges, and the outcome of the hold."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pbxcharge.core.attempt import Attempt, Granted
from pbxcharge.core.call import Call, why_cut
from pbxcharge.core.call_events import HungUp
from pbxcharge.core.cdr import Cdr, EndedBy, EndSource, LevelCharge
from pbxcharge.core.coverage import (
    Coverage,
    coverage_to_text,
    cut,
    included_s,
    used_until_s,
)
from pbxcharge.core.credit import Close, HoldLine
from pbxcharge.core.disposition import Disposition
from pbxcharge.core.money import MICROS
from pbxcharge.core.price import RULE_SET, Charge, costs_of
from pbxcharge.core.pricing import (
    carrier_deck,
    carrying,
    charges,
    cost_micros,
    destination,
    final_moment,
    prices,
    quota_uses,
)
from pbxcharge.core.rating import lines_canonical
from pbxcharge.core.slices import slices_to_text

CLOCK_TOLERANCE_MS = 2000
TIMER_SLACK_US = 250_000
"""An end this close to the armed instant, that nobody asked for, was the timer's."""
_BUSY = 17
_UNANSWERED = frozenset({None, 0, 16, 18, 19, 26, 127})


@dataclass(frozen=True, slots=True)
class Settlement:
    """What is booked for one call, in one transaction."""

    cdr: Cdr
    close: Close


@dataclass(frozen=True, slots=True)
class Talk:
    """How long a call lasted: exactly, in seconds of talk, in those paid for; by which clock."""

    duration_us: int
    talk_s: int
    paid_s: int
    clock: str


def talk_seconds(duration_us: int, tolerance_ms: int) -> int:
    """Whole seconds of talk; a started one counts once it has lasted the tolerance.

    With 100 ms: 60.099 s is 60, 60.1 s is 61. An answered call lasts at least 1 s.
    """
    whole_s, rest_us = divmod(max(0, duration_us), MICROS)
    return max(1, whole_s + (rest_us >= tolerance_ms * 1000 and rest_us > 0))


def settle(call: Call, end: HungUp, currency: str, actor: str) -> Settlement:
    """Book an ended call: charged for min(talk, paid-through), so never more than was held."""
    talk = _talk(call, end)
    rating, setup_at_us = call.granted.rating, call.granted.attempt.setup_at_us
    at = final_moment(rating, setup_at_us, call.answered_at_us, call.trunk)
    answered = call.answered_at_us is not None
    priced = charges(rating, at, call.coverage, talk.paid_s) if answered else ()
    cdr = _cdr(call, end, talk, priced, currency)
    lines = tuple(HoldLine(level.wallet_id, level.charge_micros) for level in cdr.levels)
    if not (answered and call.coverage):
        return Settlement(cdr, Close(call.call_id, lines, end.at_us, actor))
    used = quota_uses(rating, at, call.coverage, talk.paid_s)
    lines += tuple(HoldLine(wallet_id, amount) for wallet_id, amount in used.items())
    ends = [used_until_s(costs_of(price), talk.paid_s) for price in prices(rating, at)]
    told = _with_coverage(cdr, call.coverage, ends)
    return Settlement(told, Close(call.call_id, lines, end.at_us, actor))


def _with_coverage(cdr: Cdr, coverage: tuple[Coverage, ...], ends: Sequence[int]) -> Cdr:
    """The record with the seconds that were used; those that were only held were given back."""
    told = tuple(cut(spans, end_s) for spans, end_s in zip(coverage, ends, strict=True))
    free_s = included_s(told[0], ends[0])
    return replace(cdr, included_s=free_s, coverage=coverage_to_text(told))


def _talk(call: Call, end: HungUp) -> Talk:
    if call.answered_at_us is None:
        return Talk(0, 0, 0, "ok")
    duration_us, clock = end.at_us - call.answered_at_us, "ok"
    if (
        end.elapsed_ms is not None
        and abs(duration_us // 1000 - end.elapsed_ms) > CLOCK_TOLERANCE_MS
    ):
        duration_us, clock = end.elapsed_ms * 1000, "corrected"
    talk_s = talk_seconds(duration_us, call.granted.rating.terms.tolerance_ms)
    return Talk(duration_us, talk_s, min(talk_s, call.through_s), clock)


def _cdr(call: Call, end: HungUp, talk: Talk, charges: tuple[Charge, ...], currency: str) -> Cdr:
    granted = call.granted
    levels = _level_charges(granted, charges, call.trunk)
    carrier = carrying(granted.rating, call.trunk)
    deck, deck_version = carrier_deck(granted.rating, call.trunk)
    return replace(
        blank_cdr(granted.attempt, currency, _disposition(call, end)),
        uniqueid=_last_leg(call, end),
        answered_at_us=call.answered_at_us,
        ended_at_us=end.at_us,
        talk_s=talk.talk_s,
        billed_s=charges[0].billed_s if charges else 0,
        unpaid_s=talk.talk_s - talk.paid_s,
        charge_micros=levels[0].charge_micros,
        levels=levels,
        lines=lines_canonical(charges[0]) if charges else "[]",
        rating_id=granted.rating_id,
        rule_set=granted.rating.rule_set,
        hangup_cause=end.cause,
        ended_by=_ended_by(call, end, talk),
        end_source=end.source,
        clock=talk.clock,
        trunk=call.trunk or (carrier.name if carrier else None),
        cost_micros=cost_micros(granted.rating, call.trunk, talk.paid_s),
        deck=deck,
        deck_version=deck_version,
        slices=slices_to_text(call.slices),
    )


def _last_leg(call: Call, end: HungUp) -> str | None:
    """The metered leg, or the last one that a trunk did not put through."""
    if call.leg is not None:
        return call.leg.uniqueid
    return end.uniqueid or (call.unanswered.uniqueid if call.unanswered else None)


def blank_cdr(attempt: Attempt, currency: str, disposition: Disposition) -> Cdr:
    """The record of an attempt of which nothing is known but how it was asked for."""
    return Cdr(
        call_id=attempt.call_id,
        pbx=attempt.pbx,
        linkedid=attempt.linkedid,
        caller_uniqueid=attempt.caller.uniqueid,
        uniqueid=None,
        account_id=attempt.account_id,
        organization_id=attempt.organization_id,
        call_type=attempt.call_type,
        direction=attempt.direction,
        endpoint=attempt.endpoint,
        dialled=attempt.dialled,
        number=attempt.number,
        disposition=disposition,
        reason=None,
        setup_at_us=attempt.setup_at_us,
        answered_at_us=None,
        ended_at_us=None,
        talk_s=0,
        billed_s=0,
        unpaid_s=0,
        charge_micros=0,
        levels=(),
        lines="[]",
        currency=currency,
        rating_id=None,
        rule_set=RULE_SET,
        hangup_cause=None,
        ended_by=None,
        end_source=EndSource.NONE,
        clock="ok",
        caller_number=attempt.caller_number,
        callee_endpoint=attempt.callee_endpoint,
        callee_context=attempt.callee_context,
        caller_channel=attempt.caller.channel or None,
        access=attempt.access,
        forwarded=attempt.forwarded,
    )


def _level_charges(
    granted: Granted, charges: tuple[Charge, ...], trunk: str | None
) -> tuple[LevelCharge, ...]:
    rating = granted.rating
    totals = [charged.total_micros for charged in charges] or [0] * len(granted.levels)
    return tuple(
        LevelCharge(
            account_id=payer.account_id,
            wallet_id=payer.wallet_id,
            plan=rated.plan,
            plan_version=rated.plan_version,
            prefix=rated.rate.prefix,
            destination=destination(rating, rated, trunk),
            charge_micros=total,
        )
        for payer, rated, total in zip(granted.levels, rating.levels, totals, strict=True)
    )


def _disposition(call: Call, end: HungUp) -> Disposition:
    if call.answered_at_us is not None:
        return Disposition.ANSWERED
    if end.cause == _BUSY:
        return Disposition.BUSY
    return Disposition.NO_ANSWER if end.cause in _UNANSWERED else Disposition.FAILED


def _ended_by(call: Call, end: HungUp, talk: Talk) -> EndedBy | None:
    """The first who asked for the end; if nobody did, the timer at the instant it was armed to."""
    asked = call.hung_up_by or call.ending_as or end.by
    if asked or call.answered_at_us is None:
        return asked
    if talk.duration_us + TIMER_SLACK_US >= call.through_s * MICROS:
        return why_cut(call)
    # A slice that was held, but of which Asterisk could not be told any more.
    at_old_lease = abs(talk.duration_us - call.armed_s * MICROS) <= TIMER_SLACK_US
    return EndedBy.LEASE if at_old_lease else EndedBy.UNKNOWN
