"""The writer: one task that nobody cancels decides and writes everything, in groups.

It takes what is waiting, decides each submission in order on the books in memory, writes the
group in one transaction and answers after the commit. So an answer is always on the disk, and one
flush serves everybody who waited for it.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Self

import aiosqlite

from pbxcharge.core.credit import Operation, Outcome, Post, Refund, Reserve, wallets_named
from pbxcharge.errors import Overloaded, StorageDown, WriteRefused
from pbxcharge.store import books
from pbxcharge.store.batch import Batch, Then
from pbxcharge.store.connection import TRANSACTION, Statement
from pbxcharge.store.logger import Logger
from pbxcharge.store.tables import PUT_META

Answer = asyncio.Future[tuple[Outcome, ...]]
CreditListener = Callable[[frozenset[str]], None]
AccountListener = Callable[[], None]

QUIET_S: Final = 0.5
"""With nothing to do for so long, the writer checkpoints, or probes a disk that failed."""

PROBE_CHARACTERS: Final = 32_768
"""So much room the disk must have before it counts as well again."""


@dataclass(frozen=True, slots=True)
class _Submission:
    operations: Sequence[Operation]
    then: Then
    answer: Answer


class Writer:
    """The only one that writes the database, and so the credit engine of a site on SQLite.

    Args:
        connection: from `connect_writer`; the writer closes it.
        currency: of the site.
        log: where failures of the disk are told.
        waiting_max: so many submissions may wait.
        group_max: so many are written in one transaction.
    """

    def __init__(
        self,
        connection: aiosqlite.Connection,
        currency: str,
        log: Logger,
        waiting_max: int = 10_000,
        group_max: int = 256,
    ) -> None:
        self._connection = connection
        self._currency = currency
        self._log = log
        self._waiting_max = waiting_max
        self._group_max = group_max
        self._waiting: deque[_Submission] = deque()
        self._wake = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None
        # None after a failure: what memory says may not be what the file says.
        self._books: books.KnownBooks | None = None
        self._checkpoint_due = False
        self._credit_listeners: list[CreditListener] = []
        self._account_listeners: list[AccountListener] = []

    @property
    def healthy(self) -> bool:
        """Whether the last write, or a probe since, reached the disk; else grant nothing."""
        return self._books is not None

    async def start(self) -> Self:
        """Read what is held and begin to write.

        Raises:
            StorageDown: the books cannot be read.
        """
        try:
            self._books = await books.read_books(self._connection)
        except sqlite3.Error as error:
            raise StorageDown(f"the books cannot be read: {error}") from error
        self._task = asyncio.create_task(self._run(), name="store writer")
        return self

    def submit(self, operations: Sequence[Operation] = (), then: Then = ()) -> Answer:
        """Decide the operations in order and write what follows, all in one transaction.

        The answer is set after the commit. Whoever stops waiting for it withdraws nothing.

        Args:
            operations: of the credit engine.
            then: what else is written, or a function from the outcomes to that; it is called
                before the commit and must be quick.

        The future fails with StorageDown (nothing is known to be done, give it again),
        Overloaded (too much waits), WriteRefused (the database's rules refuse this one), or the
        programmer's error of an operation or of `then`; in each case nothing was done.
        """
        answer: Answer = asyncio.get_running_loop().create_future()
        if self._closing:
            answer.set_exception(StorageDown("the writer is closed"))
        elif len(self._waiting) >= self._waiting_max:
            answer.set_exception(Overloaded(f"{len(self._waiting)} writes wait already"))
        else:
            self._waiting.append(_Submission(operations, then, answer))
            self._wake.set()
        return answer

    async def execute(self, operation: Operation) -> Outcome:
        """The outcome of one operation, durable: see `core.credit_terms.CreditEngine`."""
        outcomes = await self.submit((operation,))
        return outcomes[0]

    async def heartbeat(self) -> None:
        """A round trip through the queue, the thread and SQLite's write lock.

        Raises:
            StorageDown: it did not get through.
        """
        await self.submit()

    def on_credit(self, listener: CreditListener) -> None:
        """Tell, after each commit, the ids of the wallets that have more to give than before."""
        self._credit_listeners.append(listener)

    def on_accounts(self, listener: AccountListener) -> None:
        """Tell, after each commit and before its answers, that accounts or extensions changed."""
        self._account_listeners.append(listener)

    async def close(self) -> None:
        """Write what waits, checkpoint, close the file. Safe to repeat."""
        self._closing = True
        self._wake.set()
        try:
            if self._task is not None:
                await asyncio.shield(self._task)
        finally:
            await self._connection.close()

    async def _run(self) -> None:
        while self._waiting or not self._closing:
            if self._waiting:
                await self._write(self._take_group())
            else:
                await self._rest()
        if self.healthy:
            await self._checkpoint("TRUNCATE")

    def _take_group(self) -> list[_Submission]:
        size = min(len(self._waiting), self._group_max)
        return [self._waiting.popleft() for _ in range(size)]

    async def _rest(self) -> None:
        self._wake.clear()
        try:
            async with asyncio.timeout(QUIET_S if self._has_chores else None):
                await self._wake.wait()
        except TimeoutError:
            await self._do_chores()

    @property
    def _has_chores(self) -> bool:
        return self._checkpoint_due or not self.healthy

    async def _do_chores(self) -> None:
        if self.healthy:
            await self._checkpoint("PASSIVE")
            return
        try:
            await self._recover()
        except Exception as error:
            self._log.debug("storage still down", error=str(error))

    async def _write(self, group: list[_Submission]) -> None:
        """Write a group; if it cannot be written as one, each submission by itself."""
        try:
            await self._attempt(group)
        except Exception as error:
            if _of_the_storage(error):
                self._fail(group, error)
                return
            for submission in group:
                await self._write_alone(submission)

    async def _write_alone(self, submission: _Submission) -> None:
        try:
            await self._attempt([submission], alone=True)
        except Exception as error:
            if _of_the_storage(error):
                self._fail([submission], error)
            elif isinstance(error, sqlite3.IntegrityError):
                _refuse(submission, WriteRefused(str(error)))
            else:
                _refuse(submission, error)

    async def _attempt(self, group: list[_Submission], alone: bool = False) -> None:
        known = self._books or await self._recover()
        batch = await self._batch(known, group, alone)
        decided = list(_decide(batch, group))
        await self._commit(batch.statements())
        batch.keep()
        self._checkpoint_due = True
        self._publish(batch, decided)

    async def _batch(self, known: books.KnownBooks, group: list[_Submission], alone: bool) -> Batch:
        """The books that the group needs; reads only what is not known yet.

        A group takes it that no first step names a call that is over; if one does, the table
        refuses the group, and each submission is decided alone with such holds looked up.
        """
        operations = [operation for submission in group for operation in submission.operations]
        named = {name for op in operations for name in wallets_named(op, known.holds)}
        await books.read_wallets(self._connection, known, named)
        posts = [op.entry.entry_id for op in operations if isinstance(op, Post)]
        refunds = [op for op in operations if isinstance(op, Refund)]
        entries = await books.read_entries(
            self._connection,
            posts + [op.entry_id for op in refunds],
            [op.call_id for op in refunds],
        )
        firsts = [op.call_id for op in operations if isinstance(op, Reserve)] if alone else []
        ended = await books.read_resolved(self._connection, firsts)
        return Batch(known, entries, ended, self._currency)

    async def _commit(self, statements: Sequence[Statement]) -> None:
        await self._connection.executemany(TRANSACTION, statements)

    def _publish(
        self, batch: Batch, decided: Iterable[tuple[_Submission, tuple[Outcome, ...]]]
    ) -> None:
        if batch.accounts_changed:
            for changed in self._account_listeners:
                self._tell(changed)
        for submission, outcomes in decided:
            if not submission.answer.done():
                submission.answer.set_result(outcomes)
        if batch.rose:
            rose = frozenset(batch.rose)
            for listener in self._credit_listeners:
                self._tell(partial(listener, rose))

    def _tell(self, call: Callable[[], None]) -> None:
        """A listener's defect is not the writer's: the commit is done."""
        try:
            call()
        except Exception as error:
            self._log.error("listener failed", error=repr(error))

    def _fail(self, group: list[_Submission], error: Exception) -> None:
        if self.healthy:
            self._log.error("storage down", error=str(error))
        self._books = None
        for submission in group:
            _refuse(submission, StorageDown(f"not written: {error}"))

    async def _recover(self) -> books.KnownBooks:
        """Prove that the disk takes a write, then read the books anew."""
        for text in ("x" * PROBE_CHARACTERS, ""):
            await self._commit([(PUT_META, [("probe", text)])])
        self._books = await books.read_books(self._connection)
        self._log.info("storage up")
        return self._books

    async def _checkpoint(self, mode: str) -> None:
        try:
            await self._connection.execute_fetchall(f"PRAGMA wal_checkpoint({mode})")
        except sqlite3.Error as error:
            self._fail([], error)
        self._checkpoint_due = False


def _decide(
    batch: Batch, group: list[_Submission]
) -> Iterable[tuple[_Submission, tuple[Outcome, ...]]]:
    """Outcomes in order; a programmer's error fails its submission and no other."""
    for submission in group:
        try:
            yield submission, batch.decide(submission.operations, submission.then)
        except Exception as error:
            _refuse(submission, error)


def _refuse(submission: _Submission, error: Exception) -> None:
    if not submission.answer.done():
        submission.answer.set_exception(error)


def _of_the_storage(error: Exception) -> bool:
    """Whether the file or the disk failed, not the rows that one submission brought.

    SQLite raises plain DatabaseError for a damaged file, OperationalError for a full or failing
    disk; its other errors are about rows.
    """
    return isinstance(error, sqlite3.OperationalError | OSError) or type(error) in (
        sqlite3.DatabaseError,
        sqlite3.InternalError,
        ValueError,
    )
