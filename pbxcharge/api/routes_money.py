"""Routes of money: top-up, adjustment, refund, and the ledger."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse, Response

from pbxcharge.api.desk import Desk, actor, answer, declined
from pbxcharge.api.documents import Document, entry_document, running_balances
from pbxcharge.api.models import MoneyBody, RefundBody
from pbxcharge.core.account import WalletKind, wallet_id
from pbxcharge.core.ledger import Entry
from pbxcharge.core.money import parse_amount
from pbxcharge.flow.acts import Done
from pbxcharge.flow.cashier import MoneyAct, Moved
from pbxcharge.flow.identity import unknown_account
from pbxcharge.flow.office import Office

Actor = Annotated[str, Depends(actor)]
Limit = Annotated[int, Query(ge=1, le=1_000_000)]

READ_AGAIN_MAX = 5


def reading(desk: Desk) -> APIRouter:
    """The ledger."""
    routes = APIRouter()

    @routes.get("/ledger")
    async def ledger(
        account_id: str | None = None, below: bool = False, limit: Limit = 50
    ) -> Response:
        if account_id is not None and await desk.queries.account(account_id) is None:
            return declined(unknown_account(account_id))
        if account_id is not None and not below:
            return JSONResponse({"entries": await _of_wallet(desk, account_id, limit)})
        entries = await desk.queries.ledger(account_id, limit=limit)
        return JSONResponse(
            {"entries": [entry_document(entry, desk.currency) for entry in entries]}
        )

    return routes


def acting(desk: Desk, office: Office) -> APIRouter:
    """Moving money by the operator's hand."""
    routes = APIRouter()
    cashier = office.cashier

    @routes.post("/topups")
    async def top_up(body: MoneyBody, by: Actor) -> JSONResponse:
        amount = parse_amount(body.amount)
        return _moved(desk, await cashier.top_up(body.id, body.account_id, amount, body.note, by))

    @routes.post("/adjustments")
    async def adjust(body: MoneyBody, by: Actor) -> JSONResponse:
        amount = parse_amount(body.amount)
        return _moved(desk, await cashier.adjust(body.id, body.account_id, amount, body.note, by))

    @routes.post("/refunds")
    async def refund(body: RefundBody, by: Actor) -> JSONResponse:
        amount = None if body.amount is None else parse_amount(body.amount)
        return _moved(
            desk,
            await cashier.refund(body.id, body.call_id, body.account_id, amount, body.note, by),
        )

    return routes


def _moved(desk: Desk, act: MoneyAct) -> JSONResponse:
    def document(moved: Moved) -> Document:
        return {"entry": entry_document(moved.entry, desk.currency, moved.balance_micros)}

    if isinstance(act, Done) and not act.already:
        _tell(desk, document(act.result)["entry"])
    return answer(act, document)


def _tell(desk: Desk, entry: Document) -> None:
    account = entry["wallet_id"].partition(":")[0]
    named = ("id", "amount", "balance", "currency", "call_id", "actor")
    desk.tell(entry["kind"], account=account, **{name: entry[name] for name in named})


async def _of_wallet(desk: Desk, account_id: str, limit: int) -> list[Document]:
    """The newest entries of an account's own wallet, each with the balance after it.

    Balance and entries are two questions; if the balance has moved between them, both are asked
    again, and after some times the balances are left out.
    """
    entries: list[Entry] = []
    for _ in range(READ_AGAIN_MAX):
        before = await _balance(desk, account_id)
        wallet = wallet_id(account_id, WalletKind.OUTGOING)
        entries = await desk.queries.ledger(account_id, wallet_id=wallet, limit=limit)
        if before is not None and before == await _balance(desk, account_id):
            balances = running_balances(before, entries)
            pairs = zip(entries, balances, strict=True)
            return [entry_document(entry, desk.currency, after) for entry, after in pairs]
    return [entry_document(entry, desk.currency) for entry in entries]


async def _balance(desk: Desk, account_id: str) -> int | None:
    wallets = await desk.queries.wallets([account_id])
    return wallets[0].balance_micros if wallets else None
