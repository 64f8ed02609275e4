"""The price of a call: one pure function of what it is priced with and the seconds of talk.

Quote, hold, settlement, explain, replay and reports all ask here. The charge never decreases with
the seconds, so a call debited in slices costs exactly what it costs in one piece; and it is found
by look-up and multiplication, so a call of three hours is no slower to price than one of three
seconds.

A price is a rate; or relative to the price of the level above; or the dearest of several, as long
as neither the trunk nor the second of the answer are known.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from pbxcharge.core import rate as of_rate
from pbxcharge.core.charge import Charge, ChargeLine, LineKind
from pbxcharge.core.money import MICROS, quantum_micros, round_micros, round_quotient
from pbxcharge.core.rate_record import rate_from_canonical, rate_to_canonical
from pbxcharge.core.rate_terms import RULE_SET, MaximumThen, Rate, Step, Variant
from pbxcharge.core.relative import (
    RelativeTerms,
    relative_from_canonical,
    relative_to_canonical,
)

__all__ = [
    "RULE_SET",
    "Charge",
    "ChargeLine",
    "Dearest",
    "LineKind",
    "MaximumThen",
    "Price",
    "Rate",
    "Relative",
    "RelativeTerms",
    "Step",
    "Variant",
    "block_end",
    "block_start",
    "charge",
    "charge_micros",
    "first_block_micros",
    "hang_up_limit_s",
    "longest_talk_s",
    "next_block_end",
    "passes_price",
    "rate_from_canonical",
    "rate_to_canonical",
    "terms_from_canonical",
    "terms_to_canonical",
]


@dataclass(frozen=True, slots=True)
class Relative:
    """A price by relative terms over what the level above charges for the same talk.

    `above` is None where a call costs nothing above: the adjustment remains.
    """

    above: "Price | None"
    terms: RelativeTerms


@dataclass(frozen=True, slots=True)
class Dearest:
    """Whichever of several prices is the highest: what to hold while it is open which one counts.

    Raises ValueError without candidates.
    """

    candidates: tuple["Price", ...]

    def __post_init__(self) -> None:
        if not self.candidates:
            raise ValueError("the dearest of no prices")


Price = Rate | Relative | Dearest


def charge_micros(price: Price, talk_s: int) -> int:
    """What so many whole seconds of talk cost: 180 s at 0.10 a minute is 300_000 micro-units.

    Relative, at 1.20 and 0.01 for each 10 s, and 60/10: 75 s that cost 0.50 above are 0.68.
    """
    if isinstance(price, Rate):
        return of_rate.charge_micros(price, talk_s)
    if isinstance(price, Dearest):
        return max(charge_micros(candidate, talk_s) for candidate in price.candidates)
    return _relative_micros(price.terms, _above_micros(price, talk_s), talk_s)


def charge(price: Price, talk_s: int) -> Charge:
    """What so many whole seconds of talk cost, line by line.

    61 s at 60/6 and 0.10 a minute: first block 0.10, one block of 6 s 0.01, billed 66 s. Of
    several prices it is the dearest, and the first of equals.
    """
    if isinstance(price, Rate):
        return of_rate.charge(price, talk_s)
    if isinstance(price, Dearest):
        dearest = max(price.candidates, key=lambda candidate: charge_micros(candidate, talk_s))
        return charge(dearest, talk_s)
    lines = tuple(_relative_lines(price, talk_s))
    return Charge(charge_micros(price, talk_s), price.terms.billed_s(talk_s), 0, lines)


def first_block_micros(price: Price) -> int:
    """Connect fee and first block, the least that a caller must be able to pay.

    The grace is left aside: it forgives a short call, it does not open one to an empty wallet.
    """
    if isinstance(price, Rate):
        return of_rate.first_block_micros(price)
    if isinstance(price, Dearest):
        return max(first_block_micros(candidate) for candidate in price.candidates)
    above, first_s = price.above, price.terms.first_s
    cost = max(first_block_micros(above), charge_micros(above, first_s)) if above else 0
    return _relative_micros(price.terms, cost, first_s)


def block_end(price: Price, talk_s: int) -> int:
    """Talk time rounded up to whole blocks: 61 s at 60/6 is 66 s.

    Counted in seconds since the answer. Free seconds are one whole: with 30 of them, 1 s is 30 s
    and 31 s at 60/6 is 90 s. No talk is 0. Relative prices have their own blocks, whatever those
    of the level above are; of several prices it is the last end.
    """
    if isinstance(price, Rate):
        return of_rate.block_end(price, talk_s)
    if isinstance(price, Dearest):
        return max(block_end(candidate, talk_s) for candidate in price.candidates)
    return price.terms.billed_s(talk_s)


def block_start(price: Price, talk_s: int) -> int:
    """The start of the block in which a second of talk lies: the 61st to 66th of 60/6 at 60 s.

    The last block end before that second, of whichever price, so 0 within the free seconds.
    """
    if isinstance(price, Rate):
        return of_rate.block_start(price, talk_s)
    if isinstance(price, Dearest):
        return max(block_start(candidate, talk_s) for candidate in price.candidates)
    return price.terms.block_start_s(talk_s)


def next_block_end(price: Price, talk_s: int) -> int:
    """The first block end after so many seconds of talk: after 66 s at 60/6 it is 72 s."""
    return block_end(price, talk_s + 1)


def longest_talk_s(price: Price, amount_micros: int, at_most_s: int) -> int:
    """The longest talk, in whole blocks, that an amount pays for.

    1.00 at 60/6 and 0.30 a minute pays for 198 s: 0.99. It is 0 when connect fee and first block
    do not fit; never more than `at_most_s` rounded up to whole blocks, nor than the hang-up limit.
    Of several prices it is the shortest.
    """
    if isinstance(price, Rate):
        return of_rate.longest_talk_s(price, amount_micros, at_most_s)
    if isinstance(price, Dearest):
        return min(longest_talk_s(one, amount_micros, at_most_s) for one in price.candidates)
    if first_block_micros(price) > amount_micros:
        return 0
    end_s = price.terms.billed_s(at_most_s)
    if charge_micros(price, end_s) <= amount_micros:
        return end_s
    return _last_end_paid(price, amount_micros, end_s)


def hang_up_limit_s(price: Price) -> int | None:
    """When a call on a maximum with `hang_up` ends; None when the maximum ends nothing.

    The end of the last block before the sum, with surcharge and unrounded, would pass the maximum:
    a maximum of 10 at 1 per second ends the call at 10 s. 0 when the connect fee passes it.
    A relative price has none: the level above ends the call by its own.
    """
    if isinstance(price, Rate):
        return of_rate.hang_up_limit_s(price)
    if isinstance(price, Relative):
        return None
    limits = [hang_up_limit_s(candidate) for candidate in price.candidates]
    return min((limit for limit in limits if limit is not None), default=None)


def passes_price(price: Price, price_per_minute: Fraction) -> bool:
    """Whether any block costs more than so much a minute, with its surcharge.

    4.50 a minute and 10 % is 4.95; 0.25 for a first block of 60 s is 0.25, for one of 1 s 15.00.
    Relative: the dearest minute above times the multiplier, and a minute's adjustments.
    """
    if isinstance(price, Rate):
        return of_rate.passes_price(price, price_per_minute)
    return _dearest_minute(price) > price_per_minute


def terms_to_canonical(terms: Rate | RelativeTerms) -> dict[str, Any]:
    """What a level is priced by in JSON's own kinds, as it is stored with the call."""
    if isinstance(terms, Rate):
        return rate_to_canonical(terms)
    return relative_to_canonical(terms)


