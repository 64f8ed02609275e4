"""The credit rule by worked examples: what a reservation gets.

Unless a test says otherwise a second costs 0.01 in blocks of 10 s, so a block costs 0.10.
"""

from fractions import Fraction
from typing import Any

import pytest

from pbxcharge.core.credit import (
    Hold,
    HoldLine,
    HoldState,
    Refused,
    Reserved,
    Shortage,
)
from pbxcharge.core.money import MICROS
from pbxcharge.core.price import MaximumThen
from tests.fakes.credit_in_cents import (
    BLOCKS_OF_10,
    CENT,
    FREE,
    ORG,
    add_wallet,
    close,
    engine_with,
    paid_s,
    post,
    reserve,
)
from tests.fakes.granted_call import WALLET, a_rate


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
