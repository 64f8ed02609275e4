"""Reservations: what a slice of a call may hold, by the credit and the limits of every payer."""

from collections.abc import Sequence
from dataclasses import replace

from pbxcharge.core.allowances import NOTHING, Taken, allow
from pbxcharge.core.credit_terms import (
    Books,
    Decision,
    Payer,
    Refused,
    Reserve,
    Reserved,
    Shortage,
)
from pbxcharge.core.holds import Hold, HoldLine, Wallet
from pbxcharge.core.limits import IDLE, Activity
from pbxcharge.core.money import AMOUNT_MAX_MICROS, MICROS
from pbxcharge.core.price import (
    AnyPrice,
    block_start,
    charge_micros,
    longest_talk_s,
    next_block_end,
)


def reserve(op: Reserve, books: Books) -> Decision:
    """Decide a reservation: the next step of a hold, or the first reason against it.

    Ten live calls, and ten are allowed: refused with CONCURRENT_CALLS, whatever the credit.

    Raises:
        ValueError: other wallets than before are to pay.
        KeyError: the books lack a wallet that pays.
    """
    decision = _decision(op, books)
    if op.horizon_s is None or op.call_id in books.ended or op.call_id in books.holds:
        return decision
    assert isinstance(decision.outcome, Reserved | Refused)  # noqa: S101 - it decides nothing else
    outcome = replace(decision.outcome, own_available_micros=_own_available_micros(op, books))
    return replace(decision, outcome=outcome) if op.holds else Decision(outcome)


def is_bounded(wallet: Wallet) -> bool:
    """Whether a wallet can be empty; that of an `unlimited` plan never is."""
    return wallet.floor_micros > -AMOUNT_MAX_MICROS


def _own_available_micros(op: Reserve, books: Books) -> int | None:
    payer = op.payers[0]
    wallet = books.wallets[payer.wallet_id]
    activity = books.activities.get(wallet.account_id, IDLE)
    of_month = activity.month_room_micros(payer.limits, payer.month_from_us)
    if is_bounded(wallet):
        rooms = (wallet.available_micros, of_month)
        return min(room for room in rooms if room is not None)
    return of_month


def _decision(op: Reserve, books: Books) -> Decision:
    hold = books.holds.get(op.call_id)
    if op.call_id in books.ended or (hold is None and op.step > 1):
        return Decision(Refused(op.call_id, op.step, Shortage.CALL_ENDED))
    if hold is not None and hold.step >= op.step:
        return Decision(_reserved(op, hold))
    _check_payers(op, hold)
    wallets = [books.wallets[payer.wallet_id] for payer in op.payers]
    does = [books.activities.get(wallet.account_id, IDLE) for wallet in wallets]
    refused = None if hold else _one_too_many(op, does)
    if refused is not None:
        return Decision(refused)
    closed = next((wallet.wallet_id for wallet in wallets if wallet.closed), None)
    if closed is not None:
        # Its account was given other wallets since it was asked who pays.
        return Decision(Refused(op.call_id, op.step, Shortage.NOT_ENOUGH_CREDIT, closed))
    allowances = allow(op, books, hold)
    if allowances is not None:
        op = allowances.op
    spendable = [
        activity.room_micros(payer.limits, op.at_us)
        for payer, activity in zip(op.payers, does, strict=True)
    ]
    rooms = [
        _room_micros(payer, wallet, activity, most)
        for payer, wallet, activity, most in zip(op.payers, wallets, does, spendable, strict=True)
    ]
    calls = [_sharing(*each) for each in zip(op.payers, wallets, does, strict=True)]
    through_s = _through_s(op, calls, hold, rooms)
    if through_s < op.least_s:
        return Decision(_short(op, hold, rooms, spendable))
    affordable_s = _affordable_s(op, rooms, through_s) if hold is None else None
    taken = allowances.taken(through_s) if allowances else NOTHING
    return _raise_hold(op, books, hold, through_s, affordable_s, taken)


def _check_payers(op: Reserve, hold: Hold | None) -> None:
    """What a wallet holds for a call would stay held if another one took its place."""
    if hold is not None and [p.wallet_id for p in op.payers] != [
        line.wallet_id for line in hold.level_lines
    ]:
        raise ValueError(f"call {op.call_id}: other wallets than before are to pay")


def _reserved(op: Reserve, hold: Hold, affordable_s: int | None = None) -> Reserved:
    # The answer bears the number of the question, also where the hold has gone further.
    short = hold.through_s < op.want_s
    return Reserved(
        op.call_id,
        op.step,
        hold.through_s,
        hold.lines,
        short,
        affordable_s,
        coverage=hold.coverage,
    )


def _one_too_many(op: Reserve, does: list[Activity]) -> Refused | None:
    """Whether another call would pass what some payer's account may have, at once or a minute."""
    for payer, activity in zip(op.payers, does, strict=True):
        most = payer.limits.concurrent_calls
        if most is not None and activity.calls >= most:
            return Refused(op.call_id, op.step, Shortage.CONCURRENT_CALLS, payer.wallet_id)
    for payer, activity in zip(op.payers, does, strict=True):
        most = payer.limits.calls_per_minute
        if most is not None and activity.starts.sum_at(op.at_us) >= most:
            return Refused(op.call_id, op.step, Shortage.CALLS_PER_MINUTE, payer.wallet_id)
    return None


