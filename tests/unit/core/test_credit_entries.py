"""The credit rule by worked examples: what an end gives back, and what else is booked.

Unless a test says otherwise a second costs 0.01 in blocks of 10 s, so a block costs 0.10.
"""

from dataclasses import replace

import pytest

from pbxcharge.core.credit import (
    Close,
    Closed,
    Conflict,
    HoldState,
    Opened,
    OpenWallet,
    OutOfBounds,
    Post,
    Posted,
    Wallet,
    wallets_named,
)
from pbxcharge.core.ledger import Entry, EntryKind
from pbxcharge.core.money import AMOUNT_MAX_MICROS
from tests.fakes.credit_in_cents import (
    BLOCKS_OF_10,
    CENT,
    ORG,
    add_wallet,
    close,
    engine_with,
    post,
    reserve,
)
from tests.fakes.granted_call import WALLET
from tests.fakes.memory_engine import MemoryEngine


def test_the_end_charges_and_gives_back_the_rest() -> None:
    """0.60 held, 0.25 charged: one entry of −0.25, 0.75 available again, the hold posted."""
    engine = engine_with(100)
    reserve(engine, "a", 1, 10, 60)
    assert close(engine, "a", 25) == Closed("a")
    assert engine.entries[f"charge:a:{WALLET}"] == Entry(
        f"charge:a:{WALLET}", WALLET, EntryKind.CHARGE, -25 * CENT, 9, "meter:pbx1", "a"
    )
    assert engine.wallets[WALLET] == Wallet(WALLET, "alice", "outgoing", 75 * CENT)
    assert engine.resolved["a"].state is HoldState.POSTED


def test_an_end_without_a_charge_writes_no_entry() -> None:
    """Nobody answered: the hold is voided, all of it is available again."""
    engine = engine_with(100)
    reserve(engine, "a", 1, 10, 60)
    close(engine, "a", 0)
    assert engine.resolved["a"].state is HoldState.VOIDED
    assert list(engine.entries) == [f"initial:{WALLET}"]
    assert engine.take_raised() == {WALLET}


def test_an_end_twice_charges_once() -> None:
    """The repeat is answered as such, even with another charge, and changes nothing."""
    engine = engine_with(100)
    reserve(engine, "a", 1, 10, 60)
    close(engine, "a", 25)
    before = dict(engine.wallets)
    assert close(engine, "a", 60) == Closed("a", repeated=True)
    assert engine.wallets == before


@pytest.mark.parametrize(("cents", "wallet"), [(61, WALLET), (-1, WALLET), (1, "bob:outgoing")])
def test_a_charge_that_was_not_held_is_a_defect(cents: int, wallet: str) -> None:
    """More than is held, less than nothing, or of a wallet that does not pay: nothing changes."""
    engine = engine_with(100)
    reserve(engine, "a", 1, 10, 60)
    before = dict(engine.wallets)
    with pytest.raises(ValueError, match="not within its hold"):
        close(engine, "a", cents, wallet)
    assert (engine.wallets, list(engine.holds)) == (before, ["a"])


# Entries that no call makes.


def test_a_top_up_raises_the_balance_at_once() -> None:
    """1.00 and 0.50: the answer names 1.50."""
    engine = engine_with(100)
    outcome = post(engine, 50)
    assert isinstance(outcome, Posted)
    assert (outcome.balance_micros, outcome.repeated) == (150 * CENT, False)
    assert engine.take_raised() == {WALLET}


def test_the_same_entry_twice_is_already_done() -> None:
    """The answer shows the entry that exists, later and by another actor or not."""
    engine = engine_with(100)
    post(engine, 50)
    again = Entry("t-1", WALLET, EntryKind.TOP_UP, 50 * CENT, 99, "uid:7")
    outcome = engine.decide(Post(again))
    assert isinstance(outcome, Posted)
    assert (outcome.repeated, outcome.entry.at_us, outcome.balance_micros) == (True, 1, 150 * CENT)
    assert engine.wallets[WALLET].balance_micros == 150 * CENT


@pytest.mark.parametrize(("cents", "note"), [(51, ""), (-50, ""), (50, "another reason")])
def test_another_entry_under_a_used_id_is_a_conflict(cents: int, note: str) -> None:
    """The id belongs to a top-up of 0.50: other content is refused and shown what exists."""
    engine = engine_with(100)
    post(engine, 50)
    outcome = post(engine, cents, note=note)
    assert isinstance(outcome, Conflict)
    assert outcome.existing.amount_micros == 50 * CENT
    assert engine.wallets[WALLET].balance_micros == 150 * CENT


def test_a_balance_stays_within_the_range_of_amounts() -> None:
    """10^12 units are the most, either sign; an entry beyond that is refused."""
    engine = engine_with(1)
    most = Entry("t-1", WALLET, EntryKind.TOP_UP, AMOUNT_MAX_MICROS, 1, "uid:0")
    assert engine.decide(Post(most)) == OutOfBounds(most)
    fits = replace(most, amount_micros=AMOUNT_MAX_MICROS - CENT)
    assert isinstance(engine.decide(Post(fits)), Posted)
    beyond = replace(most, entry_id="t-2", amount_micros=-AMOUNT_MAX_MICROS - 1)
    assert engine.decide(Post(beyond)) == OutOfBounds(beyond)


def test_opening_a_wallet_again_sets_its_floor_and_nothing_else() -> None:
    """1.00 and a credit limit of 0.50 from now on: 1.50 available."""
    engine = engine_with(100)
    outcome = engine.decide(OpenWallet(WALLET, "alice", "outgoing", -50 * CENT))
    assert isinstance(outcome, Opened)
    assert (outcome.wallet.available_micros, outcome.wallet.balance_micros) == (
        150 * CENT,
        100 * CENT,
    )


def test_a_wallet_that_is_opened_begins_empty() -> None:
    """No balance, nothing held, no calls."""
    outcome = MemoryEngine().decide(OpenWallet(WALLET, "alice", "outgoing", 0))
    assert outcome == Opened(Wallet(WALLET, "alice", "outgoing"))


def test_every_operation_names_the_wallets_it_needs() -> None:
    """A close needs those of the call's hold, whatever it charges."""
    engine = engine_with(100)
    add_wallet(engine, 100, wallet=ORG)
    reserve(engine, "a", 1, 10, 60, rates=[BLOCKS_OF_10] * 2, wallets=[WALLET, ORG])
    named = wallets_named(Close("a", (), 1, "x"), engine.holds)
    assert named == (WALLET, ORG)
    assert wallets_named(Close("b", (), 1, "x"), engine.holds) == ()
    assert wallets_named(OpenWallet(WALLET, "alice", "outgoing", 0), {}) == (WALLET,)
