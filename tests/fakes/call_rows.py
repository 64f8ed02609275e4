"""The call machine by rows: an instant, what happens, and what is to be done.

Unless a test says otherwise: blocks of 1 s, slices of 60 s, renewed 10 s before the paid end,
warned 10 s before the cut, set up at 0 and answered at 2 s.
"""

from typing import Any

from pbxcharge.core.call import Call, advance
from pbxcharge.core.call_events import (
    Answered,
    ArmTimeout,
    AskSlice,
    Bridged,
    Command,
    CreditRaised,
    Event,
    HungUp,
    Record,
    Tick,
    Unknown,
    Warn,
)
from pbxcharge.core.cdr import EndSource
from pbxcharge.core.credit import Refused, Reserved, Shortage
from pbxcharge.core.plan import Terms
from tests.fakes.granted_call import LEG, SETUP_AT_US, granted

Row = tuple[Any, ...]
ANSWER = Answered(LEG, 2_000, SETUP_AT_US + 2_000_000)
BRIDGED, RAISED, TICK, ASK_AGAIN = Bridged(), CreditRaised(), Tick(), Unknown(2)
ENDED = HungUp(SETUP_AT_US + 30_000_000, EndSource.EVENT, cause=16, was_up=True)


def ringing(through_s: int = 60, terms: Terms | None = None, **more: Any) -> Call:
    """A call whose first slice is held."""
    return Call(granted(terms=terms, **more), 1, through_s)


def talking(through_s: int = 60, terms: Terms | None = None, **more: Any) -> Call:
    """A call answered at 2 s, whose first slice Asterisk holds."""
    return play(ringing(through_s, terms, **more), (2_000, ANSWER, Record()), (2_001, BRIDGED))


def play(call: Call, *rows: Row) -> Call:
    """Feed the rows; each must bring exactly the commands that stand in it."""
    for at_ms, event, *expected in rows:
        call, commands = advance(call, event, at_ms)
        assert list(commands) == expected, f"at {at_ms} ms, {event}"
    return call


def commands_of(call: Call, event: Event, at_ms: int) -> tuple[Command, ...]:
    """What one event brings."""
    return advance(call, event, at_ms)[1]


def held(step: int, through_s: int) -> Reserved:
    """The engine holds credit for talk up to here."""
    return Reserved("a", step, through_s, (), short=False)


def refused(step: int, why: Shortage = Shortage.NOT_ENOUGH_CREDIT) -> Refused:
    """The engine holds nothing more."""
    return Refused("a", step, why)


def arm(through_s: int) -> ArmTimeout:
    """Asterisk's timer to this much talk after an answer at 2 s."""
    return ArmTimeout(LEG, 2_000 + through_s * 1000, through_s)


def out_of_credit() -> Call:
    """Refused at 52 s, warned, paid to 62 s."""
    return play(
        talking(),
        (52_000, TICK, AskSlice(2, 61, 120)),
        (52_000, refused(2), Record(), Warn(10_000)),
    )
