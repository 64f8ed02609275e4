"""Answers about what subscriptions are charged, and will be."""

import asyncio
from dataclasses import replace
from datetime import tzinfo

from pbxcharge.api.calls import micros
from pbxcharge.api.desk import Desk, declined, unknown_account
from pbxcharge.api.documents import Document, instant, money
from pbxcharge.core.account import Account
from pbxcharge.core.billing import Bill, Tab
from pbxcharge.core.billing_period import add_months
from pbxcharge.core.billing_preview import Foreseen, Purse, preview
from pbxcharge.core.billing_record import Paying
from pbxcharge.core.limits import IDLE
from pbxcharge.core.month import month_start_us
from pbxcharge.core.period import instant_us, local_day, midnight_us
from pbxcharge.core.subscription import Closing, EarlierEnd, lifetime
from pbxcharge.core.subscription_schedule import OwedKind
from pbxcharge.flow.acts import Refusal
from pbxcharge.flow.billing import FROM_DUE, FROM_WAITING
from pbxcharge.flow.billing_facts import BillingFacts, Facts
from pbxcharge.flow.billing_run import BillingRun
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.zones import local_text

MONTHS_MAX = 120


async def run(desk: Desk, by: str, *, until: str | None = None, place: str = "") -> Document:
    """Charge some of what is owed by an instant, now without one; `next` is where it goes on."""
    if desk.billing is None:
        raise declined(Refusal.NOT_ALLOWED, "the books are only read here")
    now_us = Clock().wall_us()
    until_us = now_us if until is None else micros(until)
    if until_us > now_us:
        message = f"{until} is still to come: `bill preview` shows what will be charged by then"
        raise declined(Refusal.OUT_OF_BOUNDS, message)
    done = BillingRun(until_us)
    if not place:
        await desk.billing.first_use.look()
    begins = FROM_WAITING if until is None else FROM_DUE
    following = await desk.billing.some(done, place or begins)
    await desk.billing.sum_up(done)
    return {**_run_document(done, desk.currency), "next": following}


async def foresee(
    desk: Desk, account_id: str, months: int = 12, close: str | None = None
) -> Document:
    """Every charge and credit of an account's subscriptions in so many months; nothing is written.

    `close` is the instant at which all of them would be closed, or a day by the account's clocks.
    """
    if not 1 <= months <= MONTHS_MAX:
        raise declined(Refusal.OUT_OF_BOUNDS, f"a preview is of 1 to {MONTHS_MAX} months")
    reading = BillingFacts(desk.queries, desk.prices)
    await reading.learn_plans()
    facts = (await reading.read([account_id])).get(account_id)
    if facts is None:
        raise unknown_account(account_id)
    if facts.paying is None:
        raise declined(Refusal.NO_WALLET, f"{account_id} has no wallet to pay fees from")
    now_us = Clock().wall_us()
    zone = facts.paying.zone
    until_us = midnight_us(add_months(local_day(now_us, zone), months), zone)
    tab = facts.tab
    if close is not None:
        tab = _closed(tab, max(_instant_us(close, zone), now_us), now_us)
    purse = await _purse(desk, facts.account, facts.paying, now_us)
    wallet = purse.wallet
    # Years of daily fees take a while, and calls must not wait for it.
    lines = await asyncio.to_thread(preview, tab, facts.paying, purse, until_us)
    return {
        "account_id": account_id,
        "currency": desk.currency,
        "from": instant(now_us),
        "until": instant(until_us),
        "zone": str(zone),
        "wallet_id": wallet.wallet_id,
        "balance": money(wallet.balance_micros),
        "available": money(wallet.available_micros),
        "lines": [_line(one, zone) for one in lines],
        "totals": _totals(lines),
        "balance_after": money(purse.wallet.balance_micros),
        "not_begun": _not_begun(facts),
    }


def _instant_us(text: str, zone: tzinfo) -> int:
    try:
        return instant_us(text, zone)
    except ValueError as error:
        raise declined(Refusal.INSTANT_INVALID, str(error)) from None


def _closed(tab: Tab, at_us: int, now_us: int) -> Tab:
    bills = {name: _closing(bill, Closing(at_us, now_us)) for name, bill in tab.bills.items()}
    return replace(tab, bills={name: bill for name, bill in bills.items() if bill is not None})


def _closing(bill: Bill, closing: Closing) -> Bill | None:
    """A subscription that is closed then, unless it is before; None if it never begins."""
    known = bill.life.assignment.closing
    if known is not None and known.at_us <= closing.at_us:
        return bill
    earlier = bill.life.assignment.earlier
    if known is not None:
        earlier = (*earlier, EarlierEnd(known.at_us, known.known_us))
    assignment = replace(bill.life.assignment, closing=closing, earlier=earlier)
    life = lifetime(assignment, bill.life.calendar, bill.life.zone)
    if life is None:
        return None
    next_us = closing.at_us if bill.next_us is None else min(bill.next_us, closing.at_us)
    return replace(bill, life=life, next_us=next_us)


async def _purse(desk: Desk, account: Account, paying: Paying, now_us: int) -> Purse:
    wallets = await desk.queries.wallets([account.account_id])
    wallet = next(each for each in wallets if each.wallet_id == paying.wallet_id)
    if paying.monthly_limit_micros is None:
        return Purse(wallet)
    month_us = month_start_us(paying.zone, now_us)
    spent_micros = await desk.queries.charged_micros(account.account_id, month_us)
    return Purse(wallet, IDLE.with_month(month_us, spent_micros))


def _run_document(done: BillingRun, currency: str) -> Document:
    kinds = [kind for kind in OwedKind if done.charged[kind]]
    return {
        "until": instant(done.until_us),
        "currency": currency,
        "accounts": done.accounts,
        "charged": [
            {"kind": str(kind), "count": done.charged[kind], "amount": money(done.micros[kind])}
            for kind in kinds
        ],
        "suspended": done.suspended,
        "resumed": done.resumed,
        "waiting": {"accounts": done.waiting, "amount": money(done.waiting_micros)},
        "failed": [{"account_id": name, "why": why} for name, why in done.failed.items()],
    }


def _line(one: Foreseen, zone: tzinfo) -> Document:
    at = {"at": instant(one.at_us), "local": local_text(zone, one.at_us)}
    balance = money(one.balance_micros)
    if one.item is None:
        what = "suspended" if one.short else "resumed"
        return {**at, "what": what, "balance": balance}
    owed = one.item.owed
    return {
        **at,
        "what": str(owed.kind),
        "assignment_id": one.item.assignment_id,
        "subscription": owed.terms.plan.name,
        "period_first": owed.period.first.isoformat(),
        "period_until": owed.period.until.isoformat(),
        "owed_at": instant(owed.at_us),
        "amount": money(owed.amount_micros),
        "balance": balance,
    }


def _totals(lines: list[Foreseen]) -> Document:
    micros_of = dict.fromkeys(OwedKind, 0)
    for one in lines:
        if one.item is not None:
            micros_of[one.item.owed.kind] += one.item.owed.amount_micros
    sums = {str(kind): money(sum_) for kind, sum_ in micros_of.items() if sum_}
    return {**sums, "all": money(sum(micros_of.values()))}


def _not_begun(facts: Facts) -> list[Document]:
    """Subscriptions that begin with the first call, which nobody foresees."""
    named = [facts.subscriptions[billed.assignment_id] for billed in facts.idle]
    return [
        {"assignment_id": one.assignment_id, "subscription": one.subscription}
        for one in named
        if not one.removed and one.closed_at_us is None
    ]
