"""Reading what accounts were assigned, how their lives went, and what they were charged for it."""

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from functools import lru_cache
from typing import Any

import aiosqlite

from pbxcharge.core.assigned import (
    AccountStep,
    AssignedSubscription,
    Billed,
    CameWith,
    OffersUsed,
    Turned,
    VersionSince,
)
from pbxcharge.core.assigned_product import AssignedProduct, ProductKind
from pbxcharge.core.billing_cycle import BillingCycle
from pbxcharge.core.billing_period import BillingRule
from pbxcharge.core.feature import EditedBy, Feature
from pbxcharge.core.subscription_terms import FeeAdjustment
from pbxcharge.core.xdr import Xdr, XdrKind
from pbxcharge.store.connection import fetch
from pbxcharge.store.tables import json_list

ASSIGNED = """
    assigned.assignment_id, assigned.account_id, subscription, via, adjustment_micros,
    adjustment_percent, assigned_at_us, starts_at_us, first_used_at_us, closed_at_us,
    closing_known_us, removed
"""
BILL = "bill.assignment_id, billed_until_us, next_at_us, waiting"
_XDR = """
    xdr_id, assignment_id, account_id, wallet_id, kind, subscription, version, period_first,
    period_until, stated_first, at_us, booked_at_us, quantity_used, quantity_charged, exact,
    amount_micros, lines
"""

OF_ACCOUNTS = f"""
SELECT {ASSIGNED} FROM json_each(:account_ids) AS own
CROSS JOIN subscription_assignment AS assigned ON assigned.account_id = own.value
ORDER BY assigned.account_id, starts_at_us, assigned.assignment_id
"""
"""The subscriptions of accounts."""

NAMED = f"""
SELECT {ASSIGNED} FROM subscription_assignment AS assigned
WHERE assignment_id IN (SELECT value FROM json_each(:assignment_ids))
"""
"""Subscriptions by id."""

PRODUCTS_NAMED = """
SELECT account_id, assignment_id, product, kind, from_us, until_us FROM product_assignment
WHERE assignment_id IN (SELECT value FROM json_each(:assignment_ids))
"""
"""Assigned products by id, with whose they are."""

EDITORS = "SELECT feature, edited_by FROM feature_override WHERE account_id = :account_id"
"""Who wanted the own features of an account."""

RULES = """
SELECT since, cycle, anchor FROM billing_rule WHERE account_id = :account_id ORDER BY seq
"""
"""Billing periods of an organization, in the order in which they were set."""

LIFE = """
SELECT account_life.account_id, at_us, what, reason, expires_at_us, actor
FROM json_each(:account_ids) AS own
CROSS JOIN account_life ON account_life.account_id = own.value
ORDER BY at_us, seq
"""
"""What became of accounts."""

BILLS = f"""
SELECT {BILL} FROM bill WHERE assignment_id IN (SELECT value FROM json_each(:assignment_ids))
"""
"""How far subscriptions are charged."""

NEXT_TURN = """
SELECT min(at_us) FROM (
    SELECT min(expires_at_us) AS at_us FROM account WHERE expires_at_us > :after_us
    UNION ALL SELECT min(from_us) FROM product_assignment WHERE from_us > :after_us
    UNION ALL SELECT min(until_us) FROM product_assignment WHERE until_us > :after_us
)
"""
"""When the next account expires, or has other products than before."""

NEXT_AT = "SELECT min(next_at_us) FROM bill WHERE next_at_us IS NOT NULL"
"""When the next subscription is to be looked at."""

XDRS = f"""
SELECT {_XDR} FROM xdr
WHERE xdr_id >= 'subscription:' || :assignment_id || ':'
  AND xdr_id < 'subscription:' || :assignment_id || ';'
ORDER BY at_us, xdr_id
"""
"""What a subscription was charged: the ids of its records begin with its own."""

XDR = f"SELECT {_XDR} FROM xdr WHERE xdr_id = :xdr_id"
"""One record."""

SUBSCRIPTION_TURNS = """
SELECT name, version, since_us, actor FROM subscription_history
WHERE :name IS NULL OR name = :name ORDER BY seq
"""
"""Which version of subscription plans counted since when."""

