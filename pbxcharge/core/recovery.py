"""What to tell a call of which something may have been missed: from witnesses to events."""

from dataclasses import dataclass, replace

from pbxcharge.core.attempt import Leg
from pbxcharge.core.call import Call
from pbxcharge.core.call_events import Answered, Event, HungUp, LegDialled, Seen
from pbxcharge.core.cdr import EndedBy, EndSource
from pbxcharge.core.money import MICROS


@dataclass(frozen=True, slots=True)
class Shown:
    """A metered leg as Asterisk's list of channels shows it.

    Args:
        leg: the channel.
        answered_at_us: the answer as the dialplan noted it; None while it rings.
        left_ms: what is left on its timer; None without a timer.
    """

    leg: Leg
    answered_at_us: int | None
    left_ms: int | None


@dataclass(frozen=True, slots=True)
class Written:
    """The end of a metered leg as its hangup handler wrote it down.

    Args:
        uniqueid: of the leg.
        answered_at_us: the answer; None if there was none.
        ended_at_us: the end.
        cause: Q.850.
        source: name of the channel that hung up, possibly empty.
        channel: name of the leg's own channel; empty if it is not known.
    """

    uniqueid: str
    answered_at_us: int | None
    ended_at_us: int
    cause: int | None
    source: str
    channel: str = ""


def taken_up(call: Call, now_ms: int) -> Call:
    """A stored call as it goes on: while its paid time runs, credit is asked for once more.

    Credit may have come while nobody metered the call. After its paid time it only matters why the
    call ended there. Where the payer's leg was told to go on is not known any more.
    """
    return replace(call, exhausted=call.exhausted and now_ms >= call.paid_ms, after_s=None)


def catch_up(call: Call, shown: Shown, now_ms: int, now_us: int) -> tuple[Event, ...]:
    """The events that bring a call to what Asterisk shows; on a call that is there, no change.

    The answer lies as far back on the call's line as it is old, whatever the wall clock did before.
    """
    events: list[Event] = [LegDialled(shown.leg)]
    if shown.answered_at_us is not None and call.answered_ms is None:
        age_ms = max(0, now_us - shown.answered_at_us) // 1000
        at_ms = max(0, now_ms - age_ms)
        events.append(Answered(shown.leg, at_ms, shown.answered_at_us))
    return (*events, Seen(shown.leg, shown.left_ms))


def ended_unseen(
    call: Call, written: Written, channels: frozenset[str]
) -> tuple[LegDialled | HungUp, ...]:
    """The events that tell a call how its leg ended, as it was written down.

    As long as the channel that asked is among `channels`, this is one leg's end: the next trunk may
    be tried. Once it is gone it is the end of the call.
    """
    end = written_end(call, written)
    if not written.channel:
        return (end,)
    asked = call.granted.attempt.caller.uniqueid in channels
    if asked and written.answered_at_us is None and len(call.granted.trunks) > 1:
        end = replace(end, uniqueid=written.uniqueid)
    return LegDialled(Leg(written.uniqueid, written.channel)), end


def written_end(call: Call, written: Written) -> HungUp:
    """The end by the spool, the second-best witness."""
    return HungUp(
        at_us=written.ended_at_us,
        source=EndSource.SPOOL,
        cause=written.cause,
        answered_at_us=written.answered_at_us,
        by=_who(call, written),
        was_up=written.answered_at_us is not None,
    )


def lost_end(call: Call, rule: str, last_seen_us: int | None) -> HungUp:
    """The end that no witness saw, by the operator's rule.

    `last_seen`: the last proof that the call still lived. `paid_through`: all that was paid.
    Either way never before the answer and never after the paid-through instant. A leg that nobody
    answered, and after which no other trunk was tried, has told its end.
    """
    answered_at_us = call.answered_at_us
    if call.unanswered is not None and answered_at_us is None:
        return replace(call.unanswered, uniqueid=None)
    if answered_at_us is None:
        return HungUp(call.granted.attempt.setup_at_us, EndSource.LAST_SEEN)
    # A slice of which Asterisk was never told was held, but not talked.
    told_s = min(call.through_s, call.armed_s or call.through_s)
    paid_us = answered_at_us + told_s * MICROS
    if rule == EndSource.PAID_THROUGH or last_seen_us is None:
        return HungUp(paid_us, EndSource.PAID_THROUGH, was_up=True)
    at_us = min(max(last_seen_us, answered_at_us), paid_us)
    return HungUp(at_us, EndSource.LAST_SEEN, was_up=True)


def may_still_begin(call: Call, channels: frozenset[str]) -> bool:
    """Whether the caller's channel is there and the leg has simply not been dialled yet."""
    return call.undialled and call.granted.attempt.caller.uniqueid in channels


def _who(call: Call, written: Written) -> EndedBy | None:
    if not written.source:
        return None
    if written.source == call.granted.attempt.caller.channel:
        return EndedBy.CALLER
    if call.granted.attempt.incoming or call.leg is None or written.source == call.leg.channel:
        return EndedBy.CALLEE
    return None
