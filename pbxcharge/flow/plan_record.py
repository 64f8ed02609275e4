"""The history of plans as it is written: what came into force, and what is to come.

With it goes that of subscription plans and of products, which are in force as soon as they are
read.

Plans are in force whether this can be written or not, since no call waits for it. What cannot be
written waits here, with its instant and whoever did it, and is written as soon as that goes. A
daemon that dies meanwhile writes at its next start what is in force then.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from pbxcharge.catalog.plan_version import plan_body
from pbxcharge.core.effects import PlansTurned
from pbxcharge.core.money import MICROS
from pbxcharge.core.plan import Plan
from pbxcharge.core.plan_history import PlanPlace, PlanSource, PlanStep, PlanTurn, turns
from pbxcharge.core.product import Product
from pbxcharge.core.subscription_terms import SubscriptionPlan
from pbxcharge.errors import OperatingError
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.offer_record import OfferRecords, recorded
from pbxcharge.flow.ports import Writer
from pbxcharge.flow.prices import Prices
from pbxcharge.logger import Logger

WAITING_MAX: Final = 100
"""So many changes wait to be written; of more, the last one stands for all after them."""

_KEPT = (PlanTurn.BEGAN, PlanTurn.PLANNED)


class PlanRecords(OfferRecords, Protocol):
    """What the books say about plans."""

    async def places(self) -> Sequence[PlanPlace]:
        """The versions that are in force, and to come, as the history says."""
        ...


@dataclass(frozen=True, slots=True)
class _Change:
    """Plans that came into force or are to come, and who did it, when, by what."""

    plans: Mapping[PlanPlace, Plan]
    at_us: int
    actor: str
    source: PlanSource
    subscriptions: tuple[SubscriptionPlan, ...]
    products: tuple[Product, ...]


class PlanRecord:
    """Writes what comes into force into the history of plans; what is there already adds nothing.

    Args:
        writer: the one writer.
        records: what the history says.
        clock: says when.
        logger: whether something waits to be written.
    """

    def __init__(self, writer: Writer, records: PlanRecords, clock: Clock, logger: Logger) -> None:
        self._writer = writer
        self._records = records
        self._clock = clock
        self._log = logger
        self._waiting: list[_Change] = []
        self._turn = asyncio.Lock()
        self._told = False

    async def note(self, prices: Prices, actor: str, source: PlanSource) -> bool:
        """Write down what is in force now and to come; whether it is written, or waits.

        All steps of one change, and the versions that are new, are one transaction.
        """
        now_us = self._clock.wall_us()
        change = _Change(
            places_of(prices, now_us // MICROS),
            now_us,
            actor,
            source,
            tuple(prices.subscriptions.values()),
            tuple(prices.products.values()),
        )
        del self._waiting[WAITING_MAX - 1 :]
        self._waiting.append(change)
        return await self.write_waiting()

    async def write_waiting(self) -> bool:
        """Write what could not be written before; whether nothing waits any more."""
        async with self._turn:
            try:
                while self._waiting:
                    await self._write(self._waiting[0])
                    del self._waiting[0]
            except OperatingError as error:
                if not self._told:
                    self._log.error("history of plans not written yet", error=str(error))
                self._told = True
                return False
            if self._told:
                self._log.info("history of plans written")
            self._told = False
            return True

    async def _write(self, change: _Change) -> None:
        found = turns(await self._records.places(), change.plans)
        kept = await self._records.offered()
        offered = recorded(
            kept, change.subscriptions, change.products, change.at_us, change.actor, whole=True
        )
        if not found and not offered:
            return
        new = [change.plans[place] for place, what in found if what in _KEPT]
        # A plan of a megabyte takes a while.
        bodies = await asyncio.to_thread(_bodies, new)
        steps = tuple(
            PlanStep(
                change.at_us,
                change.actor,
                place.plan,
                place.version,
                place.effective_from_s,
                what,
                change.source,
            )
            for place, what in found
        )
        turned = [PlansTurned(bodies, steps)] if steps else []
        await self._writer.submit((), [*turned, *offered])


def places_of(prices: Prices, now_s: int) -> Mapping[PlanPlace, Plan]:
    """Versions with their plans.

    One that has ended is in force no more, unless its successor must wait: then it has its prices.
    """
    places = {
        _place(plan, in_force=True): plan
        for plan in prices.plans.values()
        if not (plan.prices_nothing and plan.has_ended(now_s))
    }
    return places | {_place(plan, in_force=False): plan for plan in prices.to_come}


async def body_of(plan: Plan) -> str:
    """What a plan says, as the books keep it."""
    return await asyncio.to_thread(plan_body, plan)


def _place(plan: Plan, *, in_force: bool) -> PlanPlace:
    return PlanPlace(plan.name, plan.version, plan.effective_from_s, in_force)


def _bodies(plans: Sequence[Plan]) -> tuple[tuple[str, str, str], ...]:
    return tuple((plan.name, plan.version, plan_body(plan)) for plan in plans)
