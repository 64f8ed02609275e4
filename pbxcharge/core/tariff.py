"""Tariffs: sets of rates, found by the longest prefix of an E.164 number."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Protocol

from pbxcharge.core.rate_terms import Rate
from pbxcharge.core.relative import RelativeTerms

Priced = Rate | RelativeTerms
"""What a row of a tariff prices a call by."""


class RateTable(Protocol):
    """Rates by prefix: those of a plan, or a carrier's deck of half a million."""

    def match(self, priced: str, at_s: int) -> Priced | None:
        """The row of the longest prefix among those in effect at a UTC second; None is `no_rate`.

        With `44` and `447`, the number 447700900123 takes `447`.
        """
        ...


@dataclass(frozen=True, slots=True)
class DatedRate:
    """A row that is in effect from one UTC second of the epoch until before another, if any.

    Raises ValueError for a row that ends before it begins.
    """

    rate: Priced
    from_s: int = 0
    until_s: int | None = None

    def __post_init__(self) -> None:
        if self.until_s is not None and self.until_s <= self.from_s:
            raise ValueError(f"prefix {self.rate.prefix} has a rate that ends before it begins")

    def holds(self, at_s: int) -> bool:
        """Whether the row is in effect at a second."""
        return self.from_s <= at_s and (self.until_s is None or at_s < self.until_s)


@dataclass(frozen=True, slots=True)
class Tariff:
    """The rates of a plan. With `44` and `447`, the number 447700900123 takes the rate of `447`.

    Args:
        rates: one rate for each prefix (leading digits of E.164), always in effect.
        dated: rates with a span of time; those of one prefix do not overlap.

    Raises:
        ValueError: two rates of one prefix are in effect at once.
    """

    rates: tuple[Priced, ...] = ()
    dated: tuple[DatedRate, ...] = ()
    _by_prefix: dict[str, tuple[DatedRate, ...]] = field(init=False, repr=False, compare=False)
    _lengths: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_prefix = _by_prefix((*(DatedRate(rate) for rate in self.rates), *self.dated))
        lengths = sorted({len(prefix) for prefix in by_prefix}, reverse=True)
        object.__setattr__(self, "_by_prefix", by_prefix)
        object.__setattr__(self, "_lengths", tuple(lengths))

    def match(self, priced: str, at_s: int) -> Priced | None:
        """The row of the longest prefix among those in effect; None is `no_rate`."""
        for length in self._lengths:
            for row in self._by_prefix.get(priced[:length], ()):
                if row.holds(at_s):
                    return row.rate
        return None


@dataclass(frozen=True, slots=True)
class Prefixes:
    """A set of leading digits of E.164: with `870`, the number 870776400123 is among them."""

    digits: frozenset[str] = frozenset()
    _lengths: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        lengths = sorted({len(prefix) for prefix in self.digits})
        object.__setattr__(self, "_lengths", tuple(lengths))

    def match(self, number: str) -> str | None:
        """The shortest prefix that the number starts with."""
        for length in self._lengths:
            if number[:length] in self.digits:
                return number[:length]
        return None


NO_PREFIXES: Final = Prefixes()


def _by_prefix(rows: Iterable[DatedRate]) -> dict[str, tuple[DatedRate, ...]]:
    found: dict[str, list[DatedRate]] = {}
    for row in sorted(rows, key=lambda row: row.from_s):
        earlier = found.setdefault(row.rate.prefix, [])
        if earlier and earlier[-1].holds(row.from_s):
            raise ValueError(f"prefix {row.rate.prefix} has two rates at once")
        earlier.append(row)
    return {prefix: tuple(rows) for prefix, rows in found.items()}
