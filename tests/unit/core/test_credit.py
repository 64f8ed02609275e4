"""The credit rule by worked examples: what a reservation gets, and what an end gives back.

Unless a test says otherwise a second costs 0.01 in blocks of 10 s, so a block costs 0.10.
"""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from pbxcharge.core.credit import (
    Close,
    Closed,
    Conflict,
    Hold,
    HoldLine,
    HoldState,
    Opened,
    OpenWallet,
    Outcome,
    OutOfBounds,
    Payer,
    Post,
    Posted,
    Refused,
    Reserve,
    Reserved,
    Shortage,
    Wallet,
    wallets_named,
)
from pbxcharge.core.ledger import Entry, EntryKind
from pbxcharge.core.money import AMOUNT_MAX_MICROS, MICROS
from pbxcharge.core.price import MaximumThen, Rate
from tests.fakes.granted_call import WALLET, a_rate
from tests.fakes.memory_engine import MemoryEngine

CENT = 10_000
BLOCKS_OF_10 = a_rate(first_s=10, next_s=10)
FREE = a_rate(price_per_minute=Fraction(0))
ORG = "acme:outgoing"


def engine_with(cents: int, *, floor: int = 0, wallet: str = WALLET) -> MemoryEngine:
    """Books with one wallet and its initial credit, in hundredths."""
    engine = MemoryEngine()
    add_wallet(engine, cents, floor=floor, wallet=wallet)
    return engine


def add_wallet(engine: MemoryEngine, cents: int, *, floor: int = 0, wallet: str) -> None:
    """Another wallet with its initial credit."""
    engine.wallets[wallet] = Wallet(wallet, "alice", "outgoing", floor_micros=floor * CENT)
    post(engine, cents, entry_id=f"initial:{wallet}", wallet=wallet)
    engine.take_raised()


def post(
    engine: MemoryEngine, cents: int, *, entry_id: str = "t-1", wallet: str = WALLET, note: str = ""
) -> Outcome:
    """Book a top-up, or an adjustment if it is below zero."""
    kind = EntryKind.TOP_UP if cents >= 0 else EntryKind.ADJUSTMENT
    return engine.decide(Post(Entry(entry_id, wallet, kind, cents * CENT, 1, "uid:0", note=note)))


def reserve(
    engine: MemoryEngine,
    call_id: str,
    step: int,
    least_s: int,
    want_s: int,
    *,
    rates: Sequence[Rate] = (BLOCKS_OF_10,),
    wallets: Sequence[str] = (WALLET,),
) -> Reserved | Refused:
    """Ask for a slice; the books are checked after the answer."""
    payers = tuple(Payer(wallet, rate) for wallet, rate in zip(wallets, rates, strict=True))
    outcome = engine.decide(Reserve(call_id, step, payers, least_s, want_s, 5 * MICROS, "pbx1", 0))
    engine.check()
    assert isinstance(outcome, Reserved | Refused)
    return outcome


def paid_s(outcome: Reserved | Refused) -> int:
    """Talk that is paid for after this answer; a refusal is a failure."""
    assert isinstance(outcome, Reserved), outcome
    return outcome.through_s


def close(engine: MemoryEngine, call_id: str, cents: int, wallet: str = WALLET) -> Outcome:
    """End a call, charged to one wallet."""
    outcome = engine.decide(Close(call_id, (HoldLine(wallet, cents * CENT),), 9, "meter:pbx1"))
    engine.check()
    return outcome


# First slices.


def test_the_first_slice_takes_what_was_asked_for() -> None:
    """1.00 and a slice of 60 s: 0.60 is held, 0.40 stays available, until 5 s + 60 s."""
    engine = engine_with(100)
    assert reserve(engine, "a", 1, 10, 60) == Reserved(
        "a", 1, 60, (HoldLine(WALLET, 60 * CENT),), short=False
    )
    assert engine.wallets[WALLET].available_micros == 40 * CENT
    assert engine.holds["a"] == Hold(
        "a", 1, 60, (HoldLine(WALLET, 60 * CENT),), "pbx1", 65 * MICROS, HoldState.PENDING
    )


def test_the_first_slice_takes_what_fits_in_whole_blocks() -> None:
    """0.37 pays for three blocks of 10 s; a second call finds 0.07 and is refused."""
    engine = engine_with(37)
    lines = (HoldLine(WALLET, 30 * CENT),)
    assert reserve(engine, "a", 1, 10, 60) == Reserved("a", 1, 30, lines, short=True)
    assert reserve(engine, "b", 1, 10, 60) == Refused("b", 1, Shortage.NOT_ENOUGH_CREDIT, WALLET)


def test_the_first_slice_does_not_share() -> None:
    """0.80, one call lives on 0.20 of it: the second call's first slice still takes all 0.60."""
    engine = engine_with(80)
    reserve(engine, "a", 1, 10, 20)
    assert paid_s(reserve(engine, "b", 1, 10, 60)) == 60


