"""The compiled form of a rate deck: one file that is mapped into memory, never read whole.

A marisa trie finds the prefixes of a number; arrays beside it, in the order of the trie's keys,
have the spans of each prefix and where its terms and its destination stand. So a deck of 500,000
prefixes is opened in a moment, costs the memory of the pages that are used, and leaves nothing for
the garbage collector to look through.
"""

import json
import mmap
import os
from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from itertools import accumulate, chain
from pathlib import Path
from typing import Any, Final

import marisa_trie

from pbxcharge.catalog.deck_rows import DeckRows, Row

FORMAT: Final = 1
"""Part of every compiled file's name: another format is another file."""
VERSION_DIGITS: Final = 12
BEGINNINGS_MAX: Final = 1_000
_MAGIC: Final = b"PBXCDECK"
_HEAD: Final = 16


@dataclass(frozen=True, slots=True)
class Entry:
    """One row as it is stored: of which prefix, from when until when, and its two texts."""

    prefix: str
    from_s: int
    until_s: int
    destination: str
    terms: str


def compiled(rows: DeckRows) -> bytes:
    """The compiled form of a deck."""
    trie = marisa_trie.Trie(list(rows.by_prefix))
    spans = _by_key(trie, rows.by_prefix)
    every = list(chain.from_iterable(spans))
    froms = [row.from_s for row in every]
    sections = {
        "trie": trie.tobytes(),
        "starts": array("I", accumulate(map(len, spans), initial=0)).tobytes(),
        "from_s": array("q", froms).tobytes(),
        "until_s": array("q", [row.until_s for row in every]).tobytes(),
        "terms": array("I", [row.terms for row in every]).tobytes(),
        "destinations": array("I", [row.destination for row in every]).tobytes(),
        **_texts("terms", rows.terms),
        **_texts("destinations", rows.destinations),
    }
    # The latest ones, should there be more of them than anybody plans ahead.
    beginnings = sorted(Counter(froms).items())[-BEGINNINGS_MAX:]
    said = {
        "version": _version(rows),
        "rows": len(froms),
        "prefixes": len(rows.by_prefix),
        "begins": beginnings,
    }
    return _joined(said, sections)


def _by_key(trie: Any, by_prefix: Mapping[str, list[Row]]) -> list[list[Row]]:
    """The rows of each prefix in the order of the trie's own numbers for the prefixes."""
    ordered: list[list[Row]] = [[]] * len(trie)
    for prefix, rows in by_prefix.items():
        ordered[trie.key_id(prefix)] = rows
    return ordered


def _texts(name: str, texts: Mapping[str, int]) -> dict[str, bytes]:
    ends, written = array("I", [0]), []
    length = 0
    for text in texts:
        written.append(text.encode())
        length += len(written[-1])
        ends.append(length)
    return {f"{name}_ends": ends.tobytes(), f"{name}_text": b"".join(written)}


def _version(rows: DeckRows) -> str:
    """Twelve hexadecimal digits of the hash of what a deck says, whatever way it is written."""
    terms, destinations = list(rows.terms), list(rows.destinations)
    # Few spans are written by many rows.
    span = cache(lambda from_s, until_s: f"{from_s}|{until_s}")
    said = "\n".join(
        f"{prefix}|{span(from_s, until_s)}|{terms[term]}|{destinations[destination]}"
        for prefix in sorted(rows.by_prefix)
        for from_s, until_s, _, destination, term in rows.by_prefix[prefix]
    )
    return sha256(said.encode()).hexdigest()[:VERSION_DIGITS]


def _joined(said: dict[str, Any], sections: Mapping[str, bytes]) -> bytes:
    places, place = {}, 0
    for name, content in sections.items():
        places[name] = (place, len(content))
        place += _padded(len(content))
    head = json.dumps(said | {"size": place, "sections": places}).encode()
    head = head.ljust(_padded(len(head)))
    parts = [_MAGIC, len(head).to_bytes(8, "little"), head]
    parts += [content.ljust(_padded(len(content)), b"\0") for content in sections.values()]
    return b"".join(parts)


