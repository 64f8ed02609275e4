"""One call as a state machine: facts in, the next state and commands out; no clock, no sockets.

`now_ms` and every `_ms` are milliseconds on the call's own line, whose zero is its set-up; the
shell maps the monotonic clock to it, so that a step of the wall clock moves no deadline. Commands
name the wanted state (“timeout of this leg at this instant”), so repeating or skipping one is
harmless. Every outcome of a command comes back as an event on the call's one queue.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from pbxcharge.core.attempt import Granted, Leg
from pbxcharge.core.authorization import talk_limit_s
from pbxcharge.core.call_events import (
    Answered,
    Armed,
    ArmFailed,
    ArmTimeout,
    AskSlice,
    Bridged,
    Command,
    CreditRaised,
    EndOrdered,
    Event,
    HangUp,
    HangupRequested,
    HungUp,
    Investigate,
    LegDialled,
    Record,
    RenewalStopped,
    Seen,
    Settle,
    Settled,
    Tick,
    Unknown,
    Warn,
)
from pbxcharge.core.cdr import EndedBy, EndSource
from pbxcharge.core.credit import Refused, Reserved, Shortage
from pbxcharge.core.rate import block_end, next_block_end

SHARE_LEAD_MS = 1500
"""Calls that share the last credit renew this late: the one with less paid talk goes first."""
SECOND_MEANS_MS = 1000
"""The daemon hangs up itself this long after the paid instant, if the leg's own timer did not."""
RETRY_MS = 500
ANSWER_SETTLES_MS = 1000
"""The dialplan arms the first slice at the answer, and would overwrite an earlier timeout."""
TIMER_SLACK_MS = 1500
"""Asterisk shows its timers in whole seconds."""


class Phase(StrEnum):
    """Where a call stands. `ending`: its settlement is on the way."""

    RINGING = "ringing"
    UP = "up"
    ENDING = "ending"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Call:
    """A granted call as it stands.

    Args:
        granted: what never changes.
        step: of the hold, as last confirmed.
        through_s: seconds of talk that are paid for.
        phase: see Phase.
        leg: the metered leg, once seen.
        answered_ms: the answer on the call's line.
        answered_at_us: the answer by Asterisk's clock.
        settled_in: the dialplan has armed the first slice, so that later timeouts stay.
        open_step: the reservation whose outcome is awaited, part of the state before it is asked.
        ask_again_ms: when the open reservation is repeated, its outcome being unknown.
        raised: credit was raised while the open reservation was on its way.
        short: the last reservation got less than it asked for.
        exhausted: the last reservation got nothing; the running slice is the last.
        armed_s: paid talk up to which Asterisk's own timer is known to run.
        arming_s: the timeout that was commanded and not yet confirmed.
        arm_again_ms: when a timeout that Asterisk did not take is tried again.
        warned: the payer has heard that the end is near.
        stopped: why no further slice is asked for.
        hung_up_by: the first party that asked for the end.
        ending_as: why the daemon itself ends the call.
        hang_up_ms: when the daemon's own hangup is (next) due.
    """

    granted: Granted
    step: int
    through_s: int
    phase: Phase = Phase.RINGING
    leg: Leg | None = None
    answered_ms: int | None = None
    answered_at_us: int | None = None
    settled_in: bool = False
    open_step: int | None = None
    ask_again_ms: int | None = None
    raised: bool = False
    short: bool = False
    exhausted: bool = False
    armed_s: int = 0
    arming_s: int | None = None
    arm_again_ms: int | None = None
    warned: bool = False
    stopped: EndedBy | None = None
    hung_up_by: EndedBy | None = None
    ending_as: EndedBy | None = None
    hang_up_ms: int | None = None

    @property
    def call_id(self) -> str:
        """The id of the call."""
        return self.granted.attempt.call_id

    @property
    def limit_s(self) -> int:
        """The longest talk that the plan and a maximum charge with `hang_up` leave."""
        rating = self.granted.rating
        return talk_limit_s([level.rate for level in rating.levels], rating.terms.call_max_s)

    @property
    def paid_ms(self) -> int:
        """The paid-through instant; while it rings, the end of its ring lease."""
        start_ms = self.answered_ms if self.answered_ms is not None else self.granted.ring_s * 1000
        return start_ms + self.through_s * 1000

    @property
    def live(self) -> bool:
        """Whether the call still runs, as far as is known."""
        return self.phase in (Phase.RINGING, Phase.UP)


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
    call, due = _what_is_due(call, now_ms)
    return call, first + due


