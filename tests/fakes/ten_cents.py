"""A price of 0.10 a minute, for numbers that are worked out by hand."""

from fractions import Fraction
from typing import Any

from pbxcharge.core.price import (
    LineKind,
    Rate,
    charge,
)

TEN_CENTS = Fraction(1, 10)


def a_rate(**terms: Any) -> Rate:
    """0.10 a minute at 60/60, where a test does not say otherwise."""
    price: dict[str, Any] = {"price_per_minute": TEN_CENTS, "first_s": 60, "next_s": 60}
    return Rate(destination="Germany", prefix="49", **(price | terms))


def kinds(rate: Rate, talk_s: int) -> dict[LineKind, Fraction]:
    """What each kind of line adds, in micro-units."""
    return {line.kind: line.amount for line in charge(rate, talk_s).lines}
