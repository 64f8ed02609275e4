"""Why a call cost what it cost: the stored lines, and the same call priced again.

Both read only what was stored when the call was made, so a charge can be explained when the plan
file is long gone.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

from pbxcharge.core.cdr import Cdr
from pbxcharge.core.money import MICROS, Rounding, format_amount, round_quotient
from pbxcharge.core.price import RULE_SET, Charge, charge
from pbxcharge.core.pricing import cost_micros, moment_of_record, prices
from pbxcharge.core.rating import Rating, lines_canonical

SHOWN_DECIMALS = 9
"""Decimals of a line: three more than money has, since lines are unrounded."""

_SHOWN_PER_MICRO = 10 ** (SHOWN_DECIMALS - 6)


class Verdict(StrEnum):
    """Whether the call, priced again from what was stored, costs what was charged."""

    SAME = "same"
    DIFFERS = "differs"
    NOT_PRICED = "not_priced"
    CANNOT = "cannot"


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
    """

    kind: str
    amount: str
    exact: str
    from_s: int
    to_s: int
    blocks: int
    price_per_minute: str | None
    window: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The lines that were stored with a record, and what pricing the call again says.

    Args:
        lines: as stored.
        verdict: see Verdict.
        differences: each difference in words; or why it cannot be priced again.
    """

    lines: tuple[ShownLine, ...]
    verdict: Verdict
    differences: tuple[str, ...] = ()


def explain(cdr: Cdr, rating: Rating | None) -> Explanation:
    """Price the call of a record again from what it was priced with.

    Stored 0.30 and again 0.30, line for line: `same`. A call without talk is `not_priced`.
    """
    lines = shown_lines(cdr.lines)
    if cdr.answered_at_us is None:
        return Explanation(lines, Verdict.NOT_PRICED)
    if cdr.rule_set != RULE_SET:
        return Explanation(
            lines, Verdict.CANNOT, (f"priced by rule set {cdr.rule_set}, these are {RULE_SET}",)
        )
    if rating is None:
        return Explanation(lines, Verdict.CANNOT, ("what it was priced with is not stored",))
    differences = tuple(_differences(cdr, rating))
    return Explanation(lines, Verdict.DIFFERS if differences else Verdict.SAME, differences)


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
        )
        for line, micros, amount in zip(stored, exact, decimal_amounts(exact), strict=True)
    )


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


def _price_text(fraction: str | None) -> str | None:
    """A price per minute; it was written as a decimal number, so it is one."""
    if fraction is None:
        return None
    (text,) = decimal_amounts([Fraction(fraction) * MICROS])
    return text


def _differences(cdr: Cdr, rating: Rating) -> Iterator[str]:
    paid_s = cdr.talk_s - cdr.unpaid_s
    again = [charge(price, paid_s) for price in prices(rating, moment_of_record(cdr, rating))]
    cost = cost_micros(rating, cdr.trunk, paid_s)
    if cost != cdr.cost_micros:
        yield f"cost: stored {_amount(cdr.cost_micros)}, priced again {_amount(cost)}"
    if len(again) != len(cdr.levels):
        yield f"{len(cdr.levels)} levels were charged, {len(again)} are priced"
        return
    for stored, priced in zip(cdr.levels, again, strict=True):
        yield from _amounts(f"charge of {stored.account_id}", stored.charge_micros, priced)
    if again and cdr.charge_micros != cdr.levels[0].charge_micros:
        yield "the record's charge is not that of its first level"
    if again and again[0].billed_s != cdr.billed_s:
        yield f"billed {cdr.billed_s} s, priced again {again[0].billed_s} s"
    if again and lines_canonical(again[0]) != cdr.lines:
        yield "the stored lines are not those of pricing it again"


def _amount(micros: int | None) -> str:
    return "none" if micros is None else format_amount(micros)


def _amounts(what: str, stored_micros: int, priced: Charge) -> Iterator[str]:
    if stored_micros != priced.total_micros:
        yield (
            f"{what}: stored {format_amount(stored_micros)}, "
            f"priced again {format_amount(priced.total_micros)}"
        )
