"""The credit engine's one rule: `apply` decides an operation on the books as they stand.

Every engine decides as `apply` does, in one step of its own, so that what a grant depends on
cannot change between the question and the answer.
"""

from collections.abc import Mapping
from dataclasses import replace

from pbxcharge.core.credit_terms import (
    Books,
    Close,
    Closed,
    Conflict,
    CreditEngine,
    Decision,
    Hold,
    HoldLine,
    HoldState,
    Opened,
    OpenWallet,
    Operation,
    Outcome,
    OutOfBounds,
    Payer,
    Post,
    Posted,
    Refund,
    RefundTooHigh,
    Refused,
    Reserve,
    Reserved,
    Shortage,
    Wallet,
)
from pbxcharge.core.ledger import Entry, EntryKind, charge_entry_id
from pbxcharge.core.money import AMOUNT_MAX_MICROS, MICROS
from pbxcharge.core.rate import (
    Rate,
    block_start,
    charge_micros,
    longest_talk_s,
    next_block_end,
)

__all__ = [
    "Books",
    "Close",
    "Closed",
    "Conflict",
    "CreditEngine",
    "Decision",
    "Hold",
    "HoldLine",
    "HoldState",
    "OpenWallet",
    "Opened",
    "Operation",
    "OutOfBounds",
    "Outcome",
    "Payer",
    "Post",
    "Posted",
    "Refund",
    "RefundTooHigh",
    "Refused",
    "Reserve",
    "Reserved",
    "Shortage",
    "Wallet",
    "apply",
    "wallets_named",
]


def wallets_named(operation: Operation, holds: Mapping[str, Hold]) -> tuple[str, ...]:
    """The wallets that an engine must know before it applies the operation."""
    match operation:
        case Reserve():
            return tuple(payer.wallet_id for payer in operation.payers)
        case Close():
            hold = holds.get(operation.call_id)
            return tuple(line.wallet_id for line in hold.lines) if hold else ()
        case Post():
            return (operation.entry.wallet_id,)
        case Refund() | OpenWallet():
            return (operation.wallet_id,)


def apply(operation: Operation, books: Books) -> Decision:
    """Decide one operation on the books as they stand: the rule of every credit engine.

    Balance 1.00, rate 0.50 a minute at 60/60: a first Reserve of up to 180 s holds 1.00 through
    120 s; a second call's Reserve is refused with NOT_ENOUGH_CREDIT.

    Raises:
        ValueError: a programmer's error, such as a charge above what is held. Nothing changes.
        KeyError: the books lack a wallet that the operation names.
    """
    match operation:
        case Reserve():
            return _reserve(operation, books)
        case Close():
            return _close(operation, books)
        case Post():
            return _post(operation.entry, books)
        case Refund():
            return _refund(operation, books)
        case OpenWallet():
            return _open(operation, books)


def _reserve(op: Reserve, books: Books) -> Decision:
    hold = books.holds.get(op.call_id)
    if op.call_id in books.ended or (hold is None and op.step > 1):
        return Decision(Refused(op.call_id, op.step, Shortage.CALL_ENDED))
    if hold is not None and hold.step >= op.step:
        return Decision(_reserved(op, hold))
    _check_payers(op, hold)
    through_s = _through_s(op, books, hold)
    if through_s < op.least_s:
        return Decision(
            Refused(op.call_id, op.step, Shortage.NOT_ENOUGH_CREDIT, _poorest(op, books, hold))
        )
    return _raise_hold(op, books, hold, through_s)


def _check_payers(op: Reserve, hold: Hold | None) -> None:
    """What a wallet holds for a call would stay held if another one took its place."""
    if hold is not None and [p.wallet_id for p in op.payers] != [h.wallet_id for h in hold.lines]:
        raise ValueError(f"call {op.call_id}: other wallets than before are to pay")


def _reserved(op: Reserve, hold: Hold) -> Reserved:
    # The answer bears the number of the question, also where the hold has gone further.
    return Reserved(
        op.call_id, op.step, hold.through_s, hold.lines, short=hold.through_s < op.want_s
    )


def _through_s(op: Reserve, books: Books, hold: Hold | None) -> int:
    """Paid talk that may be held now: what fits; later a fair share, at least one block."""
    budgets = [_budget_micros(payer, books, hold) for payer in op.payers]
    if hold is None:
        return _longest_s(op, budgets)
    shared_s = _longest_s(op, [_share_micros(payer, books, hold) for payer in op.payers])
    block_end_s = min(next_block_end(op.payers[0].rate, hold.through_s), op.want_s)
    one_block = shared_s < block_end_s and _fits(op, block_end_s, budgets)
    return max(hold.through_s, block_end_s if one_block else shared_s)


def _budget_micros(payer: Payer, books: Books, hold: Hold | None) -> int:
    """What the call may hold in all. Its own stays its own, and costing nothing more needs none."""
    return _own_micros(payer, hold) + max(0, books.wallets[payer.wallet_id].available_micros)


def _share_micros(payer: Payer, books: Books, hold: Hold) -> int:
    wallet = books.wallets[payer.wallet_id]
    return _own_micros(payer, hold) + max(0, wallet.available_micros) // max(1, wallet.calls)


def _own_micros(payer: Payer, hold: Hold | None) -> int:
    return hold.held_micros(payer.wallet_id) if hold else 0


