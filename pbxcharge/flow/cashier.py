"""Money acts: top-up and adjustment. Each has an id, so that a retry changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from pbxcharge.core.account import wallet_id
from pbxcharge.core.account_kinds import AccountStatus, WalletKind
from pbxcharge.core.credit import Post, Wallet
from pbxcharge.core.ledger import Entry, EntryKind
from pbxcharge.flow.acts import Declined, Refusal
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.records import Records
from pbxcharge.flow.till import MoneyAct, Till, malformed, wrong_amount
from pbxcharge.flow.wallets import main


@dataclass(frozen=True, slots=True)
class Purse:
    """The wallet that is meant: whose, and for which calls."""

    account_id: str
    kind: WalletKind = WalletKind.OUTGOING

    @property
    def wallet_id(self) -> str:
        """Its name."""
        return wallet_id(self.account_id, self.kind)


class Cashier:
    """Moves money by the operator's hand.

    Args:
        till: moves the money.
        records: what is committed.
        clock: dates the entries.
    """

    def __init__(self, till: Till, records: Records, clock: Clock) -> None:
        self._till = till
        self._records = records
        self._clock = clock

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
            return wrong_amount("a top-up adds: give an amount above 0, or use adjust")
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
            return wrong_amount("an adjustment of 0 changes nothing")
        if not note.strip():
            return Declined(Refusal.NOTE_MISSING, "an adjustment needs a note that says why")
        return await self._post(
            EntryKind.ADJUSTMENT, entry_id, account_id, kind, amount_micros, note, actor
        )

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
        if declined := malformed(entry_id, note):
            return declined
        wallet = await self._wallet(entry_id, account_id, wallet_kind)
        if isinstance(wallet, Declined):
            return wallet
        now_us = self._clock.wall_us()
        return await self._till.submit(
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
