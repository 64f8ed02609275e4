"""Checking the books: nothing that is stored is believed, everything is added and priced again.

Reads one snapshot, also beside a running daemon, row by row, so that memory stays bounded however
many calls there are.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

from pbxcharge.store.connection import read_only_uri
from pbxcharge.store.finding import Finding
from pbxcharge.store.lock import refuse_other_owners
from pbxcharge.store.migrate import migrations, newest_version, schema_version, statements
from pbxcharge.store.verify_calls import ACCOUNTS, CALLS
from pbxcharge.store.verify_money import HOLDS, MONEY
from pbxcharge.store.verify_plans import plan_findings
from pbxcharge.store.verify_prices import price_findings
from pbxcharge.store.verify_recharges import RECHARGES
from pbxcharge.store.verify_rule import TAMPERED, Rule
from pbxcharge.store.verify_subscriptions import SUBSCRIPTIONS, version_findings

__all__ = ["FINDINGS_MAX", "Finding", "verify"]

FINDINGS_MAX = 1000
"""So many are told; books with more are beyond reading."""

_DAMAGED = "the file is damaged: restore the last good copy"


def verify(database: Path) -> list[Finding]:
    """Everything in the books that is not as it must be; empty if they are right.

    Raises:
        NotTheOwner: reading would leave files that the owner cannot use.
        FileNotFoundError: there is no such database.
    """
    if not database.exists():
        raise FileNotFoundError(database)
    refuse_other_owners(database)
    return verify_copy(database)


def verify_copy(database: Path) -> list[Finding]:
    """The same for a file that nobody else uses, wherever it lies.

    `integrity_check` is among it, which is SQLite's `quick_check` and more.
    """
    connection = sqlite3.connect(read_only_uri(database), uri=True, isolation_level=None)
    with closing(connection):
        return list(islice(_findings(connection), FINDINGS_MAX))


def _findings(connection: sqlite3.Connection) -> Iterator[Finding]:
    """A file that cannot be read any further ends the search with a finding of its own."""
    try:
        connection.execute("BEGIN")
        yield from _file_findings(connection)
        if other := _other_release(connection):
            # The rules ask for tables and columns of this release.
            yield other
            return
        yield from _schema_findings(connection)
        for rule in (*MONEY, *HOLDS, *CALLS, *RECHARGES, *SUBSCRIPTIONS, *ACCOUNTS):
            yield from _rule_findings(connection, rule)
        yield from price_findings(connection)
        yield from plan_findings(connection)
        yield from version_findings(connection)
    except sqlite3.Error as error:
        yield Finding("unreadable", "the books can be read", str(error), _DAMAGED)


def _file_findings(connection: sqlite3.Connection) -> Iterator[Finding]:
    for (problem,) in connection.execute("PRAGMA integrity_check(100)"):
        if problem != "ok":
            yield Finding("file_damaged", "SQLite's own check passes", problem, _DAMAGED)
    for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check"):
        yield Finding(
            "reference_missing",
            "what a row refers to exists",
            f"{table} row {row} refers to a missing {parent}",
            TAMPERED,
        )


def _other_release(connection: sqlite3.Connection) -> Finding | None:
    """That another release has written the books; nothing is wrong with them for that."""
    version, newest = schema_version(connection), newest_version()
    if version == newest:
        return None
    where = f"schema {version}, this release has {newest}"
    action = (
        "run `pbxcharge db migrate`"
        if version < newest
        else "verify with the release that wrote it"
    )
    return Finding("schema_version", "the schema is this release's", where, action)


def _schema_findings(connection: sqlite3.Connection) -> Iterator[Finding]:
    found, wanted = _schema(connection), _fresh_schema()
    for name in sorted(found.keys() | wanted.keys()):
        if name not in found:
            yield Finding("schema_missing", "the schema is whole", name, TAMPERED)
        elif name not in wanted:
            yield Finding("schema_added", "the schema is pbxcharge's own", name, TAMPERED)
        elif found[name] != wanted[name]:
            yield Finding("schema_changed", "the schema is as released", name, TAMPERED)


def _schema(connection: sqlite3.Connection) -> dict[str, str]:
    """Tables, indexes and triggers by name; SQLite's own are made by it."""
    sql = "SELECT type || ' ' || name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%'"
    return dict(connection.execute(f"{sql} ESCAPE '\\'"))


def _fresh_schema() -> dict[str, str]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as fresh:
        for migration in migrations():
            for statement in statements(migration.sql):
                fresh.execute(statement)
        return _schema(fresh)


def _rule_findings(connection: sqlite3.Connection, rule: Rule) -> Iterator[Finding]:
    for row in connection.execute(rule.sql):
        yield Finding(rule.code, rule.what, " ".join(map(str, row)), rule.hint)
