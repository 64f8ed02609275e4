"""Answers about accounts and extensions."""

from collections import defaultdict
from collections.abc import Sequence

from pbxcharge.api.desk import Desk, done, unknown_account, was_done
from pbxcharge.api.documents import (
    Document,
    account_document,
    extension_document,
    limits_document,
    month_document,
)
from pbxcharge.core.account import Account, Extension
from pbxcharge.core.account_kinds import AccountKind, AccountStatus
from pbxcharge.core.limits import Activity
from pbxcharge.core.money import format_amount
from pbxcharge.core.month import month_start_us
from pbxcharge.core.plan import Plan
from pbxcharge.flow.acts import Declined, Done
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.standing import review
from pbxcharge.flow.zones import zone_name, zone_of


async def list_accounts(desk: Desk, scope: str | None = None) -> Document:
    """An account and everything below it; without a scope all there are."""
    found = await desk.queries.accounts(scope)
    if scope is not None and not found:
        raise unknown_account(scope)
    return {"accounts": await _documents(desk, found, scope)}


async def show_account(desk: Desk, account_id: str) -> Document:
    """One account, and how near its limits it is."""
    found = await desk.queries.account(account_id)
    if found is None:
        raise unknown_account(account_id)
    (document,) = await _documents(desk, [found], account_id)
    zone = zone_name(await desk.queries.chain(account_id), str(desk.prices.zone))
    document |= {"time_zone_in_force": zone}
    plan = desk.prices.plans.get(found.plan or "")
    if plan is None:
        return {"account": document}
    document |= {"plan_type": str(plan.kind), "plan_owner": plan.owner}
    now_us = Clock().wall_us()
    activity = await desk.queries.activity(account_id, now_us)
    limits = limits_document(plan.limits, activity, now_us)
    return {"account": await _of_month(desk, document, plan, activity, zone), "limits": limits}


async def _of_month(
    desk: Desk, document: Document, plan: Plan, activity: Activity, zone: str
) -> Document:
    """The account with what it may still spend in this month of its zone, if that is limited."""
    if plan.monthly_limit_micros is None:
        return document
    from_us = month_start_us(zone_of(zone), Clock().wall_us())
    charged = await desk.queries.charged_micros(document["account_id"], from_us)
    month = activity.with_month(from_us, charged)
    left = month.month_room_micros(plan.account_limits, from_us) or 0
    for wallet in document["wallets"]:
        if wallet["available"] is None:
            wallet["available"] = format_amount(left)
    used = charged + activity.held_micros
    return document | {"month": month_document(plan.monthly_limit_micros, used, left, from_us)}


async def add_account(
    desk: Desk,
    by: str,
    *,
    account_id: str,
    kind: str,
    name: str,
    parent_id: str | None = None,
    plan: str | None = None,
    code: str | None = None,
    time_zone: str | None = None,
    product: str | None = None,
    product_id: str = "",
) -> Document:
    """Add a service provider, an organization or a user, with a main product maybe.

    Without one it is charged by its plan. The product is assigned once the account is there: given
    again, what is missing of it is done.
    """
    active = AccountStatus.ACTIVE
    place = AccountKind(kind), parent_id
    wanted = Account(account_id, *place, name, plan, active, code, time_zone)
    act = await desk.acting.provisioning.add_account(wanted, by)
    if product is not None and isinstance(act, Done):
        act = await desk.acting.products.set_main(product_id, account_id, product, by)
    return await account_answer(desk, act)


async def set_plan(desk: Desk, by: str, *, account_id: str, plan: str | None) -> Document:
    """Charge an account by another plan, or by none; running calls keep their price.

    Those of a kind that the plan does not allow get no further slice.
    """
    try:
        act = await desk.acting.provisioning.set_plan(account_id, plan, by)
    finally:
        # Also of a plan that was not set: running calls were bounded by it before it was tried.
        await obeyed(desk, account_id)
    return await account_answer(desk, act)


async def set_status(desk: Desk, by: str, *, account_id: str, status: str) -> Document:
    """Say what an account may do; once that is durable, its running calls obey."""
    wanted = AccountStatus(status)
    act = await desk.acting.provisioning.set_status(account_id, wanted, by)
    if isinstance(act, Done):
        await obeyed(desk, account_id)
    return await account_answer(desk, act)


async def set_time_zone(desk: Desk, by: str, *, account_id: str, time_zone: str | None) -> Document:
    """Say whose clocks count for an account and those below it."""
    return await account_answer(
        desk, await desk.acting.provisioning.set_time_zone(account_id, time_zone, by)
    )


async def add_extension(
    desk: Desk, by: str, *, endpoint: str, number: str, account_id: str
) -> Document:
    """Give a user a phone."""
    wanted = Extension(endpoint, number, account_id)
    act = await desk.acting.provisioning.add_extension(wanted, by)
    return done(act, lambda extension: {"extension": extension_document(extension)})


async def obeyed(desk: Desk, account_id: str) -> None:
    """Running calls are told what an account lets them do now."""
    if desk.meter is not None:
        now_us = Clock().wall_us()
        plans, offering = desk.prices.plans, desk.prices.offering
        await review(desk.meter, desk.queries, plans, now_us, account_id, offering)


async def account_answer(desk: Desk, act: Done[Account] | Declined) -> Document:
    """What an act about an account answers: the account as it is now."""
    account = was_done(act).result
    (document,) = await _documents(desk, [account], account.account_id)
    return done(act, lambda _: {"account": document})


async def _documents(desk: Desk, accounts: Sequence[Account], scope: str | None) -> list[Document]:
    """Accounts with their wallets and extensions; all of them lie within the scope."""
    wallets = defaultdict(list)
    for wallet in await desk.queries.wallets([account.account_id for account in accounts]):
        wallets[wallet.account_id].append(wallet)
    extensions = defaultdict(list)
    for extension in await desk.queries.extensions(scope):
        extensions[extension.account_id].append(extension)
    return [
        account_document(
            account, wallets[account.account_id], extensions[account.account_id], desk.currency
        )
        for account in accounts
    ]
