"""Subscriptions that begin with the first answered call, made or received."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, Protocol

from pbxcharge.core.assigned import AssignedSubscription
from pbxcharge.core.billing_record import ACTOR
from pbxcharge.core.cdr import Cdr
from pbxcharge.core.effects import BillingWoken, Effect, SubscriptionAssigned
from pbxcharge.core.subscription import Revision, revisions_since
from pbxcharge.core.subscription_terms import ActivationMode
from pbxcharge.flow.billing_facts import BillingFacts
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.ports import Writer

BATCH: Final = 500


class Uses(Protocol):
    """First calls, as the books have them."""

    async def unused(self) -> list[AssignedSubscription]:
        """Subscriptions that may be waiting for the first call of their account."""
        ...

    async def first_calls(self, unused: Sequence[AssignedSubscription]) -> Mapping[str, int]:
        """When each of these was first used, of those that were."""
        ...

    async def phones(self, unused: Sequence[AssignedSubscription]) -> frozenset[str]:
        """The phones whose calls are a first use of these."""
        ...


class FirstUse:
    """Activates subscriptions by the records of calls, so that a crash forgets none.

    Args:
        writer: the one writer.
        uses: first calls, as the books have them.
        facts: what plans said when they were assigned.
        clock: dates the audit trail.
        turn: see Billing.
    """

    def __init__(
        self, writer: Writer, uses: Uses, facts: BillingFacts, clock: Clock, turn: asyncio.Lock
    ) -> None:
        self._writer = writer
        self._uses = uses
        self._facts = facts
        self._clock = clock
        self._turn = turn
        self._accounts: frozenset[str] = frozenset()
        self._phones: frozenset[str] = frozenset()

    def is_waited_for(self, cdr: Cdr) -> bool:
        """Whether a settled call may be the first that some subscription waits for."""
        if cdr.answered_at_us is None or not self._accounts:
            return False
        whose = {cdr.account_id, cdr.organization_id}
        return not self._accounts.isdisjoint(whose) or cdr.callee_endpoint in self._phones

    async def look(self) -> int:
        """Activate whatever was used by now, from the instant of the answer on; how many.

        Raises:
            StorageDown: some of it may be done.
        """
        async with self._turn:
            await self._facts.learn_plans()
            said = self._facts.said
            unused = [one for one in await self._uses.unused() if _by_use(one, said)]
            used = await self._uses.first_calls(unused) if unused else {}
            begun = [one for one in unused if _is_first(one, used)]
            for first in range(0, len(begun), BATCH):
                effects = [
                    it for one in begun[first : first + BATCH] for it in self._begins(one, used)
                ]
                await self._writer.submit((), effects)
            waiting = [one for one in unused if one.assignment_id not in used]
            self._accounts = frozenset(one.account_id for one in waiting)
            self._phones = await self._uses.phones(waiting) if waiting else frozenset()
        return len(begun)

    def _begins(
        self, subscription: AssignedSubscription, used: Mapping[str, int]
    ) -> tuple[Effect, ...]:
        at_us = used[subscription.assignment_id]
        begun = replace(subscription, first_used_at_us=at_us)
        return (
            SubscriptionAssigned(begun, self._clock.wall_us(), ACTOR),
            BillingWoken(subscription.assignment_id, at_us),
        )


def _by_use(subscription: AssignedSubscription, said: Mapping[str, tuple[Revision, ...]]) -> bool:
    """Whether it was assigned by a version of its plan that begins with the first use."""
    history = said.get(subscription.subscription)
    if not history:
        return False
    agreed = revisions_since(history, subscription.assigned_at_us)[0].plan
    return agreed.activation_mode is ActivationMode.FIRST_USE


def _is_first(subscription: AssignedSubscription, used: Mapping[str, int]) -> bool:
    """Whether it was used before it was closed."""
    at_us = used.get(subscription.assignment_id)
    closed_us = subscription.closed_at_us
    return at_us is not None and (closed_us is None or at_us < closed_us)
