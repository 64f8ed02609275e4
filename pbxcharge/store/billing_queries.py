"""Reading what the billing engine needs, for many accounts at once."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

import aiosqlite
import orjson

from pbxcharge.core.assigned import AssignedSubscription, Billed
from pbxcharge.core.billing_cycle import BillingCycle
from pbxcharge.core.billing_period import BillingRule
from pbxcharge.core.period import DAY_US
from pbxcharge.core.subscription import Booking, EarlierEnd
from pbxcharge.store.connection import fetch
from pbxcharge.store.subscription_queries import ASSIGNED, BILL, assigned_subscription
from pbxcharge.store.tables import json_list

Place = tuple[int, str]
"""Where a list goes on: the instant and the id of its last row."""

HOUR_US: Final = DAY_US // 24
"""No phone rings for longer."""

FIRST: Final[Place] = (-(2**63), "")

DUE = """
SELECT next_at_us, bill.assignment_id, assigned.account_id
FROM bill JOIN subscription_assignment AS assigned USING (assignment_id)
WHERE next_at_us <= :until_us AND (next_at_us, bill.assignment_id) > (:after_us, :after_id)
ORDER BY next_at_us, bill.assignment_id LIMIT :limit
"""
"""Subscriptions that are to be looked at by an instant, the first one first."""

DUE_ABOVE = """
SELECT DISTINCT assigned.account_id
FROM account
CROSS JOIN subscription_assignment AS assigned ON assigned.account_id = account.account_id
CROSS JOIN bill ON bill.assignment_id = assigned.assignment_id
WHERE account.kind <> 'user' AND next_at_us <= :until_us
"""
"""Accounts with others below them that are to be looked at."""

CHARGED = f"""
SELECT {ASSIGNED}, {BILL} FROM json_each(:account_ids) AS own
CROSS JOIN subscription_assignment AS assigned ON assigned.account_id = own.value
CROSS JOIN bill ON bill.assignment_id = assigned.assignment_id
ORDER BY assigned.assignment_id
"""
"""The subscriptions of accounts, and how far each is charged."""

RULES = """
SELECT account_id, since, cycle, anchor FROM json_each(:account_ids) AS own
CROSS JOIN billing_rule ON billing_rule.account_id = own.value
ORDER BY seq
"""
"""Billing periods of organizations, in the order in which they were set."""

CREDITED = """
SELECT assignment_id, period_first, booked_at_us FROM json_each(:assignment_ids) AS own
CROSS JOIN xdr INDEXED BY xdr_credit ON xdr.assignment_id = own.value
WHERE kind = 'credit'
"""
"""When dead days were credited, with fees that had to wait or when their period ended."""

ENDS = """
SELECT own.value, audit.after ->> 'closed_at_us', audit.at_us
FROM json_each(:assignment_ids) AS own
CROSS JOIN subscription_assignment AS assigned ON assigned.assignment_id = own.value
    AND changed_at_us <> assigned_at_us
CROSS JOIN audit ON audit.subject = 'subscription' AND audit.subject_id = own.value
    AND (audit.before ->> 'closed_at_us') IS NOT (audit.after ->> 'closed_at_us')
ORDER BY audit.seq
"""
"""What was said of the ends of subscriptions, by the audit trail: the last word is what counts."""

PAYING = """
SELECT account_id, wallet_id FROM json_each(:account_ids) AS own
CROSS JOIN wallet ON wallet.account_id = own.value
WHERE NOT closed AND kind IN ('outgoing', 'shared')
ORDER BY kind
"""
"""The wallets that fees are paid from: the shared one, else the one for outgoing calls."""

WAITING = """
SELECT DISTINCT account_id
FROM bill JOIN subscription_assignment USING (assignment_id) WHERE waiting <> '[]'
"""
"""Accounts with fees that wait for credit."""

WAITING_SUM = """
SELECT count(DISTINCT account_id), coalesce(sum(one.value ->> 'amount'), 0)
FROM bill JOIN subscription_assignment USING (assignment_id), json_each(waiting) AS one
WHERE waiting <> '[]'
"""
"""How many accounts have fees that wait, and what they come to."""

UNUSED = f"""
SELECT {ASSIGNED} FROM subscription_assignment AS assigned
WHERE subscription IN (
    SELECT name FROM subscription_version WHERE body ->> 'activation_mode' = 'first_use'
)
AND first_used_at_us IS NULL AND NOT removed
AND (closed_at_us IS NULL OR closed_at_us > starts_at_us)
"""
"""Subscriptions that may be waiting for the first call of their account."""

_WHO = """
WITH asked (assignment_id, account_id, since_us) AS (
    SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(:asked)
), who (assignment_id, account_id, since_us) AS (
    SELECT * FROM asked
    UNION ALL
    SELECT assignment_id, below.account_id, since_us
    FROM asked CROSS JOIN account AS below ON below.parent_id = asked.account_id
)
"""

FIRST_CALLS = f"""
{_WHO}
SELECT assignment_id, min(answered_at_us) FROM (
    SELECT assignment_id, answered_at_us
    FROM who CROSS JOIN cdr
        ON cdr.account_id = who.account_id AND setup_at_us >= since_us - {HOUR_US}
    WHERE answered_at_us >= since_us AND call_type <> 'emergency'
    UNION ALL
    SELECT assignment_id, answered_at_us
    FROM cdr
    JOIN extension ON extension.endpoint = cdr.callee_endpoint
    JOIN who ON who.account_id = extension.account_id
    WHERE setup_at_us >= (SELECT max(setup_at_us) FROM cdr) - {2 * DAY_US}
        AND answered_at_us >= since_us AND call_type <> 'emergency'
)
GROUP BY assignment_id
"""
"""When the accounts of subscriptions, or users of theirs, first made or received a call.

