"""One call under trial, and what must be true of whatever is done with it."""

from dataclasses import dataclass, field

from pbxcharge.core.attempt import Granted, Leg
from pbxcharge.core.call import Call
from pbxcharge.core.call_events import (
    ArmTimeout,
    AskSlice,
    Command,
    Event,
    HangUp,
    HungUp,
    Investigate,
    Record,
    SetAfter,
    Settle,
    Warn,
)
from pbxcharge.core.cdr import Cdr, EndedBy, EndSource
from pbxcharge.core.credit import Close, Hold
from pbxcharge.core.money import MICROS
from pbxcharge.core.price import charge_micros
from pbxcharge.core.pricing import charges, moment_of_record, quota_uses
from pbxcharge.core.recovery import Written
from tests.fakes.granted_call import SETUP_AT_US, final_prices

AMI_MS = 5
"""How long an action takes at most while the link is up."""


@dataclass
class Ordeal:
    """One call: its metered leg in Asterisk, its state in the daemon, and all that is between.

    `legs`: every leg that was dialled, the last one is the one that is there, unless the call is
    `between` two trunks; `written`: what their hangup handlers have written; `gapless`: the daemon
    has heard everything. `unguarded`: its timer was lost while nobody could see or mend it, the
    exception to the bound of one second; `deaf`: an event of it was lost; `after_failed`: Asterisk
    did not confirm where the payer goes on, and the daemon has said nothing new about it.
    """

    granted: Granted
    zero_ms: int
    first_s: int
    call: Call | None
    stored: Call
    leg: Leg
    timer_ms: int | None
    between: bool = False
    gapless: bool = True
    legs: dict[str, Leg] = field(default_factory=dict)
    written: list[Written] = field(default_factory=list)
    answered_ms: int | None = None
    ended_ms: int | None = None
    unguarded: bool = False
    timer_lost: bool = False
    deaf: bool = False
    after: SetAfter | None = None
    after_failed: bool = False
    asked: list[AskSlice] = field(default_factory=list)
    outcomes: list[Event] = field(default_factory=list)
    actions: list[tuple[int, ArmTimeout | SetAfter | HangUp]] = field(default_factory=list)
    heard: list[Event] = field(default_factory=list)
    settling: list[Settle] = field(default_factory=list)
    records: list[Call] = field(default_factory=list)
    cdrs: list[Cdr] = field(default_factory=list)
    looks_wanted: bool = False

    @property
    def call_id(self) -> str:
        """Of the attempt."""
        return self.granted.attempt.call_id

    @property
    def trunk(self) -> str:
        """Over which the last leg was dialled."""
        return self.granted.trunks[len(self.legs) - 1]

    @property
    def answered_us(self) -> int | None:
        """By Asterisk's clock."""
        return None if self.answered_ms is None else SETUP_AT_US + self.answered_ms * 1000

    @property
    def waits_for_outcome(self) -> bool:
        """Whether the call has asked for credit and runs on."""
        return self.call is not None and self.call.live and self.call.open_step is not None

    def write(self, at_us: int, cause: int) -> HungUp:
        """The handler writes how the leg has ended; the same is told."""
        answered_us, leg = self.answered_us, self.leg
        self.written.append(Written(leg.uniqueid, answered_us, at_us, cause, "", leg.channel))
        return HungUp(
            at_us,
            EndSource.EVENT,
            cause,
            elapsed_ms=None if answered_us is None else (at_us - answered_us) // 1000,
            was_up=answered_us is not None,
            uniqueid=leg.uniqueid,
        )

    def take(self, command: Command, now_ms: int) -> None:
        """A command of the call machine, which is carried out when whoever plays says so."""
        match command:
            case AskSlice():
                self.asked.append(command)
            case ArmTimeout() | SetAfter() | HangUp():
                self.after_failed &= not isinstance(command, SetAfter)
                self.actions.append((now_ms + AMI_MS, command))
            case Record():
                assert self.call is not None
                self.records.append(self.call)
            case Settle():
                self.settling.append(command)
            case Investigate():
                self.looks_wanted = True
            case Warn():
                assert command.left_ms > 0