def deadline_ms(call: Call) -> int | None:
    """When the call next wants a Tick, if nothing else happens before."""
    if not call.live:
        return None
    if call.phase is Phase.RINGING:
        return call.hang_up_ms if call.hang_up_ms is not None else call.paid_ms + SECOND_MEANS_MS
    instants = (_renew_ms(call), _warn_ms(call), _arm_ms(call), _hang_up_ms(call))
    return min(instant for instant in instants if instant is not None)


def _take_in(call: Call, event: Event, now_ms: int) -> Step:
    match event:
        case LegDialled():
            return (call if call.leg else replace(call, leg=event.leg)), ()
        case Answered():
            return _answered(call, event)
        case Bridged():
            return replace(call, settled_in=True), ()
        case HangupRequested():
            return replace(call, hung_up_by=call.hung_up_by or event.by), ()
        case HungUp():
            return _hung_up(call, event)
        case Reserved():
            return _reserved(call, event), ()
        case Refused():
            return _refused(call, event, now_ms), ()
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
        case Seen():
            return _seen(call, event, now_ms), ()
        case CreditRaised():
            return _credit_raised(call), ()
        case RenewalStopped():
            return replace(call, stopped=event.by), ()
        case EndOrdered():
            return replace(call, ending_as=event.by, stopped=event.by, hang_up_ms=now_ms), ()
        case Tick():
            return call, ()
        case Settled():
            return replace(call, phase=Phase.CLOSED), ()


def _answered(call: Call, event: Answered) -> Step:
    if call.phase is Phase.UP:
        return call, ()
    up = replace(
        call,
        phase=Phase.UP,
        leg=event.leg,
        answered_ms=event.at_ms,
        answered_at_us=event.at_us,
        armed_s=call.through_s,
    )
    return up, (Record(),)


def _hung_up(call: Call, event: HungUp) -> Step:
    answer_missed = event.was_up and call.answered_at_us is None and event.answered_at_us is None
    if answer_missed and event.source is EndSource.EVENT:
        return call, (Investigate(),)
    answered_at_us = call.answered_at_us or event.answered_at_us
    ended = replace(call, phase=Phase.ENDING, answered_at_us=answered_at_us)
    return ended, (Settle(event),)


def _reserved(call: Call, event: Reserved) -> Call:
    if event.step != call.open_step:
        return call
    return replace(
        call,
        open_step=None,
        ask_again_ms=None,
        step=event.step,
        through_s=event.through_s,
        short=event.short and not call.raised,
        raised=False,
        exhausted=False,
        warned=call.warned and event.short,
    )


def _refused(call: Call, event: Refused, now_ms: int) -> Call:
    if event.step != call.open_step:
        return call
    last = not call.raised
    refused = replace(
        call, open_step=None, ask_again_ms=None, raised=False, short=last, exhausted=last
    )
    if event.why is Shortage.CALL_ENDED:
        return replace(refused, ending_as=EndedBy.UNKNOWN, hang_up_ms=now_ms)
    return refused


def _armed(call: Call, event: Armed) -> Call:
    if event.through_s != call.arming_s:
        return call
    return replace(call, armed_s=event.through_s, arming_s=None)


def _credit_raised(call: Call) -> Call:
    """Try again at once; a refusal that is on its way was decided before the credit came."""
    return replace(call, short=False, exhausted=False, raised=call.open_step is not None)


def _seen(call: Call, event: Seen, now_ms: int) -> Call:
    """A leg whose timer is missing or wrong is armed anew, or ended if it is overdue."""
    call = replace(call, leg=call.leg or event.leg)
    if call.phase is not Phase.UP or call.arming_s is not None:
        return call
    wanted_ms = call.paid_ms - now_ms
    if event.left_ms is None or abs(event.left_ms - wanted_ms) > TIMER_SLACK_MS:
        return replace(call, armed_s=0, settled_in=True)
    return replace(call, armed_s=call.through_s, settled_in=True)


# --- what is due ----------------------------------------------------------------------------------