Calls that they paid for are found however old they are, those that a colleague made to them as long
as two days have not passed since: as a rule each is looked for when it is settled.
"""

PHONES = f"""
{_WHO}
SELECT DISTINCT endpoint FROM who JOIN extension USING (account_id)
"""
"""The phones of these accounts."""


class BillingQueries:
    """What may be asked about the charging of subscriptions.

    Args:
        listing: a connection that can only read.
    """

    def __init__(self, listing: aiosqlite.Connection) -> None:
        self._listing = listing

    async def due(self, until_us: int, after: Place, limit: int) -> list[tuple[int, str, str]]:
        """Instant, subscription and account of what is to be looked at, after a place."""
        after_us, after_id = after
        return await self._all(
            DUE, until_us=until_us, after_us=after_us, after_id=after_id, limit=limit
        )

    async def due_above(self, until_us: int) -> list[str]:
        """Accounts that are to be looked at before those below them."""
        return [row[0] for row in await self._all(DUE_ABOVE, until_us=until_us)]

    async def charged(
        self, account_ids: Sequence[str]
    ) -> list[tuple[AssignedSubscription, Billed]]:
        """The subscriptions of accounts by id, also closed and removed ones."""
        found = await self._all(CHARGED, account_ids=json_list(account_ids))
        return [(assigned_subscription(row), Billed(*row[12:])) for row in found]

    async def rules(self, account_ids: Sequence[str]) -> Mapping[str, Sequence[BillingRule]]:
        """The billing periods of organizations as they were set, of those that have any."""
        found: dict[str, list[BillingRule]] = {}
        for row in await self._all(RULES, account_ids=json_list(account_ids)):
            since, cycle, anchor = row[1:]
            rule = BillingRule(BillingCycle(cycle), _date(anchor), _date(since))
            found.setdefault(row[0], []).append(rule)
        return found

    async def credited(self, assignment_ids: Sequence[str]) -> Mapping[str, Sequence[Booking]]:
        """When dead days of subscriptions were credited, of those that had any."""
        found: dict[str, list[Booking]] = {}
        for row in await self._all(CREDITED, assignment_ids=json_list(assignment_ids)):
            found.setdefault(row[0], []).append(Booking(_date(row[1]), row[2]))
        return found

    async def ends(self, assignment_ids: Sequence[str]) -> Mapping[str, Sequence[EarlierEnd]]:
        """All that was said of the ends of subscriptions, of those that were changed at all."""
        found: dict[str, list[EarlierEnd]] = {}
        for row in await self._all(ENDS, assignment_ids=json_list(assignment_ids)):
            found.setdefault(row[0], []).append(EarlierEnd(row[1], row[2]))
        return found

    async def paying(self, account_ids: Sequence[str]) -> Mapping[str, str]:
        """The wallet that pays the fees of each account, of those that have one."""
        # Where there are two, the shared one comes last.
        return dict(await self._all(PAYING, account_ids=json_list(account_ids)))

    async def waiting(self) -> list[str]:
        """Accounts with fees that wait for credit."""
        return [row[0] for row in await self._all(WAITING)]

    async def waiting_sum(self) -> tuple[int, int]:
        """How many accounts have fees that wait, and what they come to."""
        ((count, micros),) = await self._all(WAITING_SUM)
        return int(count), int(micros)

    async def unused(self) -> list[AssignedSubscription]:
        """Subscriptions that may be waiting for the first call of their account."""
        return [assigned_subscription(row) for row in await self._all(UNUSED)]

    async def first_calls(self, unused: Sequence[AssignedSubscription]) -> Mapping[str, int]:
        """When each of these was first used, of those that were."""
        return dict(await self._all(FIRST_CALLS, asked=_asked(unused)))

    async def phones(self, unused: Sequence[AssignedSubscription]) -> frozenset[str]:
        """The phones whose calls are a first use of these."""
        return frozenset(row[0] for row in await self._all(PHONES, asked=_asked(unused)))

    async def _all(self, sql: str, **parameters: Any) -> list[Any]:
        return await fetch(self._listing, sql, parameters)


def _asked(unused: Sequence[AssignedSubscription]) -> str:
    listed = [[one.assignment_id, one.account_id, one.starts_at_us] for one in unused]
    return orjson.dumps(listed).decode()


def _date(text: str) -> date:
    return date.fromisoformat(text)
