"""Reading the books: by connections that can neither write nor checkpoint.

Whatever lists takes a scope: the id of the account whose subtree may be seen, None for the site.
"""

import sqlite3
from array import array
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, Self

import aiosqlite
import orjson

from pbxcharge.core.account import Account, Did, Extension
from pbxcharge.core.assigned_life import calendar
from pbxcharge.core.billing_period import BillingCalendar
from pbxcharge.core.call import Call
from pbxcharge.core.cdr import Cdr
from pbxcharge.core.credit import Hold, Wallet
from pbxcharge.core.disposition import Disposition
from pbxcharge.core.ledger import Entry
from pbxcharge.core.limits import Activity
from pbxcharge.core.rating import Rating, rating_from_canonical
from pbxcharge.errors import StorageDown
from pbxcharge.store import rows, selects
from pbxcharge.store.activities import read_activity, read_months
from pbxcharge.store.billing_queries import BillingQueries
from pbxcharge.store.call_queries import CallQueries, levels_of
from pbxcharge.store.connection import connect_reader, fetch
from pbxcharge.store.export_queries import ExportQueries
from pbxcharge.store.plan_queries import PlanQueries
from pbxcharge.store.recharge_queries import RechargeQueries
from pbxcharge.store.report_queries import Reports
from pbxcharge.store.subscription_queries import SubscriptionQueries
from pbxcharge.store.tables import json_list

Scope = str | None
"""The account whose subtree may be seen; None for the operator, who sees the site."""

PayerChain = tuple[Extension, tuple[Account, ...]]
"""An extension and its owner's account with every account above it, the owner first."""

DidChain = tuple[Did, tuple[Account, ...]]
"""A number of the public network and its owner's account with every account above it."""


class StoredEvent(NamedTuple):
    """A line of the live cost log as it is kept: its id, its instant, its JSON."""

    event_id: int
    at_us: int
    body: str


LIMIT = 100
END_OF_TIME_US = 2**63 - 1


