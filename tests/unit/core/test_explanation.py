"""Explaining a charge: the stored lines, and the same call priced again."""

import json
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbxcharge.core.call_events import HungUp
from pbxcharge.core.call_state import Call, Phase
from pbxcharge.core.cdr import Cdr, EndSource
from pbxcharge.core.explanation import Verdict, explain
from pbxcharge.core.price import RelativeTerms, Variant, charge
from pbxcharge.core.rating import RatedTrunk, Rating, lines_canonical
from pbxcharge.core.settlement import settle
from pbxcharge.core.shown_lines import decimal_amounts, shown_lines
from pbxcharge.core.windows import Timeline
from tests.fakes.granted_call import LEG, SETUP_AT_US, a_rate, granted

RATE = a_rate(price_per_minute=Fraction(1, 10), first_s=60, next_s=6, connect_fee_micros=50_000)
GRANTED = granted(rates=(RATE,))
ANSWERED_US = SETUP_AT_US + 5_000_000


def record(talk_s: int = 61) -> Cdr:
    """A settled call: 61 s at 60/6 and 0.10 a minute with 0.05 to connect is 0.16."""
    up = Call(GRANTED, 2, 120, Phase.UP, LEG, 5_000, ANSWERED_US)
    end = HungUp(ANSWERED_US + talk_s * 1_000_000, EndSource.EVENT, 16)
    return settle(up, end, "EUR", "test").cdr


def test_a_record_explains_itself() -> None:
    """Connect fee 0.05, first block 0.10, one block of 6 s 0.01; priced again the same."""
    explanation = explain(record(), GRANTED.rating)
    assert explanation.verdict is Verdict.SAME
    assert [(line.kind, line.amount) for line in explanation.lines] == [
        ("connect_fee", "0.05"),
        ("first_block", "0.10"),
        ("blocks", "0.01"),
    ]
    assert explanation.lines[2].price_per_minute == "0.10"


def test_the_shown_lines_name_their_time_window() -> None:
    """Half price in the evening, which begins 30 s after the answer; stored where there is one."""
    evening = Variant(window="evening", price_per_minute=Fraction(1, 20))
    rate = replace(RATE, variants=(evening,)).at(Timeline(((0, ""), (30, "evening"))), 0)
    stored = lines_canonical(charge(rate, 61))
    shown = [(line.kind, line.window) for line in shown_lines(stored)]
    assert shown == [("connect_fee", ""), ("first_block", ""), ("blocks", "evening")]
    assert ["window" in line for line in json.loads(stored)] == [False, False, True]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"charge_micros": 1}, "the record's charge is not that of its first level"),
        ({"billed_s": 60}, "billed 60 s, priced again 66 s"),
        ({"talk_s": 67}, "charge of alice: stored 0.16, priced again 0.17"),
        ({"levels": ()}, "0 levels were charged, 1 are priced"),
    ],
)
def test_a_record_that_was_changed_is_told(changed: dict[str, object], told: str) -> None:
    """Each difference in words, with both sides."""
    explanation = explain(replace(record(), **changed), GRANTED.rating)  # type: ignore[arg-type]
    assert explanation.verdict is Verdict.DIFFERS
    assert told in explanation.differences


def test_changed_lines_are_told() -> None:
    """Also when the total is right."""
    cdr = record()
    lines = json.loads(cdr.lines)
    lines[0]["amount"], lines[1]["amount"] = lines[1]["amount"], lines[0]["amount"]
    explanation = explain(replace(cdr, lines=json.dumps(lines)), GRANTED.rating)
    assert explanation.differences == ("the stored lines are not those of pricing it again",)


def test_only_talk_that_was_paid_is_priced() -> None:
    """70 s of talk with 10 s unpaid are priced as 60 s."""
    cdr = replace(record(60), talk_s=70, unpaid_s=10)
    assert explain(cdr, GRANTED.rating).verdict is Verdict.SAME


def test_what_cannot_be_priced_again_says_why() -> None:
    """Another rule set, or a rating that is gone."""
    other = explain(replace(record(), rule_set=7), GRANTED.rating)
    assert other.verdict is Verdict.CANNOT
    assert other.differences == ("priced by rule set 7, these are 1",)
    assert explain(record(), None).verdict is Verdict.CANNOT


