"""What a live call wants done at an instant, and when it next wants to be asked."""

from dataclasses import replace

from pbxcharge.core.call_events import ArmTimeout, AskSlice, Command, HangUp, Investigate, Warn
from pbxcharge.core.call_state import Call, Phase, why_cut
from pbxcharge.core.rate import block_end, next_block_end

SHARE_LEAD_MS = 1500
"""Calls that share the last credit renew this late: the one with less paid talk goes first."""
SECOND_MEANS_MS = 1000
"""The daemon hangs up itself this long after the paid instant, if the leg's own timer did not."""
ANSWER_SETTLES_MS = 1000
"""The dialplan arms the first slice at the answer, and would overwrite an earlier timeout."""


def what_is_due(call: Call, now_ms: int) -> tuple[Call, tuple[Command, ...]]:
    """The state after everything that is due was commanded, and the commands."""
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


def deadline_ms(call: Call) -> int | None:
    """When the call next wants a Tick, if nothing else happens before."""
    if not call.live:
        return None
    if call.phase is Phase.RINGING:
        return call.hang_up_ms if call.hang_up_ms is not None else call.paid_ms + SECOND_MEANS_MS
    instants = (_renew_ms(call), _warn_ms(call), _arm_ms(call), _hang_up_ms(call))
    return min(instant for instant in instants if instant is not None)
