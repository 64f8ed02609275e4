"""The price of a call: one pure function of what it is priced with and the seconds of talk.

Quote, hold, settlement, explain, replay and reports all ask here. The charge never decreases with
the seconds, so a call debited in slices costs exactly what it costs in one piece; and it is found
by look-up and multiplication, so a call of three hours is no slower to price than one of three
seconds.

A price is a rate; or relative to the price of the level above; or the dearest of several, as long
as neither the trunk nor the second of the answer are known; or one of these of which quotas take
something off.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from pbxcharge.core import rate as of_rate
from pbxcharge.core.charge import Charge, ChargeLine, LineKind
from pbxcharge.core.coverage import Costs, Coverage
from pbxcharge.core.covered import Bounds, RateCosts, covered_charge, covered_micros
from pbxcharge.core.money import MICROS
from pbxcharge.core.rate_record import rate_from_canonical, rate_to_canonical
from pbxcharge.core.rate_terms import RULE_SET, MaximumThen, Rate, Step, Variant
from pbxcharge.core.relative import (
    RelativeTerms,
    relative_from_canonical,
    relative_lines,
    relative_micros,
    relative_to_canonical,
)

__all__ = [
    "RULE_SET",
    "Charge",
    "ChargeLine",
    "Covered",
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
    "costs_of",
    "covered",
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


@dataclass(frozen=True, slots=True)
class Covered:
    """A price of which quotas take something off: see coverage.Coverage."""

    price: Price
    spans: Coverage


AnyPrice = Price | Covered


def covered(price: Price, spans: Coverage) -> AnyPrice:
    """The price with this coverage; without any it is the price itself."""
    return Covered(price, spans) if spans else price


def costs_of(price: Price) -> tuple[Costs, ...]:
    """What each candidate of a price asks before any discount."""
    if isinstance(price, Dearest):
        return tuple(costs for candidate in price.candidates for costs in costs_of(candidate))
    return (_bounded_costs(price)[0],)


def charge_micros(price: AnyPrice, talk_s: int) -> int:
    """What so many whole seconds of talk cost: 180 s at 0.10 a minute is 300_000 micro-units.

    Relative, at 1.20 and 0.01 for each 10 s, and 60/10: 75 s that cost 0.50 above are 0.68.
    """
    if isinstance(price, Rate):
        return of_rate.charge_micros(price, talk_s)
    if isinstance(price, Relative):
        return relative_micros(price.terms, _above_micros(price, talk_s), talk_s)
    if isinstance(price, Dearest):
        return max(charge_micros(candidate, talk_s) for candidate in price.candidates)
    return _covered_micros(price, talk_s)


def charge(price: AnyPrice, talk_s: int) -> Charge:
    """What so many whole seconds of talk cost, line by line.

    61 s at 60/6 and 0.10 a minute: first block 0.10, one block of 6 s 0.01, billed 66 s. Of
    several prices it is the dearest, and the first of equals.
    """
    if isinstance(price, Rate):
        return of_rate.charge(price, talk_s)
    if isinstance(price, Dearest):
        dearest = max(price.candidates, key=lambda candidate: charge_micros(candidate, talk_s))
        return charge(dearest, talk_s)
    if isinstance(price, Covered):
        return _covered_charge(price, talk_s)
    above = charge_micros(price.above, talk_s) if price.above else None
    lines = tuple(relative_lines(price.terms, above, talk_s))
    return Charge(charge_micros(price, talk_s), price.terms.billed_s(talk_s), 0, lines)


def first_block_micros(price: AnyPrice) -> int:
    """Connect fee and first block, the least that a caller must be able to pay.

    The grace is left aside: it forgives a short call, it does not open one to an empty wallet.
    """
    if isinstance(price, Rate):
        return of_rate.first_block_micros(price)
    if isinstance(price, Dearest):
        return max(first_block_micros(candidate) for candidate in price.candidates)
    if isinstance(price, Covered):
        return _covered_first_block_micros(price)
    above, first_s = price.above, price.terms.first_s
    cost = max(first_block_micros(above), charge_micros(above, first_s)) if above else 0
    return relative_micros(price.terms, cost, first_s)


def block_end(price: AnyPrice, talk_s: int) -> int:
    """Talk time rounded up to whole blocks: 61 s at 60/6 is 66 s.

    Counted in seconds since the answer. Free seconds are one whole: with 30 of them, 1 s is 30 s
    and 31 s at 60/6 is 90 s. No talk is 0. Relative prices have their own blocks, whatever those
    of the level above are; of several prices it is the last end.
    """
    if isinstance(price, Rate):
        return of_rate.block_end(price, talk_s)
    if isinstance(price, Dearest):
        return max(block_end(candidate, talk_s) for candidate in price.candidates)
    if isinstance(price, Covered):
        return block_end(price.price, talk_s)
    return price.terms.billed_s(talk_s)


def block_start(price: AnyPrice, talk_s: int) -> int:
    """The start of the block in which a second of talk lies: the 61st to 66th of 60/6 at 60 s.

    The last block end before that second, of whichever price, so 0 within the free seconds.
    """
    if isinstance(price, Rate):
        return of_rate.block_start(price, talk_s)
    if isinstance(price, Dearest):
        return max(block_start(candidate, talk_s) for candidate in price.candidates)
    if isinstance(price, Covered):
        return block_start(price.price, talk_s)
    return price.terms.block_start_s(talk_s)


def next_block_end(price: AnyPrice, talk_s: int) -> int:
    """The first block end after so many seconds of talk: after 66 s at 60/6 it is 72 s."""
    return block_end(price, talk_s + 1)


def longest_talk_s(price: AnyPrice, amount_micros: int, at_most_s: int) -> int:
    """The longest talk, in whole blocks, that an amount pays for.

    1.00 at 60/6 and 0.30 a minute pays for 198 s: 0.99. It is 0 when connect fee and first block
    do not fit; never more than `at_most_s` rounded up to whole blocks, nor than the hang-up limit.
    Of several prices it is the shortest.
    """
    if isinstance(price, Rate):
        return of_rate.longest_talk_s(price, amount_micros, at_most_s)
    if isinstance(price, Dearest):
        return min(longest_talk_s(one, amount_micros, at_most_s) for one in price.candidates)
    if isinstance(price, Covered):
        return _longest_covered_s(price, amount_micros, at_most_s)
    if first_block_micros(price) > amount_micros:
        return 0
    end_s = price.terms.billed_s(at_most_s)
    if charge_micros(price, end_s) <= amount_micros:
        return end_s
    return _last_end_paid(price, amount_micros, end_s)


def hang_up_limit_s(price: AnyPrice) -> int | None:
    """When a call on a maximum with `hang_up` ends; None when the maximum ends nothing.

    The end of the last block before the sum, with surcharge and unrounded, would pass the maximum:
    a maximum of 10 at 1 per second ends the call at 10 s. 0 when the connect fee passes it.
    A relative price has none: the level above ends the call by its own. Quotas move it nowhere.
    """
    if isinstance(price, Rate):
        return of_rate.hang_up_limit_s(price)
    if isinstance(price, Relative):
        return None
    if isinstance(price, Covered):
        return hang_up_limit_s(price.price)
    limits = [hang_up_limit_s(candidate) for candidate in price.candidates]
    return min((limit for limit in limits if limit is not None), default=None)


def passes_price(price: AnyPrice, price_per_minute: Fraction) -> bool:
    """Whether any block costs more than so much a minute, with its surcharge.

    4.50 a minute and 10 % is 4.95; 0.25 for a first block of 60 s is 0.25, for one of 1 s 15.00.
    Relative: the dearest minute above times the multiplier, and a minute's adjustments.
    """
    if isinstance(price, Rate):
        return of_rate.passes_price(price, price_per_minute)
    if isinstance(price, Covered):
        return passes_price(price.price, price_per_minute)
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


def _dearest_minute(price: AnyPrice | None) -> Fraction:
    """The highest price per minute of any block, in units."""
    if price is None:
        return Fraction(0)
    if isinstance(price, Rate):
        most = max(Fraction(run.scaled_block, run.block_s) for run in price.table.runs)
        return most * Fraction(60, MICROS * price.table.denominator)
    if isinstance(price, Dearest):
        return max(_dearest_minute(candidate) for candidate in price.candidates)
    if isinstance(price, Covered):
        return _dearest_minute(price.price)
    terms = price.terms
    adjustments = Fraction(60 * terms.adjustment_micros, MICROS * terms.interval_s)
    return terms.multiplier * _dearest_minute(price.above) + adjustments


@dataclass(frozen=True, slots=True)
class _RelativeCosts:
    """What relative terms ask before any discount, connect fees of the levels above included."""

    price: Relative

    @property
    def grid_s(self) -> int:
        return 0

    @property
    def grace_s(self) -> int:
        return 0

    def cost(self, talk_s: int) -> Fraction:
        terms = self.price.terms
        adjustment = terms.adjustment_micros * terms.adjustments(terms.billed_s(talk_s))
        return terms.multiplier * _above_micros(self.price, talk_s) + adjustment

    def block_start(self, talk_s: int) -> int:
        return self.price.terms.block_start_s(talk_s)

    def block_end(self, talk_s: int) -> int:
        return self.price.terms.billed_s(talk_s)


def _bounded_costs(price: Rate | Relative) -> tuple[Costs, Bounds]:
    if isinstance(price, Rate):
        costs = RateCosts(price)
        return costs, costs.bounds
    terms = price.terms
    own = Bounds(Fraction(0), 0, None, terms.rounding, terms.rounding_decimals)
    return _RelativeCosts(price), own


def _covered_micros(price: Covered, talk_s: int, grace: bool = True) -> int:
    of = price.price
    if isinstance(of, Dearest):
        each = (Covered(candidate, price.spans) for candidate in of.candidates)
        return max(_covered_micros(candidate, talk_s, grace) for candidate in each)
    if talk_s <= 0 or (grace and isinstance(of, Rate) and talk_s <= of.grace_s):
        return 0
    return covered_micros(*_bounded_costs(of), price.spans, talk_s)


def _covered_charge(price: Covered, talk_s: int) -> Charge:
    of = price.price
    if isinstance(of, Dearest):
        each = [Covered(candidate, price.spans) for candidate in of.candidates]
        return charge(max(each, key=lambda candidate: charge_micros(candidate, talk_s)), talk_s)
    whole = charge(of, talk_s)
    if talk_s <= 0 or (isinstance(of, Rate) and talk_s <= of.grace_s):
        return whole
    return covered_charge(*_bounded_costs(of), price.spans, talk_s, whole)


def _covered_first_block_micros(price: Covered) -> int:
    """Of relative prices the first block of their own: what the level above begins with is in it.

    The grace is left aside, as without quotas.
    """
    first_s = max(costs.block_end(costs.grid_s + 1) for costs in costs_of(price.price))
    return _covered_micros(price, first_s, grace=False)


def _longest_covered_s(price: Covered, amount_micros: int, at_most_s: int) -> int:
    """The last block end that the amount pays for, by bisection."""
    if first_block_micros(price) > amount_micros:
        return 0
    if isinstance(price.price, Dearest):
        each = (Covered(candidate, price.spans) for candidate in price.price.candidates)
        return min(_longest_covered_s(one, amount_micros, at_most_s) for one in each)
    limit_s, end_s = hang_up_limit_s(price), block_end(price, at_most_s)
    end_s = end_s if limit_s is None else min(end_s, limit_s)
    if charge_micros(price, end_s) <= amount_micros:
        return end_s
    paid = bisect_right(
        range(end_s), amount_micros, key=lambda talk_s: charge_micros(price, talk_s)
    )
    return block_start(price, paid)


def _above_micros(price: Relative, talk_s: int) -> int:
    return charge_micros(price.above, talk_s) if price.above else 0


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
