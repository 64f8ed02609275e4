"""What a check of the site's files asks of the books: counts, and names that clash."""

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
    used = await queries.subscriptions.offers_used(Clock().wall_us())
    return {
        "plans": [
            {"plan": plan, "above": above, "accounts": count}
            for plan, above, count in await queries.plan_levels()
        ],
        "products": dict(used.products),
        "subscriptions": dict(used.subscriptions),
        "accounts": [account.account_id for account in known],
        "phones": [
            {"number": phone.number, "endpoint": phone.endpoint, "account": phone.account_id}
            for phone in phones
        ],
        "endpoints": await queries.endpoints(PHONES_MAX),
        "dids": [{"number": did.number, "account": did.account_id} for did in numbers],
    }
