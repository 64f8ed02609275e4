"""What a live call wants done at an instant, and when it next wants to be asked."""

from dataclasses import replace

from pbxcharge.core.call_events import (
    ArmTimeout,
    AskSlice,
    Command,
    HangUp,
    Investigate,
    SetAfter,
    Warn,
)
from pbxcharge.core.call_state import Call, Phase, why_cut
from pbxcharge.core.cdr import EndedBy
from pbxcharge.core.money import MICROS
from pbxcharge.core.price import block_end, next_block_end

SECOND_MEANS_MS = 1000
"""The daemon hangs up itself this long after the paid instant, if the leg's own timer did not."""
LOST_END_MS = 3000
"""A call that is this long overdue has ended, and its end was missed."""
BEHIND_MS = 1000
"""A renewal this late catches up block by block, so that it cannot outrun one that waits."""
ANSWER_SETTLES_MS = 1000
"""The dialplan arms the first slice at the answer, and would overwrite an earlier timeout."""


def what_is_due(call: Call, now_ms: int) -> tuple[Call, tuple[Command, ...]]:
    """The state after everything that is due was commanded, and the commands."""
    commands: list[Command] = []
    # Taken back before a longer timer is set: a daemon that dies between the two sends nobody on.
    call = _send_on(call, now_ms, commands)
    if call.phase is Phase.UP and not call.ending_as:
        call = _arm(call, now_ms, commands)
        call = _renew(call, now_ms, commands)
        call = _warn(call, now_ms, commands)
    call = _end(call, now_ms, commands)
    return call, tuple(commands)


def slice_ends(call: Call) -> tuple[int, int]:
    """Where the next block and the next whole slice end: 60 s at 60/6 in slices of 30: 66, 90."""
    own, limit_s = call.prices[0], call.limit_s
    slice_s = call.granted.rating.terms.slice_s
    block_end_s = min(next_block_end(own, call.through_s), limit_s)
    slice_end_s = min(block_end(own, call.through_s + slice_s), limit_s)
    return block_end_s, max(block_end_s, slice_end_s)


def _renew(call: Call, now_ms: int, commands: list[Command]) -> Call:
    due_ms = _renew_ms(call)
    if due_ms is None or now_ms < due_ms:
        return call
    if now_ms >= call.paid_ms:
        return replace(call, stopped=why_cut(call), ask_again_ms=None)
    step = call.open_step or max(call.step, call.asked) + 1
    ask = _next_slice(call, step, now_ms)
    commands.append(ask)
    whole = ask.least_s > slice_ends(call)[0]
    return replace(call, open_step=step, asked=step, whole=whole, ask_again_ms=None)


def _next_slice(call: Call, step: int, now_ms: int) -> AskSlice:
    """What to ask for: at the time for it what there is, else a whole slice, else one block.

    Calls that share the last credit take their parts at one and the same lead, so that the one
    with the least paid talk goes first. Whoever asks at another time takes a whole slice or
    nothing, and who is late beyond that catches up block by block.
    """
    block_end_s, slice_end_s = slice_ends(call)
    late_ms = now_ms - (call.paid_ms - _share_lead_ms(call))
    if 0 <= late_ms <= BEHIND_MS:
        return AskSlice(step, block_end_s, slice_end_s)
    if late_ms > BEHIND_MS and (call.short or slice_end_s == block_end_s):
        return AskSlice(step, block_end_s, block_end_s)
    whole_end_s = max(slice_end_s, _second_block_end_s(call, block_end_s))
    return AskSlice(step, whole_end_s, whole_end_s)


def _second_block_end_s(call: Call, block_end_s: int) -> int:
    """One block may be taken beyond a fair share, so a whole slice is two of them at least."""
    return min(next_block_end(call.prices[0], block_end_s), call.limit_s)


def _renew_ms(call: Call) -> int | None:
    """When the next slice is asked for; None while it must not be."""
    if call.stopped:
        return None
    if call.open_step is not None:
        return call.ask_again_ms
    if call.exhausted or call.through_s >= call.limit_s:
        return None
    if call.arm_again_ms is not None and call.step > 1 and call.armed_s < call.through_s:
        # Asterisk could not be told of the slice that is held: no other one is held before it is.
        # Of the first one the dialplan has told it.
        return None
    return call.paid_ms - (_share_lead_ms(call) if call.short else _lead_ms(call))


