"""A rate deck as CSV text, row by row: what it says, and everything that is wrong with it.

UTF-8 with or without a byte order mark, lines that end as Unix or Windows ends them, `,` or `;`
between the cells. The first line names the columns; empty lines and those that begin with # are
passed over. A quoted cell ends on its line, so that a quote that is never closed costs one row.
"""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import tzinfo
from operator import itemgetter
from typing import Final, NamedTuple

from pydantic_core import PydanticCustomError

from pbxcharge.catalog.deck_columns import (
    DESTINATION,
    FROM,
    PREFIX,
    UNTIL,
    Problem,
    TermsReader,
    destination_problem,
    header_problems,
    is_prefix,
    prefix_problem,
    terms_from_text,
    terms_to_text,
)
from pbxcharge.catalog.findings import Finding, Severity
from pbxcharge.catalog.instants import read_instant
from pbxcharge.core.price import Rate, hang_up_limit_s

FILE_BYTES_MAX: Final = 256_000_000
ROWS_MAX: Final = 3_000_000
LINE_CHARACTERS_MAX: Final = 1_000
FINDINGS_MAX: Final = 200
"""So many findings are shown; the rest are counted."""
ALWAYS: Final = -(2**62)
EVER: Final = 2**62
"""The beginning and the end of a row without dates, in seconds since the epoch."""
_NOWHERE: Final = -1
"""The place of a column that is not there: the last cell of each row is an empty one."""
_SIMPLE = frozenset({"price_per_minute", "connect_fee_micros", "first_s", "next_s", "forbidden"})


@dataclass(slots=True)
class Found:
    """Findings of one file: the first ones whole, the others as a number."""

    file: str
    shown: list[Finding] = field(default_factory=list)
    total: int = 0

    def add(self, line: int, key: str, message: str, hint: str = "") -> None:
        """One more thing to put right."""
        self.total += 1
        if len(self.shown) < FINDINGS_MAX:
            found = Finding(Severity.ERROR, self.file, line, key, message, hint)
            self.shown.append(found)

    def add_all(self, line: int, problems: tuple[Problem, ...]) -> None:
        """Everything that is wrong with one row."""
        for column, message, hint in problems:
            self.add(line, column, message, hint)

    def all(self) -> tuple[Finding, ...]:
        """Those to be shown; more of them are said in one."""
        more = self.total - len(self.shown)
        if more <= 0:
            return tuple(self.shown)
        message = f"has {self.total:,} errors: the first {len(self.shown)} are shown"
        return (*self.shown, Finding(Severity.ERROR, self.file, 0, "", message))


class Row(NamedTuple):
    """One row: places in the lists of destinations and terms, and its span in seconds."""

    from_s: int
    until_s: int
    line: int
    destination: int
    terms: int


@dataclass(slots=True)
class DeckRows:
    """What a deck says: the rows of each prefix, and the texts that rows share."""

    by_prefix: dict[str, list[Row]] = field(default_factory=dict)
    destinations: dict[str, int] = field(default_factory=dict)
    terms: dict[str, int] = field(default_factory=dict)


def read_deck(file: str, content: bytes, zone: tzinfo) -> tuple[DeckRows, Found]:
    """The rows of a deck; dates are of the given zone. Beside a finding the rows are not whole."""
    found = Found(file)
    text = _decoded(content, found)
    reader = _Reader(text, zone, found) if text else None
    if reader is not None:
        reader.read()
    rows = reader.rows if reader is not None else DeckRows()
    if not found.total and not rows.by_prefix:
        found.add(0, "", "holds no row", "write a header and a row for each prefix")
    for prefix, spans in rows.by_prefix.items():
        if len(spans) > 1:
            rows.by_prefix[prefix] = _in_turn(prefix, spans, found)
    found.shown.sort(key=lambda finding: finding.line)
    return rows, found


def _decoded(content: bytes, found: Found) -> str:
    if len(content) > FILE_BYTES_MAX:
        found.add(0, "", f"is larger than {FILE_BYTES_MAX:,} bytes")
        return ""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found.add(line, "", "is not UTF-8 text", "save the file as CSV in UTF-8")
        return ""


