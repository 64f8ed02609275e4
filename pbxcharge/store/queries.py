"""Reading the books: by connections that can neither write nor checkpoint.

Whatever lists takes a scope: the id of the account whose subtree may be seen, None for the site.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import aiosqlite

from pbxcharge.core.account import Account, Extension
from pbxcharge.core.call import Call
from pbxcharge.core.cdr import Cdr, Disposition, LevelCharge
from pbxcharge.core.credit import Hold, Wallet
from pbxcharge.core.ledger import Entry
from pbxcharge.core.rating import Rating, rating_from_canonical
from pbxcharge.store import rows
from pbxcharge.store.connection import connect_reader
from pbxcharge.store.tables import json_list

Scope = str | None
"""The account whose subtree may be seen; None for the operator, who sees the site."""

PayerChain = tuple[Extension, tuple[Account, ...]]
"""An extension and its owner's account with every account above it, the owner first."""

LIMIT = 100
END_OF_TIME_US = 2**63 - 1

_ACCOUNT = "account.account_id, account.kind, account.parent_id, account.name, plan, status"

_SCOPE = """
WITH RECURSIVE scope (account_id) AS (
    SELECT account_id FROM account
    WHERE (:scope IS NULL AND parent_id IS NULL) OR account_id = :scope
    UNION
    SELECT account.account_id FROM account JOIN scope ON account.parent_id = scope.account_id
)
"""

PAYER = f"""
WITH RECURSIVE chain (account_id, depth) AS (
    SELECT account_id, 0 FROM extension WHERE endpoint = :endpoint
    UNION
    SELECT account.parent_id, depth + 1
    FROM chain JOIN account ON account.account_id = chain.account_id
    WHERE account.parent_id IS NOT NULL AND depth < 100
)
SELECT extension.endpoint, extension.number, extension.account_id, {_ACCOUNT}
FROM chain
JOIN account ON account.account_id = chain.account_id
JOIN extension ON extension.endpoint = :endpoint
ORDER BY depth
"""
"""Who owns an endpoint, up to the top of the tree."""

ACCOUNT = f"SELECT {_ACCOUNT} FROM account WHERE account_id = :account_id"
"""One account."""

ACCOUNTS = f"""
{_SCOPE}
SELECT {_ACCOUNT} FROM account JOIN scope ON scope.account_id = account.account_id
ORDER BY account.account_id
"""
"""The accounts of a subtree."""

ACCOUNTS_OF_PLAN = f"SELECT {_ACCOUNT} FROM account WHERE plan = :plan ORDER BY account_id"
"""Who is charged by a plan."""

EXTENSIONS = f"""
{_SCOPE}
SELECT endpoint, number, extension.account_id
FROM extension JOIN scope ON scope.account_id = extension.account_id
ORDER BY extension.account_id, number
"""
"""The phones of a subtree."""

WALLETS = """
WITH held (wallet_id, calls, amount_micros) AS (
    SELECT wallet_id, count(*), sum(amount_micros)
    FROM hold JOIN hold_line ON hold_line.call_id = hold.call_id
    WHERE hold.state = 'pending'
    GROUP BY wallet_id
)
SELECT wallet.wallet_id, account_id, kind, balance_micros, floor_micros,
    coalesce(held.calls, 0), coalesce(held.amount_micros, 0)
FROM wallet LEFT JOIN held ON held.wallet_id = wallet.wallet_id
WHERE account_id IN (SELECT value FROM json_each(:account_ids))
ORDER BY account_id, kind
"""
"""Wallets with what live calls hold in them."""

LEDGER_OF_SITE = f"""
SELECT {rows.ENTRY_COLUMNS} FROM entry WHERE :wallet_id IS NULL OR wallet_id = :wallet_id
ORDER BY seq DESC LIMIT :limit
"""
"""The newest entries of the site."""

