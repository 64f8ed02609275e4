"""The billing engine: charges what subscriptions owe, in the daemon and by command.

Whatever it looks at is read from the books, decided by the same steps as a preview, and written in
one transaction with the entries that are booked. So it may die at any instant, and run twice.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from pbxcharge.core.collection_terms import Collected
from pbxcharge.core.credit_terms import Outcome
from pbxcharge.core.effects import Effect
from pbxcharge.errors import PbxchargeError, WriteRefused
from pbxcharge.failpoints import Failpoint, reach
from pbxcharge.flow.billing_facts import BillingFacts, BillingRecords, Charges, Facts, Turns
from pbxcharge.flow.billing_run import BillingRun
from pbxcharge.flow.billing_steps import Charging, Step, begin, idle_effects, if_it_fits, step
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.first_use import FirstUse, Uses
from pbxcharge.flow.ports import Writer
from pbxcharge.flow.prices import Prices
from pbxcharge.flow.uncollected import uncollected
from pbxcharge.logger import Logger
from pbxcharge.store.billing_queries import FIRST

BATCH: Final = 32
"""So many accounts are charged in one transaction: authorizations wait for one at most."""

HELD: Final = 6 * BATCH
"""For so many accounts nobody else may change what charges follow from."""

SLICE: Final = 2
"""After so many accounts whoever else wants the loop has it."""

PAGE: Final = 3_000
"""So many subscriptions are listed at once."""

PART: Final = 500
"""After so many accounts a run by command is asked to go on, so that no answer takes long."""

FROM_WAITING: Final = "waiting:"
"""Where a run begins that also compares what waits with what is available now."""

FROM_DUE: Final = "due"
"""Where one begins that only charges what is due."""


class DueCharges(Charges, Uses, Protocol):
    """How far subscriptions are charged, and which are to be looked at."""

    async def due(
        self, until_us: int, after: tuple[int, str], limit: int
    ) -> list[tuple[int, str, str]]:
        """Instant, subscription and account of what is to be looked at, after a place."""
        ...

    async def due_above(self, until_us: int) -> list[str]:
        """Accounts that are to be looked at before those below them."""
        ...

    async def waiting(self) -> list[str]:
        """Accounts with fees that wait for credit."""
        ...

    async def waiting_sum(self) -> tuple[int, int]:
        """How many accounts have fees that wait, and what they come to."""
        ...


class DueRecords(BillingRecords, Protocol):
    """The books, as far as the engine reads them."""

    @property
    def billing(self) -> DueCharges:
        """How far subscriptions are charged, and which are to be looked at."""
        ...

    @property
    def subscriptions(self) -> Turns:
        """What became of accounts and plans."""
        ...


@dataclass(slots=True)
class _Charge:
    """An account of a batch.

    Args:
        charging: how far it is charged.
        fits: what follows if what is asked for is booked, worked out beforehand: while the writer
            decides, calls have to wait.
        answer: what followed.
    """

    charging: Charging
    fits: Step | None = None
    answer: Step | None = None

    def follows(self, outcome: Outcome | None) -> Step:
        """What follows from the answer of the credit engine."""
        if self.fits is not None and isinstance(outcome, Collected) and not outcome.repeated:
            return self.fits
        return step(self.charging, outcome)


@dataclass(slots=True)
class _Batch:
    """Accounts that are charged in one transaction, and what else is written with them."""

    names: Sequence[str]
    charges: list[_Charge] = field(default_factory=list)
    idle: list[Effect] = field(default_factory=list)


class Billing:
    """Charges subscriptions.

    Args:
        writer: the one writer.
        records: what is committed.
        prices: the plans in force.
        clock: the wall clock says what is due.
        turn: whoever changes what charges follow from has it, from before he reads until it is
            written; so has this engine.
        logger: what could not be charged stands there.
        turned: told of each account that was suspended or resumed.
    """

    def __init__(
        self,
        writer: Writer,
        records: DueRecords,
        prices: Prices,
        clock: Clock,
        turn: asyncio.Lock,
        logger: Logger,
        turned: Callable[[str], None] = lambda account_id: None,
    ) -> None:
        self._writer = writer
        self._records = records
        self._clock = clock
        self._turn = turn
        self._log = logger
        self._turned = turned
        self._facts = BillingFacts(records, prices)
        self.first_use = FirstUse(writer, records.billing, self._facts, clock, turn)
        self.waiting: set[str] = set()

    async def run(self, until_us: int | None = None) -> BillingRun:
        """Charge everything that is owed by an instant, now without one, in order.

        Without an instant what waits is compared with what is available, too.

        Raises:
            StorageDown: some of it may be done; the rest is done by the next run.
        """
        run = BillingRun(self._clock.wall_us() if until_us is None else until_us)
        place: str | None = FROM_WAITING if until_us is None else FROM_DUE
        await self.first_use.look()
        while place is not None:
            place = await self.some(run, place)
        await self.sum_up(run)
        return run

    async def some(self, run: BillingRun, place: str) -> str | None:
        """Charge some accounts; where the run goes on, None at its end.

        Args:
            run: what was done is added to it.
            place: FROM_WAITING, FROM_DUE, or what the part before gave.
        """
        if not place.startswith(FROM_WAITING):
            return FROM_DUE if await self.charge_due(run, PART) else None
        if place == FROM_WAITING:
            # Added to what is known: another run may find more that waits meanwhile.
            self.waiting |= set(await self._records.billing.waiting())
        last = place.removeprefix(FROM_WAITING)
        names = sorted(name for name in self.waiting if name > last)[:PART]
        if not names:
            return FROM_DUE
        await self.compare(names, run)
        return FROM_WAITING + names[-1]

    async def sum_up(self, run: BillingRun) -> None:
        """Add to a run what waits on the whole site."""
        run.waiting, run.waiting_micros = await self._records.billing.waiting_sum()

    async def compare(self, account_ids: Sequence[str], run: BillingRun) -> None:
        """Charge accounts, and compare what waits with what is available at this instant."""
        await self._charge_all(account_ids, run, looked=True)

    async def charge_due(self, run: BillingRun, at_most: int | None = None) -> bool:
        """Charge what is due: those with others below them first, whose lives are theirs, too.

        Returns:
            Whether there is more, since so many accounts were charged.
        """
        enough = None if at_most is None else run.accounts + at_most
        seen = set(run.failed)
        above = await self._records.billing.due_above(run.until_us)
        await self._charge_all([name for name in above if name not in seen], run)
        seen.update(above)
        place = FIRST
        while page := await self._records.billing.due(run.until_us, place, PAGE):
            place = page[-1][:2]
            names = list(dict.fromkeys(name for *_, name in page if name not in seen))
            seen.update(names)
            await self._charge_all(names, run)
            if enough is not None and run.accounts >= enough:
                return True
        return False

    async def _charge_all(
        self, account_ids: Sequence[str], run: BillingRun, looked: bool = False
    ) -> None:
        for first in range(0, len(account_ids), HELD):
            async with self._turn:
                with uncollected():
                    await self._charge_some(account_ids[first : first + HELD], run, looked)

    async def _charge_some(self, names: Sequence[str], run: BillingRun, looked: bool) -> None:
        """Batch by batch; while one is written the next one is read."""
        await self._facts.learn_plans()
        writing: asyncio.Task[None] | None = None
        try:
            for first in range(0, len(names), BATCH):
                batch = await self._read(names[first : first + BATCH], run, looked)
                if writing is not None:
                    await writing
                writing = asyncio.create_task(self._charge(batch, run, looked))
        finally:
            if writing is not None:
                await writing

    async def _read(self, names: Sequence[str], run: BillingRun, looked: bool) -> "_Batch":
        """Accounts with something to charge, and what is written if it fits."""
        facts = await self._known(names, run)
        batch = _Batch(names)
        for place, each in enumerate(facts.values(), 1):
            try:
                charge = self._begun(each, run, looked)
            except Exception as error:
                self._failed(run, each.account.account_id, repr(error))
                continue
            batch.idle += idle_effects(each, run.until_us)
            if charge is not None:
                batch.charges.append(charge)
            if place % SLICE == 0:
                await asyncio.sleep(0)
        return batch

    async def _known(self, names: Sequence[str], run: BillingRun) -> dict[str, Facts]:
        """What is known of accounts; one of whom no sense can be made holds up nobody else."""
        try:
            return await self._facts.read(names)
        except PbxchargeError:
            raise
        except Exception as error:
            if len(names) == 1:
                self._failed(run, names[0], repr(error))
                return {}
        found: dict[str, Facts] = {}
        for name in names:
            found |= await self._known([name], run)
        return found

    async def _charge(self, batch: "_Batch", run: BillingRun, looked: bool) -> None:
        """A batch in one transaction; if the books refuse it, each account by itself."""
        try:
            await self._charge_batch(batch, run)
        except WriteRefused as error:
            if len(batch.names) == 1:
                self._failed(run, batch.names[0], str(error))
                return
            for name in batch.names:
                await self._charge(await self._read([name], run, looked), run, looked)

    async def _charge_batch(self, batch: "_Batch", run: BillingRun) -> None:
        charges, idle = batch.charges, batch.idle
        while charges or idle:
            reach(Failpoint.BEFORE_BILLING)
            await self._ask(charges, idle)
            reach(Failpoint.AFTER_BILLING)
            charges, idle = self._take(charges, run), []

    def _begun(self, facts: Facts, run: BillingRun, looked: bool) -> _Charge | None:
        """An account with something to charge, and what is written if it fits."""
        if facts.paying is None:
            if facts.tab.next_us is not None and facts.tab.next_us <= run.until_us:
                self._failed(run, facts.account.account_id, "it has no wallet to pay fees from")
            return None
        charging = begin(facts, facts.paying, run.until_us, looked)
        return None if charging.is_over else _Charge(charging, if_it_fits(charging))

    async def _ask(self, charges: Sequence[_Charge], idle: Sequence[Effect]) -> None:
        operations = []
        asking = []
        for charge in charges:
            operation = charge.charging.operation()
            if operation is not None:
                operations.append(operation)
            asking.append((charge, operation is not None))

        def follows(outcomes: tuple[Outcome, ...]) -> list[Effect]:
            answers = iter(outcomes)
            effects = list(idle)
            try:
                for charge, asks in asking:
                    charge.answer = charge.follows(next(answers) if asks else None)
                    effects += charge.answer.effects
            except Exception as error:
                # Of one account: the others are charged without it.
                raise WriteRefused(repr(error)) from error
            return effects

        await self._writer.submit(operations, follows)

    def _take(self, charges: Sequence[_Charge], run: BillingRun) -> list[_Charge]:
        """What was booked is counted; those with more to charge go on."""
        going_on = []
        for charge in charges:
            answer, before = charge.answer, charge.charging
            assert answer is not None  # noqa: S101 - the writer has answered
            run.add(answer.items)
            name = before.account.account_id
            if answer.charging is None:
                self._failed(run, name, answer.failed)
                continue
            self._tell(before, answer.charging, run)
            if answer.charging.is_over:
                run.accounts += 1
            else:
                going_on.append(_Charge(answer.charging))
        return going_on

    def _tell(self, before: Charging, now: Charging, run: BillingRun) -> None:
        name = now.account.account_id
        (self.waiting.add if now.tab.waits else self.waiting.discard)(name)
        if (before.kept.short_us is None) == (now.kept.short_us is None):
            return
        if now.kept.short_us is None:
            run.resumed += 1
        else:
            run.suspended += 1
        self._turned(name)

    def _failed(self, run: BillingRun, name: str, why: str) -> None:
        run.failed[name] = why
        self._log.error("account not charged", account=name, why=why)
