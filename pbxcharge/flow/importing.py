"""An import: many accounts, phones and numbers at once, all of them or none."""

import asyncio
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pbxcharge.core.account import Account, Did, Extension
from pbxcharge.core.account_kinds import AccountStatus
from pbxcharge.core.assigned import AssignedSubscription
from pbxcharge.core.assigned_product import AssignedProduct, ProductKind
from pbxcharge.core.credit import Operation, Outcome, Post
from pbxcharge.core.effects import AccountSaved, DidSaved, Effect, ExtensionSaved
from pbxcharge.core.imported import ImportRow
from pbxcharge.flow.assigning import Stamp
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.closing import closing
from pbxcharge.flow.import_changes import Change, Differences, found_in
from pbxcharge.flow.import_judge import Terms, judge
from pbxcharge.flow.import_known import Known, ask_all, read_known
from pbxcharge.flow.main_product import main_turned
from pbxcharge.flow.months import Months
from pbxcharge.flow.offer_record import recorded
from pbxcharge.flow.ports import Writer
from pbxcharge.flow.prices import Prices
from pbxcharge.flow.provision import Provisioning, not_converted
from pbxcharge.flow.records import Records
from pbxcharge.flow.wallets import NotConverted, all_or_nothing

AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import came to, or would come to.

    Args:
        differences: what changes, and what is against it.
        written: whether it is durable now.
        initial_micros: initial credit that its accounts get by their plans.
    """

    differences: Differences
    written: bool
    initial_micros: int


class Importing:
    """Judges and writes imports, one act after the other.

    Args:
        writer: the one writer.
        records: what is committed.
        prices: what is in force.
        provisioning: what an account's plan means for its wallets.
        clock: dates the audit trail.
        turn: of everybody who changes accounts.
        months: of the calls that run in this process.
    """

    def __init__(
        self,
        writer: Writer,
        records: Records,
        prices: Prices,
        provisioning: Provisioning,
        clock: Clock,
        turn: asyncio.Lock,
        months: Months,
    ) -> None:
        self._writer = writer
        self._records = records
        self._prices = prices
        self._provisioning = provisioning
        self._clock = clock
        self._turn = turn
        self._months = months

    async def preview(self, rows: Sequence[ImportRow], actor: str) -> Imported:
        """What an import would change; nothing is written.

        Raises:
            StorageDown: the books cannot be read.
        """
        differences, _ = await self._judged(rows)
        operations = await self._operations(differences.changes, actor)
        return Imported(differences, False, await self._initial_micros(operations))

    async def apply(self, rows: Sequence[ImportRow], actor: str) -> Imported:
        """Write an import in one transaction; not a row of it if anything is against one.

        Raises:
            StorageDown: nothing was done, or it is not known whether it was.
        """
        async with self._turn:
            differences, known = await self._judged(rows)
            if not differences.changes:
                return Imported(differences, False, 0)
            operations = await self._operations(differences.changes, actor)
            stamp = Stamp(self._clock.wall_us(), actor)
            effects = await self._recorded(differences.changes, stamp)
            effects += await asyncio.to_thread(
                self._effects, differences.changes, known.subscriptions, stamp
            )
            effects += await self._closings(differences.changes, stamp)
            initial_micros = await self._initial_micros(operations)
            accounts = [it.after for it in differences.changes if isinstance(it.after, Account)]
            try:
                async with self._months.turn:
                    self._months.expect(accounts, self._prices.plans)
                    await self._writer.submit(operations, _AllOrNothing(effects))
            except NotConverted as error:
                return Imported(_not_converted(differences, error), False, 0)
            return Imported(differences, True, initial_micros)

    async def _judged(self, rows: Sequence[ImportRow]) -> tuple[Differences, Known]:
        prices = self._prices
        terms = Terms(
            prices.plans,
            prices.products,
            prices.subscriptions,
            prices.numbering,
            prices.emergency,
            self._clock.wall_us(),
        )
        known = await read_known(self._records, rows, prices.numbering)
        # Ten thousand rows take a while; calls must not wait for them.
        return await asyncio.to_thread(judge, rows, known, terms), known

    async def _operations(self, changes: Sequence[Change], actor: str) -> list[Operation]:
        """The wallets of accounts that are new or get another plan."""
        found: list[Operation] = []
        for place, change in enumerate(changes):
            if place % AT_ONCE == 0:
                # What is new needs no look into the books, so nothing else lets the loop go on.
                await asyncio.sleep(0)
            if isinstance(change.after, Account) and "plan" in change.fields:
                new = change.before is None
                found += await self._provisioning.plan_operations(change.after, actor, new=new)
        return found

    async def _recorded(self, changes: Sequence[Change], stamp: Stamp) -> list[Effect]:
        """What the histories do not say yet of main products that are assigned."""
        names = {account.product for account in _of_products(changes) if account.product}
        products = [self._prices.products[name] for name in sorted(names)]
        named = {product.subscription or "" for product in products}
        comes = [plan for name, plan in self._prices.subscriptions.items() if name in named]
        kept = await self._records.plans.offered() if products else {}
        return recorded(kept, comes, products, stamp.at_us, stamp.actor)

    def _effects(
        self,
        changes: Sequence[Change],
        subscriptions: Mapping[str, Sequence[AssignedSubscription]],
        stamp: Stamp,
    ) -> list[Effect]:
        """What is saved, in the order in which it can be, all of one instant."""
        effects = [_saved(change, stamp) for change in changes]
        run = f"import-{stamp.at_us // 1000:012x}{secrets.token_hex(4)}"
        for place, account in enumerate(_of_products(changes)):
            name, own = account.product, subscriptions.get(account.account_id, ())
            begins = None
            if name is not None:
                assignment_id = f"{run}-{place}"
                begins = AssignedProduct(assignment_id, name, ProductKind.MAIN, stamp.at_us)
            effects += main_turned(account, begins, own, self._prices, stamp)
        return effects

    async def _closings(self, changes: Sequence[Change], stamp: Stamp) -> list[Effect]:
        """What ends with the accounts that are closed."""
        found: list[Effect] = []
        known = (change.after for change in changes if isinstance(change.before, Account))
        changed = {each.account_id: each for each in known if isinstance(each, Account)}
        for after in changed.values():
            if after.status is AccountStatus.CLOSED:
                found += await closing(self._records, after, stamp, changed)
        return found

    async def _initial_micros(self, operations: Sequence[Operation]) -> int:
        """The initial credit that nobody was granted before."""
        posts = {each.entry.entry_id: each.entry for each in operations if isinstance(each, Post)}
        before = await ask_all(self._records.entries_named, posts.keys())
        new = posts.keys() - {entry.entry_id for entry in before}
        return sum(posts[entry_id].amount_micros for entry_id in new)


@dataclass(frozen=True, slots=True)
class _AllOrNothing:
    """What is written if every wallet could be converted; how much, for who has to write it."""

    effects: Sequence[Effect]

    def __len__(self) -> int:
        return len(self.effects)

    def __call__(self, outcomes: tuple[Outcome, ...]) -> Iterable[Effect]:
        return all_or_nothing(outcomes, self.effects)


def _not_converted(differences: Differences, error: NotConverted) -> Differences:
    """An account that gets other wallets had live calls, so nothing was written."""
    found = tuple(
        found_in(change.row, not_converted(change.after.account_id, error))
        for change in differences.changes
        if isinstance(change.after, Account) and error.is_of(change.after.account_id)
    )
    return Differences((), differences.same, len(found), found)


def _of_products(changes: Sequence[Change]) -> list[Account]:
    """The accounts that get another main product, or have none any more."""
    turned = (change.after for change in changes if "product" in change.fields)
    return [account for account in turned if isinstance(account, Account)]


def _saved(change: Change, stamp: Stamp) -> Effect:
    match change.after:
        case Account():
            return AccountSaved(change.after, stamp.at_us, stamp.actor)
        case Extension():
            return ExtensionSaved(change.after, stamp.at_us, stamp.actor)
        case Did():
            return DidSaved(change.after, stamp.at_us, stamp.actor)
