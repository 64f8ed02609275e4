"""Live calls: events and clock ticks go into `core.call.advance`, its commands are carried out.

One call, one queue, one consumer: `advance` is never entered twice for one call, and whatever a
command brings comes back as an event on the same queue.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator

from pbxcharge.core.call import Call, Phase, advance, deadline_ms
from pbxcharge.core.call_events import (
    AfterFailed,
    Armed,
    ArmFailed,
    ArmTimeout,
    AskSlice,
    Command,
    CreditRaised,
    EndOrdered,
    Event,
    HangUp,
    HungUp,
    Investigate,
    Record,
    SetAfter,
    Settle,
    Settled,
    Tick,
    Unknown,
    Warn,
)
from pbxcharge.core.cdr import Cdr, EndedBy
from pbxcharge.core.credit import Operation, Outcome, Refused, Reserve, Reserved
from pbxcharge.core.effects import CallClosed, CallSaved, CdrWritten, Effect
from pbxcharge.core.money import MICROS
from pbxcharge.core.recovery import taken_up
from pbxcharge.core.settlement import settle
from pbxcharge.errors import ChannelGone, OperatingError
from pbxcharge.failpoints import Failpoint, reach
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.deadlines import Deadlines
from pbxcharge.flow.journal import Journal
from pbxcharge.flow.live_call import LiveCall
from pbxcharge.flow.months import Months
from pbxcharge.flow.narration import narrate, narrate_settled
from pbxcharge.flow.payers import payers
from pbxcharge.flow.ports import Asterisk, Site, Then, Writer
from pbxcharge.logger import Logger

WARNING_DIGITS = "ABCD"
"""The digits of `pbxcwarn` in features.conf: only the payer hears what they start."""
AFTER_VARIABLE = "PBXC_AFTER"
"""Call, paid-through instant and context for the dialplan (`pbxc-after`), which sends the payer on
from this call only, and only at this instant."""
SETTLE_RETRY_S = 1.0


class Meter:
    """Every live call of this machine.

    Args:
        writer: the one writer.
        asterisk: actions.
        site: settings.
        clock: the two clocks.
        journal: the live cost log.
        log: for the operator.
        on_settled: told each call whose record and charge are durable, with that record.
        investigate: told when a call's end must be looked for.
    """

    def __init__(
        self,
        writer: Writer,
        asterisk: Asterisk,
        site: Site,
        clock: Clock,
        journal: Journal,
        log: Logger,
        *,
        on_settled: Callable[[Call, Cdr], None],
        investigate: Callable[[], None],
    ) -> None:
        self._writer = writer
        self._asterisk = asterisk
        self._site = site
        self._clock = clock
        self._journal = journal
        self._log = log
        self._on_settled = on_settled
        self._investigate = investigate
        self._live: dict[str, LiveCall] = {}
        self._by_wallet: dict[str, set[str]] = {}
        self._deadlines = Deadlines(clock, lambda call_id: self.feed(call_id, Tick()))
        self._tasks: set[asyncio.Task[None]] = set()
        self.broken: set[str] = set()
        self.months = Months()
        self._hearing = False

    # What others ask and tell.

    def admit(self, call: Call, zero_ms: int, *, continuous: bool = True) -> None:
        """Meter this call from now on; `zero_ms` is its set-up on the monotonic clock."""
        gapless = continuous and self._hearing
        live = LiveCall(call, zero_ms, continuous=continuous, gapless=gapless)
        self._live[call.call_id] = live
        for wallet_id in wallets_of(call):
            self._by_wallet.setdefault(wallet_id, set()).add(call.call_id)
        self._schedule(live)

    def restore(self, call: Call) -> None:
        """Meter a stored call again; its line is placed by the wall clock, once."""
        age_ms = (self._clock.wall_us() - call.granted.attempt.setup_at_us) // 1000
        zero_ms = self._clock.mono_ms() - age_ms
        self.admit(taken_up(call, age_ms), zero_ms, continuous=False)
        self._journal.note("taken up", call, paid_s=call.through_s)

    def hearing(self, heard: bool) -> None:
        """Asterisk's events are heard from now on, or no more."""
        self._hearing = heard
        for live in self.calls():
            live.gapless = live.gapless and heard

    def look(self) -> None:
        """Have Asterisk's channels and the spool looked at soon."""
        self._investigate()

    def get(self, call_id: str | None) -> LiveCall | None:
        """The live call with this id."""
        return self._live.get(call_id) if call_id else None

    def calls(self) -> Iterator[LiveCall]:
        """Every live call, as of now."""
        return iter(tuple(self._live.values()))

    def __len__(self) -> int:
        return len(self._live)

    def feed(self, call_id: str, event: Event) -> None:
        """Tell a call what has happened; unknown calls are none of ours."""
        live = self._live.get(call_id)
        if live is None:
            return
        live.queue.append(event)
        if not live.busy:
            self._drain(live)

    def note(self, call_id: str, event: str, **fields: str) -> None:
        """Tell of a call what changes nothing in it, such as a transfer."""
        if live := self._live.get(call_id):
            self._journal.note(event, live.call, **fields)

    def on_credit(self, wallets: frozenset[str]) -> None:
        """Credit has risen in these wallets: their calls may go on longer."""
        for wallet in wallets:
            for call_id in tuple(self._by_wallet.get(wallet, ())):
                self.feed(call_id, CreditRaised())

    def hang_up(self, call_id: str) -> bool:
        """End a call by the operator's order; False if it is not live."""
        known = call_id in self._live
        self.feed(call_id, EndOrdered(EndedBy.OPERATOR))
        return known

    def line_ms(self, live: LiveCall) -> int:
        """Now, on the call's own line."""
        return self._clock.mono_ms() - live.zero_ms

    async def close(self) -> None:
        """Leave every call to its lease."""
        self._deadlines.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # The one consumer.

    def _drain(self, live: LiveCall) -> None:
        live.busy = True
        try:
            while live.queue:
                event = live.queue.popleft()
                before = live.call
                live.call, commands = advance(before, event, self.line_ms(live))
                narrate(self._journal, before, event, commands, live.call)
                for command in commands:
                    self._carry_out(live, command)
        except Exception as error:
            self._give_up(live, error)
        finally:
            live.busy = False
        self._schedule(live)

    def _schedule(self, live: LiveCall) -> None:
        call = live.call
        if call.phase is Phase.CLOSED:
            self._forget(live)
            return
        due_ms = deadline_ms(call)
        self._deadlines.set(call.call_id, None if due_ms is None else live.zero_ms + due_ms)

    def _forget(self, live: LiveCall) -> None:
        call = live.call
        self._deadlines.set(call.call_id, None)
        if self._live.pop(call.call_id, None) is None:
            return
        for wallet_id in wallets_of(call):
            calls = self._by_wallet.get(wallet_id, set())
            calls.discard(call.call_id)
            if not calls:
                self._by_wallet.pop(wallet_id, None)

    def _give_up(self, live: LiveCall, error: Exception) -> None:
        """A defect in one call: it is ended, and settled later from what is stored of it."""
        call = live.call
        self._log.critical("call given up", call_id=call.call_id, error=repr(error), exc_info=error)
        live.queue.clear()
        self._forget(live)
        self.broken.add(call.call_id)
        leg = call.leg or call.granted.attempt.caller
        self._start(self._asterisk.hang_up(leg.uniqueid))
        self._investigate()

    # Commands.

    def _carry_out(self, live: LiveCall, command: Command) -> None:
        match command:
            case AskSlice():
                self._ask_slice(live, command)
            case ArmTimeout():
                self._start(self._arm(live, command))
            case Warn():
                self._start(self._warn(live))
            case SetAfter():
                self._start(self._set_after(live.call.call_id, command))
            case HangUp():
                self._start(self._hang_up(command))
            case Record():
                self._record(live)
            case Investigate():
                self._investigate()
            case Settle():
                self._settle(live, command.end)

    def _record(self, live: LiveCall) -> None:
        reach(Failpoint.BEFORE_ANSWER)
        self._submit(live, (), [CallSaved(live.call)]).add_done_callback(
            lambda _: reach(Failpoint.AFTER_ANSWER)
        )

    def _ask_slice(self, live: LiveCall, command: AskSlice) -> None:
        granted, now_us = live.call.granted, self._clock.wall_us()
        reserve = Reserve(
            call_id=live.call.call_id,
            step=command.step,
            payers=payers(granted, live.call.prices, now_us, self.months),
            least_s=command.least_s,
            want_s=command.want_s,
            lease_from_us=live.call.answered_at_us or granted.attempt.setup_at_us,
            node=self._site.pbx,
            at_us=now_us,
        )
        asked_ms = self.line_ms(live)
        reach(Failpoint.BEFORE_RENEWAL)
        # With each slice the call as it stands, in case what was written at the answer was lost.
        self._submit(
            live, (reserve,), lambda outcomes: _kept(live.call, outcomes, asked_ms)
        ).add_done_callback(lambda future: self._slice_known(live, command.step, future))

    def _slice_known(
        self, live: LiveCall, step: int, future: "asyncio.Future[tuple[Outcome, ...]]"
    ) -> None:
        if future.cancelled() or future.exception() is not None:
            self.feed(live.call.call_id, Unknown(step))
            return
        (outcome,) = future.result()
        reach(Failpoint.AFTER_RENEWAL)
        assert isinstance(outcome, Reserved | Refused)  # noqa: S101 - what a Reserve answers
        self.feed(live.call.call_id, outcome)

    async def _arm(self, live: LiveCall, command: ArmTimeout) -> None:
        left_ms = command.at_ms - self.line_ms(live)
        call_id = live.call.call_id
        reach(Failpoint.BEFORE_TIMEOUT)
        try:
            await self._asterisk.absolute_timeout(command.leg.uniqueid, max(1, left_ms))
        except OperatingError as error:
            self._log.warning("timeout not armed", call_id=call_id, error=str(error))
            self.feed(call_id, ArmFailed(command.through_s))
        else:
            reach(Failpoint.AFTER_TIMEOUT)
            self.feed(call_id, Armed(command.through_s))

    async def _hang_up(self, command: HangUp) -> None:
        reach(Failpoint.BEFORE_HANG_UP)
        await self._asterisk.hang_up(command.leg.uniqueid)
        reach(Failpoint.AFTER_HANG_UP)

    async def _warn(self, live: LiveCall) -> None:
        channel = live.payer_channel
        if channel is None:
            return
        for digit in WARNING_DIGITS:
            await self._asterisk.play_dtmf(channel, digit, receive=True)

    async def _set_after(self, call_id: str, command: SetAfter) -> None:
        at_s, at_us = divmod(command.at_us, MICROS)
        value = f"{call_id}:{at_s}.{at_us:06d}:{command.context}" if command.context else ""
        try:
            await self._asterisk.set_variable(command.leg.uniqueid, AFTER_VARIABLE, value)
        except ChannelGone:
            return  # the payer has handed the call over, and goes nowhere
        except OperatingError as error:
            self._log.warning("context not set", call_id=call_id, error=str(error))
            self.feed(call_id, AfterFailed(command.through_s))

    def _settle(self, live: LiveCall, end: HungUp) -> None:
        booked = settle(live.call, end, self._site.currency, actor=f"meter:{self._site.pbx}")
        effects: list[Effect] = [CdrWritten(booked.cdr), CallClosed(live.call.call_id)]
        reach(Failpoint.BEFORE_SETTLEMENT)
        self._submit(live, (booked.close,), effects).add_done_callback(
            lambda future: self._settled(live, end, booked.cdr, future)
        )

    def _settled(
        self, live: LiveCall, end: HungUp, cdr: Cdr, future: "asyncio.Future[tuple[Outcome, ...]]"
    ) -> None:
        call = live.call
        if future.cancelled() or future.exception() is not None:
            self._log.error("settlement waits for storage", call_id=call.call_id)
            asyncio.get_running_loop().call_later(SETTLE_RETRY_S, self._settle, live, end)
            return
        reach(Failpoint.AFTER_SETTLEMENT)
        narrate_settled(self._journal, call, cdr)
        self._on_settled(call, cdr)
        self.feed(call.call_id, Settled())

    def _submit(
        self, live: LiveCall, operations: tuple[Operation, ...], then: Then = ()
    ) -> "asyncio.Future[tuple[Outcome, ...]]":
        future = self._writer.submit(operations, then)
        future.add_done_callback(lambda done: self._note_failure(live, done))
        return future

    def _note_failure(self, live: LiveCall, future: "asyncio.Future[tuple[Outcome, ...]]") -> None:
        if not future.cancelled() and (error := future.exception()) is not None:
            self._log.error("not stored", call_id=live.call.call_id, error=str(error))

    def _start(self, action: Awaitable[None]) -> None:
        """Carry out an action beside the queue; what fails here is repeated by a later deadline."""
        task = asyncio.ensure_future(self._guarded(action))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, action: Awaitable[None]) -> None:
        try:
            await action
        except OperatingError as error:
            self._log.warning("action not carried out", error=str(error))


def accounts_of(call: Call) -> set[str]:
    """Everybody who has a say in a call: who pays at some level, and the payer's organization."""
    attempt = call.granted.attempt
    named = {level.account_id for level in call.granted.levels}
    return named | {name for name in (attempt.account_id, attempt.organization_id) if name}


def wallets_of(call: Call) -> list[str]:
    """Every wallet whose rise may make a call longer: those of its levels and of their quotas."""
    levels = call.granted.levels
    found = [level.wallet_id for level in levels]
    return found + [quota.wallet_id for level in levels for quota in level.quotas]


def _kept(call: Call, outcomes: tuple[Outcome, ...], at_ms: int) -> list[Effect]:
    outcome = outcomes[0]
    return [CallSaved(call.holding(outcome, at_ms))] if isinstance(outcome, Reserved) else []
