"""Acts about subscriptions that come with no product: assigned, closed, removed."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from pbxcharge.core.account import Account
from pbxcharge.core.assigned import AssignedSubscription
from pbxcharge.core.subscription_terms import NO_ADJUSTMENT, FeeAdjustment
from pbxcharge.flow.acts import Declined, Done, Refusal
from pbxcharge.flow.assigning import Stamp, begun, ended
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.identity import malformed_assignment, unknown_account
from pbxcharge.flow.lives import Lives
from pbxcharge.flow.offer_record import recorded
from pbxcharge.flow.ports import Writer
from pbxcharge.flow.prices import Prices
from pbxcharge.flow.product_rules import against_subscription, past
from pbxcharge.flow.records import Records
from pbxcharge.flow.rules import first

Act = Done[AssignedSubscription] | Declined


class Subscriptions:
    """Writes subscriptions of accounts and organizations; each act is safe to repeat.

    Args:
        writer: the one writer.
        records: what is committed.
        prices: what is in force.
        lives: how subscriptions stand.
        clock: when something begins, or ends.
        turn: of everybody who changes accounts.
    """

    def __init__(
        self,
        writer: Writer,
        records: Records,
        prices: Prices,
        lives: Lives,
        clock: Clock,
        turn: asyncio.Lock,
    ) -> None:
        self._writer = writer
        self._records = records
        self._prices = prices
        self._lives = lives
        self._clock = clock
        self._turn = turn

    async def assign(
        self,
        assignment_id: str,
        account_id: str,
        name: str,
        actor: str,
        starts_at_us: int | None = None,
        adjustment: FeeAdjustment = NO_ADJUSTMENT,
    ) -> Act:
        """Give an account a subscription, from now or from an instant on, at a discount maybe.

        What the plan says now, and the discount, are agreed by that. It is paid from the outgoing
        or shared wallet of the account.
        """
        async with self._turn:
            stamp = Stamp(self._clock.wall_us(), actor)
            wanted = AssignedSubscription(
                assignment_id=assignment_id,
                account_id=account_id,
                subscription=name,
                adjustment=adjustment,
                assigned_at_us=stamp.at_us,
                starts_at_us=stamp.at_us if starts_at_us is None else starts_at_us,
            )
            existing = await self._named(assignment_id)
            if existing is not None:
                return _same(existing, wanted, starts_at_us)
            if declined := await self._declined(wanted, stamp.at_us):
                return declined
            plan = self._prices.subscriptions[name]
            kept = await self._records.plans.offered()
            effects = recorded(kept, [plan], (), stamp.at_us, actor)
            await self._writer.submit((), [*effects, *begun(wanted, plan, stamp)])
            return Done(wanted)

    async def close(self, assignment_id: str, actor: str, at_us: int | None = None) -> Act:
        """End a subscription now, or at an instant to come, which may be moved until then.

        What it owes until then, and the penalty for closing it early, is charged in full.
        """
        async with self._turn:
            found = await self._own(assignment_id)
            if isinstance(found, Declined):
                return found
            stamp = Stamp(self._clock.wall_us(), actor)
            if not found.open_at(stamp.at_us) or (
                found.closed_at_us is not None and found.closed_at_us == at_us
            ):
                return Done(found, already=True)
            if at_us is not None and at_us < stamp.at_us:
                return past("at")
            effects = ended(found, stamp.at_us if at_us is None else at_us, stamp)
            await self._writer.submit((), effects)
            return Done(await self._named(assignment_id) or found)

    async def remove(self, assignment_id: str, actor: str) -> Act:
        """Take a subscription away as if it had never been: only one that was never active."""
        async with self._turn:
            found = await self._own(assignment_id)
            if isinstance(found, Declined):
                return found
            if found.removed:
                return Done(found, already=True)
            now_us = self._clock.wall_us()
            state = await self._lives.state(found, now_us)
            if not state.removable:
                message = f"{assignment_id} is {state}: only a pending subscription is removed"
                hint = f"close it: subscription close {assignment_id}"
                return Declined(Refusal.NOT_PENDING, message, hint)
            # Ended at its start it is removed: it never was.
            effects = ended(replace(found, closed_at_us=None), 0, Stamp(now_us, actor))
            await self._writer.submit((), effects)
            return Done(await self._named(assignment_id) or found)

    async def _own(self, assignment_id: str) -> AssignedSubscription | Declined:
        """One that came with no product; with one it ends as that does."""
        found = await self._named(assignment_id)
        if found is None:
            message = f"no subscription was assigned as {assignment_id!r}"
            hint = "see subscription list --account ACCOUNT"
            return Declined(Refusal.UNKNOWN_ASSIGNMENT, message, hint, "id")
        if found.via is not None:
            message = f"{assignment_id} came with a product of {found.account_id}"
            hint = "addon unassign, or account set-product, ends it with the product"
            return Declined(Refusal.PRODUCT_DECIDES, message, hint, "id")
        return found

    async def _declined(self, wanted: AssignedSubscription, now_us: int) -> Declined | None:
        if declined := first(malformed_assignment(wanted.assignment_id)):
            return declined
        chain: Sequence[Account] = await self._records.chain(wanted.account_id)
        if not chain:
            return unknown_account(wanted.account_id)
        own = await self._records.subscriptions.of_accounts([wanted.account_id])
        begins_us = max(now_us, wanted.starts_at_us)
        had = [each.subscription for each in own if each.open_at(begins_us)]
        plans = self._prices.subscriptions
        if declined := first(against_subscription(wanted.subscription, chain, plans, had)):
            return declined
        return past("from") if wanted.starts_at_us < now_us else None

    async def _named(self, assignment_id: str) -> AssignedSubscription | None:
        return next(iter(await self._records.subscriptions.named([assignment_id])), None)


def _same(
    existing: AssignedSubscription, wanted: AssignedSubscription, starts_at_us: int | None
) -> Act:
    """Whether a subscription that is to be assigned is there as wanted."""
    facts = (existing.account_id, existing.subscription, existing.adjustment, existing.via)
    same_start = starts_at_us in (None, existing.starts_at_us)
    if facts == (wanted.account_id, wanted.subscription, wanted.adjustment, None) and same_start:
        return Done(existing, already=True)
    message = f"{existing.assignment_id} is {existing.subscription} of {existing.account_id}"
    return Declined(Refusal.ID_TAKEN, message, "choose another id", "id")
