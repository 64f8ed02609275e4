"""A rate deck: the prices of a carrier, or of a plan, too many to be rows of a plan file."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final

from pbxcharge.catalog.deck_columns import terms_from_text
from pbxcharge.catalog.deck_file import CompiledDeck, Entry
from pbxcharge.core.money import Rounding
from pbxcharge.core.price import Rate

RATES_KEPT: Final = 2_000
"""Rates that are made already, for each table; a site's calls go to few of a deck's prefixes."""
PSEUDO_DESTINATIONS: Final[Mapping[str, str]] = {
    "@local": "Own organization",
    "@extended_local": "Other organizations",
    "@incoming": "Incoming",
}


@dataclass(frozen=True, slots=True)
class DeckDefaults:
    """What counts for rows that say nothing of their own: segments 60/10, away from zero at 4."""

    first_s: int = 60
    next_s: int = 10
    rounding: Rounding = Rounding.AWAY_FROM_ZERO
    rounding_decimals: int = 4


HOUSE: Final = DeckDefaults()


class DeckTable:
    """The prices of a deck as a table of rates, with what counts for rows that say nothing.

    Args:
        compiled: the deck.
        defaults: the segments and the rounding of rows without their own.
    """

    def __init__(self, compiled: CompiledDeck, defaults: DeckDefaults) -> None:
        self._find = compiled.find

        # A function that knows nothing of this table: together they would be a ring, which keeps
        # a deck that nobody uses any more in memory until the garbage collector comes by.
        @lru_cache(RATES_KEPT)
        def rate(prefix: str, place: int) -> Rate:
            return _rate(compiled.entry(prefix, place), defaults)

        self._rate = rate

    def match(self, priced: str, at_s: int) -> Rate | None:
        """The rate of the longest prefix that is effective at an instant; None is `no_rate`.

        With 44 and, from tomorrow on, 447, the number 447700900123 takes the rate of 44 today.
        """
        found = self._find(priced, at_s)
        return None if found is None else self._rate(*found)


class Deck:
    """A rate deck, checked and compiled.

    Args:
        name: of its file, without `.csv`.
        compiled: its content.
    """

    def __init__(self, name: str, compiled: CompiledDeck) -> None:
        self.name = name
        self.version = compiled.version
        self.rows = compiled.rows
        self.prefixes = compiled.prefixes
        self._compiled = compiled

    def table(self, defaults: DeckDefaults = HOUSE) -> DeckTable:
        """Its prices; rows without segments or rounding of their own take those given."""
        return DeckTable(self._compiled, defaults)

    def find(self, priced: str, at_s: int) -> Entry | None:
        """The row that a number takes at an instant, as it is stored."""
        found = self._compiled.find(priced, at_s)
        return None if found is None else self._compiled.entry(*found)

    def around(self, priced: str, at_s: int) -> dict[str, int]:
        """Every prefix in effect that begins with a text, or with which the text begins.

        Each with the place of its row, for `terms_number`, `destination` and `rate`.
        """
        return self._compiled.around(priced, at_s)

    def terms_number(self, place: int) -> int:
        """A number for the terms of a row: rows with the same terms have the same."""
        return self._compiled.terms_number(place)

    def destination(self, prefix: str, place: int) -> str:
        """The name of a row's destination."""
        return self.rate(prefix, place).destination

    def rate(self, prefix: str, place: int, defaults: DeckDefaults = HOUSE) -> Rate:
        """The rate of a row."""
        return _rate(self._compiled.entry(prefix, place), defaults)

    def beginnings_after(self, at_s: int) -> tuple[int, ...]:
        """The instants after another one at which rows begin."""
        return tuple(from_s for from_s, _ in self._compiled.begins if from_s > at_s)

    def to_come(self, at_s: int) -> tuple[int, int | None]:
        """How many rows begin after an instant, and when the first of them does."""
        later = [(from_s, rows) for from_s, rows in self._compiled.begins if from_s > at_s]
        return sum(rows for _, rows in later), later[0][0] if later else None


def _rate(entry: Entry, defaults: DeckDefaults) -> Rate:
    terms: dict[str, Any] = {
        "price_per_minute": Fraction(0),
        "first_s": defaults.first_s,
        "next_s": defaults.next_s,
        "rounding": defaults.rounding,
        "rounding_decimals": defaults.rounding_decimals,
    }
    pseudo = PSEUDO_DESTINATIONS.get(entry.prefix.partition(":")[0], "")
    destination = entry.destination or pseudo
    return Rate(
        destination=destination, prefix=entry.prefix, **(terms | terms_from_text(entry.terms))
    )
