"""The terms of a plan that sells at what the level above charges it, and a margin."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from pbxcharge.core.charge import ChargeLine, LineKind
from pbxcharge.core.money import (
    DECIMALS_MAX,
    Rounding,
    quantum_micros,
    round_micros,
    round_quotient,
)
from pbxcharge.core.rate_terms import RULE_SET
from pbxcharge.core.record_fields import RecordFields, fraction_text


@dataclass(frozen=True, slots=True, kw_only=True)
class RelativeTerms:
    """A multiple of what the level above charges, and an amount for each interval billed.

    1.20 and 0.01 for each 10 s, at 60/10: 75 s that cost 0.50 above are 0.60, and 80 s are billed,
    so 0.08 is added: 0.68. The multiplier is an exact fraction, the adjustment whole micro-units.

    Raises ValueError, with one text per problem in `args`, for terms that no price follows from,
    or a price that could fall as the call goes on.
    """

    destination: str
    prefix: str
    multiplier: Fraction
    adjustment_micros: int = 0
    interval_s: int = 60
    first_s: int = 60
    next_s: int = 10
    rounding: Rounding = Rounding.AWAY_FROM_ZERO
    rounding_decimals: int = 4
    forbidden: bool = False

    def __post_init__(self) -> None:
        problems = tuple(_problems(self))
        if problems:
            raise ValueError(*problems)

    def billed_s(self, talk_s: int) -> int:
        """The summed length of the blocks charged: 75 s at 60/10 is 80 s. No talk is 0."""
        if talk_s <= 0:
            return 0
        return self.first_s + -(min(0, self.first_s - talk_s) // self.next_s) * self.next_s

    def block_start_s(self, talk_s: int) -> int:
        """The start of the block in which a second of talk lies: the 71st at 60/10 at 70 s."""
        if talk_s <= self.first_s:
            return 0
        return self.billed_s(talk_s) - self.next_s

    def adjustments(self, billed_s: int) -> int:
        """How many intervals have begun: 80 s are 8 of 10 s."""
        return -(-billed_s // self.interval_s)


def relative_micros(terms: RelativeTerms, above_micros: int, talk_s: int) -> int:
    """What so much talk costs that costs so much above: 75 s for 0.50 at the terms above: 0.68."""
    adjustment = terms.adjustment_micros * terms.adjustments(terms.billed_s(talk_s))
    factor = terms.multiplier
    quantum = quantum_micros(terms.rounding_decimals)
    scaled = factor.numerator * above_micros + factor.denominator * adjustment
    return quantum * round_quotient(scaled, factor.denominator * quantum, terms.rounding)


def relative_lines(
    terms: RelativeTerms, above_micros: int | None, talk_s: int
) -> Iterator[ChargeLine]:
    """The lines of such a charge; None: there is no price above."""
    cost = terms.multiplier * (above_micros or 0)
    if above_micros is not None:
        yield ChargeLine(LineKind.COST, cost, 0, talk_s)
    billed_s = terms.billed_s(talk_s)
    intervals = terms.adjustments(billed_s)
    adjustment = Fraction(terms.adjustment_micros * intervals)
    yield ChargeLine(LineKind.ADJUSTMENT, adjustment, 0, billed_s, intervals)
    exact = cost + adjustment
    rounded = round_micros(exact, terms.rounding, terms.rounding_decimals)
    if rounded != exact:
        yield ChargeLine(LineKind.ROUNDING, rounded - exact)


def relative_to_canonical(terms: RelativeTerms) -> dict[str, Any]:
    """The terms in JSON's own kinds, told from those of a rate by the key `relative`."""
    return {
        "rule_set": RULE_SET,
        "destination": terms.destination,
        "prefix": terms.prefix,
        "relative": {
            "multiplier": fraction_text(terms.multiplier),
            "adjustment_micros": terms.adjustment_micros,
            "interval_s": terms.interval_s,
        },
        "first_s": terms.first_s,
        "next_s": terms.next_s,
        "forbidden": int(terms.forbidden),
        "rounding": terms.rounding.value,
        "rounding_decimals": terms.rounding_decimals,
    }


def relative_from_canonical(record: Mapping[str, Any]) -> RelativeTerms:
    """The terms that were stored, exactly.

    Raises ValueError for another rule set, a missing or unknown name, and a value of another kind.
    """
    fields = RecordFields(record, "stored rate")
    if fields.whole("rule_set") != RULE_SET:
        raise ValueError(f"stored rate is of rule set {record['rule_set']}, not {RULE_SET}")
    margin = RecordFields(fields.take("relative", dict), "stored rate")
    terms = RelativeTerms(
        destination=fields.text("destination"),
        prefix=fields.text("prefix"),
        multiplier=margin.fraction("multiplier"),
        adjustment_micros=margin.whole("adjustment_micros"),
        interval_s=margin.whole("interval_s"),
        first_s=fields.whole("first_s"),
        next_s=fields.whole("next_s"),
        forbidden=bool(fields.whole("forbidden")),
        rounding=Rounding(fields.text("rounding")),
        rounding_decimals=fields.whole("rounding_decimals"),
    )
    fields.refuse_the_rest()
    margin.refuse_the_rest()
    return terms


def _problems(terms: RelativeTerms) -> Iterator[str]:
    if terms.multiplier < 0:
        yield "multiplier is below zero"
    if terms.adjustment_micros < 0:
        yield "adjustment_micros is below zero"
    at_least_one = {
        "interval_s": terms.interval_s,
        "first_s": terms.first_s,
        "next_s": terms.next_s,
    }
    for name, seconds in at_least_one.items():
        if seconds < 1:
            yield f"{name} is below 1"
    if not 0 <= terms.rounding_decimals <= DECIMALS_MAX:
        yield f"rounding_decimals is not 0 to {DECIMALS_MAX}"
