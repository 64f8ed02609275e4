"""Rate decks for tests: small ones as text, large ones made up, and one in memory."""

import random
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

from pbxcharge.catalog.deck import Deck
from pbxcharge.catalog.deck_build import build
from pbxcharge.catalog.deck_file import CompiledDeck

UTC = ZoneInfo("UTC")
HEADER = "prefix,destination,price_per_minute,connect_fee,first_s,next_s,effective_from"


def a_deck(folder: Path, text: str, zone: str = "UTC", name: str = "carrier") -> Deck:
    """A deck of this text, compiled."""
    source = folder / f"{name}.csv"
    source.write_text(text, encoding="utf-8")
    built = build(source, folder, zone)
    assert built.path is not None, built.findings
    return Deck(name, CompiledDeck(built.path))


def large_deck(rows: int, seed: int) -> str:
    """A deck as carriers send them: so many prefixes, 5,000 prices, a few kinds of segments."""
    chance = random.Random(seed)
    return "\n".join((HEADER, *_rows(rows, chance), ""))


def _rows(rows: int, chance: random.Random) -> Iterator[str]:
    prefixes: set[str] = set()
    while len(prefixes) < rows:
        prefixes.add(str(chance.randrange(1, 10 ** chance.randrange(1, 9))))
    for prefix in sorted(prefixes):
        price = chance.randrange(1, 5_000)
        first_s, next_s = chance.choice(((60, 60), (60, 6), (30, 6), (1, 1)))
        place = f"Country {prefix[:3]} area {len(prefix)}"
        yield f"{prefix},{place},0.{price:04},,{first_s},{next_s},"
