"""The writer: one task that nobody cancels decides and writes everything, in groups.

It takes what is waiting, decides each submission in order on the books in memory, writes the
group in one transaction and answers after the commit. So an answer is always on the disk, and one
flush serves everybody who waited for it.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Self

import aiosqlite

from pbxcharge.core.credit import Operation, Outcome
from pbxcharge.errors import Overloaded, StorageDown, WriteRefused
from pbxcharge.logger import Logger
from pbxcharge.store.batch import Then
from pbxcharge.store.bookkeeper import Booked, Bookkeeper, Work

Answer = asyncio.Future[tuple[Outcome, ...]]
CreditListener = Callable[[frozenset[str]], None]
AccountListener = Callable[[], None]

QUIET_S: Final = 0.5
"""With nothing to do for so long, the writer checkpoints, or probes a disk that failed."""


@dataclass(frozen=True, slots=True)
class _Submission:
    work: Work
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
        self._keeper = Bookkeeper(connection, currency)
        self._log = log
        self._waiting_max = waiting_max
        self._group_max = group_max
        self._waiting: deque[_Submission] = deque()
        self._wake = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None
        self._checkpoint_due = False
        self._down = False
        self._credit_listeners: list[CreditListener] = []
        self._account_listeners: list[AccountListener] = []
        self._billing_listeners: list[AccountListener] = []

    @property
    def healthy(self) -> bool:
        """Whether the last write, or a probe since, reached the disk; else grant nothing."""
        return self._keeper.sure

    async def start(self) -> Self:
        """Read what is held and begin to write.

        Raises:
            StorageDown: the books cannot be read.
        """
        try:
            await self._keeper.read()
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
            self._waiting.append(_Submission(Work(operations, then), answer))
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

    def on_billing(self, listener: AccountListener) -> None:
        """Tell, after each commit, that something happened to subscriptions: they may owe."""
        self._billing_listeners.append(listener)

    async def close(self) -> None:
        """Write what waits, checkpoint, close the file. Safe to repeat."""
        self._closing = True
        self._wake.set()
        try:
            if self._task is not None:
                await asyncio.shield(self._task)
        finally:
            await self._keeper.close()

    async def _run(self) -> None:
        while self._waiting or not self._closing:
            if self._waiting:
                await self._write(self._take_group())
            else:
                await self._rest()
        if self.healthy:
            await self._checkpoint("TRUNCATE")

    def _take_group(self) -> list[_Submission]:
        """What is written next in one transaction; a large work is written by itself."""
        size = min(len(self._waiting), self._group_max)
        group = [self._waiting.popleft()]
        while len(group) < size and not (group[-1].work.large or self._waiting[0].work.large):
            group.append(self._waiting.popleft())
        return group

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
            await self._keeper.recover()
        except Exception as error:
            self._log.debug("storage still down", error=str(error))
        else:
            self._tell_up()

    async def _checkpoint(self, mode: str) -> None:
        self._checkpoint_due = False
        try:
            await self._keeper.checkpoint(mode)
        except Exception as error:
            self._fail([], error)

    async def _write(self, group: list[_Submission]) -> None:
        """Write a group; if it cannot be written as one, each submission by itself."""
        try:
            booked = await self._keeper.book([submission.work for submission in group])
        except Exception as error:
            if _of_the_storage(error):
                self._fail(group, error)
            else:
                for submission in group:
                    await self._write_alone(submission)
        else:
            self._publish(group, booked)

    async def _write_alone(self, submission: _Submission) -> None:
        try:
            booked = await self._keeper.book([submission.work], alone=True)
        except Exception as error:
            if _of_the_storage(error):
                self._fail([submission], error)
            elif isinstance(error, sqlite3.IntegrityError):
                _answer(submission, WriteRefused(str(error)))
            else:
                _answer(submission, error)
        else:
            self._publish([submission], booked)

    def _publish(self, group: list[_Submission], booked: Booked) -> None:
        self._tell_up()
        self._checkpoint_due = True
        if booked.accounts_changed:
            for changed in self._account_listeners:
                self._tell(changed)
        for submission, result in zip(group, booked.results, strict=True):
            _answer(submission, result)
        if booked.billing_changed:
            for changed in self._billing_listeners:
                self._tell(changed)
        if booked.rose:
            for listener in self._credit_listeners:
                self._tell(partial(listener, booked.rose))

    def _tell(self, call: Callable[[], None]) -> None:
        """A listener's defect is not the writer's: the commit is done."""
        try:
            call()
        except Exception as error:
            self._log.error("listener failed", error=repr(error))

    def _fail(self, group: list[_Submission], error: Exception) -> None:
        if not self._down:
            self._log.error("storage down", error=str(error))
        self._down = True
        self._keeper.doubt()
        for submission in group:
            _answer(submission, StorageDown(f"not written: {error}"))

    def _tell_up(self) -> None:
        if self._down:
            self._log.info("storage up")
        self._down = False


def _answer(submission: _Submission, result: tuple[Outcome, ...] | Exception) -> None:
    """Tell who waits; whoever stopped waiting is told nothing."""
    if submission.answer.done():
        return
    if isinstance(result, Exception):
        submission.answer.set_exception(result)
    else:
        submission.answer.set_result(result)


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