SUBSCRIPTION_BODIES = "SELECT version, body FROM subscription_version WHERE name = :name"
"""What the versions of a subscription plan say."""


OFFERS_USED = """
SELECT 'product', product, count(DISTINCT account_id) FROM product_assignment
WHERE coalesce(until_us > :at_us, true) GROUP BY product
UNION ALL
SELECT 'subscription', subscription, count(DISTINCT account_id) FROM subscription_assignment
WHERE NOT removed AND coalesce(closed_at_us > :at_us, true) GROUP BY subscription
UNION ALL
SELECT 'discount', json_extract(value, '$[0]'), count(*) FROM account, json_each(discounts)
WHERE discounts IS NOT NULL AND status <> 'closed' GROUP BY 2
"""
"""How many accounts have each product, subscription plan and discount, or will have it."""

CAME_WITH = """
SELECT assigned.product, own.subscription, count(DISTINCT assigned.account_id)
FROM product_assignment AS assigned
LEFT JOIN subscription_assignment AS own
    ON own.via = assigned.assignment_id AND NOT own.removed
    AND coalesce(own.closed_at_us > :at_us, true)
WHERE coalesce(assigned.until_us > :at_us, true)
GROUP BY assigned.product, own.subscription ORDER BY assigned.product, own.subscription
"""
"""With which subscription plan accounts have each product, or will have it."""

PRODUCT_USERS = """
SELECT product, count(DISTINCT account_id) FROM product_assignment
WHERE from_us <= :at_us AND (until_us IS NULL OR until_us > :at_us) GROUP BY product
"""
"""How many accounts have each product now."""

SUBSCRIPTION_USERS = """
SELECT subscription, count(*) FROM subscription_assignment
WHERE NOT removed AND (closed_at_us IS NULL OR closed_at_us > :at_us) GROUP BY subscription
"""
"""How many subscriptions of each plan are not closed."""