def test_a_call_without_talk_is_not_priced() -> None:
    """An unanswered one has no lines and no verdict."""
    cdr = replace(record(), answered_at_us=None, lines="[]")
    explanation = explain(cdr, GRANTED.rating)
    assert (explanation.verdict, explanation.lines) == (Verdict.NOT_PRICED, ())


def test_lines_that_do_not_end_still_add_up() -> None:
    """Three thirds are shown with 9 decimals, and are one."""
    thirds = [Fraction(1_000_000, 3)] * 3
    assert decimal_amounts(thirds) == ("0.333333333", "0.333333334", "0.333333333")


def test_a_lowering_line_has_its_sign() -> None:
    """A maximum takes away; small amounts keep their decimals."""
    amounts = [Fraction(1_500_000), Fraction(-1_250_001, 1000)]
    assert decimal_amounts(amounts) == ("1.50", "-0.001250001")


@given(
    st.fractions(min_value=0, max_value=5, max_denominator=1000),
    st.integers(1, 90),
    st.integers(1, 90),
    st.integers(0, 20_000),
)
def test_the_shown_lines_add_up_to_the_charge(
    price: Fraction, first_s: int, next_s: int, talk_s: int
) -> None:
    """For any price. Seen failing with each line rounded by itself."""
    rate = a_rate(price_per_minute=price, first_s=first_s, next_s=next_s)
    charged = charge(rate, talk_s)
    lines = shown_lines(lines_canonical(charged))
    total = sum((Decimal(line.amount) for line in lines), Decimal(0))
    assert total * 1_000_000 == charged.total_micros


def test_every_level_has_its_lines_and_its_carrier_too() -> None:
    """Alice at 60/6, acme at 1.20 times what the carrier asks by the second: 61 s at 0.06 a minute.

    The carrier asks 0.061, acme pays 0.0732.
    """
    cost = a_rate(price_per_minute=Fraction(6, 100))
    margin = RelativeTerms(destination="", prefix="", multiplier=Fraction(6, 5))
    base = granted(rates=(RATE, margin), wallets=("alice:outgoing", "acme:outgoing"))
    rating = replace(base.rating, trunks=(RatedTrunk("carrier", "deck", "d1", cost),))
    up = Call(replace(base, rating=rating), 2, 120, Phase.UP, LEG, 5_000, ANSWERED_US)
    end = HungUp(ANSWERED_US + 61_000_000, EndSource.EVENT, 16)
    explanation = explain(settle(up, end, "EUR", "test").cdr, rating)
    own, above = explanation.levels
    assert [line.amount for line in own.lines] == ["0.05", "0.10", "0.01"]
    assert (above.lines[0].kind, above.lines[0].amount) == ("cost", "0.0732")
    assert (above.charged.charge_micros, above.billed_s) == (73_200, 70)
    assert explanation.cost is not None
    assert [line.amount for line in explanation.cost.lines] == ["0.001", "0.06"]


def test_an_explanation_names_the_windows_of_the_talk() -> None:
    """Evening from the 30th second of 61 on; what comes after the end is not named."""
    evening = Variant(window="evening", price_per_minute=Fraction(1, 20))
    rate = replace(RATE, variants=(evening,))
    at_s = ANSWERED_US // 1_000_000
    clock = Timeline(((0, "day"), (at_s + 30, "evening"), (at_s + 500, "night")))
    level = replace(GRANTED.rating.levels[0], rate=rate, timeline=clock)
    rating = Rating((level,), GRANTED.rating.terms, answer_within_s=60)
    up = Call(replace(GRANTED, rating=rating), 2, 120, Phase.UP, LEG, 5_000, ANSWERED_US)
    end = HungUp(ANSWERED_US + 61_000_000, EndSource.EVENT, 16)
    explanation = explain(settle(up, end, "EUR", "test").cdr, rating)
    assert explanation.levels[0].windows == ((0, "day"), (30, "evening"))
    assert explanation.verdict is Verdict.SAME


def test_nobody_pays_for_an_emergency_call() -> None:
    """It was answered, and nothing was ever priced."""
    cdr = replace(record(), call_type="emergency", rating_id=None, lines="[]", levels=())
    assert explain(cdr, None).verdict is Verdict.NOT_PRICED
