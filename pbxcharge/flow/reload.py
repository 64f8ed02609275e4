"""Plans that change while calls run: read whole, checked whole, put into force in one step."""

import asyncio
from collections.abc import Awaitable, Callable, Container, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from pbxcharge.catalog.changes import PlanChange, plan_changes
from pbxcharge.catalog.findings import Finding
from pbxcharge.catalog.load import NO_OWNERS, OwnerPlaces
from pbxcharge.catalog.offers import NO_OFFERS, Offers
from pbxcharge.core.plan_history import PlanSource
from pbxcharge.errors import OperatingError
from pbxcharge.flow.alignment import Obstacle, obstacle_finding
from pbxcharge.flow.journal import Journal
from pbxcharge.flow.offer_guard import OfferGuard
from pbxcharge.flow.plan_record import PlanRecord
from pbxcharge.flow.prices import Prices
from pbxcharge.flow.provision import Provisioning
from pbxcharge.flow.versions import deck_versions, offer_versions, plan_versions
from pbxcharge.logger import Logger

DATES = "effective dates"
"""Who puts plans into force at their instant."""
STARTED = "daemon"
"""Who puts plans into force that were changed while no daemon ran."""


@dataclass(frozen=True, slots=True)
class Fresh:
    """The files of the site as they are now.

    Args:
        folder: of the plans.
        prices: what they put into force; None if any finding is an error.
        findings: what is wrong in them.
        needs_restart: the changed settings that no reload puts into force.
        owners: where plans say who their owner is.
        offers: the files of products and subscription plans.
    """

    folder: Path
    prices: Prices | None
    findings: tuple[Finding, ...]
    needs_restart: tuple[str, ...] = ()
    owners: OwnerPlaces = field(default_factory=lambda: NO_OWNERS)
    offers: Offers = NO_OFFERS


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What a reload did. With an error among the findings it changed nothing at all.

    Args:
        done: whether the files are in force.
        changes: the plans, rate decks, subscription plans and products that are others now.
        findings: errors, or warnings beside what is in force.
        needs_restart: the changed settings that are not in force.
    """

    done: bool
    changes: tuple[PlanChange, ...] = ()
    findings: tuple[Finding, ...] = ()
    needs_restart: tuple[str, ...] = ()


class Reload:
    """Puts the files of the site into force, one reload after the other.

    Live calls keep what they were authorized with; it is stored with them.

    Args:
        read: reads the files; may take its time, and is called in a thread.
        again: what was read last, as it counts now: a plan may have begun, or ended.
        prices: what is in force.
        guard: knows who has which product.
        provisioning: knows who is charged by a plan, and lets wallets follow.
        in_force: called in the very step in which the files come into force.
        afterwards: what follows for the calls that run, and takes its time.
        record: writes it into the history of plans.
        journal: tells it to those who watch.
        logger: the findings of a reload that nobody waits for stand there alone.
    """

    def __init__(
        self,
        read: Callable[[], Fresh],
        again: Callable[[], Fresh],
        prices: Prices,
        guard: OfferGuard,
        provisioning: Provisioning,
        in_force: Callable[[], None],
        afterwards: Callable[[], Awaitable[None]],
        record: PlanRecord,
        journal: Journal,
        logger: Logger,
    ) -> None:
        self._read = read
        self._again = again
        self._prices = prices
        self._guard = guard
        self._provisioning = provisioning
        self._in_force = in_force
        self._afterwards = afterwards
        self._record = record
        self._journal = journal
        self._log = logger
        self._turn = asyncio.Lock()

    async def reload(self, actor: str, source: PlanSource) -> Reloaded:
        """Read the files and put them into force, or say what is wrong.

        Raises:
            StorageDown: nothing was changed.
        """
        async with self._turn:
            fresh = await asyncio.to_thread(self._read)
            if fresh.prices is None:
                return self._refused(fresh.findings, actor)
            if against := await self._guard.findings(fresh.offers):
                return self._refused((*fresh.findings, *against), actor)
            put = await self._put(fresh, actor, source)
            if isinstance(put, Reloaded):
                return put
            return self._refused((*fresh.findings, *_findings(fresh, put)), actor)

    async def inspect(self) -> None:
        """At the start: say which plans belong to nobody, or charge accounts not below their owner.

        They are in force all the same: calls go on, and no account gets such a plan anew.

        Raises:
            StorageDown: the books could not be asked.
        """
        async with self._turn:
            self._log_findings(_findings(self._again(), await self._provisioning.misplaced()))

    async def advance(self) -> bool:
        """Put those plans into force that are due by their dates; whether all of them could be.

        From memory: no file is read, so what somebody is writing just now plays no part. One that
        cannot come into force yet, since calls live for instance, keeps no other one waiting.

        Raises:
            StorageDown: not all of them could be, and what was in force before is.
        """
        async with self._turn:
            fresh, waiting = self._again(), dict[str, Obstacle]()
            while (due := _due(fresh, self._prices, waiting)) is not None:
                put = await self._put(due, DATES, PlanSource.DATE)
                if isinstance(put, Reloaded):
                    break
                waiting |= {each.plan: each for each in put}
            self._log_findings(_findings(fresh, waiting.values()))
            if waiting:
                self._log.error("plans that are due wait", plans=sorted(waiting))
            return not waiting

    async def started(self) -> None:
        """The history of plans is told what is in force from the daemon's start on."""
        await self._record.note(self._prices, STARTED, PlanSource.START)

    async def catch_up(self) -> None:
        """Do what could not be done when plans came into force.

        Wallets that live calls kept from being converted, and the history where it was not written.
        """
        try:
            if await self._provisioning.convert_waiting():
                # Calls were bounded by plans that did not come into force: the disk had failed.
                await self._follow()
        except OperatingError as error:
            self._log.error("wallets not converted", error=str(error))
        await self._record.write_waiting()

    async def _put(
        self, fresh: Fresh, actor: str, source: PlanSource
    ) -> Reloaded | tuple[Obstacle, ...]:
        """Put plans into force, or what stands in the way, so that nothing was changed."""
        assert fresh.prices is not None  # noqa: S101 - who calls has looked
        prices = fresh.prices
        before = versions(self._prices)
        obstacles = await self._provisioning.change_plans(prices.plans, lambda: self._swap(prices))
        if obstacles:
            return obstacles
        done = Reloaded(
            done=True,
            changes=plan_changes(before, versions(prices)),
            findings=fresh.findings,
            needs_restart=fresh.needs_restart,
        )
        self._tell(done, actor)
        await self._record.note(prices, actor, source)
        await self._follow()
        return done

    async def _follow(self) -> None:
        """The files are in force, whatever becomes of what follows from them."""
        try:
            await self._afterwards()
        except OperatingError as error:
            self._log.error("not all that follows from the new files was done", error=str(error))

    def _swap(self, fresh: Prices) -> None:
        self._prices.become(fresh)
        self._in_force()

    def _refused(self, findings: tuple[Finding, ...], actor: str) -> Reloaded:
        self._log_findings(findings)
        self._log.error("plans refused, nothing was changed", actor=actor)
        return Reloaded(done=False, findings=findings)

    def _tell(self, done: Reloaded, actor: str) -> None:
        self._log_findings(done.findings)
        changed = [f"{it.name}: {it.before} → {it.after}" for it in done.changes]
        plans = len(self._prices.plans)
        self._journal.tell("plans_in_force", plans=plans, changed=changed, actor=actor)
        if done.needs_restart:
            keys = ", ".join(done.needs_restart)
            self._log.warning("changed settings need a restart", settings=keys)

    def _log_findings(self, findings: Iterable[Finding]) -> None:
        for found in findings:
            self._log.warning(
                "finding",
                severity=str(found.severity),
                file=found.file,
                line=found.line,
                key=found.key,
                message=found.message,
                hint=found.hint,
            )


