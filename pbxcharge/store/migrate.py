"""Schema versions: each migration is one transaction, so the old schema or the new one, no third.

The version stands in SQLite's `user_version`. A migration is a file `NNNN_name.sql`; a released
one is never edited, since databases in the field have run it.
"""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from pbxcharge.errors import SchemaAhead, SchemaBehind, StorageDamaged
from pbxcharge.store.connection import read_only_uri
from pbxcharge.store.lock import WriterLock

_FILE_NAME = re.compile(r"([0-9]{4})_[a-z0-9_]+\.sql")


@dataclass(frozen=True, slots=True)
class Migration:
    """One step from the schema before to the schema `version`."""

    version: int
    name: str
    sql: str


@dataclass(frozen=True, slots=True)
class Migrated:
    """The schema's version before and after."""

    before: int
    after: int


def migrations() -> tuple[Migration, ...]:
    """Every migration of this release, in order."""
    found = []
    for file in files("pbxcharge.store.migrations").iterdir():
        if named := _FILE_NAME.fullmatch(file.name):
            found.append(Migration(int(named[1]), file.name, file.read_text(encoding="utf-8")))
    return tuple(sorted(found, key=lambda migration: migration.version))


def newest_version() -> int:
    """The schema version that this release writes."""
    return migrations()[-1].version


def migrate_alone(database: Path) -> Migrated:
    """What `db migrate` does: take the writer's lock, migrate, let go.

    Raises:
        LockTaken: the daemon or another command writes; stop it first.
        NotTheOwner: run it as the user who owns the files.
        SchemaAhead: the database was written by a newer release.
    """
    with WriterLock.acquire(database):
        return migrate(database)


def migrate(database: Path, steps: tuple[Migration, ...] | None = None) -> Migrated:
    """Bring the schema to this release's version; the caller holds the writer's lock.

    Raises:
        SchemaAhead: the database was written by a newer release; nothing was changed.
        StorageDamaged: the content does not fit the new schema; nothing was changed.
    """
    steps = migrations() if steps is None else steps
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        before = schema_version(connection)
        newest = max((step.version for step in steps), default=0)
        if before > newest:
            raise SchemaAhead(database, before, newest)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        for step in steps:
            if step.version > before:
                _run(connection, step)
        return Migrated(before, schema_version(connection))


def require_newest(database: Path) -> None:
    """Refuse a database whose schema is not this release's.

    Raises:
        SchemaAhead: written by a newer release.
        SchemaBehind: `db migrate` has not been run.
    """
    # Read-only: also asked by commands beside a daemon, who alone may write and checkpoint.
    with closing(sqlite3.connect(read_only_uri(database), uri=True)) as connection:
        version, newest = schema_version(connection), newest_version()
    if version > newest:
        raise SchemaAhead(database, version, newest)
    if version < newest:
        raise SchemaBehind(database, version, newest)


def schema_version(connection: sqlite3.Connection) -> int:
    """The last migration that a database has run; a new file has run none."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _run(connection: sqlite3.Connection, step: Migration) -> None:
    # Foreign keys would forbid to rebuild a table; they are checked as a whole before the commit.
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in statements(step.sql):
            connection.execute(statement)
        if orphan := connection.execute("PRAGMA foreign_key_check").fetchone():
            raise StorageDamaged(f"{step.name}: a row of {orphan[0]} refers to one that is missing")
        connection.execute(f"PRAGMA user_version = {step.version}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def statements(script: str) -> Iterator[str]:
    """The statements of a script; those of a trigger's body stay together."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        yield statement
