"""A telephone exchange in memory: the pure core between a clock, an Asterisk and a writer.

Everything happens on one virtual clock in milliseconds. What is modelled of Asterisk is what the
lease stands on: a leg ends by itself when its timer runs out, the dialplan arms the first slice at
the answer, a hangup handler writes the end into the spool, whatever the daemon does meanwhile.
"""

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count

from pbxcharge.core.attempt import Granted, Leg
from pbxcharge.core.call import Call, advance, deadline_ms, granted_call
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
    Settle,
    Settled,
    Tick,
    Warn,
)
from pbxcharge.core.cdr import Cdr, EndedBy, EndSource
from pbxcharge.core.credit import Post, Refused, Reserved, Wallet
from pbxcharge.core.ledger import Entry, EntryKind
from pbxcharge.core.recovery import Shown, Written, catch_up, taken_up, written_end
from pbxcharge.core.settlement import settle
from tests.fakes.granted_call import SETUP_AT_US, first_reservation, reservation, restored
from tests.fakes.memory_engine import MemoryEngine

NORMAL, BUSY, NO_ANSWER = 16, 17, 19
EVENTS_MAX = 200_000
CHECK_EVERY_MS = 30_000


@dataclass
class Line:
    """One call on the exchange: what Asterisk knows of its metered leg, what the daemon does."""

    granted: Granted
    zero_ms: int
    leg: Leg
    first_slice_s: int
    call: Call | None = None
    stored: Call | None = None
    timer_ms: int | None = None
    answered_ms: int | None = None
    ended_ms: int | None = None
    ended_by: EndedBy | None = None
    cause: int | None = None
    cdr: Cdr | None = None
    refused: Refused | None = None
    warned: list[tuple[int, int]] = field(default_factory=list)
    paid_until_s: list[int] = field(default_factory=list)

    @property
    def call_id(self) -> str:
        """Of the attempt."""
        return self.granted.attempt.call_id


