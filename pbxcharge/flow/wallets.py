"""The wallets of an account as its plan wants them: opened, converted, given their first credit."""

from collections.abc import Collection, Iterable, Iterator

from pbxcharge.core.account import wallet_id
from pbxcharge.core.account_kinds import WalletKind
from pbxcharge.core.credit import Convert, InUse, OpenWallet, Outcome, OutOfBounds, Post, Wallet
from pbxcharge.core.effects import Effect
from pbxcharge.core.ledger import Entry, EntryKind, initial_entry_id
from pbxcharge.core.plan import Plan

_ONCE = {
    WalletKind.OUTGOING: (WalletKind.OUTGOING, WalletKind.SHARED),
    WalletKind.SHARED: (WalletKind.SHARED, WalletKind.OUTGOING),
    WalletKind.INCOMING: (WalletKind.INCOMING,),
}
"""Wallets that begin with one and the same credit: whoever was given it for one, was given it."""


class NotConverted(Exception):
    """Wallets could not be converted, so nothing of what goes with it is done.

    Args:
        why: the engine's answer.
    """

    def __init__(self, why: InUse | OutOfBounds) -> None:
        super().__init__(str(why))
        self.why = why

    def is_of(self, account_id: str) -> bool:
        """Whether it is about a wallet of this account."""
        why = self.why
        wallet = why.wallet_id if isinstance(why, InUse) else why.entry.wallet_id
        return wallet.startswith(f"{account_id}:")


def opened(account_id: str, plan: Plan) -> tuple[OpenWallet, ...]:
    """The wallets that a plan pays from, and how low each may be spent."""
    return tuple(
        OpenWallet(wallet_id(account_id, kind), account_id, kind, plan.floor_micros(kind))
        for kind in plan.wallets.kinds
    )


def stale(wallets: Iterable[Wallet], wanted: Iterable[OpenWallet]) -> Iterator[OpenWallet]:
    """Those that are not open yet, or may be spent otherwise."""
    known = {wallet.wallet_id: wallet for wallet in wallets}
    for op in wanted:
        wallet = known.get(op.wallet_id)
        if wallet is None or wallet.closed or wallet.floor_micros != op.floor_micros:
            yield op


def outside(wallets: Iterable[Wallet], plan: Plan) -> tuple[Wallet, ...]:
    """The open wallets that a plan does not pay from."""
    kinds = {str(kind) for kind in plan.wallets.kinds}
    return tuple(wallet for wallet in wallets if not wallet.closed and wallet.kind not in kinds)


def converted(
    account_id: str, wallets: Iterable[Wallet], plan: Plan, at_us: int, actor: str
) -> Convert | None:
    """What puts the credit of an account into the wallets that its plan pays from.

    Outgoing 7 and incoming 2 make a shared wallet of 9; of that, all goes to outgoing again.
    """
    sources = tuple(wallet.wallet_id for wallet in outside(wallets, plan))
    if not sources:
        return None
    target = wallet_id(account_id, plan.wallets.kinds[0])
    return Convert(sources, target, f"wallets are {plan.wallets} now", at_us, actor)


def initial_ids(account_id: str, plan: Plan) -> tuple[str, ...]:
    """Entries that tell which initial credit of a plan an account was given before."""
    kinds = [kind for own in plan.wallets.kinds for kind in _ONCE[own]]
    return tuple(initial_entry_id(account_id, kind) for kind in kinds)


def granted(
    account_id: str, plan: Plan, before: Collection[str], at_us: int, actor: str
) -> Iterator[Post]:
    """The initial credit that an account was never given: once for each wallet, ever.

    Args:
        account_id: the account.
        plan: its plan.
        before: those of `initial_ids` that were booked.
        at_us: instant of the entries.
        actor: who grants it.
    """
    for kind in plan.wallets.kinds:
        amount_micros = plan.initial_micros(kind)
        ids = {initial_entry_id(account_id, each) for each in _ONCE[kind]}
        if amount_micros and ids.isdisjoint(before):
            entry_id, wallet = initial_entry_id(account_id, kind), wallet_id(account_id, kind)
            yield Post(Entry(entry_id, wallet, EntryKind.INITIAL, amount_micros, at_us, actor))


def all_or_nothing(outcomes: tuple[Outcome, ...], effects: Iterable[Effect]) -> Iterable[Effect]:
    """What is written with the operations of an act, unless a conversion among them failed.

    Raises:
        NotConverted: then the writer undoes them all.
    """
    for outcome in outcomes:
        if isinstance(outcome, InUse | OutOfBounds):
            raise NotConverted(outcome)
    return effects


def main(wallets: Iterable[Wallet]) -> Wallet | None:
    """The wallet that is meant where none is named: the shared one, else the outgoing one."""
    found = {wallet.kind: wallet for wallet in wallets if not wallet.closed}
    return found.get(WalletKind.SHARED) or found.get(WalletKind.OUTGOING)


def moved_on(wallets: Iterable[Wallet], wallet: str, at_us: int, actor: str) -> tuple[Convert, ...]:
    """What a closed wallet is given, or made to pay, goes on to the one in its place.

    To be done in the same step.

    Args:
        wallets: of the account.
        wallet: the one that is moved.
        at_us: instant of the entries.
        actor: who wants it.
    """
    known = list(wallets)
    target = main(known)
    closed = any(each.wallet_id == wallet and each.closed for each in known)
    if not closed or target is None:
        return ()
    return (Convert((wallet,), target.wallet_id, f"{wallet} is closed", at_us, actor),)
