"""What keeps other products and subscription plans from coming into force: the accounts."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from pbxcharge.catalog.findings import Finding, Severity
from pbxcharge.catalog.offer_books import manager_findings, managers_of, vanished_findings
from pbxcharge.catalog.offers import Offers
from pbxcharge.core.account import Account
from pbxcharge.core.assigned import OffersUsed
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.prices import Prices


class UseRecords(Protocol):
    """What the books say about assigned products."""

    async def offers_used(self, at_us: int) -> OffersUsed:
        """How many accounts have, or will have, each of them."""
        ...


class OfferRecords(Protocol):
    """Committed facts."""

    @property
    def subscriptions(self) -> UseRecords:
        """What was assigned."""
        ...

    async def accounts_named(self, account_ids: Sequence[str]) -> Sequence[Account]:
        """Those of these accounts that there are."""
        ...


class OfferGuard:
    """Looks at the files of a reload, before anything of them is in force.

    Args:
        records: what is committed.
        prices: what is in force.
        clock: says when.
    """

    def __init__(self, records: OfferRecords, prices: Prices, clock: Clock) -> None:
        self._records = records
        self._prices = prices
        self._clock = clock

    async def findings(self, offers: Offers) -> tuple[Finding, ...]:
        """Managers who are nobody, and what accounts have that would not be there any more.

        Raises:
            StorageDown: the books could not be asked.
        """
        managers = managers_of(offers)
        known = await self._records.accounts_named(managers) if managers else ()
        found = list(manager_findings(offers, (each.account_id for each in known)))
        prices = self._prices
        if prices.products or prices.subscriptions or prices.discounts:
            used = await self._records.subscriptions.offers_used(self._clock.wall_us())
            still = OffersUsed(
                _in_force(used.products, prices.products),
                _in_force(used.subscriptions, prices.subscriptions),
                _in_force(used.discounts, prices.discounts),
            )
            found += vanished_findings(offers, still, Severity.ERROR)
        return tuple(found)


def _in_force(used: Mapping[str, int], there: Mapping[str, object]) -> Mapping[str, int]:
    """What was not there before either is no reason to refuse what is."""
    return {name: count for name, count in used.items() if name in there}
