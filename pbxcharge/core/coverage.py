"""Coverage: which seconds of a call a quota makes cheaper, fixed slice by slice as it is granted.

What seconds cost before any discount is spread evenly over each block. So half of a block of 60 s
that is free is half of its price, and no second is cheaper or dearer for where a slice ends.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Final, Protocol

from pbxcharge.core.charge import ChargeLine, LineKind
from pbxcharge.core.measure import Measure


@dataclass(frozen=True, slots=True)
class Span:
    """Seconds of talk that one quota counts, and what it takes off them.

    Args:
        from_s: since the answer.
        until_s: the second after the last one.
        discount: the part of the price that is taken off: 1 is free; 0 is only counted.
        wallet_id: in which the use is booked.
        name: of the quota, for people.
        measure: in what it is booked.
    """

    from_s: int
    until_s: int
    discount: Fraction
    wallet_id: str
    name: str
    measure: Measure

    def within_s(self, end_s: int) -> int:
        """How many of its seconds lie before an end: of 60 to 120 s before 90 s it is 30."""
        return max(0, min(self.until_s, end_s) - self.from_s)


Coverage = tuple[Span, ...]
"""The spans of one level, as they were granted. Those that take something off do not overlap."""

NO_COVERAGE: Final[Coverage] = ()


class Costs(Protocol):
    """What a price asks for talk before any discount, and the blocks that it asks it for.

    All seconds are of talk since the answer.
    """

    @property
    def grid_s(self) -> int:
        """Where the first block begins."""
        ...

    @property
    def grace_s(self) -> int:
        """Talk that is not longer costs nothing, and uses nothing."""
        ...

    def cost(self, talk_s: int) -> Fraction:
        """Micro-units of all blocks that have begun, with their surcharge, without connect fee."""
        ...

    def block_start(self, talk_s: int) -> int:
        """The start of the block in which a second lies."""
        ...

    def block_end(self, talk_s: int) -> int:
        """Talk rounded up to whole blocks."""
        ...


@dataclass(frozen=True, slots=True)
class Taken:
    """What coverage takes off the price of a talk.

    `all_free`: no second that is billed costs anything, and there is one.
    """

    micros: Fraction
    lines: tuple[ChargeLine, ...]
    all_free: bool


def taken_off(costs: Costs, spans: Coverage, talk_s: int) -> Taken:
    """What the discounts of a talk are worth, and a line for each of them.

    8 minutes at 0.10 with 2 of them free: 0.20 is taken off, and 0.60 is left.
    """
    end_s = costs.block_end(talk_s)
    counting = [span for span in spans if span.discount and span.within_s(end_s)]
    lines = tuple(_line(costs, span, talk_s, end_s) for span in counting)
    free_s = sum(span.within_s(end_s) for span in counting if span.discount == 1)
    micros = -sum((line.amount for line in lines), Fraction(0))
    return Taken(micros, lines, 0 < end_s - costs.grid_s <= free_s)


def uses(costs: Sequence[Costs], spans: Coverage, talk_s: int) -> dict[str, int]:
    """What a talk uses up in the wallet of each quota: 61 s at 60/60 are 120 s.

    A started block is billed whole, so it is used whole. Amounts are what the seconds cost before
    any discount, a started micro-unit counts; of several prices the dearest one.
    """
    end_s = used_until_s(costs, talk_s)
    found: dict[str, int] = {}
    for span in spans:
        used = span.within_s(end_s)
        if span.measure is Measure.AMOUNT:
            used = dearest_micros(costs, span.from_s, span.from_s + used, talk_s)
        found[span.wallet_id] = found.get(span.wallet_id, 0) + used
    return {wallet_id: used for wallet_id, used in found.items() if used}


def used_until_s(costs: Sequence[Costs], talk_s: int) -> int:
    """The end of the seconds that are used: that of the last block that has begun."""
    return max(0 if talk_s <= each.grace_s else each.block_end(talk_s) for each in costs)


def dearest_micros(costs: Sequence[Costs], from_s: int, until_s: int, talk_s: int) -> int:
    """What some seconds of a talk cost by the dearest price, in whole micro-units, rounded up."""
    dearest = max(cost_between(each, from_s, until_s, talk_s) for each in costs)
    return -(-dearest.numerator // dearest.denominator)


def cost_between(costs: Costs, from_s: int, until_s: int, talk_s: int) -> Fraction:
    """What some seconds of a talk cost: 30 s of a block of 60 s for 0.10 cost 0.05."""
    return _cost_before(costs, until_s, talk_s) - _cost_before(costs, from_s, talk_s)


def cut(spans: Coverage, end_s: int) -> Coverage:
    """What of some spans lies before an end."""
    return tuple(
        span if span.until_s <= end_s else replace(span, until_s=end_s)
        for span in spans
        if span.within_s(end_s)
    )


def joined(spans: Coverage, more: Iterable[Span]) -> Coverage:
    """Spans with later ones; what goes on where the same one ended is one span."""
    found = list(spans)
    for span in more:
        place = next((n for n, each in enumerate(found) if _goes_on(each, span)), None)
        if place is None:
            found.append(span)
        else:
            found[place] = replace(found[place], until_s=span.until_s)
    return tuple(found)


def coverage_to_text(levels: Sequence[Coverage]) -> str:
    """The coverage of each level, the caller's own first, as it is stored; of none it is ""."""
    if not levels or not any(levels):
        return ""
    return json.dumps([[_to_record(span) for span in spans] for spans in levels])


def coverage_from_text(text: str) -> tuple[Coverage, ...]:
    """The coverage of each level that was stored; "" is none."""
    if not text:
        return ()
    return tuple(tuple(_from_record(record) for record in level) for level in json.loads(text))


def of_level(levels: Sequence[Coverage], level: int) -> Coverage:
    """The coverage of one level; where none was kept there was none."""
    return levels[level] if level < len(levels) else NO_COVERAGE


def _cost_before(costs: Costs, at_s: int, talk_s: int) -> Fraction:
    if at_s <= costs.grid_s:
        return Fraction(0)
    if at_s >= costs.block_end(talk_s):
        return costs.cost(talk_s)
    start_s, end_s = costs.block_start(at_s), costs.block_end(at_s)
    before = costs.cost(start_s)
    of_block = costs.cost(min(end_s, talk_s)) - before
    return before + of_block * Fraction(at_s - start_s, end_s - start_s)


def _line(costs: Costs, span: Span, talk_s: int, end_s: int) -> ChargeLine:
    until_s = min(span.until_s, end_s)
    worth = cost_between(costs, span.from_s, until_s, talk_s)
    return ChargeLine(
        LineKind.ALLOWANCE,
        -worth * span.discount,
        span.from_s,
        until_s,
        quota=span.name,
        discount=span.discount,
    )


def _goes_on(before: Span, span: Span) -> bool:
    return replace(span, from_s=before.from_s, until_s=before.until_s) == before and (
        before.until_s == span.from_s
    )


def _to_record(span: Span) -> list[Any]:
    discount = str(span.discount)
    return [span.from_s, span.until_s, discount, span.wallet_id, span.name, span.measure.value]


def _from_record(record: Sequence[Any]) -> Span:
    from_s, until_s, discount, wallet_id, name, measure = record
    return Span(from_s, until_s, Fraction(discount), wallet_id, name, Measure(measure))


def included_s(spans: Coverage, end_s: int) -> int:
    """How many of the seconds before an end cost nothing."""
    return sum(span.within_s(end_s) for span in spans if span.discount == 1)
