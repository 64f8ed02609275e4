"""Wallets that follow the plans: as low as they may be spent, and converted into each other.

Plans change by a reload, at an instant of their own, or while nobody ran.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pbxcharge.catalog.changes import (
    calls_live_finding,
    elsewhere_finding,
    unknown_owner_finding,
    vanished_finding,
)
from pbxcharge.catalog.findings import Finding
from pbxcharge.catalog.load import OwnerPlaces
from pbxcharge.core.account import Account
from pbxcharge.core.account_kinds import AccountStatus
from pbxcharge.core.credit import InUse, Operation, Wallet
from pbxcharge.core.plan import Plan
from pbxcharge.errors import OperatingError
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.months import Months
from pbxcharge.flow.ports import Writer
from pbxcharge.flow.records import Records
from pbxcharge.flow.wallets import converted, opened, outside, stale

ALIGNED_AT_ONCE = 500
ACTOR = "plans"
_CLOSED = AccountStatus.CLOSED


class Why(StrEnum):
    """What keeps other plans from coming into force."""

    VANISHED = "vanished"
    UNKNOWN_OWNER = "unknown_owner"
    NOT_BELOW_OWNER = "not_below_owner"
    CALLS_LIVE = "calls_live"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A plan that cannot come into force, or go, and the accounts for which it cannot."""

    why: Why
    plan: str
    accounts: tuple[str, ...] = ()


def obstacle_finding(folder: Path, obstacle: Obstacle, owners: OwnerPlaces) -> Finding:
    """What an admin is told about it: of an unknown owner, also where it is written."""
    if obstacle.why is Why.UNKNOWN_OWNER:
        (owner,) = obstacle.accounts
        file, line = owners.get((obstacle.plan, owner), (str(folder), 0))
        return unknown_owner_finding(file, line, owner)
    return _FINDINGS[obstacle.why](folder, obstacle.plan, obstacle.accounts)


_FINDINGS: Mapping[Why, Callable[[Path, str, Sequence[str]], Finding]] = {
    Why.VANISHED: vanished_finding,
    Why.NOT_BELOW_OWNER: elsewhere_finding,
    Why.CALLS_LIVE: calls_live_finding,
}


class Alignment:
    """Brings wallets to what plans want; `waiting` are accounts whose calls must end first.

    Args:
        writer: the one writer.
        records: what is committed.
        clock: dates the entries of conversions.
        months: of running calls; bounded by a plan before it lets their wallets be spent.
    """

    def __init__(self, writer: Writer, records: Records, clock: Clock, months: Months) -> None:
        self._writer = writer
        self._records = records
        self._clock = clock
        self._months = months
        self.waiting: set[str] = set()

    async def obstacles(
        self, before: Mapping[str, Plan], after: Mapping[str, Plan]
    ) -> tuple[Obstacle, ...]:
        """Everything that keeps plans from taking the place of others; closed accounts do not."""
        found = [
            Obstacle(Why.VANISHED, plan, tuple(users))
            for plan in sorted(before.keys() - after.keys())
            if (users := [user.account_id for user in await self._users(plan)])
        ]
        for plan in _changed(before, after):
            found += await self._against_owner(plan)
            busy = tuple(sorted([name async for name in self._busy(plan)]))
            found += [Obstacle(Why.CALLS_LIVE, plan.name, busy)] if busy else []
        return tuple(found)

    async def misplaced(self, plans: Iterable[Plan]) -> tuple[Obstacle, ...]:
        """Plans whose owner is nobody, or that somebody has who is not below it."""
        return tuple([each for plan in plans for each in await self._against_owner(plan)])

    async def follow(self, before: Mapping[str, Plan], after: Mapping[str, Plan]) -> int:
        """Let every wallet of a changed plan be as the plan wants it; how many were changed.

        Accounts whose conversion live calls forbid are converted when these have ended: see
        `convert_waiting`.

        Raises:
            StorageDown: whoever was changed before is left to `convert_waiting`, too.
        """
        changed, touched = 0, set[str]()
        try:
            for plan in _changed(before, after):
                accounts = await self._records.accounts_of_plan(plan.name)
                for some in _batched(accounts, ALIGNED_AT_ONCE):
                    touched |= {account.account_id for account in some}
                    changed += await self._align(some, plan)
        except OperatingError:
            self.waiting |= touched
            raise
        return changed

    async def adopt(self, accounts: Sequence[Account], plan: Plan) -> None:
        """Let the wallets of accounts be as a plan wants them that is theirs from now on."""
        await self._align(accounts, plan)

    async def convert_waiting(self, plans: Mapping[str, Plan]) -> None:
        """Try again what live calls forbade."""
        for account_id in sorted(self.waiting):
            account = await self._records.account(account_id)
            plan = plans.get(account.plan or "") if account else None
            if account is None or plan is None:
                self.waiting.discard(account_id)
            else:
                await self._align([account], plan)

    async def _align(self, accounts: Sequence[Account], plan: Plan) -> int:
        wallets = await self._wallets(accounts)
        now_us = self._clock.wall_us()
        operations: list[Operation] = []
        for account in accounts:
            own, name = wallets.get(account.account_id, []), account.account_id
            if opening := list(stale(own, opened(name, plan))):
                self._months.expect([account], {plan.name: plan})
                operations += opening
            convert = converted(name, own, plan, now_us, ACTOR)
            operations += [convert] if convert else []
        outcomes = await self._writer.submit(operations) if operations else ()
        busy = (outcome.wallet_id for outcome in outcomes if isinstance(outcome, InUse))
        self.waiting -= {account.account_id for account in accounts}
        self.waiting |= {wallet.partition(":")[0] for wallet in busy}
        return len(operations)

    async def _busy(self, plan: Plan) -> AsyncIterator[str]:
        """Accounts with live calls in wallets that the plan would close."""
        for some in _batched(await self._users(plan.name), ALIGNED_AT_ONCE):
            for name, own in (await self._wallets(some)).items():
                if any(wallet.calls for wallet in outside(own, plan)):
                    yield name

    async def _against_owner(self, plan: Plan) -> list[Obstacle]:
        if plan.owner is None:
            return []
        below = {each.account_id for each in await self._records.accounts(plan.owner)}
        if not below:
            return [Obstacle(Why.UNKNOWN_OWNER, plan.name, (plan.owner,))]
        users = [each.account_id for each in await self._users(plan.name)]
        others = tuple(name for name in users if name not in below or name == plan.owner)
        return [Obstacle(Why.NOT_BELOW_OWNER, plan.name, others)] if others else []

    async def _users(self, plan: str) -> list[Account]:
        accounts = await self._records.accounts_of_plan(plan)
        return [account for account in accounts if account.status is not _CLOSED]

    async def _wallets(self, accounts: Sequence[Account]) -> dict[str, list[Wallet]]:
        found: dict[str, list[Wallet]] = {}
        for wallet in await self._records.wallets([account.account_id for account in accounts]):
            found.setdefault(wallet.account_id, []).append(wallet)
        return found


def _changed(before: Mapping[str, Plan], after: Mapping[str, Plan]) -> Iterable[Plan]:
    return [plan for plan in after.values() if before.get(plan.name) != plan]


def _batched(accounts: Sequence[Account], size: int) -> Iterator[Sequence[Account]]:
    for start in range(0, len(accounts), size):
        yield accounts[start : start + size]
