"""Subscriptions as they stand: what the books keep of them, for the rules of the core."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from pbxcharge.core.account import Account
from pbxcharge.core.account_kinds import AccountKind
from pbxcharge.core.account_life import outages
from pbxcharge.core.assigned import AssignedSubscription
from pbxcharge.core.assigned_life import assignment_of, calendar, history
from pbxcharge.core.billing_period import BillingCalendar
from pbxcharge.core.subscription import (
    Assignment,
    Lifetime,
    Outage,
    Revision,
    SubscriptionState,
    lifetime,
)
from pbxcharge.core.subscription_text import subscription_of
from pbxcharge.flow.prices import Prices
from pbxcharge.flow.records import Records
from pbxcharge.flow.zones import zone_name, zone_of


@dataclass(frozen=True, slots=True)
class Customer:
    """Whose subscriptions are charged, and by which days.

    Args:
        chain: the account and all above it.
        zone: whose clocks tell its days.
        calendar: the billing periods of its organization.
    """

    chain: Sequence[Account]
    zone: tzinfo
    calendar: BillingCalendar


@dataclass(frozen=True, slots=True)
class Standing:
    """A subscription, what is known about it, and its life, if that has begun."""

    assigned: AssignedSubscription
    assignment: Assignment
    life: Lifetime | None


class Lives:
    """Reads how subscriptions stand.

    Args:
        records: what is committed.
        prices: the local time of the site.
    """

    def __init__(self, records: Records, prices: Prices) -> None:
        self._records = records
        self._prices = prices

    async def customer(self, account_id: str) -> Customer:
        """Of an account: its organization's billing periods, and whose clocks count for it."""
        chain = await self._records.chain(account_id)
        payer = organization(chain)
        rules = await self._records.subscriptions.billing_rules(payer) if payer else ()
        zone = zone_name(chain, "")
        return Customer(chain, zone_of(zone) if zone else self._prices.zone, calendar(rules))

    async def of_account(self, account_id: str) -> list[Standing]:
        """The subscriptions of an account, closed ones too, without those that were removed."""
        found = await self._records.subscriptions.of_accounts([account_id])
        return await self.standing([each for each in found if not each.removed])

    async def standing(self, subscriptions: Iterable[AssignedSubscription]) -> list[Standing]:
        """These subscriptions, with what became of their accounts."""
        found: list[Standing] = []
        customers: dict[str, tuple[Customer, tuple[Outage, ...]]] = {}
        said: dict[str, tuple[Revision, ...]] = {}
        for each in subscriptions:
            if each.account_id not in customers:
                customers[each.account_id] = await self._with_outages(each.account_id)
            if each.subscription not in said:
                said[each.subscription] = await self.said(each.subscription)
            customer, dead = customers[each.account_id]
            assignment = assignment_of(each, said[each.subscription], dead)
            own = lifetime(assignment, customer.calendar, customer.zone)
            found.append(Standing(each, assignment, own))
        return found

    async def _with_outages(self, account_id: str) -> tuple[Customer, tuple[Outage, ...]]:
        customer = await self.customer(account_id)
        names = [account.account_id for account in customer.chain]
        return customer, outages(await self._records.subscriptions.life(names))

    async def state(self, subscription: AssignedSubscription, at_us: int) -> SubscriptionState:
        """Where a subscription stands at an instant."""
        (found,) = await self.standing([subscription])
        return found.assignment.state_at(at_us)

    async def said(self, name: str) -> tuple[Revision, ...]:
        """All that a subscription plan ever said."""
        turns = await self._records.subscriptions.subscription_turns(name)
        bodies: Mapping[str, str] = await self._records.subscriptions.subscription_bodies(name)
        plans = {version: subscription_of(body) for version, body in bodies.items()}
        return history(turns, plans)


def organization(chain: Sequence[Account]) -> str | None:
    """Whose billing periods count for an account: its organization's, or its own."""
    kinds = (account for account in chain if account.kind is AccountKind.ORGANIZATION)
    found = next(kinds, next(iter(chain), None))
    return None if found is None else found.account_id