def terms_from_canonical(record: Mapping[str, Any]) -> Rate | RelativeTerms:
    """What a level was priced by, exactly as it was stored.

    Raises ValueError for another rule set, a missing or unknown name, and a value of another kind.
    """
    if "relative" in record:
        return relative_from_canonical(record)
    return rate_from_canonical(record)


def _dearest_minute(price: Price | None) -> Fraction:
    """The highest price per minute of any block, in units."""
    if price is None:
        return Fraction(0)
    if isinstance(price, Rate):
        most = max(Fraction(run.scaled_block, run.block_s) for run in price.table.runs)
        return most * Fraction(60, MICROS * price.table.denominator)
    if isinstance(price, Dearest):
        return max(_dearest_minute(candidate) for candidate in price.candidates)
    terms = price.terms
    adjustments = Fraction(60 * terms.adjustment_micros, MICROS * terms.interval_s)
    return terms.multiplier * _dearest_minute(price.above) + adjustments


def _above_micros(price: Relative, talk_s: int) -> int:
    return charge_micros(price.above, talk_s) if price.above else 0


def _relative_micros(terms: RelativeTerms, cost_micros: int, talk_s: int) -> int:
    adjustment = terms.adjustment_micros * terms.adjustments(terms.billed_s(talk_s))
    factor = terms.multiplier
    quantum = quantum_micros(terms.rounding_decimals)
    scaled = factor.numerator * cost_micros + factor.denominator * adjustment
    return quantum * round_quotient(scaled, factor.denominator * quantum, terms.rounding)


def _relative_lines(price: Relative, talk_s: int) -> Iterator[ChargeLine]:
    terms = price.terms
    cost = terms.multiplier * _above_micros(price, talk_s)
    if price.above:
        yield ChargeLine(LineKind.COST, cost, 0, talk_s)
    billed_s = terms.billed_s(talk_s)
    intervals = terms.adjustments(billed_s)
    adjustment = Fraction(terms.adjustment_micros * intervals)
    yield ChargeLine(LineKind.ADJUSTMENT, adjustment, 0, billed_s, intervals)
    exact = cost + adjustment
    rounded = round_micros(exact, terms.rounding, terms.rounding_decimals)
    if rounded != exact:
        yield ChargeLine(LineKind.ROUNDING, rounded - exact)


def _last_end_paid(price: Relative, amount_micros: int, end_s: int) -> int:
    """The last own block end before `end_s` that the amount pays for, by bisection."""
    terms = price.terms

    def end_of(blocks: int) -> int:
        return terms.first_s + (blocks - 1) * terms.next_s if blocks else 0

    candidates = range((end_s - terms.first_s) // terms.next_s + 1)
    paid = bisect_right(
        candidates, amount_micros, key=lambda blocks: charge_micros(price, end_of(blocks))
    )
    return end_of(paid - 1)
