"""Answers about numbers of the public network."""

from pbxcharge.api.desk import Desk, done, unknown_account
from pbxcharge.api.documents import Document, did_document
from pbxcharge.core.account import Did


async def list_dids(desk: Desk, scope: str | None = None) -> Document:
    """The numbers of an account and of everything below it; without a scope all there are."""
    if scope is not None and await desk.queries.account(scope) is None:
        raise unknown_account(scope)
    return {"dids": [did_document(did) for did in await desk.queries.dids(scope)]}


async def add_did(
    desk: Desk,
    by: str,
    *,
    number: str,
    account_id: str,
    endpoint: str | None = None,
    context: str | None = None,
) -> Document:
    """Give a user a number."""
    act = await desk.acting.numbers.add(Did(number, account_id, endpoint, context), by)
    return done(act, lambda did: {"did": did_document(did)})


async def remove_did(desk: Desk, by: str, *, number: str) -> Document:
    """Take a number away."""
    act = await desk.acting.numbers.remove(number, by)
    return done(act, lambda did: {"did": did_document(did)})