def _fits(op: Reserve, talk_s: int, budgets: list[int]) -> bool:
    return all(
        charge_micros(payer.rate, talk_s) <= budget
        for payer, budget in zip(op.payers, budgets, strict=True)
    )


def _longest_s(op: Reserve, budgets: list[int]) -> int:
    if _fits(op, op.want_s, budgets):
        return op.want_s
    longest = min(
        longest_talk_s(payer.rate, budget, op.want_s)
        for payer, budget in zip(op.payers, budgets, strict=True)
    )
    return _whole_blocks_s(op.payers[0].rate, min(longest, op.want_s))


def _whole_blocks_s(rate: Rate, talk_s: int) -> int:
    """Talk rounded down to whole blocks of the caller's own rate."""
    start_s = block_start(rate, talk_s + 1)
    return start_s if start_s <= talk_s else 0


def _poorest(op: Reserve, books: Books, hold: Hold | None) -> str:
    for payer in op.payers:
        if charge_micros(payer.rate, op.least_s) > _budget_micros(payer, books, hold):
            return payer.wallet_id
    return op.payers[-1].wallet_id


def _raise_hold(op: Reserve, books: Books, hold: Hold | None, through_s: int) -> Decision:
    lines = tuple(HoldLine(p.wallet_id, charge_micros(p.rate, through_s)) for p in op.payers)
    wallets = tuple(
        books.wallets[line.wallet_id].moved(
            balance_micros=0,
            held_micros=line.amount_micros - (hold.held_micros(line.wallet_id) if hold else 0),
            calls=1 if hold is None else 0,
        )
        for line in lines
    )
    expires_at_us = op.lease_from_us + through_s * MICROS
    raised = Hold(op.call_id, op.step, through_s, lines, op.node, expires_at_us)
    return Decision(_reserved(op, raised), wallets, raised)


def _close(op: Close, books: Books) -> Decision:
    hold = books.holds.get(op.call_id)
    if hold is None:
        return Decision(Closed(op.call_id, repeated=True))
    charged = {line.wallet_id: line.amount_micros for line in op.charges}
    _check_charges(hold, charged)
    wallets = tuple(_release(books.wallets[line.wallet_id], line, charged) for line in hold.lines)
    entries = tuple(_charge_entry(op, line) for line in op.charges if line.amount_micros)
    state = HoldState.POSTED if entries else HoldState.VOIDED
    return Decision(Closed(op.call_id), wallets, replace(hold, state=state), entries)


def _check_charges(hold: Hold, charged: Mapping[str, int]) -> None:
    for wallet, amount in charged.items():
        if not 0 <= amount <= hold.held_micros(wallet):
            raise ValueError(
                f"call {hold.call_id}: charge {amount} of {wallet} is not within its hold"
            )


def _release(wallet: Wallet, line: HoldLine, charged: Mapping[str, int]) -> Wallet:
    return wallet.moved(-charged.get(wallet.wallet_id, 0), -line.amount_micros, calls=-1)


def _charge_entry(op: Close, line: HoldLine) -> Entry:
    return Entry(
        entry_id=charge_entry_id(op.call_id, line.wallet_id),
        wallet_id=line.wallet_id,
        kind=EntryKind.CHARGE,
        amount_micros=-line.amount_micros,
        at_us=op.at_us,
        actor=op.actor,
        call_id=op.call_id,
    )


def _post(entry: Entry, books: Books) -> Decision:
    wallet = books.wallets[entry.wallet_id]
    existing = books.entries.get(entry.entry_id)
    if existing is not None:
        if existing.same_command(entry):
            return Decision(Posted(existing, wallet.balance_micros, repeated=True))
        return Decision(Conflict(entry, existing))
    balance = wallet.balance_micros + entry.amount_micros
    if abs(balance) > AMOUNT_MAX_MICROS or abs(entry.amount_micros) > AMOUNT_MAX_MICROS:
        return Decision(OutOfBounds(entry))
    return Decision(
        Posted(entry, balance), (replace(wallet, balance_micros=balance),), entries=(entry,)
    )


def _refund(op: Refund, books: Books) -> Decision:
    charge_id = charge_entry_id(op.call_id, op.wallet_id)
    charged = -books.entries[charge_id].amount_micros if charge_id in books.entries else 0
    # A refund given twice is measured without itself, so that its own amount is still left.
    others = [
        entry.amount_micros
        for entry in books.entries.values()
        if entry.reverses == charge_id and entry.entry_id != op.entry_id
    ]
    left = charged - sum(others)
    amount = left if op.amount_micros is None else op.amount_micros
    if op.entry_id not in books.entries and not 0 < amount <= left:
        return Decision(RefundTooHigh(op.entry_id, charged, sum(others)))
    return _post(_refund_entry(op, charge_id, amount), books)


def _refund_entry(op: Refund, charge_id: str, amount_micros: int) -> Entry:
    return Entry(
        entry_id=op.entry_id,
        wallet_id=op.wallet_id,
        kind=EntryKind.REFUND,
        amount_micros=amount_micros,
        at_us=op.at_us,
        actor=op.actor,
        call_id=op.call_id,
        reverses=charge_id,
        note=op.note,
    )


def _open(op: OpenWallet, books: Books) -> Decision:
    known = books.wallets.get(op.wallet_id) or Wallet(op.wallet_id, op.account_id, op.kind)
    wallet = replace(known, floor_micros=op.floor_micros)
    return Decision(Opened(wallet), (wallet,))