class Queries:
    """What may be asked of the books.

    Args:
        hot: the connection for what calls wait for.
        listing: the connection for lists, which may take long.
        reports: reads what takes longer still, on connections of its own.
    """

    def __init__(
        self, hot: aiosqlite.Connection, listing: aiosqlite.Connection, reports: Reports
    ) -> None:
        self._hot = hot
        self._listing = listing
        self.reports = reports
        self.plans = PlanQueries(listing)
        self.exports = ExportQueries(listing)
        self.recharges = RechargeQueries(listing)
        self.calls = CallQueries(listing)
        self.subscriptions = SubscriptionQueries(listing)
        self.billing = BillingQueries(listing)

    @classmethod
    async def connect(cls, database: Path) -> Self:
        """Open the two connections.

        Raises:
            StorageDown: the file cannot be opened.
        """
        hot = await connect_reader(database)
        try:
            return cls(hot, await connect_reader(database), Reports(database))
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
        found = await fetch(self._hot, selects.PAYER, {"endpoint": endpoint})
        if not found:
            return None
        return rows.extension(found[0]), tuple(rows.account(row[3:]) for row in found)

    async def phones(self, organization_id: str) -> Mapping[str, Extension]:
        """The phones of an organization by their numbers."""
        found = await fetch(self._hot, selects.PHONES, {"organization_id": organization_id})
        return MappingProxyType({row[1]: rows.extension(row) for row in found})

    async def phone(self, organization_id: str, number: str) -> Extension | None:
        """The phone of an organization that has this number."""
        row = await self._one(selects.PHONE, organization_id=organization_id, number=number)
        return rows.extension(row) if row else None

    async def codes(self) -> Mapping[str, str]:
        """Organizations by the codes that others dial."""
        return MappingProxyType(dict(await fetch(self._hot, selects.CODES, {})))

    async def did_numbers(self) -> "array[int]":
        """Every number of the public network that reaches this PBX, ascending.

        As numbers of eight bytes, so that a million of them are no burden to whoever remembers.
        """
        found = await fetch(self._hot, selects.DID_NUMBERS, {})
        return array("q", sorted(int(row[0]) for row in found))

    async def allowances(self, account_ids: Sequence[str]) -> list[Wallet]:
        """What was used of the quotas of accounts, by quota and billing period, and is held."""
        found = await self._all(selects.ALLOWANCES, account_ids=json_list(account_ids))
        return [rows.wallet_with_holds(row) for row in found]

    async def calendar(self, organization_id: str) -> BillingCalendar:
        """The billing periods of an organization."""
        # Not where lists are read: a caller waits for it.
        hot = SubscriptionQueries(self._hot)
        return calendar(await hot.billing_rules(organization_id))

    async def did(self, number: str) -> DidChain | None:
        """Whose number this is, and every account above; None if it is none of this PBX."""
        row = await self._one(selects.DID, number=number)
        if row is None:
            return None
        return rows.did(row), await self.chain(row[1])

    async def dids(self, scope: Scope) -> list[Did]:
        """The numbers of a subtree."""
        return [rows.did(row) for row in await self._all(selects.DIDS, scope=scope)]

    async def account(self, account_id: str) -> Account | None:
        """One account."""
        row = await self._one(selects.ACCOUNT, account_id=account_id)
        return rows.account(row) if row else None

    async def accounts_named(self, account_ids: Sequence[str]) -> list[Account]:
        """The accounts of these that there are."""
        found = await self._all(selects.ACCOUNTS_NAMED, account_ids=json_list(account_ids))
        return [rows.account(row) for row in found]

    async def phones_named(self, endpoints: Sequence[str]) -> list[Extension]:
        """The phones of these that there are."""
        found = await self._all(selects.PHONES_NAMED, endpoints=json_list(endpoints))
        return [rows.extension(row) for row in found]

    async def phones_in(self, organization_ids: Sequence[str]) -> list[Extension]:
        """All phones of these organizations."""
        names = json_list(organization_ids)
        found = await self._all(selects.PHONES_IN, organization_ids=names)
        return [rows.extension(row) for row in found]

    async def dids_named(self, numbers: Sequence[str]) -> list[Did]:
        """The numbers of these that there are."""
        found = await self._all(selects.DIDS_NAMED, numbers=json_list(numbers))
        return [rows.did(row) for row in found]

    async def chain(self, account_id: str) -> tuple[Account, ...]:
        """An account and every account above it; empty if there is no such account."""
        found = await fetch(self._hot, selects.CHAIN, {"account_id": account_id})
        return tuple(rows.account(row) for row in found)

    async def accounts(self, scope: Scope) -> list[Account]:
        """The accounts of a subtree, by id."""
        return [rows.account(row) for row in await self._all(selects.ACCOUNTS, scope=scope)]

    async def accounts_of_plan(self, plan: str) -> list[Account]:
        """Who is charged by a plan, by id."""
        return [rows.account(row) for row in await self._all(selects.ACCOUNTS_OF_PLAN, plan=plan)]

    async def accounts_off_product(self, plans: Mapping[str, str], limit: int) -> list[Account]:
        """Accounts with another plan than their main product names; `plans` are by product."""
        asked = {"plans": orjson.dumps(plans).decode(), "limit": limit}
        return [rows.account(row) for row in await self._all(selects.ACCOUNTS_OFF_PRODUCT, **asked)]

    async def plan_users(self) -> dict[str, int]:
        """How many accounts each plan charges; closed ones are not counted."""
        return dict(await self._all(selects.PLAN_USERS))

    async def plan_levels(self) -> list[tuple[str, str | None, int]]:
        """Each plan, the next plan above its accounts, and how many of them there are.

        Users of `retail` below an organization of `wholesale` are (retail, wholesale, 12); at the
        top of the tree there is none above. Closed accounts are not counted.
        """
        return [(row[0], row[1], row[2]) for row in await self._all(selects.PLAN_LEVELS)]

    async def endpoints(self, limit: int) -> list[str]:
        """The phones of the site, by their names in Asterisk."""
        return [row[0] for row in await self._all(selects.ENDPOINTS, limit=limit)]

    async def phones_with_products(self) -> list[tuple[Extension, Account]]:
        """Every phone whose owner has a main product, with its owner."""
        found = await self._all(selects.PHONES_WITH_PRODUCTS)
        return [(rows.extension(row), rows.account(row[3:])) for row in found]

    async def phones_numbered(self, numbers: Sequence[str]) -> list[Extension]:
        """The phones of the whole site that have one of these numbers."""
        found = await self._all(selects.PHONES_NUMBERED, numbers=json_list(numbers))
        return [rows.extension(row) for row in found]

    async def extensions(self, scope: Scope) -> list[Extension]:
        """The phones of a subtree."""
        return [rows.extension(row) for row in await self._all(selects.EXTENSIONS, scope=scope)]

    async def wallets(self, account_ids: Sequence[str]) -> list[Wallet]:
        """The wallets of accounts, with what live calls hold in them."""
        found = await self._all(selects.WALLETS, account_ids=json_list(account_ids))
        return [rows.wallet_with_holds(row) for row in found]

    async def charged_micros(self, account_id: str, since_us: int) -> int:
        """What an account was charged for calls since an instant, over all its wallets."""
        asked = (account_id, since_us)
        try:
            return (await read_months(self._listing, [asked]))[asked]
        except sqlite3.Error as error:
            raise StorageDown(f"not read: {error}") from error

    async def activity(self, account_id: str, now_us: int) -> Activity:
        """What an account does now and has done lately, as its limits count it."""
        wallets = await self.wallets([account_id])
        try:
            return await read_activity(self._listing, account_id, wallets, now_us)
        except sqlite3.Error as error:
            raise StorageDown(f"not read: {error}") from error

    async def ledger(
        self, scope: Scope, *, wallet_id: str | None = None, limit: int = LIMIT
    ) -> list[Entry]:
        """The newest entries of a subtree's wallets, or of one of them."""
        sql = selects.LEDGER_OF_SITE if scope is None else selects.LEDGER
        found = await self._all(sql, scope=scope, wallet_id=wallet_id, limit=limit)
        return [rows.entry(row) for row in found]

    async def entry(self, entry_id: str) -> Entry | None:
        """One entry."""
        row = await self._one(selects.ENTRY, entry_id=entry_id)
        return rows.entry(row) if row else None

    async def entries_named(self, entry_ids: Sequence[str]) -> list[Entry]:
        """The entries of these that there are."""
        found = await self._all(selects.ENTRIES_NAMED, entry_ids=json_list(entry_ids))
        return [rows.entry(row) for row in found]

    async def cdrs(
        self,
        scope: Scope,
        *,
        since_us: int = 0,
        until_us: int = END_OF_TIME_US,
        disposition: Disposition | None = None,
        limit: int = LIMIT,
    ) -> list[Cdr]:
        """The newest records of a subtree, set up from `since_us` until before `until_us`.

        Each says what its latest revision says.
        """
        found = await self._all(
            selects.CDRS_OF_SITE if scope is None else selects.CDRS,
            scope=scope,
            since_us=since_us,
            until_us=until_us,
            disposition=disposition.value if disposition else None,
            limit=limit,
        )
        names = [row[0] for row in found]
        levels = await levels_of(self._listing, selects.CDR_LEVELS_NOW, names)
        return [rows.cdr_now(row, levels.get(row[0], ())) for row in found]

    async def cdr(self, call_id: str) -> Cdr | None:
        """The record of one attempt, as it was written."""
        row = await self._one(selects.CDR, call_id=call_id)
        if row is None:
            return None
        levels = await levels_of(self._listing, selects.CDR_LEVELS, [call_id])
        return rows.cdr(row, levels.get(call_id, ()))

    async def has_attempt(
        self, pbx: str, caller_uniqueid: str, since_us: int, until_us: int
    ) -> bool:
        """Whether an attempt of this channel, set up in that time, has its record."""
        times = {"since_us": since_us, "until_us": until_us}
        row = await self._one(
            selects.HAS_ATTEMPT, pbx=pbx, caller_uniqueid=caller_uniqueid, **times
        )
        return row is not None

    async def rating(self, rating_id: str) -> Rating | None:
        """What calls are priced with, as it was stored."""
        row = await self._one(selects.RATING, rating_id=rating_id)
        return rating_from_canonical(row[0]) if row else None

    async def open_calls(self) -> list[Call]:
        """Every call that is not settled, ready to be resumed with the paid talk of its hold."""
        found = await self._all(selects.OPEN_CALLS)
        ratings: dict[str, Rating] = {}
        for row in found:
            if row[13] not in ratings:
                ratings[row[13]] = rating_from_canonical(row[-4])
        return [rows.call(row, ratings[row[13]], *row[-3:]) for row in found]

    async def hold(self, call_id: str) -> Hold | None:
        """The hold of a call, whatever became of it."""
        held = rows.holds(await self._all(selects.HOLD, call_id=call_id))
        return held[0] if held else None

    async def events(self, after: int, until: int, limit: int) -> list[StoredEvent]:
        """The next lines of the live cost log, with an id above `after` and at most `until`."""
        found = await self._all(selects.EVENTS, after=after, until=until, limit=limit)
        return [StoredEvent(*row) for row in found]

    async def event_ids(self) -> tuple[int, int]:
        """The first and the last id of the lines that are kept; 0, 0 without any."""
        first, last = await self._one(selects.EVENT_IDS)
        return int(first), int(last)

    async def currency(self) -> str | None:
        """The currency that the books are kept in; None before anybody opened them."""
        row = await self._one(selects.CURRENCY)
        return str(row[0]) if row else None

    async def pbx_seen(self, pbx: str) -> int | None:
        """A PBX's last proof of life, microseconds since the epoch."""
        row = await self._one(selects.PBX_SEEN, pbx=pbx)
        return int(row[0]) if row else None

    async def _all(self, sql: str, **parameters: Any) -> list[Any]:
        return await fetch(self._listing, sql, parameters)

    async def _one(self, sql: str, **parameters: Any) -> Any:
        found = await fetch(self._hot, sql, parameters)
        return next(iter(found), None)
