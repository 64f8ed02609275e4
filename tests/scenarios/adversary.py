"""An exchange in which every outcome may come late, twice or never.

The credit engine is `core.credit.apply`. Asterisk is what the lease stands on: a leg ends by
itself when its timer runs out, and writes its end down. Everything between them and the call
machine waits in queues, and whoever plays decides what is delivered, when, and how often. What
must be true is checked where it could break.
"""

from dataclasses import replace

from pbxcharge.core.attempt import Granted, Leg
from pbxcharge.core.call import Call, Phase, advance, deadline_ms, granted_call
from pbxcharge.core.call_events import (
    AfterFailed,
    Answered,
    Armed,
    ArmFailed,
    Bridged,
    CallerGone,
    Event,
    HangUp,
    HangupRequested,
    HungUp,
    LegDialled,
    SetAfter,
    Settled,
    Tick,
)
from pbxcharge.core.cdr import EndedBy
from pbxcharge.core.credit import Hold, Refused, Reserve, Reserved
from pbxcharge.core.recovery import Shown, catch_up, ended_unseen, taken_up
from pbxcharge.core.settlement import settle
from tests.fakes.granted_call import SETUP_AT_US, first_reservation, reservation, restored
from tests.fakes.memory_engine import MemoryEngine
from tests.scenarios.ordeal import (
    Ordeal,
    check_command,
    check_going_on,
    check_lease,
    check_settlement,
)

INSTANTS_MAX = 5_000


