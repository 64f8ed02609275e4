"""Charging examples from the test suites and documents of other products.

`tests/golden/cases.json` names the source of each, and the reason for each that is left out. Where
a source states a value that its own numbers contradict, the case has the right one in `cost` and
the stated one in `stated`, which must not come out.
"""

import json
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from pbxcharge.core.money import Rounding, parse_amount, parse_price
from pbxcharge.core.price import MaximumThen, Rate, Step, Variant, charge, longest_talk_s
from pbxcharge.core.settlement import talk_seconds
from pbxcharge.core.windows import Day, Schedule, Window

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "cases.json").read_text("utf-8"))

READERS: dict[str, Any] = {
    "price_per_minute": parse_price,
    "rounding": Rounding,
    "maximum_then": MaximumThen,
    "steps": lambda steps: tuple(a_step(**step) for step in steps),
    "variants": lambda variants: tuple(a_variant(**variant) for variant in variants),
}
AMOUNTS = {"connect_fee": "connect_fee_micros", "maximum_charge": "maximum_charge_micros"}
TOLERANCE_MS = 100
"""A started second counts once it has lasted this long."""


def a_step(from_s: int, price_per_minute: str, next_s: int | None = None) -> Step:
    """A step as the file writes it."""
    return Step(from_s, parse_price(price_per_minute), next_s)


def a_variant(window: str, price_per_minute: str, connect_fee: str) -> Variant:
    """What a window changes, as the file writes it."""
    return Variant(
        window=window,
        price_per_minute=parse_price(price_per_minute),
        connect_fee_micros=parse_amount(connect_fee),
    )


def a_rate(terms: dict[str, Any]) -> Rate:
    """A rate from the terms of a case, money as decimal text."""
    fields: dict[str, Any] = {}
    for name, value in terms.items():
        if name in AMOUNTS:
            fields[AMOUNTS[name]] = parse_amount(value)
        else:
            fields[name] = READERS.get(name, int)(value)
    return Rate(destination="a case", prefix="1", **fields)


def a_price(case: dict[str, Any]) -> Rate:
    """The rate of a case, at the hours at which it was called."""
    rate = a_rate(case["rate"])
    if "windows" not in case:
        return rate
    windows = (window | {"days": frozenset(map(Day, window["days"]))} for window in case["windows"])
    schedule = Schedule(tuple(Window(**window) for window in windows))
    answered_s = int(datetime.fromisoformat(case["answered_at"]).timestamp())
    return rate.at(schedule.timeline(UTC, answered_s - 60, answered_s + 4 * 3600), answered_s)


def talk_of(case: dict[str, Any]) -> int:
    """The seconds of talk, where a case has a duration by the clock as they are counted."""
    if "duration_ms" in case:
        return talk_seconds(case["duration_ms"] * 1000, TOLERANCE_MS)
    return int(case["talk_s"])


def cases(wanted: str) -> list[Any]:
    """The cases that expect something of this kind."""
    return [pytest.param(case, id=case["id"]) for case in GOLDEN["cases"] if wanted in case]


@pytest.mark.parametrize("case", cases("cost"))
def test_a_call_costs_what_its_source_says(case: dict[str, Any]) -> None:
    """The price is the stated one; where the source adds wrongly, the right one instead."""
    priced = charge(a_price(case), talk_of(case))
    assert priced.total_micros == parse_amount(case["cost"])
    assert sum((line.amount for line in priced.lines), Fraction(0)) == parse_amount(case["cost"])
    if "stated" in case:
        assert priced.total_micros != parse_amount(case["stated"]), case["why"]


@pytest.mark.parametrize("case", cases("billed_s"))
def test_a_call_is_billed_the_seconds_its_source_says(case: dict[str, Any]) -> None:
    """Talk time less free seconds, rounded up to whole blocks."""
    assert charge(a_price(case), talk_of(case)).billed_s == case["billed_s"]


@pytest.mark.parametrize("case", cases("longest_talk_s"))
def test_an_amount_buys_the_talk_its_source_says(case: dict[str, Any]) -> None:
    """The longest call that a balance pays for, within what was asked for."""
    rate, amount_micros = a_rate(case["rate"]), parse_amount(case["amount"])
    assert longest_talk_s(rate, amount_micros, case["at_most_s"]) == case["longest_talk_s"]


def test_every_case_has_a_source_and_an_expectation_or_a_reason() -> None:
    """No case stands in the file without being tried, none is left out without a word why."""
    tried = ("cost", "billed_s", "longest_talk_s")
    assert all(case["source"] and any(key in case for key in tried) for case in GOLDEN["cases"])
    assert all(case["reason"] for case in GOLDEN["left_out"])
    kinds = ("cases", "subscriptions", "left_out")
    names = [case["id"] for kind in kinds for case in GOLDEN[kind]]
    assert len(names) == len(set(names)) > 40