# CROSS JOIN: from the few to the many, also where there are no statistics yet.
LEDGER = f"""
{_SCOPE}
SELECT {rows.ENTRY_COLUMNS}
FROM scope
CROSS JOIN wallet ON wallet.account_id = scope.account_id
CROSS JOIN entry ON entry.wallet_id = wallet.wallet_id
WHERE :wallet_id IS NULL OR wallet.wallet_id = :wallet_id
ORDER BY entry.seq DESC LIMIT :limit
"""
"""The newest entries of a subtree's wallets."""

ENTRY = f"SELECT {rows.ENTRY_COLUMNS} FROM entry WHERE entry_id = :entry_id"
"""One entry."""

CDRS_OF_SITE = f"""
SELECT {rows.CDR_COLUMNS} FROM cdr
WHERE setup_at_us >= :since_us AND setup_at_us < :until_us
  AND (:disposition IS NULL OR disposition = :disposition)
ORDER BY setup_at_us DESC, call_id DESC LIMIT :limit
"""
"""The newest records of the site, also of attempts that are nobody's."""

CDRS = f"""
{_SCOPE}
SELECT {rows.CDR_COLUMNS}
FROM scope CROSS JOIN cdr ON cdr.account_id = scope.account_id
WHERE setup_at_us >= :since_us AND setup_at_us < :until_us
  AND (:disposition IS NULL OR disposition = :disposition)
ORDER BY setup_at_us DESC, cdr.call_id DESC LIMIT :limit
"""
"""The newest records of a subtree."""

CDR = f"SELECT {rows.CDR_COLUMNS} FROM cdr WHERE call_id = :call_id"
"""One record."""

CDR_LEVELS = """
SELECT call_id, account_id, wallet_id, plan, plan_version, prefix, destination, charge_micros
FROM cdr_level WHERE call_id IN (SELECT value FROM json_each(:call_ids))
ORDER BY call_id, level
"""
"""What each level pays, of several records."""

RATING = "SELECT body FROM rating WHERE rating_id = :rating_id"
"""What calls are priced with."""

OPEN_CALLS = f"""
SELECT {rows.CALL_COLUMNS}, rating.body, hold.step, hold.through_s
FROM call
JOIN rating USING (rating_id)
JOIN hold ON hold.call_id = call.call_id AND hold.state = 'pending'
WHERE call.state = 'open'
ORDER BY call.call_id
"""
"""Every call that was granted and not settled, with its hold."""

HOLD = """
SELECT hold.call_id, step, through_s, node, expires_at_us, state, wallet_id, amount_micros
FROM hold LEFT JOIN hold_line ON hold_line.call_id = hold.call_id
WHERE hold.call_id = :call_id
ORDER BY hold.call_id, level
"""
"""The hold of a call."""

PBX_SEEN = "SELECT at_us FROM pbx_seen WHERE pbx = :pbx"
"""A PBX's last proof of life."""


