"""What a check of the site's files asks of the books: counts, and names that clash."""

from dataclasses import asdict

from pbxcharge.api.desk import Desk, listed
from pbxcharge.api.documents import Document
from pbxcharge.flow.clock import Clock

PHONES_MAX = 5_000
"""So many phones are looked at in Asterisk; each takes a third of a millisecond."""


async def facts(desk: Desk, owners: str = "", dialled: str = "", dids: str = "") -> Document:
    """Who is charged by which plan, who has what, and what there is of the accounts asked for.

    Args:
        desk: the desk.
        owners: accounts, separated by commas: those of them that exist are named.
        dialled: as they are dialled inside the house: the phones that have them are named.
        dids: numbers of the public network: those of them that are the site's own are named.
    """
    queries = desk.queries
    known = await queries.accounts_named(listed(owners))
    phones = await queries.phones_numbered(listed(dialled))
    numbers = await queries.dids_named(listed(dids))
    now_us = Clock().wall_us()
    used = await queries.subscriptions.offers_used(now_us)
    came_with = await queries.subscriptions.came_with(now_us)
    return {
        "plans": [
            {"plan": plan, "above": above, "accounts": count}
            for plan, above, count in await queries.plan_levels()
        ],
        "products": dict(used.products),
        "subscriptions": dict(used.subscriptions),
        "discounts": dict(used.discounts),
        "came_with": [asdict(each) for each in came_with],
        "accounts": [account.account_id for account in known],
        "phones": [
            {"number": phone.number, "endpoint": phone.endpoint, "account": phone.account_id}
            for phone in phones
        ],
        "endpoints": await queries.endpoints(PHONES_MAX),
        "dids": [{"number": did.number, "account": did.account_id} for did in numbers],
    }
