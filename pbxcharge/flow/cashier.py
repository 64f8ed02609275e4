"""Money acts: top-up, adjustment, refund. Each has an id, so that a retry changes nothing."""

import asyncio
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pbxcharge.core.account import AccountStatus, WalletKind, wallet_id
from pbxcharge.core.cdr import Cdr, LevelCharge
from pbxcharge.core.credit import (
    Conflict,
    Convert,
    NotOpen,
    Operation,
    Outcome,
    OutOfBounds,
    Post,
    Posted,
    Refund,
    RefundTooHigh,
    Wallet,
)
from pbxcharge.core.ledger import Entry, EntryKind
from pbxcharge.core.money import format_amount
from pbxcharge.failpoints import Failpoint, reach
from pbxcharge.flow.acts import Declined, Done, Refusal
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.ports import Writer
from pbxcharge.flow.records import Records

NOTE_MAX = 500
# No colon: ids with one (`charge:…`, `initial:…`) are the system's own.
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}")


@dataclass(frozen=True, slots=True)
class Purse:
    """The wallet that is meant: whose, and for which calls."""

    account_id: str
    kind: WalletKind = WalletKind.OUTGOING

    @property
    def wallet_id(self) -> str:
        """Its name."""
        return wallet_id(self.account_id, self.kind)


@dataclass(frozen=True, slots=True)
class Moved:
    """Money that was moved: the entry, and the wallet's balance after it."""

    entry: Entry
    balance_micros: int


MoneyAct = Done[Moved] | Declined


class Cashier:
    """Moves money by the operator's hand.

    Args:
        writer: the one writer.
        records: what is committed.
        clock: dates the entries.
        currency: of the site, for messages.
        turn: of everybody who changes accounts, and with them which wallets are closed.
    """

    def __init__(
        self,
        writer: Writer,
        records: Records,
        clock: Clock,
        currency: str,
        turn: asyncio.Lock,
    ) -> None:
        self._writer = writer
        self._records = records
        self._clock = clock
        self._currency = currency
        self._turn = turn

    async def top_up(
        self,
        entry_id: str,
        account_id: str,
        amount_micros: int,
        note: str,
        actor: str,
        kind: WalletKind | None = None,
    ) -> MoneyAct:
        """Add paid credit: 10.00 on a balance of 2.50 makes 12.50. Live calls go on longer.

        Without a kind it goes to the shared wallet, where there is one, else to the outgoing.

        Raises:
            StorageDown: nothing was done, or it is not known whether it was; the same id tells.
        """
        if amount_micros <= 0:
            return _amount("a top-up adds: give an amount above 0, or use adjust")
        declined = await self._declined_top_up(entry_id, account_id)
        return declined or await self._post(
            EntryKind.TOP_UP, entry_id, account_id, kind, amount_micros, note, actor
        )

    async def adjust(
        self,
        entry_id: str,
        account_id: str,
        amount_micros: int,
        note: str,
        actor: str,
        kind: WalletKind | None = None,
    ) -> MoneyAct:
        """Correct a balance by a signed amount; the note says why.

        What live calls hold stays theirs, so the balance may fall below its floor until they end.
        """
        if amount_micros == 0:
            return _amount("an adjustment of 0 changes nothing")
        if not note.strip():
            return Declined(Refusal.NOTE_MISSING, "an adjustment needs a note that says why")
        return await self._post(
            EntryKind.ADJUSTMENT, entry_id, account_id, kind, amount_micros, note, actor
        )

    async def refund(
        self,
        entry_id: str,
        call_id: str,
        account_id: str | None,
        amount_micros: int | None,
        note: str,
        actor: str,
    ) -> MoneyAct:
        """Give back what a call was charged, or a part of it, never more than is left.

        Args:
            entry_id: of the entry to be made.
            call_id: the call.
            account_id: whose charge of the call; None is the caller's own.
            amount_micros: how much; None is all that is left.
            note: for people.
            actor: who gives it back.
        """
        if declined := _malformed(entry_id, note):
            return declined
        if amount_micros is not None and amount_micros <= 0:
            return _amount("a refund gives back: give an amount above 0")
        cdr = await self._records.cdr(call_id)
        if cdr is None:
            return Declined(Refusal.UNKNOWN_CALL, f"there is no record of a call {call_id!r}")
        level = _level(cdr, account_id)
        if level is None:
            return Declined(Refusal.NOTHING_CHARGED, _who_paid(cdr, account_id))
        now_us = self._clock.wall_us()
        refund = Refund(entry_id, call_id, level.wallet_id, amount_micros, now_us, actor, note)
        async with self._turn:
            moved = await self._moved_on(level.account_id, level.wallet_id, now_us, actor)
            return await self._submit(refund, *moved)

    async def _moved_on(
        self, account_id: str, wallet: str, at_us: int, actor: str
    ) -> tuple[Operation, ...]:
        """What a closed wallet is given goes on to the one in its place, in the same step."""
        wallets = await self._records.wallets([account_id])
        target = main(wallets)
        closed = any(each.wallet_id == wallet and each.closed for each in wallets)
        if not closed or target is None:
            return ()
        return (Convert((wallet,), target.wallet_id, f"{wallet} is closed", at_us, actor),)

    async def _declined_top_up(self, entry_id: str, account_id: str) -> Declined | None:
        if await self._records.entry(entry_id) is not None:
            return None  # a repeat, which is told what became of it also after the account's end
        account = await self._records.account(account_id)
        if account is not None and account.status is AccountStatus.CLOSED:
            return Declined(
                Refusal.ACCOUNT_CLOSED, f"{account_id} is closed; adjust settles what is left"
            )
        return None

    async def _post(
        self,
        kind: EntryKind,
        entry_id: str,
        account_id: str,
        wallet_kind: WalletKind | None,
        amount_micros: int,
        note: str,
        actor: str,
    ) -> MoneyAct:
        if declined := _malformed(entry_id, note):
            return declined
        wallet = await self._wallet(entry_id, account_id, wallet_kind)
        if isinstance(wallet, Declined):
            return wallet
        now_us = self._clock.wall_us()
        return await self._submit(
            Post(Entry(entry_id, wallet, kind, amount_micros, now_us, actor, note=note))
        )

    async def _wallet(
        self, entry_id: str, account_id: str, kind: WalletKind | None
    ) -> str | Declined:
        """The wallet that is meant; a command that was given before means the one it meant then."""
        before = await self._records.entry(entry_id)
        if before is not None and kind is None and before.wallet_id.startswith(f"{account_id}:"):
            return before.wallet_id
        wallets = await self._records.wallets([account_id])
        of_kind = (each for each in wallets if each.kind == kind)
        named = main(wallets) if kind is None else next(of_kind, None)
        if named is not None and not named.closed:
            return named.wallet_id
        if before is not None and named is not None:
            return named.wallet_id  # a repeat; the engine finds out
        return await self._no_wallet(account_id, wallets)

    async def _no_wallet(self, account_id: str, wallets: Sequence[Wallet]) -> Declined:
        if await self._records.account(account_id) is None:
            return Declined(Refusal.UNKNOWN_ACCOUNT, f"there is no account {account_id!r}")
        kinds = [wallet.kind for wallet in wallets if not wallet.closed]
        if kinds:
            message = f"the wallets of {account_id} are: {', '.join(kinds)}"
            return Declined(Refusal.NO_WALLET, message, field="wallet")
        return Declined(
            Refusal.NO_WALLET,
            f"{account_id} has no wallet: give it a plan first (account set-plan)",
        )

    async def _submit(self, *operations: Operation) -> MoneyAct:
        outcome, *_ = await self._writer.submit(operations)
        reach(Failpoint.AFTER_MONEY)
        return self._answer(outcome)

    def _answer(self, outcome: Outcome) -> MoneyAct:
        match outcome:
            case Posted():
                return Done(Moved(outcome.entry, outcome.balance_micros), outcome.repeated)
            case Conflict():
                return Declined(Refusal.ID_TAKEN, self._conflict(outcome.existing))
            case OutOfBounds():
                return Declined(Refusal.OUT_OF_BOUNDS, "the balance would pass 10^12 units")
            case NotOpen():
                message = f"{outcome.wallet_id} is closed, other wallets are in its place"
                return Declined(Refusal.NO_WALLET, message)
            case RefundTooHigh():
                return Declined(Refusal.REFUND_TOO_HIGH, self._too_high(outcome))
            case _:
                raise AssertionError(f"{outcome} is no answer to a money act")

    def _conflict(self, existing: Entry) -> str:
        return (
            f"{existing.entry_id} is the id of another command: {existing.kind} of "
            f"{self._money(existing.amount_micros)} on {existing.wallet_id}"
            + (f", note {existing.note!r}" if existing.note else "")
        )

    def _too_high(self, outcome: RefundTooHigh) -> str:
        return (
            f"{self._money(outcome.left_micros)} is left to give back: charged "
            f"{self._money(outcome.charged_micros)}, given back before "
            f"{self._money(outcome.refunded_micros)}"
        )

    def _money(self, micros: int) -> str:
        return f"{format_amount(micros)} {self._currency}"