def _due(fresh: Fresh, now: Prices, waiting: Container[str]) -> Fresh | None:
    """What can come into force while some plans wait; None if that is in force.

    In the place of a plan that waits stays the one that was in force, and it is still to come.
    """
    due = fresh.prices
    if due is None:
        return None
    held = tuple(plan for plan in due.plans.values() if plan.name in waiting)
    plans = {name: plan for name, plan in due.plans.items() if name not in waiting}
    plans |= {plan.name: now.plans[plan.name] for plan in held if plan.name in now.plans}
    prices = replace(due, plans=MappingProxyType(plans), to_come=(*held, *due.to_come))
    same = (plans, prices.to_come) == (dict(now.plans), now.to_come)
    return None if same else replace(fresh, prices=prices)


def _findings(fresh: Fresh, obstacles: Iterable[Obstacle]) -> Iterator[Finding]:
    return (obstacle_finding(fresh.folder, each, fresh.owners) for each in obstacles)


def versions(prices: Prices) -> dict[str, str]:
    """The version of all that is in force, and of plans to come by name and beginning."""
    plans = plan_versions(prices.plans, prices.to_come, prices.zone)
    offers = offer_versions(prices.subscriptions, prices.products, prices.discounts)
    return plans | deck_versions(prices.decks) | offers
