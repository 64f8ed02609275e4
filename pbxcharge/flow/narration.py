"""What the live cost log says of each step of a call."""

from pbxcharge.core.call import Call
from pbxcharge.core.call_events import (
    Answered,
    Command,
    CreditRaised,
    Event,
    HangUp,
    Warn,
)
from pbxcharge.core.cdr import Cdr
from pbxcharge.core.credit import Reserved
from pbxcharge.flow.journal import Journal, held_micros


def narrate(
    journal: Journal, before: Call, event: Event, commands: tuple[Command, ...], after: Call
) -> None:
    """Tell one step: answered, slice or extended, warned, cut."""
    if isinstance(event, Answered) and before.answered_ms is None and after.answered_ms is not None:
        journal.tell("answered", after, paid_s=after.through_s, **journal.cost(held_micros(after)))
    elif isinstance(event, CreditRaised) and before.exhausted:
        journal.tell("credit raised", after, paid_s=after.through_s)
    elif isinstance(event, Reserved) and after.through_s > before.through_s:
        told = "extended" if before.warned else "slice"
        cost = journal.cost(held_micros(after))
        journal.tell(told, after, step=after.step, paid_s=after.through_s, **cost)
    for command in commands:
        _narrate_command(journal, command, after)


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