class Queries:
    """What may be asked of the books.

    Args:
        hot: the connection for what calls wait for.
        listing: the connection for lists, which may take long.
    """

    def __init__(self, hot: aiosqlite.Connection, listing: aiosqlite.Connection) -> None:
        self._hot = hot
        self._listing = listing

    @classmethod
    async def connect(cls, database: Path) -> Self:
        """Open the two connections.

        Raises:
            StorageDown: the file cannot be opened.
        """
        hot = await connect_reader(database)
        try:
            return cls(hot, await connect_reader(database))
        except BaseException:
            await hot.close()
            raise

    async def close(self) -> None:
        """Close both connections."""
        try:
            await self._hot.close()
        finally:
            await self._listing.close()

    async def payer(self, endpoint: str) -> PayerChain | None:
        """Whose phone this is, and every account above its owner; None if it is nobody's."""
        found = list(await self._hot.execute_fetchall(PAYER, {"endpoint": endpoint}))
        if not found:
            return None
        return rows.extension(found[0]), tuple(rows.account(row[3:]) for row in found)

    async def account(self, account_id: str) -> Account | None:
        """One account."""
        row = await self._one(ACCOUNT, account_id=account_id)
        return rows.account(row) if row else None

    async def accounts(self, scope: Scope) -> list[Account]:
        """The accounts of a subtree, by id."""
        return [rows.account(row) for row in await self._all(ACCOUNTS, scope=scope)]

    async def accounts_of_plan(self, plan: str) -> list[Account]:
        """Who is charged by a plan, by id."""
        return [rows.account(row) for row in await self._all(ACCOUNTS_OF_PLAN, plan=plan)]

    async def extensions(self, scope: Scope) -> list[Extension]:
        """The phones of a subtree."""
        return [rows.extension(row) for row in await self._all(EXTENSIONS, scope=scope)]

    async def wallets(self, account_ids: Sequence[str]) -> list[Wallet]:
        """The wallets of accounts, with what live calls hold in them."""
        found = await self._all(WALLETS, account_ids=json_list(account_ids))
        return [rows.wallet_with_holds(row) for row in found]

    async def ledger(
        self, scope: Scope, *, wallet_id: str | None = None, limit: int = LIMIT
    ) -> list[Entry]:
        """The newest entries of a subtree's wallets, or of one of them."""
        sql = LEDGER_OF_SITE if scope is None else LEDGER
        found = await self._all(sql, scope=scope, wallet_id=wallet_id, limit=limit)
        return [rows.entry(row) for row in found]

    async def entry(self, entry_id: str) -> Entry | None:
        """One entry."""
        row = await self._one(ENTRY, entry_id=entry_id)
        return rows.entry(row) if row else None

    async def cdrs(
        self,
        scope: Scope,
        *,
        since_us: int = 0,
        until_us: int = END_OF_TIME_US,
        disposition: Disposition | None = None,
        limit: int = LIMIT,
    ) -> list[Cdr]:
        """The newest records of a subtree, set up from `since_us` until before `until_us`."""
        found = await self._all(
            CDRS_OF_SITE if scope is None else CDRS,
            scope=scope,
            since_us=since_us,
            until_us=until_us,
            disposition=disposition.value if disposition else None,
            limit=limit,
        )
        levels = await self._levels([row[0] for row in found])
        return [rows.cdr(row, tuple(levels.get(row[0], ()))) for row in found]

    async def cdr(self, call_id: str) -> Cdr | None:
        """The record of one attempt."""
        row = await self._one(CDR, call_id=call_id)
        if row is None:
            return None
        return rows.cdr(row, tuple((await self._levels([call_id])).get(call_id, ())))

    async def rating(self, rating_id: str) -> Rating | None:
        """What calls are priced with, as it was stored."""
        row = await self._one(RATING, rating_id=rating_id)
        return rating_from_canonical(row[0]) if row else None

    async def open_calls(self) -> list[Call]:
        """Every call that is not settled, ready to be resumed with the paid talk of its hold."""
        found = await self._all(OPEN_CALLS)
        ratings: dict[str, Rating] = {}
        for row in found:
            if row[13] not in ratings:
                ratings[row[13]] = rating_from_canonical(row[26])
        return [rows.call(row, ratings[row[13]], row[27], row[28]) for row in found]

    async def hold(self, call_id: str) -> Hold | None:
        """The hold of a call, whatever became of it."""
        held = rows.holds(await self._all(HOLD, call_id=call_id))
        return held[0] if held else None

    async def pbx_seen(self, pbx: str) -> int | None:
        """A PBX's last proof of life, microseconds since the epoch."""
        row = await self._one(PBX_SEEN, pbx=pbx)
        return int(row[0]) if row else None

    async def _levels(self, call_ids: Sequence[str]) -> dict[str, list[LevelCharge]]:
        levels: dict[str, list[LevelCharge]] = {}
        for row in await self._all(CDR_LEVELS, call_ids=json_list(call_ids)):
            levels.setdefault(row[0], []).append(rows.level_charge(row[1:]))
        return levels

    async def _all(self, sql: str, **parameters: Any) -> list[Any]:
        return list(await self._listing.execute_fetchall(sql, parameters))

    async def _one(self, sql: str, **parameters: Any) -> Any:
        found = await self._hot.execute_fetchall(sql, parameters)
        return next(iter(found), None)