def test_the_connect_fee_and_the_first_segment_must_fit() -> None:
    """Fee 0.25 and a first block of 0.60: 0.84 is not enough, 0.85 is."""
    rate = a_rate(first_s=60, next_s=10, connect_fee_micros=25 * CENT)
    assert isinstance(reserve(engine_with(84), "a", 1, 60, 60, rates=[rate]), Refused)
    assert paid_s(reserve(engine_with(85), "a", 1, 60, 60, rates=[rate])) == 60


def test_sixty_four_first_slices_on_credit_for_ten_make_ten_calls() -> None:
    """Credit for exactly 10 first slices of 0.60: 10 are held, 54 refused, nothing is left."""
    engine = engine_with(600)
    outcomes = [reserve(engine, f"c{n}", 1, 60, 60) for n in range(64)]
    assert sum(isinstance(outcome, Reserved) for outcome in outcomes) == 10
    assert engine.wallets[WALLET].available_micros == 0


# Renewals.


def test_a_step_is_held_as_the_difference_of_two_charges() -> None:
    """One third of a cent a second: 20 s cost 0.0667, 30 s cost 0.1000; 0.0333 is added."""
    rate = a_rate(price_per_minute=Fraction(20, 100), first_s=10, next_s=10)
    engine = engine_with(100)
    reserve(engine, "a", 1, 10, 20, rates=[rate])
    assert engine.wallets[WALLET].held_micros == 66_700
    reserve(engine, "a", 2, 30, 30, rates=[rate])
    assert engine.wallets[WALLET].held_micros == 100_000


def test_a_renewal_takes_at_most_its_share() -> None:
    """Two calls hold 0.20 each of 1.20: of the 0.80 left one takes 0.40, the other then 0.20."""
    engine = engine_with(120)
    reserve(engine, "a", 1, 10, 20)
    reserve(engine, "b", 1, 10, 20)
    assert paid_s(reserve(engine, "a", 2, 30, 80)) == 60
    assert paid_s(reserve(engine, "b", 2, 30, 80)) == 40


def test_a_call_alone_takes_all_that_is_left() -> None:
    """0.60 left and a slice of 80 s wanted: 60 s; two blocks of it are no reason to wait."""
    engine = engine_with(80)
    reserve(engine, "a", 1, 10, 20)
    assert paid_s(reserve(engine, "a", 2, 30, 100)) == 80


def test_a_renewal_gets_one_block_if_it_fits_although_its_share_is_less() -> None:
    """0.10 left for two calls: a share of 0.05 is no block, yet the first who asks gets one."""
    engine = engine_with(50)
    reserve(engine, "a", 1, 10, 20)
    reserve(engine, "b", 1, 10, 20)
    assert paid_s(reserve(engine, "a", 2, 30, 80)) == 30
    assert isinstance(reserve(engine, "b", 2, 30, 80), Refused)


def test_a_whole_slice_or_nothing_is_refused_beyond_the_share() -> None:
    """0.40 for two calls and at least 30 s wanted: 0.30 would fit, but the share is 0.20."""
    engine = engine_with(80)
    reserve(engine, "a", 1, 10, 20)
    reserve(engine, "b", 1, 10, 20)
    assert reserve(engine, "a", 2, 50, 50) == Refused("a", 2, Shortage.NOT_ENOUGH_CREDIT, WALLET)
    assert engine.holds["a"].through_s == 20
    assert paid_s(reserve(engine, "a", 3, 40, 40)) == 40


def test_what_another_call_gives_back_is_shared_anew() -> None:
    """Two calls hold all; one ends unused: the other, now alone, takes what it wants of it."""
    engine = engine_with(40)
    reserve(engine, "a", 1, 10, 20)
    reserve(engine, "b", 1, 10, 20)
    assert isinstance(reserve(engine, "a", 2, 30, 80), Refused)
    close(engine, "b", 0)
    assert engine.take_raised() == {WALLET}
    assert paid_s(reserve(engine, "a", 3, 30, 80)) == 40


def test_the_same_step_twice_holds_once() -> None:
    """A repeat is answered with what is held, also when it asks for more than was given."""
    engine = engine_with(100)
    first = reserve(engine, "a", 1, 10, 30)
    before = dict(engine.wallets)
    assert reserve(engine, "a", 1, 10, 30) == first
    assert paid_s(reserve(engine, "a", 1, 10, 90)) == 30
    assert engine.wallets == before


def test_an_answer_bears_the_number_of_its_question() -> None:
    """Step 2 asked again after step 3 was held: step 2 is answered, with what is held by now."""
    engine = engine_with(100)
    for step, through_s in ((1, 10), (2, 20), (3, 30)):
        reserve(engine, "a", step, through_s, through_s)
    late = reserve(engine, "a", 2, 20, 20)
    assert (late.step, paid_s(late), engine.holds["a"].step) == (2, 30, 3)


