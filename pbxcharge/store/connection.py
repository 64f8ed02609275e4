"""Connections to the database: one that writes, others that can only read."""

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import aiosqlite

from pbxcharge.errors import StorageDown
from pbxcharge.failpoints import Failpoint, reach

TRANSACTION = "a transaction of the writer"
"""Given to `executemany` in place of SQL: the parameters are the statements of one transaction."""

BUSY_TIMEOUT_S = 1.0
"""The lock file keeps other writers out; a shell that writes anyway must not hold up calls."""

WAL_PAGES_MAX = 8192
"""Past this many pages the writer checkpoints even if no moment is quiet: 32 MiB."""

Statement = tuple[str, Sequence[tuple[Any, ...]]]


class WritingConnection(sqlite3.Connection):
    """A connection that runs a whole transaction as one item of its thread.

    Nothing can come between the statements, no cancelled task can leave the transaction open, and
    a group of submissions costs one crossing of threads instead of one for every statement.
    """

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> sqlite3.Cursor:
        """As ever, or with TRANSACTION all statements between BEGIN IMMEDIATE and COMMIT."""
        if sql != TRANSACTION:
            return super().executemany(sql, parameters)
        self._roll_back()
        self.execute("BEGIN IMMEDIATE")
        try:
            for statement, rows in parameters:
                super().executemany(statement, rows)
            reach(Failpoint.IN_TRANSACTION)
            committed = self.execute("COMMIT")
            reach(Failpoint.AFTER_COMMIT)
            return committed
        except BaseException:
            self._roll_back()
            raise

    def _roll_back(self) -> None:
        # A full disk ends the transaction by itself; then there is nothing to roll back.
        if self.in_transaction:
            self.execute("ROLLBACK")


async def connect_writer(database: Path) -> aiosqlite.Connection:
    """The one connection that writes and checkpoints, each commit flushed to the disk.

    Raises:
        StorageDown: the file cannot be opened, or does not take its settings.
    """
    connection = await _connect(database, factory=WritingConnection)
    try:
        await _set(connection, "journal_mode", "wal")
        await _set(connection, "synchronous", 2)
        await _set(connection, "foreign_keys", 1)
        await _set(connection, "wal_autocheckpoint", WAL_PAGES_MAX)
    except BaseException:
        await connection.close()
        raise
    return connection


async def connect_reader(database: Path) -> aiosqlite.Connection:
    """A connection that can neither write nor checkpoint.

    Raises:
        StorageDown: the file cannot be opened.
    """
    connection = await _connect(read_only_uri(database), uri=True)
    try:
        await _set(connection, "query_only", 1)
    except BaseException:
        await connection.close()
        raise
    return connection


async def _connect(database: Path | str, **options: Any) -> aiosqlite.Connection:
    try:
        # Tried without a thread first: one that could not open ends by itself, at a bad moment.
        sqlite3.connect(database, **options).close()
        return await aiosqlite.connect(
            database, isolation_level=None, timeout=BUSY_TIMEOUT_S, **options
        )
    except sqlite3.Error as error:
        raise StorageDown(f"{database}: {error}") from error


def read_only_uri(database: Path) -> str:
    """The address under which SQLite opens a file that it must not write."""
    return f"{database.absolute().as_uri()}?mode=ro"


async def _set(connection: aiosqlite.Connection, pragma: str, value: str | int) -> None:
    """Set and read back: SQLite ignores what it does not know or cannot do."""
    try:
        await connection.execute_fetchall(f"PRAGMA {pragma} = {value}")
        rows = list(await connection.execute_fetchall(f"PRAGMA {pragma}"))
    except sqlite3.Error as error:
        raise StorageDown(f"SQLite does not open: {error}") from error
    if rows[0][0] != value:
        raise StorageDown(f"SQLite keeps {pragma} at {rows[0][0]}, wanted {value}")


async def fetch(
    connection: aiosqlite.Connection, sql: str, parameters: dict[str, Any]
) -> list[Any]:
    """All rows; whatever SQLite says against it, storage is down for who asks.

    Raises:
        StorageDown: the books cannot be read.
    """
    try:
        return list(await connection.execute_fetchall(sql, parameters))
    except sqlite3.Error as error:
        raise StorageDown(f"the books cannot be read: {error}") from error
