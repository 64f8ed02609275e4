"""Features that Asterisk must obey: what products say of phones, kept in Asterisk's database.

The manager user must not have the right to write there: it is the right to load modules, too. So
what is to be written waits for a question of the dialplan, and goes out before the answer to it.
That of the phones that the call is about goes first, so they have it when they ring.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol

from pbxcharge.core.account import Account, Extension
from pbxcharge.core.phone_features import FAMILY, feature_line
from pbxcharge.errors import AmiDown, OperatingError
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.prices import Prices
from pbxcharge.logger import Logger

AT_ONCE = 100
"""Phones that are looked at in one turn of the loop."""
REST_S = 1.0
"""Accounts may change many times a second; phones are looked through once."""
TRY_AGAIN_S = 30.0


class Database(Protocol):
    """Asterisk's database. Raises AmiDown or AmiRefused."""

    async def db_values(self, family: str) -> Mapping[str, str]:
        """Every key and value of a family."""
        ...


class Phones(Protocol):
    """Whose phones have a product."""

    async def phones_with_products(self) -> Sequence[tuple[Extension, Account]]:
        """Every phone whose owner has a main product, with its owner."""
        ...


class Session(Protocol):
    """A question of the dialplan. Raises AgiHangup, AgiError or TimeoutError."""

    async def database_put(self, family: str, key: str, value: str) -> None:
        """Write an entry."""
        ...

    async def database_del(self, family: str, key: str) -> None:
        """Delete an entry."""
        ...


class PhoneFeatures:
    """Knows what Asterisk's database should say, and writes it: after each connect, act and reload.

    Args:
        database: Asterisk's.
        phones: whose phones have a product.
        prices: the products in force.
        clock: which products count.
        logger: what could not be read stands there, and is tried again.
    """

    def __init__(
        self, database: Database, phones: Phones, prices: Prices, clock: Clock, logger: Logger
    ) -> None:
        self._database = database
        self._phones = phones
        self._prices = prices
        self._clock = clock
        self._log = logger
        self._changed = asyncio.Event()
        self._written: dict[str, str] | None = None
        self._pending: dict[str, str] = {}

    def changed(self) -> None:
        """Accounts, products or the hour may say something else now."""
        self._changed.set()

    def connected(self) -> None:
        """Asterisk is there, and its database may be another one."""
        self._written = None
        self._changed.set()

    async def watch(self) -> None:
        """As long as the daemon runs."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self.compare()
            except AmiDown:
                # The next connect looks again.
                continue
            except OperatingError as error:
                self._log.error("features of phones not compared", error=str(error))
                asyncio.get_running_loop().call_later(TRY_AGAIN_S, self.changed)
            await asyncio.sleep(REST_S)

    async def compare(self) -> None:
        """Find out what Asterisk's database is to say otherwise.

        Raises:
            AmiDown, AmiRefused: Asterisk did not tell what it says.
            StorageDown: the books were not read.
        """
        wanted = await self._wanted()
        if self._written is None:
            self._written = dict(await self._database.db_values(FAMILY))
        written = self._written
        gone = dict.fromkeys(written.keys() - wanted.keys(), "")
        lines = wanted | gone
        self._pending = {key: line for key, line in lines.items() if written.get(key, "") != line}

    async def write(self, session: Session, *endpoints: str | None, more: int = 0) -> None:
        """Write what waits for these phones, and for so many others.

        Raises:
            AgiHangup, AgiError, TimeoutError: the session is over; what was not written waits.
        """
        if not self._pending:
            return
        others = [key for key, _ in zip(self._pending, range(more), strict=False)]
        for endpoint in {*filter(None, endpoints), *others}:
            # Another call may have written it since, while this one waited for Asterisk.
            if endpoint in self._pending:
                await self._put(session, endpoint)

    async def _put(self, session: Session, endpoint: str) -> None:
        line = self._pending.pop(endpoint)
        try:
            if line:
                await session.database_put(FAMILY, endpoint, line)
            else:
                await session.database_del(FAMILY, endpoint)
        except BaseException:
            self._pending.setdefault(endpoint, line)
            raise
        if self._written is not None:
            self._written[endpoint] = line

    async def _wanted(self) -> dict[str, str]:
        found: dict[str, str] = {}
        products, now_us = self._prices.products, self._clock.wall_us()
        for place, (phone, owner) in enumerate(await self._phones.phones_with_products()):
            found[phone.endpoint] = feature_line(owner, products, now_us)
            if place % AT_ONCE == 0:
                await asyncio.sleep(0)
        return found
