"""What the acts about products and subscriptions read, as a protocol of the store's queries."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from pbxcharge.core.assigned import AccountStep, AssignedSubscription, VersionSince
from pbxcharge.core.assigned_product import AssignedProduct
from pbxcharge.core.billing_period import BillingRule
from pbxcharge.core.feature import EditedBy, Feature


class AssignedRecords(Protocol):
    """What accounts were assigned, and what became of it."""

    async def of_accounts(self, account_ids: Sequence[str]) -> Sequence[AssignedSubscription]:
        """The subscriptions of accounts, also closed and removed ones."""
        ...

    async def named(self, assignment_ids: Sequence[str]) -> Sequence[AssignedSubscription]:
        """The subscriptions of these ids that there are."""
        ...

    async def products_named(
        self, assignment_ids: Sequence[str]
    ) -> Sequence[tuple[str, AssignedProduct]]:
        """The assigned products of these ids that there are, each with the account's id."""
        ...

    async def editors(self, account_id: str) -> Mapping[Feature, EditedBy]:
        """Who wanted the own features of an account."""
        ...

    async def billing_rules(self, account_id: str) -> Sequence[BillingRule]:
        """Billing periods of an organization, in the order in which they were set."""
        ...

    async def life(self, account_ids: Sequence[str]) -> Sequence[AccountStep]:
        """What became of accounts."""
        ...

    async def subscription_turns(self, name: str | None = None) -> Sequence[VersionSince]:
        """Which version of a subscription plan, or of all, counted since when."""
        ...

    async def subscription_bodies(self, name: str) -> Mapping[str, str]:
        """What the versions of a subscription plan say."""
        ...
