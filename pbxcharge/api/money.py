"""Answers about money: top-up, adjustment, refund, and the ledger."""

from pbxcharge.api.desk import Desk, declined, done, rows, unknown_account
from pbxcharge.api.documents import Document, entry_document, running_balances
from pbxcharge.core.account_kinds import WalletKind
from pbxcharge.core.ledger import Entry
from pbxcharge.core.money import parse_amount
from pbxcharge.errors import AmountError
from pbxcharge.flow.acts import Done, Refusal
from pbxcharge.flow.cashier import Purse
from pbxcharge.flow.refunds import Refunding
from pbxcharge.flow.till import MoneyAct, Moved
from pbxcharge.flow.wallets import main

READ_AGAIN_MAX = 5


async def top_up(
    desk: Desk,
    by: str,
    *,
    id: str,
    account_id: str,
    amount: str,
    wallet: str | None = None,
    note: str = "",
) -> Document:
    """Add paid credit."""
    micros, kind, cashier = micros_of(amount), _kind(wallet), desk.acting.cashier
    return _moved(desk, await cashier.top_up(id, account_id, micros, note, by, kind))


async def adjust(
    desk: Desk,
    by: str,
    *,
    id: str,
    account_id: str,
    amount: str,
    wallet: str | None = None,
    note: str = "",
) -> Document:
    """Correct a balance."""
    micros, kind, cashier = micros_of(amount), _kind(wallet), desk.acting.cashier
    return _moved(desk, await cashier.adjust(id, account_id, micros, note, by, kind))


async def refund(
    desk: Desk,
    by: str,
    *,
    id: str,
    call_id: str = "",
    entry: str | None = None,
    account_id: str | None = None,
    amount: str | None = None,
    note: str = "",
    closed_month: bool = False,
) -> Document:
    """Give back what a call was charged, or a part of it; or one charge, by its entry."""
    micros = None if amount is None else micros_of(amount)
    wanted = Refunding(id, call_id, account_id, micros, note, closed_month)
    refunds = desk.acting.refunds
    if entry is None:
        return _moved(desk, await refunds.give_back(wanted, by))
    return _moved(desk, await refunds.give_back_entry(entry, wanted, by))


async def ledger(
    desk: Desk,
    account_id: str | None = None,
    below: bool = False,
    wallet: str | None = None,
    limit: int = 50,
) -> Document:
    """The newest entries: of an account's wallet, of all wallets below it, or of the site."""
    if wallet is not None and wallet not in set(WalletKind):
        raise declined(Refusal.NO_WALLET, f"wallets are {', '.join(WalletKind)}")
    if account_id is not None and await desk.queries.account(account_id) is None:
        raise unknown_account(account_id)
    if account_id is not None and not below:
        kind = _kind(wallet) or await _main_kind(desk, account_id)
        return {"entries": await _of_wallet(desk, Purse(account_id, kind), rows(limit))}
    entries = await desk.queries.ledger(account_id, limit=rows(limit))
    return {"entries": [entry_document(entry, desk.currency) for entry in entries]}


def _kind(wallet: str | None) -> WalletKind | None:
    return None if wallet is None else WalletKind(wallet)


async def _main_kind(desk: Desk, account_id: str) -> WalletKind:
    """The wallet that is meant where none is named."""
    wallet = main(await desk.queries.wallets([account_id]))
    return WalletKind.OUTGOING if wallet is None else WalletKind(wallet.kind)


def micros_of(amount: str) -> int:
    """An amount that was written as text, in micro-units.

    Raises:
        ActDeclined: it is none.
    """
    try:
        return parse_amount(amount)
    except AmountError as error:
        raise declined(Refusal.AMOUNT_INVALID, str(error)) from None


def _moved(desk: Desk, act: MoneyAct) -> Document:
    def document(moved: Moved) -> Document:
        return {"entry": entry_document(moved.entry, desk.currency, moved.balance_micros)}

    answer = done(act, document)
    if isinstance(act, Done) and not act.already:
        _tell(desk, answer["entry"])
    return answer


def _tell(desk: Desk, entry: Document) -> None:
    account = entry["wallet_id"].partition(":")[0]
    named = ("id", "amount", "balance", "currency", "call_id", "actor")
    desk.tell(entry["kind"], account=account, **{name: entry[name] for name in named})


async def _of_wallet(desk: Desk, purse: Purse, limit: int) -> list[Document]:
    """The newest entries of one wallet, each with the balance after it.

    Balance and entries are two questions; if the balance has moved between them, both are asked
    again, and after some times the balances are left out.
    """
    entries: list[Entry] = []
    for _ in range(READ_AGAIN_MAX):
        before = await _balance(desk, purse)
        entries = await desk.queries.ledger(
            purse.account_id, wallet_id=purse.wallet_id, limit=limit
        )
        if before is not None and before == await _balance(desk, purse):
            balances = running_balances(before, entries)
            pairs = zip(entries, balances, strict=True)
            return [entry_document(entry, desk.currency, after) for entry, after in pairs]
    return [entry_document(entry, desk.currency) for entry in entries]


async def _balance(desk: Desk, purse: Purse) -> int | None:
    wallets = await desk.queries.wallets([purse.account_id])
    named = (wallet for wallet in wallets if wallet.wallet_id == purse.wallet_id)
    return next((wallet.balance_micros for wallet in named), None)
