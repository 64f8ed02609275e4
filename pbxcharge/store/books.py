"""The books in memory: what the writer decides on, never behind the file.

The writer is the only one that writes, so what it has read or written itself stays true. Wallets
are read when first touched; those without live calls are forgotten when there are too many.
"""

from collections.abc import Collection
from dataclasses import dataclass, field, replace

import aiosqlite

from pbxcharge.core.credit import Hold, Wallet
from pbxcharge.core.ledger import Entry
from pbxcharge.core.limits import Activity
from pbxcharge.store import rows
from pbxcharge.store.activities import (
    read_activities,
    read_months,
    read_spending,
    worth_keeping,
)
from pbxcharge.store.tables import json_list

WALLETS_MAX = 100_000
RATINGS_MAX = 10_000
ACTIVITIES_MAX = 100_000

PENDING_HOLDS = f"""
SELECT {rows.HOLD_COLUMNS}
FROM hold LEFT JOIN hold_line ON hold_line.call_id = hold.call_id
WHERE state = 'pending'
ORDER BY hold.call_id, level
"""
"""Every pending hold with its lines: as many as there are live calls."""

RESOLVED_HOLDS = f"""
SELECT {rows.HOLD_COLUMNS}
FROM hold LEFT JOIN hold_line ON hold_line.call_id = hold.call_id
WHERE state <> 'pending' AND hold.call_id IN (SELECT value FROM json_each(?))
ORDER BY hold.call_id, level
"""
"""Resolved holds, by call."""

WALLETS = """
SELECT wallet_id, account_id, kind, balance_micros, floor_micros, closed, unit FROM wallet
WHERE wallet_id IN (SELECT value FROM json_each(?))
"""
"""Wallets by id."""

ENTRIES = f"""
SELECT {rows.ENTRY_COLUMNS} FROM entry WHERE entry_id IN (SELECT value FROM json_each(?))
"""
"""Entries by id."""

ENTRIES_OF_CALLS = f"""
SELECT {rows.ENTRY_COLUMNS} FROM entry WHERE call_id IN (SELECT value FROM json_each(?1))
UNION
SELECT {rows.ENTRY_COLUMNS} FROM entry WHERE reverses IN (
    SELECT entry_id FROM entry WHERE call_id IN (SELECT value FROM json_each(?1))
)
"""
"""What calls were charged and given back, also by entries that do not name the call."""


@dataclass(slots=True)
class KnownBooks:
    """Wallets as touched, all pending holds, and the ratings that are known to be stored.

    `activities`: of accounts as touched, and of every account with a live call or one of the last
    minute, so that of any other one only its charges need be read.
    """

    wallets: dict[str, Wallet] = field(default_factory=dict)
    activities: dict[str, Activity] = field(default_factory=dict)
    holds: dict[str, Hold] = field(default_factory=dict)
    ratings: set[str] = field(default_factory=set)
    wallets_max: int = WALLETS_MAX
    ratings_max: int = RATINGS_MAX
    activities_max: int = ACTIVITIES_MAX

    def trim(self) -> None:
        """Forget what can be read again, once there is much of it."""
        if len(self.ratings) > self.ratings_max:
            self.ratings.clear()
        if len(self.activities) > self.activities_max:
            self.activities = worth_keeping(self.activities)
        if len(self.wallets) > self.wallets_max:
            # What is held in a wallet is known from its calls alone, so those stay.
            self.wallets = {key: kept for key, kept in self.wallets.items() if kept.calls}


async def read_books(connection: aiosqlite.Connection) -> KnownBooks:
    """All pending holds and their wallets, as the file has them."""
    holds = rows.holds(await connection.execute_fetchall(PENDING_HOLDS))
    books = KnownBooks(holds={hold.call_id: hold for hold in holds})
    lines = [line for hold in holds for line in hold.lines]
    await read_wallets(connection, books, {line.wallet_id for line in lines})
    for line in lines:
        wallet = books.wallets[line.wallet_id]
        books.wallets[line.wallet_id] = replace(
            wallet, held_micros=wallet.held_micros + line.amount_micros, calls=wallet.calls + 1
        )
    books.activities = await read_activities(connection, holds, books.wallets)
    return books


async def read_wallets(
    connection: aiosqlite.Connection, books: KnownBooks, wallet_ids: Collection[str]
) -> None:
    """Read the wallets that are not known yet; without live calls nothing is held in them."""
    missing = [wallet_id for wallet_id in wallet_ids if wallet_id not in books.wallets]
    if not missing:
        return
    for row in await connection.execute_fetchall(WALLETS, (json_list(missing),)):
        books.wallets[row[0]] = rows.wallet(row)


async def read_accounts(
    connection: aiosqlite.Connection, books: KnownBooks, account_ids: Collection[str]
) -> None:
    """Read what accounts that are not known yet were charged of late."""
    missing = {account_id for account_id in account_ids if account_id not in books.activities}
    if missing:
        books.activities.update(await read_spending(connection, missing))


async def read_account_months(
    connection: aiosqlite.Connection, books: KnownBooks, months: Collection[tuple[str, int]]
) -> None:
    """Read what accounts were charged in months that are not known yet of them.

    Args:
        connection: to the file.
        books: they know these accounts' activities.
        months: an account, and the instant at which its month began.
    """
    missing = [
        (account, from_us)
        for account, from_us in months
        if books.activities[account].month_micros(from_us) is None
    ]
    for (account, from_us), micros in (await read_months(connection, missing)).items():
        books.activities[account] = books.activities[account].with_month(from_us, micros)


async def read_entries(
    connection: aiosqlite.Connection, entry_ids: Collection[str], call_ids: Collection[str]
) -> dict[str, Entry]:
    """The entries that exist, by id: those named, and all that belong to the calls."""
    found: list[rows.Row] = []
    if entry_ids:
        found += await connection.execute_fetchall(ENTRIES, (json_list(entry_ids),))
    if call_ids:
        found += await connection.execute_fetchall(ENTRIES_OF_CALLS, (json_list(call_ids),))
    return {row[0]: rows.entry(row) for row in found}


async def read_resolved(
    connection: aiosqlite.Connection, call_ids: Collection[str]
) -> dict[str, Hold]:
    """The holds of these calls that are resolved, by call."""
    if not call_ids:
        return {}
    found = await connection.execute_fetchall(RESOLVED_HOLDS, (json_list(call_ids),))
    return {hold.call_id: hold for hold in rows.holds(found)}