class Adversary:
    """The world of a few calls that share wallets."""

    def __init__(self, engine: MemoryEngine) -> None:
        self.now_ms = 0
        self.engine = engine
        self.calls: dict[str, Ordeal] = {}
        self.daemon_up = True
        self.link_up = True

    # People and operators.

    def dial(self, granted: Granted) -> bool:
        """Authorize with the first slice; False if it is refused."""
        attempt = replace(granted.attempt, setup_at_us=self.wall_us())
        granted = replace(granted, attempt=attempt)
        outcome = self.decide(first_reservation(granted))
        if not isinstance(outcome, Reserved):
            return False
        call = granted_call(granted, outcome)
        ordeal = Ordeal(granted, self.now_ms, outcome.through_s, call, call, Leg("", ""), None)
        self.calls[ordeal.call_id] = ordeal
        self._dial_leg(ordeal)
        return True

    def _dial_leg(self, ordeal: Ordeal) -> None:
        """The dialplan dials the next trunk; the leg has its own lease before it rings."""
        place = len(ordeal.legs)
        uniqueid, trunk = f"{ordeal.call_id}.{place}", ordeal.granted.trunks[place]
        ordeal.leg = ordeal.legs[uniqueid] = Leg(uniqueid, f"PJSIP/{trunk}-{place:08x}")
        ordeal.between = False
        ordeal.timer_ms = self.now_ms + (ordeal.granted.ring_s + ordeal.first_s) * 1000
        ordeal.timer_lost = False
        self.event(ordeal, LegDialled(ordeal.leg))

    def fail(self, ordeal: Ordeal, *, told_late: bool) -> None:
        """A trunk does not put the call through; its end may be told after the next leg.

        Without a next trunk it is the end of the call.
        """
        over = ordeal.ended_ms is not None or ordeal.answered_ms is not None or ordeal.between
        if over:
            return
        if len(ordeal.legs) == len(ordeal.granted.trunks):
            self.end(ordeal, cause=34)
            return
        ordeal.timer_ms, ordeal.between = None, True
        end = ordeal.write(self.wall_us(), 34)
        if told_late:
            self._dial_leg(ordeal)
        self.event(ordeal, end)

    def go_on(self, ordeal: Ordeal) -> None:
        """The dialplan tries the next trunk."""
        if ordeal.between and ordeal.ended_ms is None:
            self._dial_leg(ordeal)

    def answer(self, ordeal: Ordeal) -> None:
        """The dialplan arms the first slice, whoever else is there."""
        if ordeal.ended_ms is not None or ordeal.answered_ms is not None or ordeal.between:
            return
        ordeal.answered_ms = self.now_ms
        ordeal.timer_ms, ordeal.timer_lost = self.now_ms + ordeal.first_s * 1000, False
        at_ms = self.now_ms - ordeal.zero_ms
        self.event(ordeal, Answered(ordeal.leg, at_ms, self.wall_us()))
        self.event(ordeal, Bridged())

    def party_hangs_up(self, ordeal: Ordeal, by: EndedBy) -> None:
        """Either side, at any time."""
        self.event(ordeal, HangupRequested(by))
        self.end(ordeal, caller_first=by is EndedBy.CALLER)

    def lose_timer(self, ordeal: Ordeal) -> None:
        """A masquerade takes the timer along; only the daemon's second means is left."""
        if ordeal.ended_ms is None and not ordeal.between:
            ordeal.timer_ms, ordeal.timer_lost = None, True
            ordeal.unguarded |= ordeal.deaf or not (self.daemon_up and self.link_up)

    def kill(self) -> None:
        """All that is not durable is gone."""
        self.daemon_up = False
        for ordeal in self.calls.values():
            ordeal.call, ordeal.looks_wanted, ordeal.gapless = None, False, False
            for queue in (ordeal.asked, ordeal.outcomes, ordeal.actions, ordeal.heard):
                queue.clear()
            ordeal.settling.clear()
            ordeal.records.clear()
            ordeal.unguarded |= ordeal.timer_lost

    def start(self) -> None:
        """Every call whose hold is pending comes back as it was stored, and is looked at."""
        self.daemon_up = True
        for ordeal in self.calls.values():
            hold = self._hold(ordeal)
            if hold is not None:
                stored = restored(ordeal.stored, hold)
                ordeal.call = taken_up(stored, self.now_ms - ordeal.zero_ms)
        if self.link_up:
            self.look()

    def cut_link(self) -> None:
        """No events, no actions."""
        self.link_up = False
        for ordeal in self.calls.values():
            ordeal.gapless = False
            ordeal.unguarded |= ordeal.timer_lost

    def mend_link(self) -> None:
        """Logged in again, compared with Asterisk."""
        self.link_up = True
        if self.daemon_up:
            self.look()

    def look(self) -> None:
        """What Asterisk shows and what was written down, told to every call."""
        for ordeal in self.calls.values():
            if ordeal.call is not None and ordeal.call.live:
                for event in self._witnessed(ordeal, ordeal.call):
                    self.tell(ordeal, event)

    # Between the calls and the world.

    def decide(self, operation: Reserve) -> Reserved | Refused:
        """The engine's step; never is more promised than there is."""
        before = {w.wallet_id: w.available_micros for w in self.engine.wallets.values()}
        outcome = self.engine.decide(operation)
        for wallet in self.engine.wallets.values():
            before_micros = before.get(wallet.wallet_id, wallet.available_micros)
            assert wallet.available_micros >= min(0, before_micros)
        assert isinstance(outcome, Reserved | Refused)
        return outcome

    def decide_question(self, ordeal: Ordeal, number: int) -> None:
        """Decide one of the questions ever asked, the same one also twice."""
        ask = ordeal.asked[number % len(ordeal.asked)]
        operation = reservation(ordeal.granted, ask.step, ask.least_s, ask.want_s)
        ordeal.outcomes.append(self.decide(operation))

    def act(self, ordeal: Ordeal, *, reply_lost: bool = False) -> None:
        """Asterisk carries out the oldest action."""
        _, action = ordeal.actions.pop(0)
        gone = ordeal.ended_ms is not None or not self.link_up
        if isinstance(action, HangUp):
            if not gone:
                self.end(ordeal)
            return
        if isinstance(action, SetAfter):
            self._set_after(ordeal, action, gone=gone, reply_lost=reply_lost)
            return
        if not gone:
            ordeal.timer_ms = max(ordeal.zero_ms + action.at_ms, self.now_ms + 1)
            ordeal.timer_lost = False
        failed = gone or reply_lost
        ordeal.outcomes.append(ArmFailed(action.through_s) if failed else Armed(action.through_s))

    def _set_after(self, ordeal: Ordeal, wish: SetAfter, *, gone: bool, reply_lost: bool) -> None:
        ordeal.after = ordeal.after if gone else wish
        if gone or reply_lost:
            ordeal.after_failed = True
            ordeal.outcomes.append(AfterFailed(wish.through_s))

    def deliver(self, ordeal: Ordeal, number: int) -> None:
        """Tell one of the outcomes that there ever were."""
        self.tell(ordeal, ordeal.outcomes[number % len(ordeal.outcomes)])

    def hear(self, ordeal: Ordeal) -> None:
        """Tell the next event of Asterisk, as the listener does; they come in order."""
        event = ordeal.heard.pop(0)
        if isinstance(event, CallerGone) and not ordeal.gapless:
            ordeal.looks_wanted = True
            if ordeal.call is None or ordeal.call.leg is None:
                return
        if isinstance(event, HungUp) and event.uniqueid is not None:
            self.tell(ordeal, LegDialled(ordeal.legs[event.uniqueid]))
        self.tell(ordeal, event)

    def lose_event(self, ordeal: Ordeal) -> None:
        """It is never told; until the next check, only Asterisk's own timer guards the call."""
        if ordeal.heard:
            ordeal.heard.pop(0)
            ordeal.deaf, ordeal.gapless = True, False
            ordeal.unguarded |= ordeal.timer_lost

    def write_record(self, ordeal: Ordeal) -> None:
        """What a restart needs becomes durable."""
        if ordeal.records:
            ordeal.stored = ordeal.records.pop()
            ordeal.records.clear()

    def settle(self, ordeal: Ordeal) -> None:
        """Book the end; the same settlement may be given again."""
        assert ordeal.call is not None
        booked = settle(ordeal.call, ordeal.settling[0].end, "EUR", "meter:pbx1")
        check_settlement(ordeal, self._hold(ordeal), booked.close, booked.cdr)
        self.engine.decide(booked.close)
        ordeal.cdrs.append(booked.cdr)
        self.tell(ordeal, Settled())

    def tell(self, ordeal: Ordeal, event: Event) -> None:
        """The one consumer of a call."""
        if not self.daemon_up or ordeal.call is None:
            return
        before = ordeal.call
        ordeal.call, commands = advance(before, event, self.now_ms - ordeal.zero_ms)
        for command in commands:
            check_command(ordeal, self._hold(ordeal), before, command)
            ordeal.take(command, self.now_ms)
        assert ordeal.call.through_s >= before.through_s, "paid talk is never forgotten"
        due_ms = deadline_ms(ordeal.call)
        assert ordeal.call.live == (due_ms is not None)
        if isinstance(event, Tick) and due_ms is not None:
            assert ordeal.zero_ms + due_ms > self.now_ms, "a Tick is never due twice"

    # Time.

    def pass_time(self, span_ms: int, *, prompt: bool) -> None:
        """Timers, deadlines and actions come on time; all the rest only if `prompt`."""
        until_ms = self.now_ms + span_ms
        for ordeal in self.calls.values():
            self.go_on(ordeal)
        for _ in range(INSTANTS_MAX):
            if prompt:
                self.flush()
            at_ms = min(self._instants(), default=until_ms + 1)
            if at_ms > until_ms:
                self.now_ms = until_ms
                return
            self.now_ms = max(self.now_ms, at_ms)
            for ordeal in self.calls.values():
                self._at_this_instant(ordeal)
        raise AssertionError("time stands still")

    def flush(self) -> None:
        """Deliver what waits, in order and once."""
        for ordeal in self.calls.values():
            for _ in range(INSTANTS_MAX):
                if not self.daemon_up or ordeal.call is None or not self._flush_one(ordeal):
                    break
            else:
                raise AssertionError("a call asks for ever")
        if self.daemon_up and self.link_up and any(o.looks_wanted for o in self.calls.values()):
            for ordeal in self.calls.values():
                ordeal.looks_wanted = False
            self.look()

    def _flush_one(self, ordeal: Ordeal) -> bool:
        self.write_record(ordeal)
        if ordeal.heard:
            self.hear(ordeal)
        elif ordeal.settling and ordeal.call is not None and ordeal.call.phase is Phase.ENDING:
            self.settle(ordeal)
        elif ordeal.actions:
            self.act(ordeal)
            self.tell_last(ordeal)
        elif ordeal.asked and ordeal.waits_for_outcome:
            self.decide_question(ordeal, len(ordeal.asked) - 1)
            self.tell_last(ordeal)
        else:
            return False
        return True

    def tell_last(self, ordeal: Ordeal) -> None:
        """Tell the newest outcome."""
        if ordeal.outcomes:
            self.deliver(ordeal, len(ordeal.outcomes) - 1)

    def _instants(self) -> list[int]:
        found: list[int] = []
        for ordeal in self.calls.values():
            if ordeal.timer_ms is not None:
                found.append(ordeal.timer_ms)
            if self.daemon_up and ordeal.call is not None:
                due_ms = deadline_ms(ordeal.call)
                found += [] if due_ms is None else [ordeal.zero_ms + due_ms]
            found += [at_ms for at_ms, _ in ordeal.actions[:1]]
        return [max(at_ms, self.now_ms) for at_ms in found]

    def _at_this_instant(self, ordeal: Ordeal) -> None:
        if ordeal.timer_ms is not None and ordeal.timer_ms <= self.now_ms:
            self.end(ordeal)
        while ordeal.actions and ordeal.actions[0][0] <= self.now_ms:
            self.act(ordeal)
        if self.daemon_up and ordeal.call is not None:
            due_ms = deadline_ms(ordeal.call)
            if due_ms is not None and ordeal.zero_ms + due_ms <= self.now_ms:
                self.tell(ordeal, Tick())

    # Asterisk.

    def wall_us(self) -> int:
        """Asterisk's clock."""
        return SETUP_AT_US + self.now_ms * 1000

    def event(self, ordeal: Ordeal, event: Event) -> None:
        """An event of Asterisk's, lost if nobody listens."""
        if self.daemon_up and self.link_up:
            ordeal.heard.append(event)

    def end(self, ordeal: Ordeal, *, cause: int = 16, caller_first: bool = False) -> None:
        """The leg ends, if there is one, and its handler writes that down; so does the caller's."""
        if ordeal.ended_ms is not None:
            return
        ordeal.ended_ms, ordeal.timer_ms = self.now_ms, None
        check_lease(ordeal, self._hold(ordeal))
        events: list[Event] = [] if ordeal.between else [ordeal.write(self.wall_us(), cause)]
        events.insert(0 if caller_first else len(events), CallerGone())
        for event in events:
            self.event(ordeal, event)

    def _witnessed(self, ordeal: Ordeal, call: Call) -> tuple[Event, ...]:
        if ordeal.ended_ms is None and not ordeal.between:
            left_ms = None if ordeal.timer_ms is None else ordeal.timer_ms - self.now_ms
            shown = Shown(ordeal.leg, ordeal.answered_us, left_ms)
            now_ms = self.now_ms - ordeal.zero_ms
            return catch_up(call, shown, now_ms, self.wall_us())
        caller = ordeal.granted.attempt.caller.uniqueid
        there = frozenset(() if ordeal.ended_ms is not None else (caller,))
        return ended_unseen(call, ordeal.written[-1], there)

    # What must be true.

    def _hold(self, ordeal: Ordeal) -> Hold | None:
        return self.engine.holds.get(ordeal.call_id)

    def check(self) -> None:
        """What must be true at every moment."""
        self.engine.check()
        for ordeal in self.calls.values():
            check_going_on(ordeal)
            hold = self._hold(ordeal)
            if hold is None or ordeal.timer_ms is None or ordeal.answered_ms is None:
                continue
            paid_ms = ordeal.answered_ms + hold.through_s * 1000
            assert ordeal.timer_ms <= max(paid_ms, self.now_ms + 1), "armed beyond the paid instant"

    def finish(self) -> None:
        """Everything is mended, time passes, and everything is settled once."""
        if not self.daemon_up:
            self.start()
        if not self.link_up:
            self.mend_link()
        for _ in range(2):
            self.pass_time(300_000, prompt=True)
            self.look()
        self.flush()
        self.engine.check()
        assert not self.engine.holds, "every hold is resolved"
        for ordeal in self.calls.values():
            assert ordeal.ended_ms is not None, "every call ends"
            assert ordeal.call is None or ordeal.call.phase is Phase.CLOSED
            assert len(set(ordeal.cdrs)) == 1, "one record, however often it was written"
