"""`topup`, `adjust`, `refund`, `balance`, `ledger`: money by the operator's hand."""

import time
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from pbxcharge.cli.account import AccountId, Subtree
from pbxcharge.cli.command import Run, command
from pbxcharge.cli.output import at, say, table
from pbxcharge.core.account_kinds import WalletKind

# Else `-5` would be looked for among the options.
SIGNED = {"ignore_unknown_options": True}

Document = dict[str, Any]
Amount = Annotated[str, typer.Argument(metavar="AMOUNT", help="Decimal number, such as 10.00.")]
Id = Annotated[
    str | None,
    typer.Option(
        "--id",
        help="Id of this command: given again, it changes nothing. Made and printed if missing.",
        show_default=False,
    ),
]
Note = Annotated[str, typer.Option(help="One line for people, kept with the entry.")]
Wallet = Annotated[
    WalletKind | None,
    typer.Option(
        help="For calls made, from outside, or both; by default the shared or the outgoing one.",
        show_default=False,
    ),
]


def add_to(app: typer.Typer) -> None:
    """The commands of money, at the top of the command line."""
    command(
        app,
        "topup",
        examples=(
            "pbxcharge topup alice 10.00 --id invoice-4711",
            "pbxcharge topup alice 5.00 --wallet incoming   # for calls from outside",
        ),
        context_settings=SIGNED,
    )(topup)
    command(
        app,
        "adjust",
        examples=("pbxcharge adjust alice -2.50 --note 'charged twice in May'",),
        context_settings=SIGNED,
    )(adjust)
    command(
        app,
        "refund",
        examples=(
            "pbxcharge refund 019a0c5d3b1fc4d8a1e2f3 --note 'bad line'",
            "pbxcharge refund 019a0c5d3b1fc4d8a1e2f3 --amount 0.50",
            "pbxcharge refund charge:019a0c5d3b1fc4d8a1e2f3:acme:outgoing",
        ),
    )(refund)
    command(
        app,
        "balance",
        examples=("pbxcharge balance alice", "pbxcharge balance"),
    )(balance)
    command(
        app,
        "ledger",
        examples=("pbxcharge ledger alice --limit 20",),
    )(ledger)


async def topup(
    run: Run,
    account_id: AccountId,
    amount: Amount,
    wallet: Wallet = None,
    entry_id: Id = None,
    note: Note = "",
) -> None:
    """Add paid credit; running calls go on longer."""
    paid = {"account_id": account_id, "amount": amount, "wallet": wallet, "note": note}
    await _move(run, "/topups", entry_id, "topup", **paid)


async def adjust(
    run: Run,
    account_id: AccountId,
    amount: Amount,
    note: Note,
    wallet: Wallet = None,
    entry_id: Id = None,
) -> None:
    """Correct a balance by a signed amount; the note says why."""
    moved = {"account_id": account_id, "amount": amount, "wallet": wallet, "note": note}
    await _move(run, "/adjustments", entry_id, "adjust", **moved)


async def refund(
    run: Run,
    call_id: Annotated[
        str, typer.Argument(metavar="CALL|ENTRY", help="Id of the call, or of one of its charges.")
    ],
    amount: Annotated[
        str | None, typer.Option(help="How much; by default all that is left of the charge.")
    ] = None,
    account: Annotated[
        str | None, typer.Option(help="Whose charge of the call; by default the caller's own.")
    ] = None,
    closed_month: Annotated[
        bool, typer.Option("--closed-month", help="Also of a month that is closed.")
    ] = False,
    entry_id: Id = None,
    note: Note = "",
) -> None:
    """Give back what a call was charged, or a part of it."""
    # Ids of the system's own entries have a colon, those of calls have none.
    of = {"entry": call_id} if ":" in call_id else {"call_id": call_id}
    await _move(
        run,
        "/refunds",
        entry_id,
        "refund",
        **of,
        closed_month=closed_month,
        amount=amount,
        account_id=account,
        note=note,
    )


async def balance(run: Run, account_id: Subtree = None) -> None:
    """Show balances: what is there, held, and left to spend."""
    from pbxcharge.cli.reach import read

    answer = await read(run, lambda api: api.get("/accounts", scope=account_id))
    wallets = list(_wallets(answer["accounts"]))
    run.show({"wallets": wallets}, lambda: _balances(wallets))


async def ledger(
    run: Run,
    account_id: Annotated[
        str | None, typer.Argument(metavar="[ACCOUNT]", help="By default the whole site.")
    ] = None,
    below: Annotated[bool, typer.Option("--below", help="Also accounts below this one.")] = False,
    wallet: Wallet = None,
    limit: Annotated[int, typer.Option(min=1, help="So many of the newest entries.")] = 50,
) -> None:
    """Show the ledger's newest entries."""
    from pbxcharge.cli.reach import read

    asked = {
        "account_id": account_id,
        "below": below or None,
        "wallet": wallet and str(wallet),
        "limit": limit,
    }
    answer = await read(run, lambda api: api.get("/ledger", **asked))
    entries = answer["entries"][::-1]
    run.show({"entries": entries}, lambda: _entries(entries))


async def _move(run: Run, path: str, entry_id: str | None, kind: str, **body: Any) -> None:
    from pbxcharge.cli.reach import act

    body["id"] = entry_id or new_id(kind)
    answer = await act(run, lambda api: api.act(path, **body))
    run.show(answer, lambda: _say_moved(answer))


def new_id(kind: str) -> str:
    """An id for a command that was given none: its kind, the millisecond, and chance."""
    import secrets

    return f"{kind}-{time.time_ns() // 1_000_000:012x}{secrets.token_hex(4)}"


def _say_moved(answer: Document) -> None:
    entry = answer["entry"]
    before = "already done: " if answer["already"] else ""
    sign = "" if entry["amount"].startswith("-") else "+"
    say(
        f"{before}{entry['wallet_id']} {sign}{entry['amount']} {entry['currency']}, "
        f"balance {entry['balance']} {entry['currency']}, id {entry['id']}"
    )


def _wallets(accounts: list[Document]) -> Iterator[Document]:
    for account in accounts:
        for wallet in account["wallets"]:
            yield {"account_id": account["account_id"], "status": account["status"], **wallet}


def _balances(wallets: list[Document]) -> None:
    columns = [("account", "<"), ("wallet", "<"), ("status", "<")]
    amounts = ("balance", "held", "credit_limit", "available")
    table(
        [
            *columns,
            *((amount.replace("_", " "), ">") for amount in amounts),
            ("", "<"),
            ("live calls", ">"),
        ],
        (
            (
                wallet["account_id"],
                wallet["kind"],
                wallet["status"],
                *(wallet[amount] or "no floor" for amount in amounts),
                wallet["currency"],
                wallet["live_calls"],
            )
            for wallet in wallets
        ),
        "no wallets: give an account a plan (pbxcharge account set-plan)",
    )


def _entries(entries: list[Document]) -> None:
    table(
        [
            ("at (UTC)", "<"),
            ("wallet", "<"),
            ("kind", "<"),
            ("amount", ">"),
            ("balance", ">"),
            ("", "<"),
            ("id", "<"),
            ("by", "<"),
            ("note", "<"),
        ],
        (
            (
                at(entry["at"]),
                entry["wallet_id"],
                entry["kind"],
                entry["amount"],
                entry["balance"],
                entry["currency"],
                entry["id"],
                entry["actor"],
                entry["note"],
            )
            for entry in entries
        ),
        "no entries",
    )
