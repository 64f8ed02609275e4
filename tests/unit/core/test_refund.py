"""Refunds: what a call was charged can be given back, in part or in full, and never twice."""

from dataclasses import dataclass, field, replace

from hypothesis import given
from hypothesis import strategies as st

from pbxcharge.core.credit import (
    Conflict,
    Hold,
    Outcome,
    Posted,
    Refund,
    RefundTooHigh,
    Wallet,
    apply,
)
from pbxcharge.core.ledger import Entry, EntryKind
from pbxcharge.core.limits import Activity

CHARGED = 1_000_000
WALLET = "alice:outgoing"
CHARGE = Entry(
    f"charge:call-1:{WALLET}", WALLET, EntryKind.CHARGE, -CHARGED, 1, "meter:pbx1", "call-1"
)
FULL = Refund("r-1", "call-1", WALLET, None, 2, "uid:0")


@dataclass
class Books:
    """Books in memory: a wallet of 5.00 that paid 1.00 for one call."""

    wallets: dict[str, Wallet] = field(
        default_factory=lambda: {WALLET: Wallet(WALLET, "alice", "outgoing", 5_000_000)}
    )
    activities: dict[str, Activity] = field(default_factory=dict)
    holds: dict[str, Hold] = field(default_factory=dict)
    ended: frozenset[str] = frozenset()
    entries: dict[str, Entry] = field(default_factory=lambda: {CHARGE.entry_id: CHARGE})

    def give(self, refund: Refund) -> Outcome:
        """Decide one refund and keep what it changes."""
        decision = apply(refund, self)
        self.wallets |= {wallet.wallet_id: wallet for wallet in decision.wallets}
        self.entries |= {entry.entry_id: entry for entry in decision.entries}
        return decision.outcome


def test_a_refund_without_an_amount_gives_back_the_whole_charge() -> None:
    """1.00 charged, 5.00 left: after the refund 6.00, by an entry that names the charge."""
    outcome = Books().give(FULL)
    assert isinstance(outcome, Posted)
    assert outcome.balance_micros == 6_000_000
    assert outcome.entry.kind is EntryKind.REFUND
    assert outcome.entry.amount_micros == CHARGED
    assert (outcome.entry.reverses, outcome.entry.call_id) == (CHARGE.entry_id, "call-1")


def test_after_a_part_only_the_rest_can_be_given_back() -> None:
    """0.30 of 1.00 given back: 0.71 is refused, and without an amount it is 0.70."""
    books = Books()
    books.give(replace(FULL, amount_micros=300_000))
    assert books.give(replace(FULL, entry_id="r-2", amount_micros=710_000)) == RefundTooHigh(
        "r-2", CHARGED, 300_000
    )
    rest = books.give(replace(FULL, entry_id="r-3"))
    assert isinstance(rest, Posted)
    assert rest.entry.amount_micros == 700_000


def test_the_same_refund_twice_changes_nothing() -> None:
    """A retry, by another person and later, is answered with the entry that exists."""
    books = Books()
    first = books.give(FULL)
    again = books.give(replace(FULL, at_us=9, actor="uid:7"))
    assert isinstance(first, Posted)
    assert again == replace(first, repeated=True)


def test_the_same_id_with_another_amount_is_refused() -> None:
    """An id stands for one command."""
    books = Books()
    books.give(replace(FULL, amount_micros=300_000))
    assert isinstance(books.give(replace(FULL, amount_micros=400_000)), Conflict)
    assert isinstance(books.give(FULL), Conflict)


def test_an_id_that_is_anothers_is_refused() -> None:
    """A top-up's id cannot become a refund's."""
    books = Books()
    books.entries["r-1"] = Entry("r-1", WALLET, EntryKind.TOP_UP, CHARGED, 1, "uid:0")
    assert isinstance(books.give(FULL), Conflict)


def test_nothing_is_given_back_for_a_call_that_was_not_charged() -> None:
    """Neither in full nor in part, whatever other calls were charged."""
    unknown = replace(FULL, call_id="call-2")
    assert Books().give(unknown) == RefundTooHigh("r-1", 0, 0)
    assert Books().give(replace(unknown, amount_micros=1)) == RefundTooHigh("r-1", 0, 0)


def test_a_reversed_charge_cannot_be_refunded() -> None:
    """What a reversal took back is charged no more, so nothing is left."""
    books = Books()
    books.entries["v-1"] = Entry(
        "v-1", WALLET, EntryKind.REVERSAL, CHARGED, 1, "uid:0", "call-1", CHARGE.entry_id
    )
    assert books.give(FULL) == RefundTooHigh("r-1", 0, 0)


refunds = st.builds(
    lambda number, amount: replace(FULL, entry_id=f"r-{number}", amount_micros=amount),
    st.integers(1, 6),
    st.none() | st.integers(-CHARGED, 2 * CHARGED),
)


@given(st.lists(refunds, max_size=12))
def test_refunds_never_give_back_more_than_was_charged(asked: list[Refund]) -> None:
    """Whatever is asked, in any order. Seen failing with `amount <= charged` in `_refund`."""
    books = Books()
    for refund in asked:
        books.give(refund)
    given_back = [entry.amount_micros for entry in books.entries.values() if entry != CHARGE]
    assert all(amount > 0 for amount in given_back)
    assert sum(given_back) <= CHARGED
    assert books.wallets[WALLET].balance_micros == 5_000_000 + sum(given_back)
