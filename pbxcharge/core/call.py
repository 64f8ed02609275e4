"""One call as a state machine: facts in, the next state and commands out; no clock, no sockets.

`now_ms` and every `_ms` are milliseconds on the call's own line, whose zero is its set-up; the
shell maps the monotonic clock to it, so that a step of the wall clock moves no deadline. Commands
name the wanted state (“timeout of this leg at this instant”), so repeating or skipping one is
harmless. Every outcome of a command comes back as an event on the call's one queue.
"""

from dataclasses import replace

from pbxcharge.core.call_due import deadline_ms, slice_ends, what_is_due
from pbxcharge.core.call_events import (
    Accompanied,
    AfterFailed,
    Answered,
    Armed,
    ArmFailed,
    Bridged,
    CallerGone,
    Command,
    CreditRaised,
    EndOrdered,
    Event,
    HangupRequested,
    HungUp,
    Investigate,
    LeftAlone,
    LegDialled,
    LegMoved,
    Record,
    RenewalStopped,
    Seen,
    Settle,
    Settled,
    Tick,
    Unknown,
)
from pbxcharge.core.call_state import Call, Phase, granted_call, why_cut
from pbxcharge.core.cdr import EndedBy, EndSource
from pbxcharge.core.credit import Refused, Reserved, Shortage

__all__ = ["Call", "Phase", "Step", "advance", "deadline_ms", "granted_call", "why_cut"]

RETRY_MS = 500
GOODBYE_MS = 1000
"""A call that ends later than this after a party asked for its end has ended for another reason."""
TIMER_SLACK_MS = 1500
"""Asterisk shows its timers in whole seconds."""

Step = tuple[Call, tuple[Command, ...]]


def advance(call: Call, event: Event, now_ms: int) -> Step:
    """The next state of a call, and what is to be done about it.

    Paid through 60 s, lead 10 s: a Tick 50 s after the answer gives `AskSlice(2, …)`; its
    `Reserved` through 120 s gives `ArmTimeout` at that instant, never before.
    """
    if not call.live:
        return (replace(call, phase=Phase.CLOSED), ()) if isinstance(event, Settled) else (call, ())
    call, first = _take_in(call, event, now_ms)
    if not call.live:
        return call, first
    call, orphaned = _end_if_orphan(call, now_ms)
    call, due = what_is_due(call, now_ms)
    return call, first + orphaned + due


def _take_in(call: Call, event: Event, now_ms: int) -> Step:
    match event:
        case LegDialled():
            return _dialled(call, event, now_ms), ()
        case LegMoved():
            return _recorded(call, replace(call, leg=event.leg))
        case Answered():
            return _answered(call, event)
        case Bridged():
            return _settled_in(call), ()
        case HangupRequested():
            return _hangup_requested(call, event, now_ms), ()
        case CallerGone():
            return _caller_gone(call)
        case HungUp():
            return _hung_up(_without_old_goodbye(call, now_ms), event, now_ms)
        case Reserved():
            return _reserved(call, event, now_ms), ()
        case Refused():
            return _refused(call, event, now_ms)
        case Unknown():
            stale = event.step != call.open_step
            return (call if stale else replace(call, ask_again_ms=now_ms + RETRY_MS)), ()
        case Armed():
            return _armed(call, event), ()
        case ArmFailed():
            stale = event.through_s != call.arming_s
            return (
                call if stale else replace(call, arming_s=None, arm_again_ms=now_ms + RETRY_MS)
            ), ()
        case AfterFailed():
            return _after_failed(call, event, now_ms), ()
        case Seen():
            return _seen(call, event, now_ms), ()
        case CreditRaised():
            return _credit_raised(call, now_ms), ()
        case RenewalStopped():
            return _recorded(call, replace(call, stopped=call.ending_as or event.by))
        case EndOrdered():
            return _recorded(call, _to_end(call, event.by, now_ms))
        case LeftAlone():
            return _left_alone(call, event, now_ms), ()
        case Accompanied():
            return replace(call, alone_until_ms=None), ()
        case Tick():
            return call, ()
        case Settled():
            return replace(call, phase=Phase.CLOSED), ()


