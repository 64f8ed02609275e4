"""What the live cost log says of each step of a call."""

from pbxcharge.core.call import Call
from pbxcharge.core.call_events import (
    Answered,
    Armed,
    ArmFailed,
    Command,
    CreditRaised,
    Event,
    HangUp,
    HangupRequested,
    LeftAlone,
    LegDialled,
    Seen,
    Warn,
)
from pbxcharge.core.cdr import Cdr
from pbxcharge.core.credit import Refused, Reserved
from pbxcharge.flow.journal import Journal, paid_through_us


def narrate(
    journal: Journal, before: Call, event: Event, commands: tuple[Command, ...], after: Call
) -> None:
    """Tell one step of a call, if it is one."""
    match event:
        case Answered() if before.answered_ms is None and after.answered_ms is not None:
            journal.tell("answered", after, **_paid(after))
        case LeftAlone() if before.alone_until_ms is None and after.alone_until_ms is not None:
            journal.tell("left alone", after, ends_in_ms=event.for_ms)
        case CreditRaised() if before.exhausted:
            journal.tell("credit raised", after, paid_s=after.through_s)
        case Reserved() if after.through_s > before.through_s:
            told = "extended" if before.warned else "slice"
            journal.tell(told, after, step=after.step, **_paid(after))
        case LegDialled() if before.leg is None and after.leg is not None:
            _narrate_next_trunk(journal, before)
            journal.note("ringing", after, leg=after.leg.channel)
        case HangupRequested() if before.hung_up_by is None and after.hung_up_by is not None:
            journal.note("hangup requested", after, by=str(after.hung_up_by))
        case Refused() if after.exhausted and not before.exhausted:
            journal.note("credit exhausted", after, **_paid(after))
        case _:
            _narrate_timeout(journal, before, event, after)
    for command in commands:
        _narrate_command(journal, command, after)


def _narrate_next_trunk(journal: Journal, before: Call) -> None:
    """Only now is it known: of most ends, such as busy, no other trunk is tried."""
    failed = before.unanswered
    if failed is not None:
        journal.tell("trunk failed", before, trunk=before.trunk, hangup_cause=failed.cause)


def _narrate_timeout(journal: Journal, before: Call, event: Event, after: Call) -> None:
    """Asterisk's own timer on the leg: set to the paid instant, not set, or found missing."""
    match event:
        case Armed() if after.armed_s != before.armed_s:
            journal.note("timeout armed", after, **_paid(after))
        case ArmFailed() if event.through_s == before.arming_s:
            journal.note("timeout not armed", after, paid_s=event.through_s)
        case Seen() if before.armed_s == before.through_s and not after.armed_s:
            journal.tell("timeout lost", after, left_ms=event.left_ms)


def _narrate_command(journal: Journal, command: Command, call: Call) -> None:
    if isinstance(command, Warn):
        journal.tell("warned", call, left_ms=command.left_ms)
    elif isinstance(command, HangUp):
        journal.tell("cut", call, by=str(command.by), paid_s=call.through_s)


def narrate_settled(journal: Journal, call: Call, cdr: Cdr) -> None:
    """Tell the end: what the call cost, how long it lasted, who ended it, who says so."""
    journal.tell(
        "settled",
        call,
        disposition=str(cdr.disposition),
        talk_s=cdr.talk_s,
        billed_s=cdr.billed_s,
        ended_by=cdr.ended_by and str(cdr.ended_by),
        end_source=str(cdr.end_source),
        **journal.cost(cdr.charge_micros),
    )


def _paid(call: Call) -> dict[str, int | None]:
    return {"paid_s": call.through_s, "paid_through_us": paid_through_us(call)}
