"""What an import is judged by: the accounts, phones and numbers that its rows name, as they are."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol, TypeVar

from pbxcharge.core.account import Account, Did, Extension
from pbxcharge.core.account_kinds import AccountKind
from pbxcharge.core.assigned import AssignedSubscription
from pbxcharge.core.imported import ImportRow, Subject
from pbxcharge.core.ledger import Entry
from pbxcharge.core.number import Numbering
from pbxcharge.core.resolution import sent_as
from pbxcharge.flow.assigned_records import AssignedRecords

ASKED_AT_ONCE = 500
"""So many ids to a question, so that no answer keeps the loop."""

Thing = TypeVar("Thing")


class BulkRecords(Protocol):
    """Committed facts, many at a time."""

    @property
    def subscriptions(self) -> AssignedRecords:
        """What accounts were assigned."""
        ...

    async def accounts_named(self, account_ids: Sequence[str]) -> list[Account]:
        """The accounts of these that there are."""
        ...

    async def phones_named(self, endpoints: Sequence[str]) -> list[Extension]:
        """The phones of these that there are."""
        ...

    async def phones_in(self, organization_ids: Sequence[str]) -> list[Extension]:
        """All phones of these organizations."""
        ...

    async def dids_named(self, numbers: Sequence[str]) -> list[Did]:
        """The numbers of these that there are."""
        ...

    async def entries_named(self, entry_ids: Sequence[str]) -> list[Entry]:
        """The entries of these that there are."""
        ...

    async def codes(self) -> Mapping[str, str]:
        """Organizations by the codes that others dial."""
        ...


@dataclass(frozen=True, slots=True)
class Known:
    """What there is of what the rows name.

    Args:
        accounts: by id, with every account above.
        phones: by endpoint, with all of the organizations concerned.
        dids: by number.
        codes: organizations by code.
        subscriptions: by account, of those whose rows name a product.
    """

    accounts: Mapping[str, Account]
    phones: Mapping[str, Extension]
    dids: Mapping[str, Did]
    codes: Mapping[str, str]
    subscriptions: Mapping[str, Sequence[AssignedSubscription]]


async def read_known(
    records: BulkRecords, rows: Sequence[ImportRow], numbering: Numbering
) -> Known:
    """Everything that the rows are to be judged by.

    Raises:
        StorageDown: the books cannot be read.
    """
    endpoints = {row.cells["endpoint"] for row in rows if "endpoint" in row.cells}
    phones = await ask_all(records.phones_named, endpoints)
    numbers = {did_number(row, numbering) for row in rows if row.subject is Subject.DID}
    dids = await ask_all(records.dids_named, numbers)
    owners = {phone.account_id for phone in phones} | {did.account_id for did in dids}
    accounts = await _with_those_above(records, owners | set(_accounts(rows)))
    phones += await ask_all(records.phones_in, _organizations(rows, accounts))
    colleagues = {phone.account_id for phone in phones} - accounts.keys()
    accounts |= await _with_those_above(records, colleagues)
    return Known(
        accounts,
        {phone.endpoint: phone for phone in phones},
        {did.number: did for did in dids},
        await records.codes(),
        await _subscriptions(records, rows),
    )


def did_number(row: ImportRow, numbering: Numbering) -> str:
    """The number of a DID as it is kept; empty if it is none."""
    return next(iter(sent_as(row.id, numbering)), "")


def _accounts(rows: Sequence[ImportRow]) -> Iterator[str]:
    for row in rows:
        yield from (row.cells[name] for name in ("account", "parent") if name in row.cells)


def _organizations(rows: Sequence[ImportRow], accounts: Mapping[str, Account]) -> set[str]:
    """The organizations whose phones matter: of owners there are, and of those to come."""
    named = {row.cells["parent"] for row in rows if "parent" in row.cells}
    users = (one for one in accounts.values() if one.kind is AccountKind.USER)
    above = {one.parent_id for one in users if one.parent_id is not None}
    return {name for name in named | above if name in accounts}


async def _subscriptions(
    records: BulkRecords, rows: Sequence[ImportRow]
) -> dict[str, list[AssignedSubscription]]:
    names = {row.id for row in rows if "product" in row.cells}
    found: defaultdict[str, list[AssignedSubscription]] = defaultdict(list)
    for each in await ask_all(records.subscriptions.of_accounts, names):
        found[each.account_id].append(each)
    return dict(found)


async def _with_those_above(
    records: BulkRecords, account_ids: Collection[str]
) -> dict[str, Account]:
    found: dict[str, Account] = {}
    missing = set(account_ids)
    while missing:
        read = await ask_all(records.accounts_named, missing)
        found.update((account.account_id, account) for account in read)
        above = {account.parent_id for account in read if account.parent_id is not None}
        missing = above - found.keys()
    return found


async def ask_all(
    ask: Callable[[Sequence[str]], Awaitable[Sequence[Thing]]], names: Collection[str]
) -> list[Thing]:
    """The answers to a long question, asked in pieces."""
    found: list[Thing] = []
    left = iter(sorted(names))
    while some := list(islice(left, ASKED_AT_ONCE)):
        found += await ask(some)
    return found
