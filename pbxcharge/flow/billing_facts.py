"""What the charging of subscriptions follows from, read for many accounts at once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Protocol

from pbxcharge.core.account import Account
from pbxcharge.core.account_kinds import AccountKind, Suspension
from pbxcharge.core.account_life import outages
from pbxcharge.core.assigned import (
    AccountStep,
    AssignedSubscription,
    Billed,
    Turned,
    VersionSince,
)
from pbxcharge.core.assigned_life import assignment_of, calendar, history
from pbxcharge.core.billing import Bill, Tab
from pbxcharge.core.billing_period import BillingCalendar, BillingRule
from pbxcharge.core.billing_record import Paying
from pbxcharge.core.billing_text import waiting_of
from pbxcharge.core.subscription import Booking, EarlierEnd, Lifetime, Outage, Revision, lifetime
from pbxcharge.core.subscription_terms import SubscriptionPlan
from pbxcharge.core.subscription_text import subscription_of
from pbxcharge.flow.prices import Prices
from pbxcharge.flow.zones import zone_of

_NO_RULES: Sequence[BillingRule] = ()


class Turns(Protocol):
    """What became of accounts, and of subscription plans."""

    async def life(self, account_ids: Sequence[str]) -> list[AccountStep]:
        """What became of accounts, in the order in which it happened."""
        ...

    async def subscription_turns(self, name: str | None = None) -> list[VersionSince]:
        """Which version of subscription plans counted since when."""
        ...

    async def subscription_bodies(self, name: str) -> Mapping[str, str]:
        """What the versions of a subscription plan say."""
        ...


class Charges(Protocol):
    """How far subscriptions are charged; see store.billing_queries."""

    async def charged(
        self, account_ids: Sequence[str]
    ) -> list[tuple[AssignedSubscription, Billed]]:
        """The subscriptions of accounts by id, also closed and removed ones."""
        ...

    async def rules(self, account_ids: Sequence[str]) -> Mapping[str, Sequence[BillingRule]]:
        """The billing periods of organizations as they were set."""
        ...

    async def credited(self, assignment_ids: Sequence[str]) -> Mapping[str, Sequence[Booking]]:
        """When dead days of subscriptions were credited."""
        ...

    async def ends(self, assignment_ids: Sequence[str]) -> Mapping[str, Sequence[EarlierEnd]]:
        """All that was said of the ends of subscriptions."""
        ...

    async def paying(self, account_ids: Sequence[str]) -> Mapping[str, str]:
        """The wallet that pays the fees of each account."""
        ...


class BillingRecords(Protocol):
    """The books, as far as billing reads them."""

    @property
    def billing(self) -> Charges:
        """How far subscriptions are charged."""
        ...

    @property
    def subscriptions(self) -> Turns:
        """What became of accounts and plans."""
        ...

    async def accounts_named(self, account_ids: Sequence[str]) -> list[Account]:
        """The accounts of these that there are."""
        ...


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the charging of one account follows from.

    Args:
        account: whose subscriptions they are.
        paying: from what they are paid; None without a wallet.
        tab: the subscriptions that became active, or will at a known instant.
        idle: the others: not used yet, removed, or closed before they began.
        subscriptions: all of them as they were assigned, by id.
    """

    account: Account
    paying: Paying | None
    tab: Tab
    idle: tuple[Billed, ...]
    subscriptions: Mapping[str, AssignedSubscription]