def _lead_ms(call: Call) -> int:
    """Whether this slice is the last must be known before the warning is due."""
    return max(call.granted.renew_lead_ms, call.granted.rating.terms.warn_before_s * 1000)


def _share_lead_ms(call: Call) -> int:
    """A call that is paid ahead by more than a slice leaves the last credit to the others."""
    return min(_lead_ms(call), call.granted.rating.terms.slice_s * 1000)


def _arm(call: Call, now_ms: int, commands: list[Command]) -> Call:
    due_ms = _arm_ms(call)
    if due_ms is None or now_ms < due_ms or call.leg is None:
        return call
    if now_ms >= call.paid_ms:
        # Too late for a timer, and for another slice.
        return replace(call, armed_s=call.through_s, stopped=call.stopped or why_cut(call))
    commands.append(ArmTimeout(call.leg, call.paid_ms, call.through_s))
    return replace(call, arming_s=call.through_s)


def _arm_ms(call: Call) -> int | None:
    """When Asterisk's timer is set anew; None if it is right, or being set: one at a time."""
    if (
        call.answered_ms is None
        or call.leg is None
        or call.armed_s >= call.through_s
        or call.arming_s is not None
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
    if call.warned or not before_s or not _ends_soon(call):
        return None
    return call.paid_ms - before_s * 1000


def _ends_soon(call: Call) -> bool:
    """Whether the running slice is the last, or, with slices shorter than the warning, nearly."""
    near_s = call.granted.rating.terms.warn_before_s
    nearly = call.short and _share_lead_ms(call) < near_s * 1000
    return nearly or call.exhausted or bool(call.stopped) or call.through_s >= call.limit_s


def _send_on(call: Call, now_ms: int, commands: list[Command]) -> Call:
    """Tell the payer's leg where to go on, or that it goes nowhere any more."""
    due_ms = _send_on_ms(call)
    leg, answered_at_us = call.granted.attempt.payers_leg, call.answered_at_us
    if due_ms is None or now_ms < due_ms or leg is None or answered_at_us is None:
        return call
    after_s = _after_s(call)
    context = call.granted.rating.terms.after if after_s else ""
    commands.append(SetAfter(leg, context, after_s, answered_at_us + after_s * MICROS))
    return replace(call, after_s=after_s, after_again_ms=None)


def _send_on_ms(call: Call) -> int | None:
    """When the payer's leg is told where to go on; None if it has been told what holds."""
    if not call.granted.rating.terms.after or call.granted.attempt.payers_leg is None:
        return None
    if call.answered_ms is None or call.after_s == _after_s(call):
        return None
    return call.after_again_ms or call.answered_ms


def _after_s(call: Call) -> int:
    """Paid talk at whose end the payer goes on; 0 if the call is to end for another reason.

    What was told holds until more talk is paid for: that credit has come may not be enough, or too
    late to be held before the lease ends.
    """
    if call.ending_as or call.stopped not in (None, EndedBy.CREDIT, EndedBy.LEASE):
        return 0
    by_credit = why_cut(call) is EndedBy.CREDIT or call.after_s == call.through_s
    return call.through_s if by_credit else 0


def _end(call: Call, now_ms: int, commands: list[Command]) -> Call:
    """Hang up when it was ordered, or when the leg's own timer has let the paid instant pass."""
    if now_ms < _hang_up_ms(call):
        return call
    leg = call.leg or (call.granted.attempt.caller if call.ending_as else None)
    if leg is not None:
        commands.append(HangUp(leg, call.ending_as or why_cut(call)))
    if leg is None or now_ms >= call.paid_ms + LOST_END_MS:
        commands.append(Investigate())
    return replace(call, hang_up_ms=now_ms + 2 * SECOND_MEANS_MS)


def _hang_up_ms(call: Call) -> int:
    """When the daemon itself (again) ends the call: as ordered, else 1 s after the paid instant."""
    overdue_ms = call.paid_ms + SECOND_MEANS_MS
    if call.hang_up_ms is None:
        return overdue_ms
    return call.hang_up_ms if call.ending_as else max(call.hang_up_ms, overdue_ms)


def deadline_ms(call: Call) -> int | None:
    """When the call next wants a Tick, if nothing else happens before."""
    if not call.live:
        return None
    instants = [_hang_up_ms(call), _send_on_ms(call)]
    if call.phase is Phase.UP and not call.ending_as:
        instants += [_renew_ms(call), _warn_ms(call), _arm_ms(call), call.alone_until_ms]
    return min(instant for instant in instants if instant is not None)