def _dialled(call: Call, event: LegDialled, now_ms: int) -> Call:
    """The metered leg, or the one over the next trunk: who hung up the last one does not matter."""
    known = call.leg is not None and call.leg.uniqueid == event.leg.uniqueid
    if known or not call.carries(event.leg):
        return call
    anew = replace(call, hung_up_by=None, hung_up_ms=None) if call.trunk else call
    return _end_again(anew.with_leg(event.leg), now_ms)


def _answered(call: Call, event: Answered) -> Step:
    if call.phase is Phase.UP:
        return call, ()
    up = replace(
        call.with_leg(event.leg),
        phase=Phase.UP,
        answered_ms=event.at_ms,
        answered_at_us=event.at_us,
    )
    return up, (Record(),)


def _settled_in(call: Call) -> Call:
    """A leg that talks has been through the dialplan, which has armed its first slice.

    One that was answered and sent elsewhere meanwhile has not: it is armed by the daemon.
    """
    armed = call.phase is Phase.UP and call.step == 1 and not call.armed_s
    return replace(call, settled_in=True, armed_s=call.through_s if armed else call.armed_s)


def _hung_up(call: Call, event: HungUp, now_ms: int) -> Step:
    if event.uniqueid is not None and (call.leg is None or call.leg.uniqueid != event.uniqueid):
        # The late word of a leg in whose place another one is dialled, or will be.
        return call, ()
    if _may_go_on(call, event):
        return _end_again(replace(call, leg=None, unanswered=event), now_ms), ()
    return _ended(call, event)


def _may_go_on(call: Call, event: HungUp) -> bool:
    """Whether the dialplan may now try the next trunk: the caller's end decides, or the next leg.

    Which causes it goes on for is its own affair; where it does not, the caller's end follows. That
    the call is to end does not keep it from going on: the leg may have failed just before.
    """
    answered = event.was_up or event.answered_at_us is not None
    over = call.caller_gone or event.uniqueid is None
    return call.trunks_left and not answered and not over


def _caller_gone(call: Call) -> Step:
    """With nobody there who dials, the last leg that was tried has decided about the call."""
    if call.phase is not Phase.RINGING:
        return call, ()
    gone = replace(call, caller_gone=True)
    last = gone.unanswered if gone.leg is None else None
    return (gone, ()) if last is None else _ended(gone, last)


def _ended(call: Call, event: HungUp) -> Step:
    answer_missed = event.was_up and call.answered_at_us is None and event.answered_at_us is None
    if answer_missed and event.source is EndSource.EVENT:
        return call, (Investigate(),)
    answered_at_us = call.answered_at_us or event.answered_at_us
    ended = replace(call, phase=Phase.ENDING, answered_at_us=answered_at_us)
    return ended, (Settle(event),)


def _recorded(before: Call, after: Call) -> Step:
    """What was ordered from outside must not be forgotten by a restart."""
    return after, ((Record(),) if after != before else ())


def _hangup_requested(call: Call, event: HangupRequested, now_ms: int) -> Call:
    """The first party that asked; what follows the daemon's own hangup is no party's wish."""
    call = _without_old_goodbye(call, now_ms)
    if call.hung_up_by or call.hang_up_ms is not None:
        return call
    return replace(call, hung_up_by=event.by, hung_up_ms=now_ms)


def _without_old_goodbye(call: Call, now_ms: int) -> Call:
    """A party that left and did not end the call, after a transfer for instance, has not ended it.

    Asked at 10 s, ended at 60 s: the end is somebody else's, or the paid time's.
    """
    asked_ms = call.hung_up_ms
    if asked_ms is not None and now_ms - asked_ms <= GOODBYE_MS:
        return call
    return replace(call, hung_up_by=None, hung_up_ms=None)