def test_a_later_step_never_takes_back_what_is_held() -> None:
    """60 s are held and nothing is left: a step that asks for 10 to 30 s is answered with 60."""
    engine = engine_with(60)
    reserve(engine, "a", 1, 10, 60)
    post(engine, -30)
    assert paid_s(reserve(engine, "a", 2, 10, 30)) == 60


def test_a_reserve_for_a_closed_call_is_refused() -> None:
    """The hangup won: whatever was still on its way is told so and holds nothing."""
    engine = engine_with(100)
    reserve(engine, "a", 1, 10, 30)
    close(engine, "a", 20)
    for step in (1, 2):
        late = reserve(engine, "a", step, 40, 60)
        assert late == Refused("a", step, Shortage.CALL_ENDED)
    assert engine.wallets[WALLET].held_micros == 0


# Several levels.


def test_every_level_is_held_or_none() -> None:
    """Alice at 0.01 and her organization at 0.005 a second: 60 s hold 0.60 and 0.30."""
    engine = engine_with(100)
    add_wallet(engine, 100, wallet=ORG)
    rates = [BLOCKS_OF_10, a_rate(price_per_minute=Fraction(3, 10), first_s=10, next_s=10)]
    outcome = reserve(engine, "a", 1, 10, 60, rates=rates, wallets=[WALLET, ORG])
    assert isinstance(outcome, Reserved)
    assert [line.amount_micros for line in outcome.lines] == [60 * CENT, 30 * CENT]


def test_the_poorest_level_decides_and_is_named() -> None:
    """The organization has 0.25 at 0.01 a second: 20 s for both levels, then nobody gets more."""
    engine = engine_with(500)
    add_wallet(engine, 25, wallet=ORG)
    both: dict[str, Any] = {"rates": [BLOCKS_OF_10] * 2, "wallets": [WALLET, ORG]}
    assert paid_s(reserve(engine, "a", 1, 10, 60, **both)) == 20
    assert reserve(engine, "a", 2, 30, 60, **both) == Refused(
        "a", 2, Shortage.NOT_ENOUGH_CREDIT, ORG
    )
    assert engine.wallets[WALLET].held_micros == 20 * CENT


def test_a_level_with_longer_blocks_is_paid_up_to_the_callers_block() -> None:
    """Blocks of 10 s below, of 60 s above; the organization has 0.60: both stop at 60 s."""
    engine = engine_with(500)
    add_wallet(engine, 60, wallet=ORG)
    rates = [BLOCKS_OF_10, a_rate(first_s=60, next_s=60)]
    outcome = reserve(engine, "a", 1, 10, 90, rates=rates, wallets=[WALLET, ORG])
    assert paid_s(outcome) == 60


# Below zero.


def test_a_credit_limit_can_be_spent() -> None:
    """0.10 and a limit of 0.20: 30 s are held, and the charge brings the balance to −0.20."""
    engine = engine_with(10, floor=-20)
    assert paid_s(reserve(engine, "a", 1, 10, 60)) == 30
    close(engine, "a", 30)
    assert engine.wallets[WALLET].balance_micros == -20 * CENT


@pytest.mark.parametrize("cents", [0, -500])
def test_a_call_that_costs_nothing_needs_no_credit(cents: int) -> None:
    """Price 0: allowed on an empty wallet and on one below zero, first slice and renewal."""
    engine = engine_with(cents)
    assert paid_s(reserve(engine, "a", 1, 1, 60, rates=[FREE])) == 60
    assert paid_s(reserve(engine, "a", 2, 61, 120, rates=[FREE])) == 120


def test_a_lowered_balance_keeps_what_is_held() -> None:
    """0.60 held of 1.00, then −0.80: nothing more is given, and the 0.60 can be charged."""
    engine = engine_with(100)
    reserve(engine, "a", 1, 10, 60)
    post(engine, -80)
    assert engine.wallets[WALLET].available_micros == -40 * CENT
    assert isinstance(reserve(engine, "a", 2, 70, 120), Refused)
    close(engine, "a", 60)
    assert engine.wallets[WALLET].balance_micros == -40 * CENT


def test_talk_beyond_the_maximum_charge_needs_no_more_credit() -> None:
    """Maximum 0.30, then free: held 0.30, the balance lowered below that; 600 s cost no more."""
    rate = a_rate(maximum_charge_micros=30 * CENT, maximum_then=MaximumThen.FREE)
    engine = engine_with(30)
    assert paid_s(reserve(engine, "a", 1, 1, 60, rates=[rate])) == 60
    post(engine, -20)
    assert paid_s(reserve(engine, "a", 2, 61, 600, rates=[rate])) == 600


# The end.


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