def _room_micros(payer: Payer, wallet: Wallet, activity: Activity, spendable: int | None) -> int:
    """What the wallet may hold beyond what it does: what is available, within the limits."""
    of_month = activity.month_room_micros(payer.limits, payer.month_from_us)
    rooms = (wallet.available_micros, spendable, of_month)
    return max(0, min(room for room in rooms if room is not None))


def _sharing(payer: Payer, wallet: Wallet, activity: Activity) -> int:
    """Among how many live calls the credit is shared: a monthly limit is for all wallets."""
    monthly = payer.limits.monthly_limit_micros is not None
    return max(1, activity.calls if monthly else wallet.calls)


def _through_s(op: Reserve, calls: list[int], hold: Hold | None, rooms: list[int]) -> int:
    """Paid talk that may be held now: what fits; later a fair share, at least one block."""
    own = [_own_micros(payer, hold) for payer in op.payers]
    budgets = [held + room for held, room in zip(own, rooms, strict=True)]
    if hold is None:
        return _longest_s(op, budgets)
    shares = [held + room // n for held, room, n in zip(own, rooms, calls, strict=True)]
    shared_s = _longest_s(op, shares)
    block_end_s = min(next_block_end(op.payers[0].price, hold.through_s), op.want_s)
    one_block = shared_s < block_end_s and _fits(op, block_end_s, budgets)
    return max(hold.through_s, block_end_s if one_block else shared_s)


def _own_micros(payer: Payer, hold: Hold | None) -> int:
    """What the call holds stays its own, and costing nothing more needs no room."""
    return hold.held_micros(payer.wallet_id) if hold else 0


def _fits(op: Reserve, talk_s: int, budgets: list[int]) -> bool:
    return all(
        charge_micros(payer.price, talk_s) <= budget
        for payer, budget in zip(op.payers, budgets, strict=True)
    )


def _longest_s(op: Reserve, budgets: list[int]) -> int:
    if _fits(op, op.want_s, budgets):
        return op.want_s
    return _longest_within_s(op, budgets, op.want_s)


def _longest_within_s(op: Reserve, budgets: list[int], most_s: int) -> int:
    return longest_within_s([payer.price for payer in op.payers], budgets, most_s)


def longest_within_s(prices: Sequence[AnyPrice], budgets: Sequence[int], most_s: int) -> int:
    """The longest talk, in whole blocks of the caller's own, that every level's budget pays for.

    0.50 at 0.10 a minute and 60/60, where the organization has 0.13 at 0.05 a minute: 120 s.
    """
    longest = min(
        longest_talk_s(price, budget, most_s) for price, budget in zip(prices, budgets, strict=True)
    )
    return most_s if longest >= most_s else _whole_blocks_s(prices[0], longest)


def _affordable_s(op: Reserve, rooms: list[int], through_s: int) -> int | None:
    if op.horizon_s is None:
        return None
    return max(through_s, _longest_within_s(op, rooms, op.horizon_s))


def _whole_blocks_s(price: AnyPrice, talk_s: int) -> int:
    """Talk rounded down to whole blocks of the caller's own rate."""
    start_s = block_start(price, talk_s + 1)
    return start_s if start_s <= talk_s else 0


def _short(
    op: Reserve, hold: Hold | None, rooms: list[int], spendable: list[int | None]
) -> Refused:
    """Which level keeps the slice from being held: a limit of spending first, then its credit."""
    missing = [charge_micros(p.price, op.least_s) - _own_micros(p, hold) for p in op.payers]
    for payer, micros, most in zip(op.payers, missing, spendable, strict=True):
        # Nothing more is always within a limit, also one that was lowered since.
        if most is not None and micros > max(0, most):
            return Refused(op.call_id, op.step, Shortage.SPEND_RATE, payer.wallet_id)
    short = (p for p, micros, room in zip(op.payers, missing, rooms, strict=True) if micros > room)
    poor = next(short, op.payers[-1])
    return Refused(op.call_id, op.step, Shortage.NOT_ENOUGH_CREDIT, poor.wallet_id)


def _raise_hold(
    op: Reserve,
    books: Books,
    hold: Hold | None,
    through_s: int,
    affordable_s: int | None,
    taken: Taken,
) -> Decision:
    lines = tuple(HoldLine(p.wallet_id, charge_micros(p.price, through_s)) for p in op.payers)
    more = [
        line.amount_micros - (hold.held_micros(line.wallet_id) if hold else 0) for line in lines
    ]
    wallets = tuple(
        books.wallets[line.wallet_id].moved(
            balance_micros=0, held_micros=micros, calls=1 if hold is None else 0
        )
        for line, micros in zip(lines, more, strict=True)
    )
    expires_at_us = op.lease_from_us + through_s * MICROS
    raised = Hold(
        op.call_id,
        op.step,
        through_s,
        lines + taken.lines,
        op.node,
        expires_at_us,
        begun_at_us=hold.begun_at_us if hold else op.at_us,
        coverage=taken.coverage,
    )
    activities = _activities(op, books, hold, more)
    outcome = _reserved(op, raised, affordable_s)
    return Decision(outcome, wallets + taken.wallets, raised, activities=activities)


def _activities(
    op: Reserve, books: Books, hold: Hold | None, more: list[int]
) -> dict[str, Activity]:
    """The call counts once for an account, however many of its wallets pay."""
    found: dict[str, Activity] = {}
    for payer, micros in zip(op.payers, more, strict=True):
        account = books.wallets[payer.wallet_id].account_id
        activity = found.get(account) or books.activities.get(account, IDLE)
        begins = hold is None and account not in found
        found[account] = activity.begun(op.at_us, micros) if begins else activity.held(micros)
    return found
