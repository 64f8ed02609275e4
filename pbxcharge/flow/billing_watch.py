"""When the billing engine runs in the daemon: at the instants, and when something happens."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from pbxcharge.core.account import wallet_owner
from pbxcharge.core.cdr import Cdr
from pbxcharge.core.money import MICROS
from pbxcharge.errors import OperatingError
from pbxcharge.flow.billing import Billing, DueRecords
from pbxcharge.flow.billing_facts import Turns
from pbxcharge.flow.billing_run import BillingRun
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.ports import Writer
from pbxcharge.flow.prices import Prices
from pbxcharge.flow.waking import LOOK_EVERY_S, woken
from pbxcharge.logger import Logger

TELL_AFTER_S: Final = 1.0
"""Accounts that are suspended one after the other are told to the calls together."""


class NextCharges(DueRecords, Protocol):
    """The books, as far as the engine and whoever wakes it read them."""

    @property
    def subscriptions(self) -> "NextTurns":
        """What became of accounts and plans, and what is due next."""
        ...


class NextTurns(Turns, Protocol):
    """When subscriptions are to be looked at."""

    async def next_at_us(self) -> int | None:
        """When the next one is; None if none is."""
        ...


class TellingWriter(Writer, Protocol):
    """The one writer, which tells what it has written."""

    def on_credit(self, listener: Callable[[frozenset[str]], None]) -> None:
        """Tell the ids of the wallets that have more to give than before."""
        ...

    def on_billing(self, listener: Callable[[], None]) -> None:
        """Tell that something happened to subscriptions."""
        ...


class BillingWatch:
    """Has everything charged that becomes due, as long as the daemon runs.

    Args:
        writer: the one writer.
        records: what is committed.
        prices: the plans in force.
        clock: the wall clock says what is due.
        turn: see Billing.
        logger: what was charged stands there, and what could not be.
        review: tells the running calls what their accounts may do now.
    """

    def __init__(
        self,
        writer: TellingWriter,
        records: NextCharges,
        prices: Prices,
        clock: Clock,
        turn: asyncio.Lock,
        logger: Logger,
        review: Callable[[], Awaitable[None]],
    ) -> None:
        self.billing = Billing(writer, records, prices, clock, turn, logger, self._account_turned)
        self._charges = records.subscriptions
        self._turn = turn
        self._clock = clock
        self._log = logger
        self._review = review
        self._wake = asyncio.Event()
        self._turned = asyncio.Event()
        self._rose: set[str] = set()
        self._begun = self._used = False
        writer.on_billing(self.changed)
        writer.on_credit(self.credit_rose)

    def changed(self) -> None:
        """Something happened to a subscription: it may owe something now, or wait for a call."""
        self._used = True
        self._wake.set()

    def settled(self, cdr: Cdr) -> None:
        """A call is over: some subscription may have begun with it."""
        if self.billing.first_use.is_waited_for(cdr):
            self._used = True
            self._wake.set()

    def credit_rose(self, wallets: frozenset[str]) -> None:
        """Wallets have more to give: what waits for that is compared with it."""
        rose = {wallet_owner(wallet) for wallet in wallets}
        if not self._turn.locked():
            rose &= self.billing.waiting
        # Else a fee that this credit came too late for may be about to wait.
        if rose:
            self._rose |= rose
            self._wake.set()

    async def watch(self) -> None:
        """As long as the daemon runs; first of all what was missed is charged."""
        async with asyncio.TaskGroup() as side_by_side:
            side_by_side.create_task(self._charge())
            side_by_side.create_task(self._tell_calls())

    async def _charge(self) -> None:
        while True:
            self._wake.clear()
            try:
                wait_s = await self._look()
            except OperatingError as error:
                self._log.error("subscriptions not charged", error=str(error))
                wait_s = LOOK_EVERY_S
            await woken(self._wake, wait_s)

    def _account_turned(self, account_id: str) -> None:
        self._turned.set()

    async def _tell_calls(self) -> None:
        """A suspended account's calls end with their paid time, a resumed one's go on."""
        while True:
            await self._turned.wait()
            self._turned.clear()
            try:
                await self._review()
            except OperatingError as error:
                self._log.error("running calls not told of their funds", error=str(error))
                self._turned.set()
            await asyncio.sleep(TELL_AFTER_S)

    async def _look(self) -> float:
        """Charge what is due; how long there is nothing to charge."""
        if not self._begun:
            self._told(await self.billing.run())
            self._begun = True
        elif self._rose:
            await self._compare()
        if self._used:
            self._used = False
            await self.billing.first_use.look()
        next_us, now_us = await self._charges.next_at_us(), self._clock.wall_us()
        if next_us is None or next_us > now_us:
            return LOOK_EVERY_S if next_us is None else (next_us - now_us) / MICROS
        run = BillingRun(now_us)
        await self.billing.charge_due(run)
        self._told(run)
        return LOOK_EVERY_S if run.failed else 0.0

    async def _compare(self) -> None:
        async with self._turn:
            rose, self._rose = sorted(self._rose & self.billing.waiting), set()
        run = BillingRun(self._clock.wall_us())
        try:
            await self.billing.compare(rose, run)
        except OperatingError:
            self._rose |= set(rose)
            raise
        self._told(run)

    def _told(self, run: BillingRun) -> None:
        if run.charged or run.suspended or run.resumed:
            counts = {str(kind): count for kind, count in run.charged.items()}
            self._log.info(
                "subscriptions charged",
                accounts=run.accounts,
                **counts,
                suspended=run.suspended,
                resumed=run.resumed,
            )
