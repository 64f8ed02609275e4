"""Groups of work, decided on the books in memory and committed to the file as one.

Memory is never behind the file, since nobody else writes. After a failure nobody knows which of
the two is right, so memory is thrown away and read anew.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence, Sized
from dataclasses import dataclass
from typing import Final, TypeGuard, TypeVar

import aiosqlite

from pbxcharge.core.credit import (
    Collect,
    OpenWallet,
    Operation,
    Outcome,
    Payer,
    Post,
    Recharge,
    Refund,
    Refused,
    Reserve,
    wallets_named,
)
from pbxcharge.store import books
from pbxcharge.store.batch import Batch, Then
from pbxcharge.store.connection import TRANSACTION, Statement
from pbxcharge.store.writes import PUT_META

Decided = TypeVar("Decided")

LARGE: Final = 1_000
"""A work with more operations or effects is decided beside the loop, so that calls need not wait
for it there; they do wait for its transaction, since there is but one writer."""

PROBE_CHARACTERS: Final = 32_768
"""So much room the disk must have before it counts as well again."""


@dataclass(frozen=True, slots=True)
class Work:
    """What somebody wants decided and written, all of it or nothing."""

    operations: Sequence[Operation]
    then: Then

    @property
    def large(self) -> bool:
        """Whether it takes long enough to be felt."""
        effects = len(self.then) if isinstance(self.then, Sized) else 0
        return len(self.operations) > LARGE or effects > LARGE


Result = tuple[Outcome, ...] | Exception
"""The outcomes of a work, or the programmer's error that kept it from being done."""


@dataclass(frozen=True, slots=True)
class Booked:
    """A group that is on the disk.

    Args:
        results: of each work, in order.
        rose: wallets that had more to give at some moment than at the one before.
        accounts_changed: an account or an extension was saved.
        billing_changed: something happened to a subscription.
    """

    results: list[Result]
    rose: frozenset[str]
    accounts_changed: bool
    billing_changed: bool = False


class Bookkeeper:
    """Decides and commits; knows the books in memory.

    Args:
        connection: from `connect_writer`; closed here.
        currency: of the site.
    """

    def __init__(self, connection: aiosqlite.Connection, currency: str) -> None:
        self._connection = connection
        self._currency = currency
        self._books: books.KnownBooks | None = None

    @property
    def sure(self) -> bool:
        """Whether memory says what the file says."""
        return self._books is not None

    def doubt(self) -> None:
        """A write failed: what memory says may not be what the file says."""
        self._books = None

    async def read(self) -> books.KnownBooks:
        """Learn from the file what is held."""
        self._books = await books.read_books(self._connection)
        return self._books

    async def recover(self) -> books.KnownBooks:
        """Prove that the disk takes a write again, then read the books anew."""
        for text in ("x" * PROBE_CHARACTERS, ""):
            await self._commit([(PUT_META, [("probe", text)])])
        return await self.read()

    async def book(self, group: Sequence[Work], alone: bool = False) -> Booked:
        """Decide the works in order and commit what follows from them.

        A group takes it that no first step names a call that is over. If one does, its table
        refuses the group; a work that is `alone` has such holds looked up. So has a group in which
        a first step is refused, since that its call is over comes before every other reason.

        Raises:
            Exception: nothing was written.
        """
        known = self._books or await self.recover()
        large = any(work.large for work in group)
        operations = [op for work in group for op in work.operations]
        named = await _beside(large, lambda: _wallets(operations, known))
        batch = await self._batch(known, operations, named, alone)
        results, statements = await _beside(large, lambda: _written_out(batch, group))
        if not alone and await books.read_resolved(self._connection, _refused(results)):
            return await self.book(group, alone=True)
        await self._commit(statements)
        batch.keep()
        rose, changed = frozenset(batch.rose), batch.accounts_changed
        return Booked(results, rose, changed, batch.billing_changed)

    async def checkpoint(self, mode: str) -> None:
        """Move what was committed from the log into the file: PASSIVE or TRUNCATE."""
        await self._connection.execute_fetchall(f"PRAGMA wal_checkpoint({mode})")

    async def close(self) -> None:
        """Close the file."""
        await self._connection.close()

    async def _batch(
        self,
        known: books.KnownBooks,
        operations: Sequence[Operation],
        named: set[str],
        alone: bool,
    ) -> Batch:
        """The books that a group needs; reads only what is not known yet."""
        await books.read_wallets(self._connection, known, named)
        accounts = _accounts(operations, known)
        await books.read_accounts(self._connection, known, set(accounts.values()))
        await books.read_account_months(self._connection, known, _months(operations, accounts))
        posts = [op.entry.entry_id for op in operations if isinstance(op, Post)]
        posts += [it.entry_id for op in operations if isinstance(op, Collect) for it in op.items]
        refunds = [op.entry_id for op in operations if isinstance(op, Refund)]
        corrected = [op.call_id for op in operations if isinstance(op, Refund | Recharge)]
        entries = await books.read_entries(self._connection, posts + refunds, corrected)
        firsts = [op.call_id for op in operations if isinstance(op, Reserve)] if alone else []
        ended = await books.read_resolved(self._connection, firsts)
        return Batch(known, entries, ended, self._currency)

    async def _commit(self, statements: Sequence[Statement]) -> None:
        await self._connection.executemany(TRANSACTION, statements)


async def _beside(large: bool, decide: Callable[[], Decided]) -> Decided:
    """What takes long is decided in a thread: nobody else touches the books meanwhile."""
    return await asyncio.to_thread(decide) if large else decide()


def _wallets(operations: Sequence[Operation], known: books.KnownBooks) -> set[str]:
    return {name for op in operations for name in wallets_named(op, known.holds)}


def _accounts(operations: Sequence[Operation], known: books.KnownBooks) -> dict[str, str]:
    """The accounts whose limits a group may ask for, by wallet, also by those that it makes."""
    opened = {op.wallet_id: op.account_id for op in operations if isinstance(op, OpenWallet)}
    paying = {p.wallet_id for op in operations if isinstance(op, Reserve) for p in op.payers}
    paying |= {op.wallet_id for op in operations if _asks_for_month(op)}
    stored = {name: known.wallets[name].account_id for name in paying if name in known.wallets}
    return opened | stored


def _months(operations: Sequence[Operation], accounts: Mapping[str, str]) -> set[tuple[str, int]]:
    """The months whose charges a group may ask for."""
    asking: list[Payer | Collect] = [
        payer for op in operations if isinstance(op, Reserve) for payer in op.payers
    ]
    asking += (op for op in operations if _asks_for_month(op))
    return {
        (accounts[each.wallet_id], each.month_from_us)
        for each in asking
        if each.month_from_us is not None and each.wallet_id in accounts
    }


def _asks_for_month(op: Operation) -> TypeGuard[Collect]:
    return isinstance(op, Collect) and op.month_from_us is not None


def _refused(results: Sequence[Result]) -> list[str]:
    """The calls of first steps that were refused."""
    outcomes = (each for result in results if isinstance(result, tuple) for each in result)
    return [each.call_id for each in outcomes if isinstance(each, Refused) and each.step == 1]


def _written_out(batch: Batch, group: Sequence[Work]) -> tuple[list[Result], list[Statement]]:
    """The works decided in order, and what is to be written."""
    return [_decided(batch, work) for work in group], batch.statements()


def _decided(batch: Batch, work: Work) -> Result:
    """A programmer's error fails its own work and no other."""
    try:
        return batch.decide(work.operations, work.then)
    except Exception as error:
        return error
