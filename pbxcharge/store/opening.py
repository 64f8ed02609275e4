"""Opening the books: the lock, the schema, the checks, then the parts that use the file."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

from pbxcharge.errors import OtherNode, StorageDamaged, StorageDown, WrongCurrency
from pbxcharge.logger import Logger
from pbxcharge.store.backup import tell_restored
from pbxcharge.store.connection import connect_writer
from pbxcharge.store.directory import Directory
from pbxcharge.store.lock import WriterLock
from pbxcharge.store.migrate import migrate as migrate_schema
from pbxcharge.store.migrate import require_newest
from pbxcharge.store.queries import Queries
from pbxcharge.store.writer import Writer

Version = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Store:
    """The books of a site, open.

    Args:
        path: the database.
        writer: the only one that writes it.
        queries: reads it.
        directory: who owns an endpoint, remembered.
    """

    path: Path
    writer: Writer
    queries: Queries
    directory: Directory


@asynccontextmanager
async def open_store(
    path: Path, *, currency: str, node: str, log: Logger, migrate: bool = False
) -> AsyncIterator[Store]:
    """Open the books for writing; all that was submitted is durable when the block is left.

    Args:
        path: the database; made, with its folder, if it is missing and may be migrated.
        currency: of the site.
        node: the PBX whose calls are held here.
        log: for the writer's troubles and for warnings about SQLite.
        migrate: bring an older schema to this release's; refused otherwise.

    Raises:
        LockTaken: another process writes this database.
        NotTheOwner: its files belong to another user.
        SchemaAhead, SchemaBehind: it is not of this release.
        WrongCurrency: its books are in another currency.
        OtherNode: calls of another PBX are open in it.
        ForeignLog: it was restored beside the log of other books.
        StorageDamaged, StorageDown: it cannot be used.
    """
    async with AsyncExitStack() as opened:
        opened.enter_context(WriterLock.acquire(path))
        prepare(path, currency, node, migrate)
        if migrate:
            # A command on its own has nobody to tell it to; the daemon that starts next has.
            with closing(sqlite3.connect(path)) as connection, connection:
                tell_restored(connection, log)
        warn_of_sqlite(log, sqlite3.sqlite_version_info[:3])
        writer = Writer(await connect_writer(path), currency, log)
        opened.push_async_callback(writer.close)
        await writer.start()
        queries = await Queries.connect(path)
        opened.push_async_callback(queries.close)
        directory = Directory(queries)
        writer.on_accounts(directory.forget)
        yield Store(path, writer, queries, directory)


def prepare(path: Path, currency: str, node: str, migrate: bool) -> None:
    """Bring the schema up or refuse it, check the file, and settle the currency and the PBX."""
    try:
        if migrate:
            migrate_schema(path)
        else:
            require_newest(path)
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            _check(connection, path)
            _settle_currency(connection, path, currency)
            _refuse_other_node(connection, path, node)
    except sqlite3.OperationalError as error:
        raise StorageDown(f"{path}: {error}") from error
    except sqlite3.DatabaseError as error:
        raise StorageDamaged(f"{path}: {error}") from error


def _check(connection: sqlite3.Connection, path: Path) -> None:
    (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise StorageDamaged(f"{path}: {found}")


def _settle_currency(connection: sqlite3.Connection, path: Path, currency: str) -> None:
    connection.execute(
        "INSERT INTO meta VALUES ('currency', ?) ON CONFLICT DO NOTHING", (currency,)
    )
    (kept,) = connection.execute("SELECT value FROM meta WHERE key = 'currency'").fetchone()
    if kept != currency:
        raise WrongCurrency(path, kept, currency)


def _refuse_other_node(connection: sqlite3.Connection, path: Path, node: str) -> None:
    other = connection.execute(
        "SELECT node FROM hold WHERE state = 'pending' AND node <> ? LIMIT 1", (node,)
    ).fetchone()
    if other:
        raise OtherNode(path, other[0], node)


def warn_of_sqlite(log: Logger, version: Version) -> None:
    """Say so if this SQLite may lose commits when two connections write or checkpoint at once."""
    if has_wal_reset_bug(version):
        log.warning(
            "sqlite has the WAL-reset bug",
            version=".".join(map(str, version)),
            hint="never open the database for writing beside pbxcharge; fixed in SQLite 3.51.3",
        )


def has_wal_reset_bug(version: Version) -> bool:
    """Versions 3.7.0 to 3.51.2 have it, except 3.44.6 and 3.50.7 and what follows them there."""
    repaired_branches = {(3, 44): 6, (3, 50): 7}
    if version[:2] in repaired_branches:
        return version[2] < repaired_branches[version[:2]]
    return (3, 7, 0) <= version < (3, 51, 3)
