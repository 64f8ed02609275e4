"""Acts about the life of accounts: when they expire, what is overdue, how they are billed."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from pbxcharge.core.account import Account
from pbxcharge.core.account_kinds import AccountKind, Suspension
from pbxcharge.core.billing_period import BillingRule
from pbxcharge.core.effects import AccountSaved, BillingRuleSet, BillingWoken
from pbxcharge.core.period import local_day
from pbxcharge.core.subscription_schedule import earliest_change
from pbxcharge.flow.acts import Declined, Done, Refusal
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.identity import unknown_account
from pbxcharge.flow.lives import Lives
from pbxcharge.flow.ports import Writer
from pbxcharge.flow.records import Records

Act = Done[Account] | Declined
AHEAD_YEARS = 10


class AccountTerms:
    """Writes what becomes of accounts; each act is safe to repeat.

    Args:
        writer: the one writer.
        records: what is committed.
        lives: how subscriptions stand.
        clock: when it happens.
        turn: of everybody who changes accounts.
    """

    def __init__(
        self, writer: Writer, records: Records, lives: Lives, clock: Clock, turn: asyncio.Lock
    ) -> None:
        self._writer = writer
        self._records = records
        self._lives = lives
        self._clock = clock
        self._turn = turn

    async def expire(self, account_id: str, at_us: int | None, actor: str) -> Act:
        """Have an account expire at an instant; never by None. One that has passed is at once."""
        async with self._turn:
            account = await self._records.account(account_id)
            if account is None:
                return unknown_account(account_id)
            return await self._saved(account, replace(account, expires_at_us=at_us), actor)

    async def suspend(
        self, account_id: str, reason: Suspension, actor: str, *, on: bool = True
    ) -> Act:
        """Suspend an account for what it owes, or resume it from that.

        Whether its funds do for a fee is found out by the billing engine, again and again.
        """
        if reason is Suspension.NO_FUNDS:
            message = "no_funds comes with a fee that does not fit, and goes when it does"
            hint = "top the account up; or suspend it as overdue"
            return Declined(Refusal.NOT_ALLOWED, message, hint, "reason")
        async with self._turn:
            account = await self._records.account(account_id)
            if account is None:
                return unknown_account(account_id)
            reasons = account.suspensions | {reason} if on else account.suspensions - {reason}
            return await self._saved(account, replace(account, suspensions=reasons), actor)

    async def set_manager(self, account_id: str, reseller: str | None, actor: str) -> Act:
        """Say whose account it is, and those below it: a service provider's, or the operator's."""
        async with self._turn:
            account = await self._records.account(account_id)
            if account is None:
                return unknown_account(account_id)
            if reseller is not None:
                by = await self._records.account(reseller)
                if by is None:
                    return unknown_account(reseller, "managed_by")
                if by.kind is not AccountKind.SERVICE_PROVIDER:
                    message = f"{reseller} is a {by.kind}"
                    hint = "resellers are service providers"
                    refusal = Refusal.NOT_A_SERVICE_PROVIDER
                    return Declined(refusal, message, hint, "managed_by")
            return await self._saved(account, replace(account, managed_by=reseller), actor)

    async def set_billing(self, account_id: str, rule: BillingRule, actor: str) -> Act:
        """Have an organization billed by another period or anchor, from a day on.

        From the beginning where nothing was ever charged. Else the earliest day is tomorrow, or
        after the last period that is paid ahead; `rule.since` may name a later one.
        """
        async with self._turn:
            account = await self._records.account(account_id)
            if account is None:
                return unknown_account(account_id)
            if account.kind is not AccountKind.ORGANIZATION:
                message = f"{account_id} is a {account.kind}"
                hint = "organizations have billing periods; it counts for all their users"
                return Declined(Refusal.NOT_AN_ORGANIZATION, message, hint, "account")
            return await self._set_billing(account, rule, actor)

    async def _set_billing(self, account: Account, rule: BillingRule, actor: str) -> Act:
        now_us = self._clock.wall_us()
        customer = await self._lives.customer(account.account_id)
        below = [each.account_id for each in await self._records.accounts(account.account_id)]
        own = await self._records.subscriptions.of_accounts(below)
        standing = await self._lives.standing([each for each in own if not each.removed])
        today = local_day(now_us, customer.zone)
        days = [earliest_change(it.life, now_us) for it in standing if it.life is not None]
        earliest = max([today + timedelta(days=1), *days]) if own else date.min
        since = rule.since if rule.since != date.min else earliest
        latest = date(today.year + AHEAD_YEARS, 12, 31)
        if since > latest:
            message = f"a billing period is changed at most {AHEAD_YEARS} years ahead"
            hint = f"choose {latest} or an earlier day"
            return Declined(Refusal.INSTANT_INVALID, message, hint, "from")
        if since < earliest:
            message = f"what is charged already keeps the billing period until {earliest}"
            hint = f"choose {earliest} or a later day"
            return Declined(Refusal.INSTANT_INVALID, message, hint, "from")
        rules = customer.calendar.rules
        last = rules[-1]
        if (last.cycle, last.anchor) == (rule.cycle, rule.anchor) and last.since <= since:
            return Done(account, already=True)
        woken = [BillingWoken(it.assigned.assignment_id, now_us) for it in standing]
        said = BillingRuleSet(account.account_id, replace(rule, since=since), now_us, actor)
        await self._writer.submit((), [said, *woken])
        return Done(account)

    async def _saved(self, account: Account, changed: Account, actor: str) -> Act:
        if changed == account:
            return Done(account, already=True)
        saved: Sequence[AccountSaved] = [AccountSaved(changed, self._clock.wall_us(), actor)]
        await self._writer.submit((), saved)
        return Done(changed)
