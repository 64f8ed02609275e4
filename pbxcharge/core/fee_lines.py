"""The lines of what a subscription was charged, and as text, as they are stored with it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction

from pbxcharge.core.rating import canonical_json


class FeeLineKind(StrEnum):
    """What a line is for, in the order in which the lines stand."""

    ACTIVATION = "activation"
    """The activation fee."""
    PAID = "paid"
    """What was charged in advance, and is given back."""
    FULL_FEE = "full_fee"
    """The fee of a whole billing period."""
    PROMOTION = "promotion"
    """What the promotional fee is less, or more."""
    ADJUSTMENT = "adjustment"
    """The discount or surcharge of the assignment."""
    DAYS = "days"
    """The share of the days that are not charged: only so many of the period's are."""
    EARLIER = "earlier"
    """What was charged, or credited, for earlier days."""
    DEAD_DAYS = "dead_days"
    """Days without service."""
    BOUND = "bound"
    """No more is credited than was charged."""
    FIXED = "fixed"
    """The penalty that the plan names."""
    REMAINING = "remaining"
    """The fee of a period to the end of the minimum term."""
    ROUNDING = "rounding"
    """From the sum of the lines to what is charged."""


@dataclass(frozen=True, slots=True)
class FeeLine:
    """One line of a charge, unrounded.

    Args:
        kind: see FeeLineKind.
        amount_micros: below zero where it lowers.
        days: of so many days it tells; 0 where it is of none.
        of_days: of so many days of the whole period.
        first: the first of the days, where that is not the period's; of `remaining`, the period.
    """

    kind: FeeLineKind
    amount_micros: Fraction
    days: int = 0
    of_days: int = 0
    first: date | None = None


def fee_lines_text(lines: Iterable[FeeLine]) -> str:
    """Lines as canonical JSON; amounts are exact fractions of micro-units."""
    return canonical_json([_stored(line) for line in lines])


def fee_lines(text: str) -> tuple[FeeLine, ...]:
    """The lines from their canonical JSON."""
    return tuple(
        FeeLine(
            FeeLineKind(line["kind"]),
            Fraction(line["amount"]),
            line.get("days", 0),
            line.get("of_days", 0),
            date.fromisoformat(line["first"]) if "first" in line else None,
        )
        for line in json.loads(text)
    )


def _stored(line: FeeLine) -> dict[str, str | int]:
    stored: dict[str, str | int] = {"kind": str(line.kind), "amount": str(line.amount_micros)}
    if line.of_days:
        stored |= {"days": line.days, "of_days": line.of_days}
    return stored | ({"first": line.first.isoformat()} if line.first else {})
