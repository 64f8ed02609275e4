"""Split records: a covered call as parts, each at one discount."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from pbxcharge.core.coverage import Costs, Coverage, Span, cost_between, used_until_s

_FULL_PRICE: Final = Fraction(0)


@dataclass(frozen=True, slots=True)
class Part:
    """Billed seconds of a call at one discount.

    Args:
        from_s: since the answer.
        until_s: the second after the last one.
        quota: whose discount it is, for people; empty at the full price.
        discount: the part of the price that is taken off; 1 is free.
        amount: what the blocks cost after it, in micro-units, unrounded; without connect fee.
    """

    from_s: int
    until_s: int
    quota: str
    discount: Fraction
    amount: Fraction

    @property
    def seconds(self) -> int:
        """How long it is."""
        return self.until_s - self.from_s


def split(costs: Costs, spans: Coverage, talk_s: int) -> tuple[Part, ...]:
    """The parts of a talk: 8 minutes at 0.10, 2 of them free, are 2 min for 0.00, 6 for 0.60."""
    end_s = used_until_s((costs,), talk_s)
    return tuple(
        Part(
            from_s,
            until_s,
            span.name if span else "",
            span.discount if span else _FULL_PRICE,
            cost_between(costs, from_s, until_s, talk_s) * (1 - (span.discount if span else 0)),
        )
        for from_s, until_s, span in _runs(spans, costs.grid_s, end_s)
    )


def discount_percent(parts: Sequence[Part]) -> Fraction:
    """The discount of all parts together, each for its seconds: 2 of 8 minutes free are 25 %."""
    seconds = sum(part.seconds for part in parts)
    taken = sum((part.discount * part.seconds for part in parts), Fraction(0))
    return 100 * taken * Fraction(1, seconds) if seconds else Fraction(0)


def _runs(spans: Coverage, from_s: int, end_s: int) -> Iterator[tuple[int, int, Span | None]]:
    """The seconds between two ends by the span that takes something off them."""
    for span in sorted((one for one in spans if one.discount), key=lambda one: one.from_s):
        if span.from_s >= end_s:
            break
        if span.from_s > from_s:
            yield from_s, span.from_s, None
        from_s = min(span.until_s, end_s)
        yield span.from_s, from_s, span
    if from_s < end_s:
        yield from_s, end_s, None