def _padded(length: int) -> int:
    return -(-length // 8) * 8


class CompiledDeck:
    """A compiled deck, mapped into memory until nobody has it any more.

    Raises:
        OSError: there is none, or it cannot be read.
        ValueError: it is damaged, or of another format.
    """

    def __init__(self, path: Path) -> None:
        with path.open("rb") as stream:
            if os.fstat(stream.fileno()).st_size < _HEAD:
                raise ValueError("is no compiled deck")
            self._map = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        view = memoryview(self._map)
        length = int.from_bytes(view[8:_HEAD], "little")
        if bytes(view[:8]) != _MAGIC or _HEAD + length > len(view):
            raise ValueError("is no compiled deck")
        said = json.loads(bytes(view[_HEAD : _HEAD + length]))
        content = view[_HEAD + length :]
        if len(content) != said["size"]:
            raise ValueError("is cut off")
        self.version: str = said["version"]
        self.rows: int = said["rows"]
        self.prefixes: int = said["prefixes"]
        self.begins: tuple[tuple[int, int], ...] = tuple(map(tuple, said["begins"]))
        part = {
            name: content[start : start + size] for name, (start, size) in said["sections"].items()
        }
        self._trie = _trie(part["trie"])
        self._starts = part["starts"].cast("I")
        self._froms, self._untils = part["from_s"].cast("q"), part["until_s"].cast("q")
        self._terms, self._destinations = part["terms"].cast("I"), part["destinations"].cast("I")
        self._terms_texts = part["terms_ends"].cast("I"), part["terms_text"]
        self._destination_texts = part["destinations_ends"].cast("I"), part["destinations_text"]

    def find(self, priced: str, at_s: int) -> tuple[str, int] | None:
        """The longest prefix that is effective at an instant, and the place of its row."""
        starts, froms = self._starts, self._froms
        found = list(self._trie.iter_prefixes_with_ids(priced))
        for prefix, key in reversed(found):
            first = starts[key]
            place = bisect_right(froms, at_s, first, starts[key + 1]) - 1
            if place >= first and at_s < self._untils[place]:
                return prefix, place
        return None

    def around(self, priced: str, at_s: int) -> dict[str, int]:
        """Every prefix in effect that begins with a text, or with which the text begins.

        Each with the place of its row. Around 447 are 44, 447 and 4477, but not 442.
        """
        starts, froms, untils = self._starts, self._froms, self._untils
        found: dict[str, int] = {}
        for prefix, key in (*self._trie.iter_prefixes_with_ids(priced), *self._trie.items(priced)):
            first, end = starts[key], starts[key + 1]
            place = first if end == first + 1 else bisect_right(froms, at_s, first, end) - 1
            if place >= first and froms[place] <= at_s < untils[place]:
                found[prefix] = place
        return found

    def terms_number(self, place: int) -> int:
        """A number for the terms of a row: rows with the same terms have the same."""
        return self._terms[place]

    def entry(self, prefix: str, place: int) -> Entry:
        """The row at a place, of a prefix that is known."""
        return Entry(
            prefix,
            self._froms[place],
            self._untils[place],
            _text(self._destination_texts, self._destinations[place]),
            _text(self._terms_texts, self._terms[place]),
        )


def _trie(content: memoryview) -> Any:
    trie = marisa_trie.Trie()
    try:
        # It keeps no hold of the memory: the map must live as long, which CompiledDeck sees to.
        trie.map(content)
    except RuntimeError as error:
        raise ValueError("is of another format") from error
    return trie


def _text(texts: tuple[Sequence[int], memoryview], place: int) -> str:
    ends, content = texts
    return str(content[ends[place] : ends[place + 1]], "utf-8")
