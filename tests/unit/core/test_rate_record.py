"""Rates that no price follows from, and the record of a rate."""

import json
from fractions import Fraction
from typing import Any

import pytest

from pbxcharge.core.price import (
    RULE_SET,
    Step,
    rate_from_canonical,
    rate_to_canonical,
)
from tests.fakes.ten_cents import (
    a_rate,
)


@pytest.mark.parametrize(
    ("terms", "problem"),
    [
        ({"price_per_minute": Fraction(-1)}, "price_per_minute is below zero"),
        ({"first_price_per_minute": Fraction(-1)}, "first_price_per_minute is below zero"),
        ({"first_amount_micros": -1}, "first_amount_micros is below zero"),
        ({"connect_fee_micros": -1}, "connect_fee_micros is below zero"),
        ({"minimum_charge_micros": -1}, "minimum_charge_micros is below zero"),
        ({"maximum_charge_micros": -1}, "maximum_charge_micros is below zero"),
        ({"surcharge_percent": Fraction(-1)}, "surcharge_percent is below zero"),
        ({"steps": (Step(9, Fraction(-1)),)}, "price_per_minute of the step at 9 s is below zero"),
        ({"steps": (Step(0),)}, "from_s of the step at 0 s is below 1"),
        ({"steps": (Step(9, None, 0),)}, "next_s of the step at 9 s is below 1"),
        ({"steps": (Step(9), Step(9))}, "steps are not in rising order of from_s"),
        ({"first_s": 0}, "first_s is below 1"),
        ({"next_s": 0}, "next_s is below 1"),
        ({"free_s": -1}, "free_s is below zero"),
        ({"grace_s": -1}, "grace_s is below zero"),
        ({"rounding_decimals": 7}, "rounding_decimals is not 0 to 6"),
    ],
)
def test_terms_that_could_make_a_price_fall_are_refused(
    terms: dict[str, Any], problem: str
) -> None:
    """Nothing below zero, no empty block, no steps out of order: each is named."""
    with pytest.raises(ValueError) as refusal:
        a_rate(**terms)
    assert refusal.value.args == (problem,)


def test_every_problem_of_a_rate_is_named_at_once() -> None:
    """An admin who made three mistakes reads of three mistakes."""
    with pytest.raises(ValueError) as refusal:
        a_rate(next_s=0, first_amount_micros=1, first_price_per_minute=Fraction(1), free_s=-1)
    assert len(refusal.value.args) == 3


def test_a_stored_rate_has_stable_names_and_exact_fractions() -> None:
    """What stands in the database today must be read in years: these names and kinds are fixed."""
    rate = a_rate(price_per_minute=Fraction(1, 3), steps=(Step(90, Fraction(1, 20)), Step(99)))
    assert rate_to_canonical(rate) == {
        "rule_set": RULE_SET,
        "destination": "Germany",
        "prefix": "49",
        "connect_fee_micros": 0,
        "first_s": 60,
        "next_s": 60,
        "price_per_minute": "1/3",
        "first_price_per_minute": None,
        "first_amount_micros": None,
        "steps": [
            {"from_s": 90, "price_per_minute": "1/20", "next_s": None},
            {"from_s": 99, "price_per_minute": None, "next_s": None},
        ],
        "free_s": 0,
        "grace_s": 0,
        "minimum_charge_micros": 0,
        "maximum_charge_micros": None,
        "maximum_then": "free",
        "surcharge_percent": "0/1",
        "forbidden": 0,
        "rounding": "away_from_zero",
        "rounding_decimals": 4,
    }
    assert json.loads(json.dumps(rate_to_canonical(rate))) == rate_to_canonical(rate)


@pytest.mark.parametrize(
    "change",
    [
        {"rule_set": RULE_SET + 1},
        {"windows": []},
        {"next_s": "60"},
        {"next_s": True},
        {"next_s": None},
        {"price_per_minute": 0.1},
        {"price_per_minute": "0.1"},
        {"price_per_minute": "1/0"},
        {"maximum_then": "ring"},
        {"steps": [{"from_s": 90, "price_per_minute": None}]},
        {"steps": [{"from_s": 90, "price_per_minute": None, "next_s": None, "until": 1}]},
        {"steps": ["90"]},
        {"free_s": -1},
    ],
)
def test_a_stored_rate_that_cannot_be_read_in_full_is_refused(change: dict[str, Any]) -> None:
    """An unknown name, another kind of value, another rule set: never a price from a part of it."""
    record = {**rate_to_canonical(a_rate()), **change}
    with pytest.raises(ValueError):
        rate_from_canonical(record)


def test_a_stored_rate_without_one_of_its_names_is_refused() -> None:
    """A missing field is never taken for its default."""
    whole = rate_to_canonical(a_rate())
    for name in whole:
        with pytest.raises(ValueError, match=f"no {name}"):
            rate_from_canonical({key: value for key, value in whole.items() if key != name})
