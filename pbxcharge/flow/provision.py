"""Accounts and extensions: adding them, giving them a plan, changing what they may do.

Every act is safe to repeat: the same content is answered "already done", other content declined.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from pbxcharge.core.account import Account, Extension
from pbxcharge.core.account_kinds import AccountStatus
from pbxcharge.core.credit import InUse, Operation
from pbxcharge.core.effects import AccountSaved, Effect, ExtensionSaved
from pbxcharge.core.plan import Plan
from pbxcharge.flow.acts import Declined, Done, Refusal
from pbxcharge.flow.alignment import ACTOR, ALIGNED_AT_ONCE, Alignment, Obstacle
from pbxcharge.flow.assigning import Stamp
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.closing import closing
from pbxcharge.flow.codes import Codes
from pbxcharge.flow.identity import (
    malformed_extension,
    malformed_zone,
    same_account,
    same_extension,
    unknown_account,
)
from pbxcharge.flow.months import Months
from pbxcharge.flow.ports import Writer
from pbxcharge.flow.prices import Prices
from pbxcharge.flow.records import Records
from pbxcharge.flow.rules import (
    against_account,
    against_extension,
    against_plan,
    first,
    has_product,
)
from pbxcharge.flow.wallets import (
    NotConverted,
    all_or_nothing,
    converted,
    granted,
    initial_ids,
    opened,
)


class Provisioning:
    """Writes accounts and extensions, one act after the other.

    Args:
        writer: the one writer.
        records: what is committed.
        prices: what is in force; of its plans, those until `change_plans`.
        clock: dates the audit trail.
        turn: between reading what exists and writing what follows, no other act may come.
        months: of the calls that run in this process.
    """

    def __init__(
        self,
        writer: Writer,
        records: Records,
        prices: Prices,
        clock: Clock,
        turn: asyncio.Lock,
        months: Months,
    ) -> None:
        self._writer = writer
        self._records = records
        self._plans = prices.plans
        self._prices = prices
        self._clock = clock
        self._turn = turn
        self._months = months
        self._alignment = Alignment(writer, records, clock, months)
        self._behind = False

    async def add_account(self, wanted: Account, actor: str) -> Done[Account] | Declined:
        """Add an account; with a plan, its wallets and initial credit too.

        A user's `parent_id` is its organization; others may stand below a service provider.

        Raises:
            StorageDown: nothing was done, or it is not known whether it was.
        """
        async with self._turn:
            existing = await self._records.account(wanted.account_id)
            if existing is not None:
                return same_account(existing, wanted)
            if declined := await self._declined_account(wanted):
                return declined
            await self._save(wanted, actor, await self.plan_operations(wanted, actor, new=True))
            return Done(wanted)

    async def set_plan(
        self, account_id: str, plan: str | None, actor: str
    ) -> Done[Account] | Declined:
        """Charge an account by another plan; None charges nothing at its level any more.

        The wallets keep their balances, and may be spent as low as the plan says. A plan with other
        wallets takes the balances over, in the same transaction, unless calls live. The first plan
        with an initial credit grants it, once for each wallet, ever.
        """
        async with self._turn:
            account, *above = await self._records.chain(account_id) or (None,)
            if account is None:
                return unknown_account(account_id)
            if account.product is not None:
                return has_product(account)
            if account.plan == plan:
                return Done(account, already=True)
            owners = [each.account_id for each in above if each is not None]
            if declined := first(against_plan(plan, self._plans, owners)):
                return declined
            return await self.put(replace(account, plan=plan), actor)

    async def put(
        self,
        changed: Account,
        actor: str,
        also: Sequence[Effect] = (),
        at_us: int | None = None,
    ) -> Done[Account] | Declined:
        """Save an account with another plan, its wallets as that wants them, and what goes with it.

        In one transaction, at an instant or now; whoever calls this has the turn.
        """
        operations = await self.plan_operations(changed, actor, at_us=at_us)
        try:
            async with self._months.turn:
                self._months.expect([changed], self._plans)
                await self._save(changed, actor, operations, also)
        except NotConverted as error:
            return not_converted(changed.account_id, error)
        return Done(changed)

    async def set_status(
        self, account_id: str, status: AccountStatus, actor: str
    ) -> Done[Account] | Declined:
        """Change what an account may do. Live calls are the caller's business (`flow.standing`).

        A closed one has no products or subscriptions any more, nor do those below it.
        """
        async with self._turn:
            account = await self._records.account(account_id)
            if account is None:
                return unknown_account(account_id)
            if account.status is status:
                return Done(account, already=True)
            changed = replace(account, status=status)
            ends: list[Effect] = []
            if status is AccountStatus.CLOSED:
                ends = await closing(self._records, changed, Stamp(self._clock.wall_us(), actor))
            await self._save(changed, actor, (), ends)
            return Done(changed)

    async def add_extension(self, wanted: Extension, actor: str) -> Done[Extension] | Declined:
        """Give a user a phone: its endpoint unique on the PBX, its number in the organization."""
        async with self._turn:
            if declined := first(malformed_extension(wanted)):
                return declined
            known = await self._records.payer(wanted.endpoint)
            if known is not None:
                return same_extension(known[0], wanted)
            if declined := await self._declined_extension(wanted):
                return declined
            saved = ExtensionSaved(wanted, self._clock.wall_us(), actor)
            await self._writer.submit((), [saved])
            return Done(wanted)

    async def set_time_zone(
        self, account_id: str, time_zone: str | None, actor: str
    ) -> Done[Account] | Declined:
        """Say whose clocks count for an account and those below it; None is those above.

        Calls that run keep the clocks that they began with.
        """
        async with self._turn:
            account = await self._records.account(account_id)
            if account is None:
                return unknown_account(account_id)
            if account.time_zone == time_zone:
                return Done(account, already=True)
            if time_zone is not None and (declined := first(malformed_zone(time_zone))):
                return declined
            changed = replace(account, time_zone=time_zone)
            await self._save(changed, actor, ())
            return Done(changed)

    async def align_wallets(self) -> int:
        """Let every wallet be as its plan wants it now; how many were changed.

        A plan may have been edited while nobody ran. One that is no longer there changes nothing:
        its accounts cannot call until they get another. Wallets with live calls are converted when
        these have ended.
        """
        return await self._alignment.follow({}, self._plans)

    async def follow_products(self) -> int:
        """Charge accounts by the plan that their main product names now; how many were changed.

        A product may have been edited, also while nobody ran. Credit is granted to nobody by that.

        Raises:
            StorageDown: `convert_waiting` goes on with those that are left.
        """
        self._behind, changed = True, 0
        named = {name: each.plain_plan for name, each in self._prices.products.items()}
        plans = {name: plan for name, plan in named.items() if plan in self._plans and plan}
        while plans:
            async with self._turn:
                left = await self._records.accounts_off_product(plans, ALIGNED_AT_ONCE)
                if not left:
                    break
                await self._adopt(left, plans)
            changed += len(left)
        self._behind = False
        return changed

    async def _adopt(self, accounts: Sequence[Account], plans: Mapping[str, str]) -> None:
        moved = [replace(account, plan=plans[account.product or ""]) for account in accounts]
        async with self._months.turn:
            for name in {account.plan for account in moved if account.plan}:
                own = [account for account in moved if account.plan == name]
                await self._alignment.adopt(own, self._plans[name])
        now_us = self._clock.wall_us()
        await self._writer.submit((), [AccountSaved(each, now_us, ACTOR) for each in moved])

    async def convert_waiting(self) -> bool:
        """Convert wallets whose live calls, which forbade it before, have ended.

        Whether none waits any more, of those that did: then the calls may be reviewed.
        """
        if self._behind:
            await self.follow_products()
        if not self._alignment.waiting:
            return False
        async with self._turn:
            await self._alignment.convert_waiting(self._plans)
        return not self._alignment.waiting

    async def misplaced(self) -> tuple[Obstacle, ...]:
        """Plans in force whose owner is nobody, or that somebody elsewhere has.

        No reload lets them in; they may have been edited while nobody ran.
        """
        return await self._alignment.misplaced(self._plans.values())

    async def change_plans(
        self, plans: Mapping[str, Plan], then: Callable[[], None]
    ) -> tuple[Obstacle, ...]:
        """Charge by other plans from now on; or everything that stands in the way.

        A plan that vanishes while accounts are charged by it, that is for others than them, or that
        closes wallets with live calls changes nothing at all; closed accounts do not count. Else
        the wallets at once are as the plans want them, and when that is durable, `then` is called
        in the same step in which the plans change.

        Raises:
            StorageDown: the plans were not changed.
        """
        async with self._turn:
            obstacles = await self._alignment.obstacles(self._plans, plans)
            if not obstacles:
                async with self._months.turn:
                    await self._alignment.follow(self._plans, plans)
                    self._plans = plans
                    then()
            return obstacles

    async def plan_operations(
        self, account: Account, actor: str, *, new: bool = False, at_us: int | None = None
    ) -> tuple[Operation, ...]:
        """The wallets as the plan wants them; credit that was granted before is granted no more.

        Whoever submits them does so with `all_or_nothing`. A `new` account has nothing yet.
        """
        if account.plan is None:
            return ()
        plan, name = self._plans[account.plan], account.account_id
        now_us = self._clock.wall_us() if at_us is None else at_us
        entry_ids = () if new else initial_ids(name, plan)
        before = [each for each in entry_ids if await self._records.entry(each) is not None]
        wallets = () if new else await self._records.wallets([name])
        convert = converted(name, wallets, plan, now_us, actor)
        return (
            *opened(name, plan),
            *([convert] if convert else []),
            *granted(name, plan, before, now_us, actor),
        )

    async def _save(
        self,
        account: Account,
        actor: str,
        operations: tuple[Operation, ...],
        also: Sequence[Effect] = (),
    ) -> None:
        saved = [AccountSaved(account, self._clock.wall_us(), actor), *also]
        await self._writer.submit(operations, lambda outcomes: all_or_nothing(outcomes, saved))

    async def _declined_account(self, wanted: Account) -> Declined | None:
        chain = await self._records.chain(wanted.parent_id) if wanted.parent_id else ()
        codes = Codes({} if wanted.code is None else await self._records.codes())
        above = [account.account_id for account in chain]
        parent = next(iter(chain), None)
        return first(against_account(wanted, parent, self._plans, codes, above))

    async def _declined_extension(self, wanted: Extension) -> Declined | None:
        owner = await self._records.account(wanted.account_id)
        organization = None if owner is None else owner.parent_id
        colleagues = [] if organization is None else await self._records.extensions(organization)
        taken = next((phone for phone in colleagues if phone.number == wanted.number), None)
        return first(against_extension(wanted, owner, taken, self._prices.emergency))


def not_converted(account_id: str, error: NotConverted) -> Declined:
    """Why an account cannot have a plan that pays from other wallets."""
    if isinstance(error.why, InUse):
        return Declined(
            Refusal.CALLS_LIVE,
            f"{account_id} has live calls, and the plan pays from other wallets",
            "wait until they have ended: pbxcharge calls",
            "plan",
        )
    return Declined(Refusal.OUT_OF_BOUNDS, "the balance would pass 10^12 units", field="plan")
