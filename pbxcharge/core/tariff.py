"""Tariffs: sets of rates, found by the longest prefix of an E.164 number."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from pbxcharge.core.rate import Rate


@dataclass(frozen=True, slots=True)
class Tariff:
    """The rates of a plan. With `44` and `447`, the number 447700900123 takes the rate of `447`.

    Args:
        rates: one rate for each prefix (leading digits of E.164).

    Raises:
        ValueError: two rates share a prefix.
    """

    rates: tuple[Rate, ...]
    _by_prefix: dict[str, Rate] = field(init=False, repr=False, compare=False)
    _lengths: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_prefix = _by_prefix(self.rates)
        lengths = sorted({len(prefix) for prefix in by_prefix}, reverse=True)
        object.__setattr__(self, "_by_prefix", by_prefix)
        object.__setattr__(self, "_lengths", tuple(lengths))

    def match(self, number: str) -> Rate | None:
        """The rate of the longest prefix that the number starts with; None is `no_rate`."""
        for length in self._lengths:
            rate = self._by_prefix.get(number[:length])
            if rate is not None:
                return rate
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


def _by_prefix(rates: Iterable[Rate]) -> dict[str, Rate]:
    found: dict[str, Rate] = {}
    for rate in rates:
        if rate.prefix in found:
            raise ValueError(f"prefix {rate.prefix} has two rates")
        found[rate.prefix] = rate
    return found
