"""Routes of accounts and extensions."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse, Response

from pbxcharge.api.desk import Desk, actor, answer, declined
from pbxcharge.api.documents import Document, account_document, extension_document
from pbxcharge.api.models import AccountBody, ExtensionBody, PlanBody, StatusBody
from pbxcharge.core.account import Account, AccountStatus, Extension
from pbxcharge.flow.acts import Declined, Done
from pbxcharge.flow.identity import unknown_account
from pbxcharge.flow.office import Office
from pbxcharge.flow.standing import stand

Actor = Annotated[str, Depends(actor)]


def reading(desk: Desk) -> APIRouter:
    """Who there is, and what they have."""
    routes = APIRouter()

    @routes.get("/accounts")
    async def accounts(scope: str | None = None) -> Response:
        found = await desk.queries.accounts(scope)
        if scope is not None and not found:
            return declined(unknown_account(scope))
        return JSONResponse({"accounts": await _documents(desk, found, scope)})

    @routes.get("/account")
    async def account(account_id: str) -> Response:
        found = await desk.queries.account(account_id)
        if found is None:
            return declined(unknown_account(account_id))
        (document,) = await _documents(desk, [found], account_id)
        return JSONResponse({"account": document})

    return routes


def acting(desk: Desk, office: Office) -> APIRouter:
    """Adding and changing them."""
    routes = APIRouter()
    provisioning = office.provisioning

    @routes.post("/accounts")
    async def add_account(body: AccountBody, by: Actor) -> JSONResponse:
        wanted = Account(
            body.account_id, body.kind, body.parent_id, body.name, body.plan, AccountStatus.ACTIVE
        )
        act = await provisioning.add_account(wanted, by)
        return await _answer(desk, act)

    @routes.post("/accounts/plan")
    async def set_plan(body: PlanBody, by: Actor) -> JSONResponse:
        act = await provisioning.set_plan(body.account_id, body.plan, by)
        return await _answer(desk, act)

    @routes.post("/accounts/status")
    async def set_status(body: StatusBody, by: Actor) -> JSONResponse:
        act = await provisioning.set_status(body.account_id, body.status, by)
        if isinstance(act, Done) and desk.meter is not None:
            await stand(desk.meter, desk.queries, act.result)
        return await _answer(desk, act)

    @routes.post("/extensions")
    async def add_extension(body: ExtensionBody, by: Actor) -> JSONResponse:
        wanted = Extension(body.endpoint, body.number, body.account_id)
        act = await provisioning.add_extension(wanted, by)
        return answer(act, lambda extension: {"extension": extension_document(extension)})

    return routes


async def _answer(desk: Desk, act: Done[Account] | Declined) -> JSONResponse:
    if isinstance(act, Declined):
        return declined(act)
    (document,) = await _documents(desk, [act.result], act.result.account_id)
    return answer(act, lambda _: {"account": document})


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