class _Reader:
    """One pass over the lines of a deck.

    What cells mean is remembered by how they are written: nearly every row of half a million says
    what rows before it have said, and is only looked up.
    """

    def __init__(self, text: str, zone: tzinfo, found: Found) -> None:
        self.rows = DeckRows()
        self._lines = _content_lines(text, found)
        self._zone = zone
        self._found = found
        self._separator = ","
        self._place: dict[str, int] = {}
        self._prefix_at = self._destination_at = _NOWHERE
        self._pick_span: Callable[[list[str]], tuple[str, str]] = itemgetter(_NOWHERE, _NOWHERE)
        self._pick_terms: Callable[[list[str]], tuple[str, ...]] = tuple
        self._destinations: dict[str, int] = {}
        self._spans: dict[tuple[str, str], tuple[int, int]] = {}
        self._terms: dict[tuple[str, ...], int] = {}

    def read(self) -> None:
        """The header, then every row."""
        number, header = next(self._lines, (0, ""))
        self._separator = ";" if header.count(";") > header.count(",") else ","
        *titles, _ = self._cells(number, header) or [""]
        names = tuple(title.strip().lower().replace(" ", "_") for title in titles)
        problems = tuple(header_problems(names))
        self._found.add_all(number, problems)
        if problems:
            # Which cell is which is not known: every row would be wrong in the same way.
            return
        reader = self._columns(names)
        for count, (number, line) in enumerate(self._lines):
            if count == ROWS_MAX:
                self._found.add(number, "", f"has more than {ROWS_MAX:,} rows")
                return
            cells = self._cells(number, line)
            if cells is not None:
                self._row(number, cells, reader)

    def _columns(self, names: tuple[str, ...]) -> TermsReader:
        """Take the order of the columns."""
        self._place = {name: place for place, name in enumerate(names)}
        self._prefix_at = self._place[PREFIX]
        self._destination_at = self._place.get(DESTINATION, _NOWHERE)
        span = (self._place.get(name, _NOWHERE) for name in (FROM, UNTIL))
        self._pick_span = itemgetter(*span)
        terms = [name for name in names if name not in (PREFIX, DESTINATION, FROM, UNTIL)]
        self._pick_terms = _picker([self._place[name] for name in terms])
        return TermsReader(tuple(terms))

    def _cells(self, number: int, line: str) -> list[str] | None:
        """The cells as they are written, and an empty one for the columns that are not there."""
        if '"' in line:
            try:
                (cells,) = csv.reader([line], delimiter=self._separator, strict=True)
            except (csv.Error, ValueError):
                self._found.add(number, "", "has a quote that does not end", "remove it")
                return None
        else:
            cells = line.split(self._separator)
        if self._place and len(cells) != len(self._place):
            message = f"has {len(cells)} cells, the header names {len(self._place)} columns"
            self._found.add(number, "", message, f'cells stand between "{self._separator}"')
            return None
        cells.append("")
        return cells

    def _row(self, number: int, cells: list[str], reader: TermsReader) -> None:
        prefix = cells[self._prefix_at].strip()
        if not is_prefix(prefix):
            self._found.add(number, PREFIX, *prefix_problem(prefix))
            prefix = ""
        destination = self._destinations.get(cells[self._destination_at])
        if destination is None:
            destination = self._destination(number, cells[self._destination_at])
        terms = self._terms.get(picked := self._pick_terms(cells))
        if terms is None:
            terms = self._terms_of(number, picked, reader)
        span = self._spans.get(written := self._pick_span(cells))
        if span is None:
            span = self._span(number, written)
        if prefix and destination is not None and terms is not None and span is not None:
            row = Row(*span, number, destination, terms)
            self.rows.by_prefix.setdefault(prefix, []).append(row)

    def _destination(self, number: int, cell: str) -> int | None:
        text = cell.strip()
        problem = destination_problem(text)
        if problem is not None:
            self._found.add(number, DESTINATION, *problem)
            return None
        place = self.rows.destinations.setdefault(text, len(self.rows.destinations))
        self._destinations[cell] = place
        return place

    def _terms_of(self, number: int, cells: tuple[str, ...], reader: TermsReader) -> int | None:
        terms, problems = reader.read(tuple(cell.strip() for cell in cells))
        text = terms_to_text(terms)
        if not problems and not _SIMPLE.issuperset(terms):
            problems = _useless(text)
        self._found.add_all(number, problems)
        if problems:
            return None
        place = self.rows.terms.setdefault(text, len(self.rows.terms))
        self._terms[cells] = place
        return place

    def _span(self, number: int, written: tuple[str, str]) -> tuple[int, int] | None:
        before = self._found.total
        from_s = self._instant(number, FROM, written[0].strip(), ALWAYS)
        until_s = self._instant(number, UNTIL, written[1].strip(), EVER)
        if from_s >= until_s:
            self._found.add(number, UNTIL, "is not after effective_from", "it ends before that day")
        if self._found.total != before:
            return None
        self._spans[written] = from_s, until_s
        return from_s, until_s

    def _instant(self, number: int, column: str, text: str, otherwise: int) -> int:
        if not text:
            return otherwise
        try:
            return read_instant(text, self._zone)
        except PydanticCustomError as error:
            context = error.context or {}
            self._found.add(number, column, context["message"], context["hint"])
            return otherwise


def _useless(text: str) -> tuple[Problem, ...]:
    """Terms that make no rate, or one that ends each call as it begins."""
    try:
        rate = Rate(destination="", prefix="0", **terms_from_text(text))
    except ValueError as error:
        return tuple(("", str(problem), "") for problem in error.args)
    if hang_up_limit_s(rate) == 0:
        return (("maximum_charge", "ends each call at once", "raise it, or maximum_then free"),)
    return ()


def _picker(places: list[int]) -> Callable[[list[str]], tuple[str, ...]]:
    """Takes the cells of terms out of a row: of half a million rows, without a loop for each."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda cells: (cells[places[0]],)


def _content_lines(text: str, found: Found) -> Iterator[tuple[int, str]]:
    """The lines that say something, with their numbers."""
    start, number = 0, 0
    while start < len(text):
        number += 1
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        if end - start > LINE_CHARACTERS_MAX:
            found.add(number, "", f"is longer than {LINE_CHARACTERS_MAX:,} characters")
        else:
            line = text[start:end].rstrip("\r")
            if line and not line.isspace() and not line.startswith("#"):
                yield number, line
        start = end + 1


def _in_turn(prefix: str, rows: list[Row], found: Found) -> list[Row]:
    """The rows of one prefix by their beginning; one without an end lasts until the next."""
    rows = sorted(rows, key=lambda row: row.from_s)
    kept: list[Row] = []
    for row, following in zip(rows, [*rows[1:], None], strict=True):
        if following is None:
            kept.append(row)
        elif following.from_s == row.from_s:
            first, second = sorted((row.line, following.line))
            message = f"{prefix} has two prices at once, the first in line {first}"
            found.add(second, PREFIX, message, "keep one, or write effective_from")
        elif row.until_s == EVER or row.until_s <= following.from_s:
            until_s = min(row.until_s, following.from_s)
            kept.append(Row(row.from_s, until_s, row.line, row.destination, row.terms))
        else:
            message = f"{prefix} has another price before this one ends, in line {following.line}"
            found.add(row.line, UNTIL, message, "end it where the other one begins")
    return kept