def check_command(ordeal: Ordeal, hold: Hold | None, before: Call, command: Command) -> None:
    """Each question has its own number, and no timeout goes beyond what is held."""
    if isinstance(command, AskSlice):
        asked = [ask.step for ask in ordeal.asked] or [before.step]
        assert command.step == asked[-1] or command.step > max(asked), "a question's number"
        assert before.through_s < command.least_s <= command.want_s
        assert command.want_s <= before.limit_s
    if isinstance(command, ArmTimeout) and hold is not None:
        assert command.through_s <= hold.through_s, "armed beyond what is held"
        assert ordeal.answered_ms is not None
        paid_ms = ordeal.answered_ms + command.through_s * 1000
        assert ordeal.zero_ms + command.at_ms == paid_ms
    if isinstance(command, SetAfter) and command.context and hold is not None:
        assert command.through_s <= hold.through_s, "sent on later than what is held"
        assert before.answered_at_us is not None
        assert command.at_us == before.answered_at_us + command.through_s * MICROS


def check_going_on(ordeal: Ordeal) -> None:
    """As far as the daemon's word has reached Asterisk, nobody is sent on but for the credit."""
    call = ordeal.call
    unheard = ordeal.after_failed or ordeal.actions
    if call is None or not call.live or call.after_s is None or unheard:
        return
    told = ordeal.after.through_s if ordeal.after and ordeal.after.context else 0
    assert told in (0, call.through_s), "sent on by an end that is no more"
    assert not (told and call.ending_as), "sent on by an end that was ordered"
    assert not told or call.stopped in (None, EndedBy.CREDIT, EndedBy.LEASE)


def check_lease(ordeal: Ordeal, hold: Hold | None) -> None:
    """Talk that nobody paid for is at most a second."""
    if ordeal.answered_ms is None or hold is None or ordeal.unguarded:
        return
    assert ordeal.ended_ms is not None
    unpaid_ms = ordeal.ended_ms - ordeal.answered_ms - hold.through_s * 1000
    assert unpaid_ms <= (1000 + 2 * AMI_MS if ordeal.timer_lost else 2 * AMI_MS)


def check_coverage(ordeal: Ordeal, close: Close, cdr: Cdr) -> None:
    """In slices a covered call costs what it costs in one piece, by what its record keeps."""
    at = moment_of_record(cdr, ordeal.granted.rating)
    charged = {line.wallet_id: line.amount_micros for line in close.charges if line.amount_micros}
    again = charges(ordeal.granted.rating, at, cdr.covered, cdr.paid_s)
    owed = {
        level.wallet_id: charge.total_micros if cdr.answered_at_us else 0
        for level, charge in zip(ordeal.granted.levels, again, strict=True)
    }
    used = quota_uses(ordeal.granted.rating, at, cdr.covered, cdr.paid_s)
    assert charged == {name: amount for name, amount in (owed | used).items() if amount}


def check_settlement(ordeal: Ordeal, hold: Hold | None, close: Close, cdr: Cdr) -> None:
    """Charged is what was talked, and never more than was held."""
    if hold is None:
        return
    for line, price in zip(close.charges, final_prices(ordeal.granted, cdr), strict=False):
        assert line.amount_micros <= charge_micros(price, cdr.talk_s)
    assert all(line.amount_micros <= hold.held_micros(line.wallet_id) for line in close.charges)
    check_coverage(ordeal, close, cdr)
    assert (cdr.answered_at_us is not None) == (ordeal.answered_ms is not None)
    assert (cdr.uniqueid, cdr.trunk) == (ordeal.leg.uniqueid, ordeal.trunk), "the last leg"
    assert cdr.hangup_cause == ordeal.written[-1].cause, "the caller hears the last carrier"
    # What was talked was held, so all of it is charged.
    assert ordeal.unguarded or cdr.unpaid_s <= ordeal.timer_lost