class BillingFacts:
    """Reads what the charging of accounts follows from.

    Args:
        records: what is committed.
        prices: the plans in force, and the site's time.
    """

    def __init__(self, records: BillingRecords, prices: Prices) -> None:
        self._records = records
        self._prices = prices
        self.said: dict[str, tuple[Revision, ...]] = {}
        self._plans: dict[tuple[str, str], SubscriptionPlan] = {}
        self._histories: dict[tuple[VersionSince, ...], tuple[Revision, ...]] = {}
        self._calendars: dict[tuple[BillingRule, ...], BillingCalendar] = {}

    async def read(self, account_ids: Sequence[str]) -> dict[str, Facts]:
        """Of each account that there is, by what `learn_plans` has read last.

        Raises:
            StorageDown: the books cannot be read.
        """
        accounts = await self._with_parents(account_ids)
        said = self.said
        charged = await self._records.billing.charged(account_ids)
        ids = [billed.assignment_id for _, billed in charged]
        credited = await self._records.billing.credited(ids)
        ends = await self._records.billing.ends(ids)
        wallets = await self._records.billing.paying(account_ids)
        names = list(accounts)
        rules = await self._records.billing.rules(names)
        steps = await self._records.subscriptions.life(names)
        own: dict[str, list[tuple[AssignedSubscription, Billed]]] = {}
        for pair in charged:
            own.setdefault(pair[0].account_id, []).append(pair)
        lives: dict[str, list[AccountStep]] = {}
        for step in steps:
            lives.setdefault(step.account_id, []).append(step)
        reading = _Reading(accounts, said, credited, ends, wallets, rules, lives)
        return {
            name: self._facts(reading, accounts[name], own.get(name, []))
            for name in account_ids
            if name in accounts
        }

    async def _with_parents(self, account_ids: Sequence[str]) -> dict[str, Account]:
        """Accounts and everybody above them."""
        found: dict[str, Account] = {}
        missing = list(account_ids)
        while missing:
            read = await self._records.accounts_named(missing)
            found.update((account.account_id, account) for account in read)
            above = {account.parent_id for account in read if account.parent_id is not None}
            missing = sorted(above - found.keys())
        return found

    async def learn_plans(self) -> None:
        """Read what every subscription plan ever said; the same objects as long as they say it.

        Raises:
            StorageDown: the books cannot be read.
        """
        turns: dict[str, list[VersionSince]] = {}
        for turn in await self._records.subscriptions.subscription_turns():
            turns.setdefault(turn.name, []).append(turn)
        histories = {name: await self._history(name, tuple(of)) for name, of in turns.items()}
        self.said = histories

    async def _history(self, name: str, turns: tuple[VersionSince, ...]) -> tuple[Revision, ...]:
        if turns not in self._histories:
            needed = {turn.version for turn in turns if turn.version is not None}
            if any((name, version) not in self._plans for version in needed):
                bodies = await self._records.subscriptions.subscription_bodies(name)
                read = {(name, version): subscription_of(it) for version, it in bodies.items()}
                self._plans = read | self._plans
            plans = {version: self._plans[name, version] for version in needed}
            self._histories[turns] = history(turns, plans)
        return self._histories[turns]

    def _facts(
        self,
        reading: "_Reading",
        account: Account,
        own: Iterable[tuple[AssignedSubscription, Billed]],
    ) -> Facts:
        chain = reading.chain(account)
        zone = self._zone(chain)
        periods = self._calendar(reading, chain)
        dead = reading.outages(chain)
        bills: dict[str, Bill] = {}
        idle: list[Billed] = []
        subscriptions: dict[str, AssignedSubscription] = {}
        for assigned, billed in own:
            subscriptions[billed.assignment_id] = assigned
            life = reading.life(assigned, periods, zone, dead)
            if life is None:
                idle.append(billed)
                continue
            waiting = waiting_of(billed.waiting, life)
            bills[billed.assignment_id] = Bill(life, billed.until_us, billed.next_at_us, waiting)
        tab = Tab(bills, reading.short_us(account))
        return Facts(account, self._paying(reading, account, zone), tab, tuple(idle), subscriptions)

    def _paying(self, reading: "_Reading", account: Account, zone: tzinfo) -> Paying | None:
        wallet_id = reading.wallets.get(account.account_id)
        if wallet_id is None:
            return None
        plan = self._prices.plans.get(account.plan or "")
        limit_micros = None if plan is None else plan.monthly_limit_micros
        return Paying(account.account_id, wallet_id, zone, limit_micros)

    def _zone(self, chain: Sequence[Account]) -> tzinfo:
        name = next((account.time_zone for account in chain if account.time_zone), None)
        return self._prices.zone if name is None else zone_of(name)

    def _calendar(self, reading: "_Reading", chain: Sequence[Account]) -> BillingCalendar:
        """Of the organization, by its own rules."""
        organization = next(
            (one.account_id for one in chain if one.kind is AccountKind.ORGANIZATION), ""
        )
        rules = tuple(reading.rules.get(organization, _NO_RULES))
        if rules not in self._calendars:
            self._calendars[rules] = calendar(rules)
        return self._calendars[rules]


@dataclass(frozen=True, slots=True)
class _Reading:
    """What was read for many accounts."""

    accounts: Mapping[str, Account]
    said: Mapping[str, tuple[Revision, ...]]
    credited: Mapping[str, Sequence[Booking]]
    ends: Mapping[str, Sequence[EarlierEnd]]
    wallets: Mapping[str, str]
    rules: Mapping[str, Sequence[BillingRule]]
    lives: Mapping[str, Sequence[AccountStep]]

    def chain(self, account: Account) -> list[Account]:
        """The account and those above it."""
        chain = [account]
        while (above := self.accounts.get(chain[-1].parent_id or "")) is not None:
            chain.append(above)
        return chain

    def outages(self, chain: Iterable[Account]) -> tuple[Outage, ...]:
        """When an account had no service."""
        steps = [step for account in chain for step in self.lives.get(account.account_id, ())]
        return outages(steps) if steps else ()

    def short_us(self, account: Account) -> int | None:
        """Since when an account is suspended for lack of funds."""
        if Suspension.NO_FUNDS not in account.suspensions:
            return None
        turned = (
            step.at_us
            for step in self.lives.get(account.account_id, ())
            if step.what is Turned.SUSPENDED and step.reason == Suspension.NO_FUNDS
        )
        return max(turned, default=0)

    def life(
        self,
        assigned: AssignedSubscription,
        periods: BillingCalendar,
        zone: tzinfo,
        dead: tuple[Outage, ...],
    ) -> Lifetime | None:
        """The life of a subscription, if it has begun or will at a known instant."""
        said = self.said.get(assigned.subscription)
        if assigned.removed or not said:
            return None
        credited = tuple(self.credited.get(assigned.assignment_id, ()))
        ends = tuple(self.ends.get(assigned.assignment_id, ()))
        return lifetime(assignment_of(assigned, said, dead, credited, ends), periods, zone)