def main(wallets: Iterable[Wallet]) -> Wallet | None:
    """The wallet that is meant where none is named: the shared one, else the outgoing one."""
    found = {wallet.kind: wallet for wallet in wallets if not wallet.closed}
    return found.get(WalletKind.SHARED) or found.get(WalletKind.OUTGOING)


def _level(cdr: Cdr, account_id: str | None) -> LevelCharge | None:
    """The charge that is meant: one account's, or the caller's own; None if it paid nothing."""
    wanted = account_id or cdr.account_id
    paid = (level for level in cdr.levels if level.charge_micros)
    return next((level for level in paid if level.account_id == wanted), None)


def _who_paid(cdr: Cdr, account_id: str | None) -> str:
    paid = [level.account_id for level in cdr.levels if level.charge_micros]
    wanted = account_id or cdr.account_id
    return f"{wanted} paid nothing for {cdr.call_id}; who did: {', '.join(paid) or 'nobody'}"


def _malformed(entry_id: str, note: str) -> Declined | None:
    if _ID.fullmatch(entry_id) is None:
        return Declined(
            Refusal.NAME_INVALID,
            f"{entry_id[:80]!r} is not an id: 1 to 64 letters, digits and . _ / -",
        )
    if len(note) > NOTE_MAX or not (note == "" or note.isprintable()):
        return Declined(Refusal.NAME_INVALID, f"a note is one line of at most {NOTE_MAX}")
    return None


def _amount(message: str) -> Declined:
    return Declined(Refusal.AMOUNT_INVALID, message)
