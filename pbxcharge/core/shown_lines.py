"""The lines of a charge as people read them: decimals that add up to the total."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

from pbxcharge.core.charge import Charge
from pbxcharge.core.money import MICROS, Rounding, format_amount, round_quotient
from pbxcharge.core.rating import lines_canonical

SHOWN_DECIMALS = 9
"""Decimals of a line: three more than money has, since lines are unrounded."""

_SHOWN_PER_MICRO = 10 ** (SHOWN_DECIMALS - 6)


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line of a charge as people read it; the amounts of a charge add up to its total.

    Args:
        kind: see charge.LineKind.
        amount: decimal text of up to 9 decimals.
        exact: the amount in units of the currency, such as "1/30".
        from_s: first second of talk.
        to_s: end of the last block.
        blocks: how many blocks.
        price_per_minute: decimal text, None for flat amounts.
        window: the time window whose terms these are, "" for the price's own.
        quota: what takes something off here, "" for nothing.
        discount_percent: how much of the price, decimal text; None where nothing is taken off.
    """

    kind: str
    amount: str
    exact: str
    from_s: int
    to_s: int
    blocks: int
    price_per_minute: str | None
    window: str = ""
    quota: str = ""
    discount_percent: str | None = None


def charge_lines(charge: Charge) -> tuple[ShownLine, ...]:
    """The lines of a charge that was just worked out."""
    return shown_lines(lines_canonical(charge))


def shown_lines(canonical: str) -> tuple[ShownLine, ...]:
    """The lines of a charge, from their canonical JSON."""
    stored: list[dict[str, Any]] = json.loads(canonical)
    exact = [Fraction(line["amount"]) for line in stored]
    return tuple(
        ShownLine(
            kind=line["kind"],
            amount=amount,
            exact=str(micros * Fraction(1, MICROS)),
            from_s=line["from_s"],
            to_s=line["to_s"],
            blocks=line["blocks"],
            price_per_minute=_price_text(line["price_per_minute"]),
            window=line.get("window", ""),
            quota=line.get("quota", ""),
            discount_percent=_percent(line.get("discount")),
        )
        for line, micros, amount in zip(stored, exact, decimal_amounts(exact), strict=True)
    )


def line_document(line: ShownLine) -> dict[str, Any]:
    """A line in JSON's own kinds; of quotas it speaks only where one takes something off."""
    found = asdict(line)
    if not line.quota:
        del found["quota"], found["discount_percent"]
    return found


def decimal_amounts(amounts: Sequence[Fraction]) -> tuple[str, ...]:
    """Exact amounts of micro-units as decimal texts that add up to the sum of the amounts.

    Each is the step between two rounded running sums: thrice 1/3 of a unit is 0.333333333,
    0.333333334 and 0.333333333, together 1.
    """
    texts, before, running = [], 0, Fraction(0)
    for amount in amounts:
        running += amount
        after = round_quotient(
            running.numerator * _SHOWN_PER_MICRO, running.denominator, Rounding.HALF_AWAY_FROM_ZERO
        )
        texts.append(_shown(after - before))
        before = after
    return tuple(texts)


def _shown(nanos: int) -> str:
    micros, rest = divmod(abs(nanos), _SHOWN_PER_MICRO)
    text = format_amount(micros)
    if rest:
        text = f"{format_amount(micros, 6)}{rest:03d}".rstrip("0")
    return f"-{text}" if nanos < 0 else text


def percent_text(part: Fraction) -> str:
    """A part of a price in percent: 1/4 is 25.00. It was written as decimals, so it is some."""
    (text,) = decimal_amounts([100 * part * MICROS])
    return text


def _percent(part: str | None) -> str | None:
    return None if part is None else percent_text(Fraction(part))


def _price_text(fraction: str | None) -> str | None:
    """A price per minute; it was written as a decimal number, so it is one."""
    if fraction is None:
        return None
    (text,) = decimal_amounts([Fraction(fraction) * MICROS])
    return text