def _left_alone(call: Call, event: LeftAlone, now_ms: int) -> Call:
    """It counts from the first time that it was told."""
    if call.phase is not Phase.UP or call.alone_until_ms is not None:
        return call
    return replace(call, alone_until_ms=now_ms + event.for_ms)


def _end_if_orphan(call: Call, now_ms: int) -> Step:
    if call.ending_as or call.alone_until_ms is None or now_ms < call.alone_until_ms:
        return call, ()
    return _recorded(call, _to_end(call, EndedBy.ORPHAN, now_ms))


def _to_end(call: Call, by: EndedBy, now_ms: int) -> Call:
    reason = call.ending_as or by
    return replace(call, ending_as=reason, stopped=reason, hang_up_ms=now_ms)


def _end_again(call: Call, now_ms: int) -> Call:
    """What was ordered was carried out on another leg, perhaps in vain: now on what is left."""
    return replace(call, hang_up_ms=now_ms) if call.ending_as else call


def _reserved(call: Call, event: Reserved, now_ms: int) -> Call:
    if event.step != call.open_step:
        return call
    _, slice_end_s = slice_ends(call)
    paid = replace(
        call.holding(event, now_ms),
        open_step=None,
        ask_again_ms=None,
        step=event.step,
        through_s=event.through_s,
        coverage=event.coverage,
        short=event.through_s < slice_end_s and not call.raised,
        raised=False,
        exhausted=False,
    )
    # A warning that was heard counts until there is time for another one.
    warn_ms = paid.paid_ms - paid.granted.rating.terms.warn_before_s * 1000
    return replace(paid, warned=call.warned and warn_ms <= now_ms)


def _refused(call: Call, event: Refused, now_ms: int) -> Step:
    if event.step != call.open_step:
        return call, ()
    known = replace(call, open_step=None, ask_again_ms=None, raised=False)
    if event.why is Shortage.CALL_ENDED:
        return _to_end(known, EndedBy.UNKNOWN, now_ms), ()
    if call.raised:
        return replace(known, short=False, exhausted=False), ()
    if event.why is Shortage.SPEND_RATE and not call.whole:
        return _recorded(call, replace(known, stopped=call.stopped or EndedBy.LIMIT))
    spent = replace(known, short=True, exhausted=not call.whole)
    # Should nobody meter the call when it ends, the books know why it did.
    return spent, ((Record(),) if spent.exhausted else ())


def _armed(call: Call, event: Armed) -> Call:
    if event.through_s != call.arming_s:
        return call
    return replace(call, armed_s=event.through_s, arming_s=None, arm_again_ms=None)


def _after_failed(call: Call, event: AfterFailed, now_ms: int) -> Call:
    if event.through_s != call.after_s:
        return call
    return replace(call, after_s=None, after_again_ms=now_ms + RETRY_MS)


def _credit_raised(call: Call, now_ms: int) -> Call:
    """Try again at once; a refusal that is on its way was decided before the credit came.

    After the paid instant it is too late: that the credit had ended stays the reason.
    """
    if call.phase is Phase.UP and now_ms >= call.paid_ms:
        return call
    return replace(call, short=False, exhausted=False, raised=call.open_step is not None)


def _seen(call: Call, event: Seen, now_ms: int) -> Call:
    """A leg whose timer is missing or wrong is armed anew, or ended if it is overdue."""
    if not call.carries(event.leg):
        return call
    call = call if call.leg else call.with_leg(event.leg)
    if call.phase is not Phase.UP:
        return call
    wanted_ms = call.paid_ms - now_ms
    if event.left_ms is None or abs(event.left_ms - wanted_ms) > TIMER_SLACK_MS:
        return replace(call, armed_s=0, arming_s=None)
    return replace(call, armed_s=call.through_s, arming_s=None, arm_again_ms=None)