def _what_is_due(call: Call, now_ms: int) -> Step:
    commands: list[Command] = []
    if call.phase is Phase.UP:
        call = _renew(call, now_ms, commands)
        call = _arm(call, now_ms, commands)
        call = _warn(call, now_ms, commands)
    call = _end(call, now_ms, commands)
    return call, tuple(commands)


def _renew(call: Call, now_ms: int, commands: list[Command]) -> Call:
    due_ms = _renew_ms(call)
    if due_ms is None or now_ms < due_ms:
        return call
    if now_ms >= call.paid_ms:
        return replace(call, stopped=why_cut(call), open_step=None)
    step = call.open_step or call.step + 1
    commands.append(_next_slice(call, step))
    return replace(call, open_step=step, ask_again_ms=None)


def _next_slice(call: Call, step: int) -> AskSlice:
    rate = call.granted.rating.levels[0].rate
    terms = call.granted.rating.terms
    least_s = min(next_block_end(rate, call.through_s), call.limit_s)
    want_s = min(block_end(rate, call.through_s + terms.slice_s), call.limit_s)
    return AskSlice(step, least_s, max(least_s, want_s))


def _renew_ms(call: Call) -> int | None:
    """When the next slice is asked for; None while it must not be."""
    if call.open_step is not None:
        return call.ask_again_ms
    if call.exhausted or call.stopped or call.through_s >= call.limit_s:
        return None
    return call.paid_ms - (SHARE_LEAD_MS if call.short else _lead_ms(call))


def _lead_ms(call: Call) -> int:
    """Whether this slice is the last must be known before the warning is due."""
    return max(call.granted.renew_lead_ms, call.granted.rating.terms.warn_before_s * 1000)


def _arm(call: Call, now_ms: int, commands: list[Command]) -> Call:
    due_ms = _arm_ms(call)
    if due_ms is None or now_ms < due_ms or call.leg is None:
        return call
    if now_ms >= call.paid_ms:
        return replace(call, armed_s=call.through_s)
    commands.append(ArmTimeout(call.leg, call.paid_ms, call.through_s))
    return replace(call, arming_s=call.through_s, arm_again_ms=None)


def _arm_ms(call: Call) -> int | None:
    """When Asterisk's timer is set anew; None if it is right, or is being set."""
    if (
        call.answered_ms is None
        or call.armed_s >= call.through_s
        or call.arming_s == call.through_s
    ):
        return None
    settled_ms = call.answered_ms if call.settled_in else call.answered_ms + ANSWER_SETTLES_MS
    return max(settled_ms, call.arm_again_ms or settled_ms)


def _warn(call: Call, now_ms: int, commands: list[Command]) -> Call:
    due_ms = _warn_ms(call)
    if due_ms is None or now_ms < due_ms:
        return call
    if call.paid_ms > now_ms:
        commands.append(Warn(call.paid_ms - now_ms))
    return replace(call, warned=True)


def _warn_ms(call: Call) -> int | None:
    before_s = call.granted.rating.terms.warn_before_s
    last = call.short or call.exhausted or call.through_s >= call.limit_s
    if call.warned or not before_s or not last:
        return None
    return call.paid_ms - before_s * 1000


def _end(call: Call, now_ms: int, commands: list[Command]) -> Call:
    """Hang up when it was ordered, or when the leg's own timer has let the paid instant pass."""
    due_ms = _hang_up_ms(call)
    if now_ms < due_ms:
        return call
    if call.leg is None and call.ending_as is None:
        commands.append(Investigate())
    else:
        leg = call.leg or call.granted.attempt.caller
        commands.append(HangUp(leg, call.ending_as or why_cut(call)))
    return replace(call, hang_up_ms=now_ms + 2 * SECOND_MEANS_MS)


def _hang_up_ms(call: Call) -> int:
    overdue_ms = call.paid_ms + SECOND_MEANS_MS
    return overdue_ms if call.hang_up_ms is None else call.hang_up_ms


def why_cut(call: Call) -> EndedBy:
    """Why a call ends at its paid-through instant."""
    if call.stopped:
        return call.stopped
    if call.through_s >= call.limit_s:
        return EndedBy.LIMIT
    return EndedBy.CREDIT if call.exhausted else EndedBy.LEASE
