"""What the admin acts read before they write, as a protocol of the store's queries."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from pbxcharge.core.account import Account, Did, Extension
from pbxcharge.core.cdr import Cdr
from pbxcharge.core.credit import Wallet
from pbxcharge.core.ledger import Entry
from pbxcharge.flow.exports import ExportRecords
from pbxcharge.flow.import_known import BulkRecords
from pbxcharge.flow.offer_record import OfferRecords


class SettledRecords(Protocol):
    """Settled calls as they count now, each with its latest correction."""

    async def records(self, call_ids: Sequence[str]) -> Mapping[str, Cdr]:
        """Records by call; of those that there are."""
        ...

    async def entries(self, call_ids: Sequence[str]) -> list[Entry]:
        """What calls were charged, and what took it back."""
        ...

    async def charged_by(self, run_id: str, call_ids: Sequence[str]) -> frozenset[str]:
        """Which of these calls a run has charged anew."""
        ...


class Records(BulkRecords, Protocol):
    """Committed facts. A scope is the account whose subtree may be seen, None for the site."""

    @property
    def exports(self) -> ExportRecords:
        """What was handed to other systems."""
        ...

    @property
    def plans(self) -> OfferRecords:
        """What is offered, as the histories say."""
        ...

    @property
    def recharges(self) -> SettledRecords:
        """Settled calls as they count now."""
        ...

    async def account(self, account_id: str) -> Account | None:
        """One account."""
        ...

    async def chain(self, account_id: str) -> Sequence[Account]:
        """An account and every account above it; empty if there is no such account."""
        ...

    async def accounts(self, scope: str | None) -> list[Account]:
        """The accounts of a subtree."""
        ...

    async def accounts_of_plan(self, plan: str) -> list[Account]:
        """Who is charged by a plan."""
        ...

    async def accounts_off_product(self, plans: Mapping[str, str], limit: int) -> list[Account]:
        """Accounts with another plan than their main product names; `plans` are by product."""
        ...

    async def payer(self, endpoint: str) -> tuple[Extension, tuple[Account, ...]] | None:
        """The extension that an endpoint is, and its owner with every account above."""
        ...

    async def did(self, number: str) -> tuple[Did, tuple[Account, ...]] | None:
        """A number of this site with its owner and every account above."""
        ...

    async def extensions(self, scope: str | None) -> list[Extension]:
        """The extensions of a subtree."""
        ...

    async def wallets(self, account_ids: Sequence[str]) -> list[Wallet]:
        """The wallets of accounts, with what is held in them."""
        ...

    async def entry(self, entry_id: str) -> Entry | None:
        """A booked entry."""
        ...

    async def cdr(self, call_id: str) -> Cdr | None:
        """The record of a call."""
        ...