class SubscriptionQueries:
    """What may be asked about products and subscriptions; what an Account has stands in it.

    Args:
        listing: a connection that can only read.
    """

    def __init__(self, listing: aiosqlite.Connection) -> None:
        self._listing = listing

    async def of_accounts(self, account_ids: Sequence[str]) -> list[AssignedSubscription]:
        """The subscriptions of accounts, also closed and removed ones."""
        found = await self._all(OF_ACCOUNTS, account_ids=json_list(account_ids))
        return [assigned_subscription(row) for row in found]

    async def named(self, assignment_ids: Sequence[str]) -> list[AssignedSubscription]:
        """The subscriptions of these ids that there are."""
        found = await self._all(NAMED, assignment_ids=json_list(assignment_ids))
        return [assigned_subscription(row) for row in found]

    async def products_named(
        self, assignment_ids: Sequence[str]
    ) -> list[tuple[str, AssignedProduct]]:
        """The assigned products of these ids that there are, each with the account's id."""
        found = await self._all(PRODUCTS_NAMED, assignment_ids=json_list(assignment_ids))
        return [
            (row[0], AssignedProduct(row[1], row[2], ProductKind(row[3]), row[4], row[5]))
            for row in found
        ]

    async def product_users(self, at_us: int) -> dict[str, int]:
        """How many accounts have each product at an instant."""
        return dict(await self._all(PRODUCT_USERS, at_us=at_us))

    async def subscription_users(self, at_us: int) -> dict[str, int]:
        """How many subscriptions of each plan are not closed at an instant."""
        return dict(await self._all(SUBSCRIPTION_USERS, at_us=at_us))

    async def editors(self, account_id: str) -> dict[Feature, EditedBy]:
        """Who wanted the own features of an account."""
        found = await self._all(EDITORS, account_id=account_id)
        return {Feature(row[0]): EditedBy(row[1]) for row in found}

    async def billing_rules(self, account_id: str) -> list[BillingRule]:
        """Billing periods of an organization as they were set: see core.assigned.calendar."""
        found = await self._all(RULES, account_id=account_id)
        return [BillingRule(BillingCycle(row[1]), _date(row[2]), _date(row[0])) for row in found]

    async def life(self, account_ids: Sequence[str]) -> list[AccountStep]:
        """What became of accounts, in the order in which it happened."""
        found = await self._all(LIFE, account_ids=json_list(account_ids))
        return [AccountStep(row[0], row[1], Turned(row[2]), *row[3:]) for row in found]

    async def bills(self, assignment_ids: Sequence[str]) -> dict[str, Billed]:
        """How far subscriptions are charged."""
        found = await self._all(BILLS, assignment_ids=json_list(assignment_ids))
        return {row[0]: Billed(*row) for row in found}

    async def next_turn_us(self, after_us: int) -> int | None:
        """When the next account expires, or a product begins or ends, later than an instant."""
        found = await self._all(NEXT_TURN, after_us=after_us)
        return None if found[0][0] is None else int(found[0][0])

    async def next_at_us(self) -> int | None:
        """When the next subscription is to be looked at."""
        found = await self._all(NEXT_AT)
        return None if found[0][0] is None else int(found[0][0])

    async def xdrs(self, assignment_id: str) -> list[Xdr]:
        """What a subscription was charged and credited, in the order in which it was owed."""
        return [xdr(row) for row in await self._all(XDRS, assignment_id=assignment_id)]

    async def xdr(self, xdr_id: str) -> Xdr | None:
        """One charge or credit of a subscription."""
        found = await self._all(XDR, xdr_id=xdr_id)
        return xdr(found[0]) if found else None

    async def subscription_turns(self, name: str | None = None) -> list[VersionSince]:
        """Which version of a subscription plan, or of all, counted since when."""
        return [VersionSince(*row) for row in await self._all(SUBSCRIPTION_TURNS, name=name)]

    async def subscription_bodies(self, name: str) -> Mapping[str, str]:
        """What the versions of a subscription plan say, as canonical JSON."""
        return dict(await self._all(SUBSCRIPTION_BODIES, name=name))

    async def offers_used(self, at_us: int) -> OffersUsed:
        """How many accounts have, or will have, each product and subscription plan."""
        found = await self._all(OFFERS_USED, at_us=at_us)
        kinds = ("product", "subscription", "discount")
        return OffersUsed(*({row[1]: row[2] for row in found if row[0] == it} for it in kinds))

    async def came_with(self, at_us: int) -> list[CameWith]:
        """How many accounts have each product with which subscription plan."""
        return [CameWith(*row) for row in await self._all(CAME_WITH, at_us=at_us)]

    async def _all(self, sql: str, **parameters: Any) -> list[Any]:
        return await fetch(self._listing, sql, parameters)


@lru_cache(maxsize=1024)
def _adjustment(amount_micros: int, percent: str) -> FeeAdjustment:
    """Nearly all subscriptions have the same one: none."""
    return FeeAdjustment(amount_micros=amount_micros, percent=Fraction(percent))


def assigned_subscription(row: Any) -> AssignedSubscription:
    """From the columns of ASSIGNED."""
    return AssignedSubscription(
        assignment_id=row[0],
        account_id=row[1],
        subscription=row[2],
        via=row[3],
        adjustment=_adjustment(row[4], row[5]),
        assigned_at_us=row[6],
        starts_at_us=row[7],
        first_used_at_us=row[8],
        closed_at_us=row[9],
        closing_known_us=row[10],
        removed=bool(row[11]),
    )


def xdr(row: Any) -> Xdr:
    """From the columns of _XDR."""
    return Xdr(
        xdr_id=row[0],
        assignment_id=row[1],
        account_id=row[2],
        wallet_id=row[3],
        kind=XdrKind(row[4]),
        subscription=row[5],
        version=row[6],
        period_first=_date(row[7]),
        period_until=_date(row[8]),
        stated_first=_date(row[9]),
        at_us=row[10],
        booked_at_us=row[11],
        quantity_used=row[12],
        quantity_charged=row[13],
        exact_micros=Fraction(row[14]),
        amount_micros=row[15],
        lines=row[16],
    )


def _date(text: str) -> date:
    return date.fromisoformat(text)