class Exchange:
    """The world; `jitter` gives the milliseconds that each hop (event, commit, action) takes."""

    def __init__(self, jitter: Callable[[], int] = lambda: 2) -> None:
        self.now_ms = 0
        self.engine = MemoryEngine()
        self.lines: dict[str, Line] = {}
        self.daemon_up = True
        self.ami_up = True
        self._jitter = jitter
        self._life = 0
        self._number = count(1)
        self._agenda: list[tuple[int, int, Callable[[], None]]] = []
        self._last_hop: dict[str, int] = {}

    # What people and operators do.

    def open_wallet(self, wallet_id: str, balance_micros: int, floor_micros: int = 0) -> None:
        """Make a wallet with its initial credit."""
        account_id, _, kind = wallet_id.partition(":")
        self.engine.wallets[wallet_id] = Wallet(
            wallet_id, account_id, kind, floor_micros=floor_micros
        )
        self.post(wallet_id, balance_micros, EntryKind.INITIAL)

    def post(self, wallet_id: str, micros: int, kind: EntryKind = EntryKind.TOP_UP) -> None:
        """Book an entry; live calls hear of raised credit after the answers."""
        entry_id = f"{kind}:{next(self._number)}"
        entry = Entry(entry_id, wallet_id, kind, micros, self._wall_us(), "uid:0")
        self.engine.decide(Post(entry))
        self._tell_raised()

    def dial(self, call: Granted, channel: str = "PJSIP/carrier-1") -> Line:
        """Authorize a call with its first slice, and let it ring."""
        zero_us = SETUP_AT_US + self.now_ms * 1000
        leg = Leg(call.attempt.call_id, channel)
        attempt = replace(call.attempt, setup_at_us=zero_us)
        if attempt.incoming:
            attempt = replace(attempt, caller=leg)
        line = Line(replace(call, attempt=attempt), self.now_ms, leg, 0)
        self.lines[line.call_id] = line
        outcome = self.engine.decide(first_reservation(line.granted))
        if isinstance(outcome, Refused):
            line.refused = outcome
            return line
        assert isinstance(outcome, Reserved)
        line.first_slice_s = outcome.through_s
        line.call = granted_call(line.granted, outcome)
        line.stored = line.call
        self._set_timer(line, self.now_ms + (call.ring_s + outcome.through_s) * 1000)
        if not line.granted.attempt.incoming:
            self.tell(line, LegDialled(line.leg))
        return line

    def answer(self, line: Line) -> None:
        """The far end answers; the dialplan arms the first slice, without the daemon."""
        line.answered_ms = self.now_ms
        self._set_timer(line, self.now_ms + line.first_slice_s * 1000)
        at_ms = self.now_ms - line.zero_ms
        self._event(line, Answered(line.leg, at_ms, self._wall_us()))
        self._event(line, Bridged())

    def hang_up(self, line: Line, by: EndedBy, cause: int = NORMAL) -> None:
        """A party ends the call."""
        self._event(line, HangupRequested(by))
        self._end(line, by, cause)

    def fail(self, line: Line, cause: int) -> None:
        """The far end is busy, or does not answer."""
        self._end(line, None, cause)

    def lose_timer(self, line: Line) -> None:
        """Something in Asterisk has taken the leg's timer away."""
        line.timer_ms = None

    def set_renewal(self, stopped: EndedBy | None) -> None:
        """The payer's account is no longer active, or it is again (None)."""
        for line in self.lines.values():
            self.tell(line, RenewalStopped(stopped))

    def order_end(self, by: EndedBy) -> None:
        """Every call is to end now."""
        for line in self.lines.values():
            self.tell(line, EndOrdered(by))

    def kill_daemon(self) -> None:
        """What is not durable is gone: states, open questions, events on their way."""
        self.daemon_up = False
        self._life += 1
        for line in self.lines.values():
            line.call = None

    def start_daemon(self) -> None:
        """Take up every call whose hold is pending, then look at Asterisk."""
        self.daemon_up = True
        for line in self.lines.values():
            hold = self.engine.holds.get(line.call_id)
            if hold is not None and line.stored is not None:
                stored = restored(line.stored, hold)
                line.call = taken_up(stored, self.now_ms - line.zero_ms)
        self.look()

    def break_ami(self) -> None:
        """Events are lost and actions fail."""
        self.ami_up = False

    def mend_ami(self) -> None:
        """Logged in again: what was missed is asked for."""
        self.ami_up = True
        self.look()

    def check_now_and_then(self) -> None:
        """The periodic check of every leg, for as long as there is one."""
        if self.daemon_up and self.ami_up:
            self.look()
        if any(line.ended_ms is None and line.refused is None for line in self.lines.values()):
            self._later(CHECK_EVERY_MS, self.check_now_and_then)

    def look(self) -> None:
        """Status and spool, told to every live call: after a login, now and then, on demand."""
        for line in self.lines.values():
            if line.call is None or not line.call.live:
                continue
            for event in self._witnessed(line, line.call):
                self.tell(line, event)

    # The clock.

    def at(self, at_ms: int, action: Callable[[], None]) -> None:
        """Let something be done at an instant to come."""
        self._later(at_ms - self.now_ms, action)

    def run(self, until_ms: int) -> None:
        """Let time pass."""
        for _ in range(EVENTS_MAX):
            if not self._agenda or self._agenda[0][0] > until_ms:
                break
            at_ms, _, action = heapq.heappop(self._agenda)
            self.now_ms = max(self.now_ms, at_ms)
            action()
        else:
            raise AssertionError("the exchange does not come to rest")
        self.now_ms = max(self.now_ms, until_ms)

    def run_out(self) -> None:
        """Until nothing is left to happen."""
        for _ in range(1000):
            if not self._agenda:
                return
            self.run(self._agenda[0][0])
        raise AssertionError("the exchange does not come to rest")

    def tell(self, line: Line, event: Event) -> None:
        """The one consumer of a call: advance it, carry out its commands, set its next Tick."""
        if not self.daemon_up or line.call is None:
            return
        line.call, commands = advance(line.call, event, self.now_ms - line.zero_ms)
        for command in commands:
            self._carry_out(line, command)
        due_ms = deadline_ms(line.call)
        if due_ms is not None:
            at_ms = max(line.zero_ms + due_ms, self.now_ms)
            self._later_alive(at_ms - self.now_ms, lambda: self._tick(line, due_ms))

    # Inside.

    def _tick(self, line: Line, due_ms: int) -> None:
        if line.call is not None and deadline_ms(line.call) == due_ms:
            self.tell(line, Tick())

    def _wall_us(self) -> int:
        return SETUP_AT_US + self.now_ms * 1000

    def _later(self, delay_ms: int, action: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (self.now_ms + delay_ms, next(self._number), action))

    def _later_alive(self, delay_ms: int, action: Callable[[], None]) -> None:
        """Something of this life of the daemon: it does not happen after its death."""
        life = self._life
        self._later(delay_ms, lambda: action() if self._life == life else None)

    def _event(self, line: Line, event: Event) -> None:
        """An AMI event: in order for each call, lost while nobody listens."""
        if not (self.daemon_up and self.ami_up):
            return
        self._hop(line.call_id, lambda: self.tell(line, event))

    def _hop(self, way: str, action: Callable[[], None]) -> None:
        """Something takes its time, but overtakes nothing on the same way."""
        at_ms = max(self.now_ms + self._jitter(), self._last_hop.get(way, 0))
        self._last_hop[way] = at_ms
        self._later_alive(at_ms - self.now_ms, action)

    def _set_timer(self, line: Line, at_ms: int) -> None:
        line.timer_ms = at_ms
        self._later(at_ms - self.now_ms, lambda: self._timer(line, at_ms))

    def _timer(self, line: Line, at_ms: int) -> None:
        if line.timer_ms == at_ms and line.ended_ms is None:
            self._end(line, None, NORMAL if line.answered_ms is not None else NO_ANSWER)

    def _end(self, line: Line, by: EndedBy | None, cause: int) -> None:
        if line.ended_ms is not None:
            return
        line.ended_ms, line.ended_by, line.cause, line.timer_ms = self.now_ms, by, cause, None
        up = line.answered_ms is not None
        elapsed_ms = None if line.answered_ms is None else self.now_ms - line.answered_ms
        self._event(
            line, HungUp(self._wall_us(), EndSource.EVENT, cause, elapsed_ms=elapsed_ms, was_up=up)
        )

    def _witnessed(self, line: Line, call: Call) -> Sequence[Event]:
        answered_us = None if line.answered_ms is None else SETUP_AT_US + line.answered_ms * 1000
        if line.ended_ms is None:
            left_ms = None if line.timer_ms is None else line.timer_ms - self.now_ms
            shown = Shown(line.leg, answered_us, left_ms)
            now_ms = self.now_ms - line.zero_ms
            return catch_up(call, shown, now_ms, self._wall_us())
        ended_us = SETUP_AT_US + line.ended_ms * 1000
        return (
            written_end(call, Written(line.leg.uniqueid, answered_us, ended_us, line.cause, "")),
        )

    def _tell_raised(self) -> None:
        raised = self.engine.take_raised()
        for line in self.lines.values():
            if raised & {level.wallet_id for level in line.granted.levels}:
                self._later_alive(0, partial(self.tell, line, CreditRaised()))

    def _carry_out(self, line: Line, command: Command) -> None:
        match command:
            case AskSlice():
                self._hop("writer", lambda: self._reserve(line, command))
            case ArmTimeout():
                self._hop("ami", lambda: self._arm(line, command))
            case Warn():
                line.warned.append((self.now_ms, command.left_ms))
            case HangUp():
                self._hop("ami", lambda: self._hang_up_leg(line))
            case Record():
                line.stored = line.call
            case Investigate():
                self._hop("ami", self.look)
            case Settle():
                self._hop("writer", lambda: self._settle(line, command))

    def _reserve(self, line: Line, command: AskSlice) -> None:
        assert line.call is not None
        slice_ = reservation(
            line.granted, command.step, command.least_s, command.want_s, line.call.prices
        )
        asked = replace(slice_, at_us=self._wall_us())
        outcome = self.engine.decide(asked)
        assert isinstance(outcome, Reserved | Refused)
        self._hop("answers", lambda: self.tell(line, outcome))

    def _arm(self, line: Line, command: ArmTimeout) -> None:
        if not self.ami_up or line.ended_ms is not None:
            self.tell(line, ArmFailed(command.through_s))
            return
        self._set_timer(line, line.zero_ms + command.at_ms)
        self.tell(line, Armed(command.through_s))

    def _hang_up_leg(self, line: Line) -> None:
        if self.ami_up:
            self._end(line, None, NORMAL)

    def _settle(self, line: Line, command: Settle) -> None:
        assert line.call is not None
        booked = settle(line.call, command.end, "EUR", "meter:pbx1")
        self.engine.decide(booked.close)
        line.cdr = line.cdr or booked.cdr
        self.tell(line, Settled())
        self._tell_raised()
