"""Accounts and extensions: adding them, giving them a plan, changing what they may do.

Every act is safe to repeat: the same content is answered "already done", other content declined.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from pbxcharge.core.account import (
    Account,
    AccountStatus,
    Extension,
    WalletKind,
    wallet_id,
)
from pbxcharge.core.credit import OpenWallet, Operation, Post
from pbxcharge.core.effects import AccountSaved, ExtensionSaved
from pbxcharge.core.ledger import Entry, EntryKind, initial_entry_id
from pbxcharge.core.plan import Plan
from pbxcharge.flow.acts import Declined, Done
from pbxcharge.flow.authorize import Prices
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.codes import Codes
from pbxcharge.flow.identity import (
    malformed_extension,
    same_account,
    same_extension,
    unknown_account,
)
from pbxcharge.flow.ports import Writer
from pbxcharge.flow.records import Records
from pbxcharge.flow.rules import against_account, against_extension, against_plan, first

ALIGNED_AT_ONCE = 500
_CLOSED = AccountStatus.CLOSED


class Provisioning:
    """Writes accounts and extensions, one act after the other.

    Args:
        writer: the one writer.
        records: what is committed.
        prices: what is in force; of its plans, those until `change_plans`.
        clock: dates the audit trail.
        turn: between reading what exists and writing what follows, no other act may come.
    """

    def __init__(
        self,
        writer: Writer,
        records: Records,
        prices: Prices,
        clock: Clock,
        turn: asyncio.Lock,
    ) -> None:
        self._writer = writer
        self._records = records
        self._plans = prices.plans
        self._prices = prices
        self._clock = clock
        self._turn = turn

    async def add_account(self, wanted: Account, actor: str) -> Done[Account] | Declined:
        """Add an organization or a user; with a plan, its wallets and initial credit too.

        A user's `parent_id` is its organization.

        Raises:
            StorageDown: nothing was done, or it is not known whether it was.
        """
        async with self._turn:
            existing = await self._records.account(wanted.account_id)
            if existing is not None:
                return same_account(existing, wanted)
            if declined := await self._declined_account(wanted):
                return declined
            await self._save(wanted, actor, self.plan_operations(wanted, actor))
            return Done(wanted)

    async def set_plan(
        self, account_id: str, plan: str | None, actor: str
    ) -> Done[Account] | Declined:
        """Charge an account by another plan; None charges nothing at its level any more.

        The wallets keep their balances; the outgoing one may be spent down to the plan's credit
        limit. The first plan with an initial credit grants it, once for each wallet, ever.
        """
        async with self._turn:
            account = await self._records.account(account_id)
            if account is None:
                return unknown_account(account_id)
            if account.plan == plan:
                return Done(account, already=True)
            if declined := first(against_plan(plan, self._plans)):
                return declined
            changed = replace(account, plan=plan)
            await self._save(changed, actor, self.plan_operations(changed, actor))
            return Done(changed)

    async def set_status(
        self, account_id: str, status: AccountStatus, actor: str
    ) -> Done[Account] | Declined:
        """Change what an account may do. Live calls are the caller's business (`flow.standing`)."""
        async with self._turn:
            account = await self._records.account(account_id)
            if account is None:
                return unknown_account(account_id)
            if account.status is status:
                return Done(account, already=True)
            changed = replace(account, status=status)
            await self._save(changed, actor, ())
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

    async def align_floors(self) -> int:
        """Let every wallet be spent as low as its plan says now; how many were changed.

        A plan's credit limit may have been edited while nobody ran. A plan that is no longer
        there changes nothing: its accounts cannot call until they get another.
        """
        return await self._align_plans(self._plans.values())

    async def change_plans(
        self, plans: Mapping[str, Plan], then: Callable[[], None]
    ) -> Mapping[str, Sequence[str]]:
        """Charge by other plans from now on; or who stands in the way, by plan.

        A plan that vanishes while accounts are charged by it changes nothing at all; closed ones do
        not count. Else the wallets may at once be spent as low as the plans say now, and when that
        is durable, `then` is called in the same step in which the plans change.

        Raises:
            StorageDown: the plans were not changed.
        """
        async with self._turn:
            stranded = await self._stranded(self._plans.keys() - plans.keys())
            if not stranded:
                before = self._plans
                await self._align_plans(
                    plan for plan in plans.values() if before.get(plan.name) != plan
                )
                self._plans = plans
                then()
            return stranded

    async def _stranded(self, vanished: Iterable[str]) -> dict[str, Sequence[str]]:
        users = {}
        for plan in sorted(vanished):
            accounts = await self._records.accounts_of_plan(plan)
            users[plan] = [one.account_id for one in accounts if one.status is not _CLOSED]
        return {plan: account_ids for plan, account_ids in users.items() if account_ids}

    async def _align_plans(self, plans: Iterable[Plan]) -> int:
        changed = 0
        for plan in plans:
            accounts = await self._records.accounts_of_plan(plan.name)
            for some in _batched(accounts, ALIGNED_AT_ONCE):
                changed += await self._align(some, plan)
        return changed

    async def _align(self, accounts: Sequence[Account], plan: Plan) -> int:
        wallets = await self._records.wallets([account.account_id for account in accounts])
        floors = {wallet.wallet_id: wallet.floor_micros for wallet in wallets}
        wanted = [_open(account, plan, kind) for account in accounts for kind in plan.wallets.kinds]
        stale = [op for op in wanted if floors.get(op.wallet_id) != op.floor_micros]
        if stale:
            await self._writer.submit(stale)
        return len(stale)

    async def _save(self, account: Account, actor: str, operations: tuple[Operation, ...]) -> None:
        saved = AccountSaved(account, self._clock.wall_us(), actor)
        await self._writer.submit(operations, [saved])

    def plan_operations(self, account: Account, actor: str) -> tuple[Operation, ...]:
        """The wallets as the plan wants them; credit that was granted before is granted no more."""
        if account.plan is None:
            return ()
        plan = self._plans[account.plan]
        opened = tuple(_open(account, plan, kind) for kind in plan.wallets.kinds)
        granted = (self._initial(account, plan, kind, actor) for kind in plan.wallets.kinds)
        return (*opened, *(post for post in granted if post is not None))

    def _initial(self, account: Account, plan: Plan, kind: WalletKind, actor: str) -> Post | None:
        amount_micros = plan.initial_micros(kind)
        if not amount_micros:
            return None
        return Post(
            Entry(
                entry_id=initial_entry_id(account.account_id, kind),
                wallet_id=wallet_id(account.account_id, kind),
                kind=EntryKind.INITIAL,
                amount_micros=amount_micros,
                at_us=self._clock.wall_us(),
                actor=actor,
            )
        )

    async def _declined_account(self, wanted: Account) -> Declined | None:
        parent = None if wanted.parent_id is None else await self._records.account(wanted.parent_id)
        codes = Codes({} if wanted.code is None else await self._records.codes())
        return first(against_account(wanted, parent, self._plans, codes))

    async def _declined_extension(self, wanted: Extension) -> Declined | None:
        owner = await self._records.account(wanted.account_id)
        organization = None if owner is None else owner.parent_id
        colleagues = [] if organization is None else await self._records.extensions(organization)
        taken = next((phone for phone in colleagues if phone.number == wanted.number), None)
        return first(against_extension(wanted, owner, taken, self._prices.emergency))


def _open(account: Account, plan: Plan, kind: WalletKind) -> OpenWallet:
    return OpenWallet(
        wallet_id(account.account_id, kind),
        account.account_id,
        kind,
        floor_micros=plan.floor_micros(kind),
    )


def _batched(accounts: Sequence[Account], size: int) -> Iterator[Sequence[Account]]:
    for start in range(0, len(accounts), size):
        yield accounts[start : start + size]
