"""When the billing engine runs in the daemon: at the instants, and when something happens."""

import asyncio
from typing import Final, Protocol

from pbxcharge.core.account import wallet_owner
from pbxcharge.core.money import MICROS
from pbxcharge.errors import OperatingError
from pbxcharge.flow.billing import Billing
from pbxcharge.flow.billing_run import BillingRun
from pbxcharge.flow.clock import Clock
from pbxcharge.logger import Logger

LOOK_EVERY_S: Final = 30.0
"""The wall clock may be set: an instant is not slept for in one piece. What failed is tried again
after it, too."""


class NextCharges(Protocol):
    """When subscriptions are to be looked at."""

    async def next_at_us(self) -> int | None:
        """When the next one is; None if none is."""
        ...


class BillingWatch:
    """Has everything charged that becomes due, as long as the daemon runs.

    Args:
        billing: charges it.
        charges: when the next is due.
        clock: the wall clock says what is.
        logger: what was charged stands there, and what could not be.
    """

    def __init__(
        self, billing: Billing, charges: NextCharges, clock: Clock, logger: Logger
    ) -> None:
        self._billing = billing
        self._charges = charges
        self._clock = clock
        self._log = logger
        self._wake = asyncio.Event()
        self._rose: set[str] = set()
        self._begun = False

    def changed(self) -> None:
        """Something happened to a subscription: it may owe something now."""
        self._wake.set()

    def credit_rose(self, wallets: frozenset[str]) -> None:
        """Wallets have more to give: what waits for that is compared with it."""
        rose = self._billing.waiting & {wallet_owner(wallet) for wallet in wallets}
        if rose:
            self._rose |= rose
            self._wake.set()

    async def watch(self) -> None:
        """As long as the daemon runs; first of all what was missed is charged."""
        while True:
            self._wake.clear()
            try:
                wait_s = await self._look()
            except OperatingError as error:
                self._log.error("subscriptions not charged", error=str(error))
                wait_s = LOOK_EVERY_S
            await self._wait(wait_s)

    async def _look(self) -> float:
        """Charge what is due; how long there is nothing to charge."""
        if not self._begun:
            self._told(await self._billing.run())
            self._begun = True
        elif self._rose:
            await self._compare()
        next_us, now_us = await self._charges.next_at_us(), self._clock.wall_us()
        if next_us is None or next_us > now_us:
            return LOOK_EVERY_S if next_us is None else (next_us - now_us) / MICROS
        run = BillingRun(now_us)
        await self._billing.charge_due(run)
        self._told(run)
        return LOOK_EVERY_S if run.failed else 0.0

    async def _compare(self) -> None:
        rose, self._rose = sorted(self._rose), set()
        run = BillingRun(self._clock.wall_us())
        try:
            await self._billing.compare(rose, run)
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

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(min(seconds, LOOK_EVERY_S)):
                await self._wake.wait()
        except TimeoutError:
            return
