"""The credit engine in memory: nothing but the rule `apply`, and books that are always checked."""

from collections import Counter
from collections.abc import Container, Sequence

from pbxcharge.core.collection_terms import COLLECTED_KINDS
from pbxcharge.core.corrections import paid
from pbxcharge.core.credit import (
    Collect,
    Decision,
    Hold,
    HoldState,
    Operation,
    Outcome,
    Payer,
    Reserve,
    Wallet,
    apply,
)
from pbxcharge.core.ledger import Entry, EntryKind
from pbxcharge.core.limits import IDLE, Activity
from pbxcharge.core.quotas import ALLOWANCE


class MemoryEngine:
    """A CreditEngine whose decisions last as long as it does.

    `raised` collects the wallets that have more to give than before, for whoever tells the calls.
    """

    def __init__(self, *wallets: Wallet) -> None:
        self.wallets: dict[str, Wallet] = {wallet.wallet_id: wallet for wallet in wallets}
        self.activities: dict[str, Activity] = {}
        self.holds: dict[str, Hold] = {}
        self.entries: dict[str, Entry] = {}
        self.resolved: dict[str, Hold] = {}
        self.raised: set[str] = set()

    @property
    def ended(self) -> Container[str]:
        """The calls whose hold is resolved."""
        return self.resolved

    async def execute(self, operation: Operation) -> Outcome:
        """The outcome, as the protocol has it."""
        return self.decide(operation)

    def decide(self, operation: Operation) -> Outcome:
        """Decide one operation and keep what it changes."""
        self._know_months(operation)
        decision = apply(operation, self)
        for wallet in decision.wallets:
            self._keep(wallet)
        self.activities.update(decision.activities)
        for entry in decision.entries:
            assert entry.entry_id not in self.entries, "an entry is written once"
            self.entries[entry.entry_id] = entry
        self._keep_hold(decision)
        return decision.outcome

    def _know_months(self, operation: Operation) -> None:
        """What a month's limit counts, added up from the entries when it is first asked for."""
        asking: Sequence[Payer | Collect] = ()
        if isinstance(operation, Reserve):
            asking = operation.payers
        elif isinstance(operation, Collect):
            asking = (operation,)
        for payer in asking:
            account_id = self.wallets[payer.wallet_id].account_id
            activity = self.activities.get(account_id, IDLE)
            if payer.month_from_us is not None:
                charged = self.charged_micros(account_id, payer.month_from_us)
                if activity.month_micros(payer.month_from_us) is None:
                    activity = activity.with_month(payer.month_from_us, charged)
                assert activity.month_micros(payer.month_from_us) == charged
                self.activities[account_id] = activity

    def charged_micros(self, account_id: str, since_us: int) -> int:
        """What an account was charged since an instant, over all its wallets."""
        own = self._money_of(account_id)
        return -sum(
            entry.amount_micros
            for entry in self.entries.values()
            if (
                entry.kind in (EntryKind.CHARGE, *COLLECTED_KINDS) or entry.counts_at_us is not None
            )
            and entry.wallet_id in own
            and entry.counted_at_us >= since_us
        )

    def _money_of(self, account_id: str) -> set[str]:
        mine = (one for one in self.wallets.values() if one.account_id == account_id)
        return {one.wallet_id for one in mine if one.kind != ALLOWANCE}

    def take_raised(self) -> frozenset[str]:
        """The wallets that have risen since this was last asked."""
        raised, self.raised = frozenset(self.raised), set()
        return raised

    def check(self) -> None:
        """What must be true of the books at every moment."""
        for wallet in self.wallets.values():
            entries = [e for e in self.entries.values() if e.wallet_id == wallet.wallet_id]
            held = [hold.held_micros(wallet.wallet_id) for hold in self.holds.values()]
            assert wallet.balance_micros == sum(entry.amount_micros for entry in entries)
            assert wallet.held_micros == sum(held)
            assert wallet.calls == sum(
                wallet.wallet_id in {line.wallet_id for line in hold.lines}
                for hold in self.holds.values()
            )
        self._check_activities()
        self._check_charges()

    def _check_charges(self) -> None:
        """One charge of a call counts in a wallet; nothing is taken back twice, or too much."""
        undone = [e.reverses for e in self.entries.values() if e.kind is EntryKind.REVERSAL]
        assert len(undone) == len(set(undone)), "an entry is reversed once"
        counting = Counter(
            (entry.call_id, entry.wallet_id)
            for entry in self.entries.values()
            if entry.kind is EntryKind.CHARGE and entry.entry_id not in undone
        )
        assert all(count == 1 for count in counting.values()), "one charge for call and wallet"
        for call_id, wallet_id in counting:
            known = paid(str(call_id), wallet_id, self.entries.values())
            assert known.refunded_micros <= known.charged_micros

    def _check_activities(self) -> None:
        """Each account's counters are those of its calls and charges."""
        for account_id, activity in self.activities.items():
            own = self._money_of(account_id)
            lines = [
                (hold.call_id, line.amount_micros)
                for hold in self.holds.values()
                for line in hold.level_lines
                if line.wallet_id in own
            ]
            assert activity.held_micros == sum(micros for _, micros in lines)
            assert activity.calls == len({call_id for call_id, _ in lines})

    def _keep(self, wallet: Wallet) -> None:
        before = self.wallets.get(wallet.wallet_id)
        if before is not None and wallet.available_micros > before.available_micros:
            self.raised.add(wallet.wallet_id)
        self.wallets[wallet.wallet_id] = wallet

    def _keep_hold(self, decision: Decision) -> None:
        hold = decision.hold
        if hold is None:
            return
        assert hold.call_id not in self.resolved, "a resolved hold never changes again"
        if hold.state is HoldState.PENDING:
            self.holds[hold.call_id] = hold
        else:
            del self.holds[hold.call_id]
            self.resolved[hold.call_id] = hold
