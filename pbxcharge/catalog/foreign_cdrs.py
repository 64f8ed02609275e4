"""Call records of others as CSV: Asterisk's own (`cdr_csv`) and a carrier's, with their lines.

What cannot be read is a finding, never a guess: a comparison with half a file would say that calls
are missing which are not.
"""

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from io import StringIO
from pathlib import Path

from pbxcharge.catalog.findings import Finding, Severity
from pbxcharge.core.instant import since_epoch_us
from pbxcharge.core.money import MICROS, parse_price
from pbxcharge.core.reconciliation import TheirCall
from pbxcharge.errors import AmountError

BYTES_MAX = 500_000_000
FINDINGS_MAX = 50
DELIMITERS = ",;\t|"

ASTERISK_COLUMNS = (
    *("accountcode", "src", "dst", "dcontext", "clid", "channel", "dstchannel", "lastapp"),
    *("lastdata", "start", "answer", "end", "duration", "billsec", "disposition", "amaflags"),
    *("uniqueid", "userfield"),
)
"""Source: cdr_csv.c; the file has no header, `uniqueid` is there with `loguniqueid = yes`."""

NUMBER = ("number", "called", "called_number", "destination_number", "dst", "cld", "callee", "to")
START = ("start", "start_time", "started_at", "connect_time", "answer_time", "time", "date")
SECONDS = ("seconds", "billed_seconds", "billsec", "duration_s", "duration", "length")
COST = ("cost", "amount", "charge", "charged_amount", "total", "price")

_EPOCH_DIGITS = (9, 10)
"""Of seconds from 1973 on, for 300 years; with more of them it is milliseconds, say."""
_WHOLE = re.compile(r"[0-9]{1,7}")
_CLOCK = re.compile(r"([0-9]{1,3}):([0-5][0-9]):([0-5][0-9])")
_NOT_DIGITS = re.compile(r"[^0-9]")

Calls = tuple[TheirCall, ...]
Findings = tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class CarrierColumns:
    """How a carrier names what it tells; None is looked for under the usual names.

    Args:
        number: that was called.
        start: of the talk.
        seconds: whole, or as 1:02:03.
        cost: of the call; a file may lack it.
        time_format: of `start`, as strptime has it; None is ISO 8601, or whole epoch seconds.
        zone: of `start`, where the text names none.
    """

    number: str | None = None
    start: str | None = None
    seconds: str | None = None
    cost: str | None = None
    time_format: str | None = None
    zone: tzinfo = UTC


def plain_number(text: str) -> str:
    """The digits of an international number: those of +44 20 79 and 00442079 are 442079."""
    digits = _NOT_DIGITS.sub("", text)
    return digits.removeprefix("00")


def read_asterisk(path: Path, zone: tzinfo, trunks: frozenset[str]) -> tuple[Calls, Findings]:
    """The answered calls of a `Master.csv`, or of a table with such columns.

    Args:
        path: the file.
        zone: of its times: Asterisk writes local time unless `usegmtime = yes`.
        trunks: a leg to one of these endpoints must be in our books.
    """

    def call(line: int, row: Mapping[str, str]) -> TheirCall | None:
        if row["disposition"] != "ANSWERED":
            return None
        at_us = _instant_us(row["answer"] or row["start"], None, zone)
        legs = {_endpoint(row["channel"]), _endpoint(row["dstchannel"])}
        seconds = _seconds(row["billsec"])
        return TheirCall(line, row["uniqueid"], at_us, seconds, ours=not legs.isdisjoint(trunks))

    def columns(header: list[str]) -> tuple[dict[str, int], bool]:
        named = [cell.strip().lower() for cell in header]
        if "uniqueid" in named:
            return {name: named.index(name) for name in _NEEDED if name in named}, True
        places = {name: place for place, name in enumerate(ASTERISK_COLUMNS[: len(header)])}
        return places, False

    return _read(path, columns, _NEEDED, _ASTERISK_HINT, call)


_NEEDED = ("channel", "dstchannel", "start", "answer", "billsec", "disposition", "uniqueid")
_ASTERISK_HINT = "cdr.conf needs loguniqueid = yes below [csv]"


def read_carrier(path: Path, wanted: CarrierColumns) -> tuple[Calls, Findings]:
    """The calls of a carrier's file, by number; those without a second were not answered."""

    def call(line: int, row: Mapping[str, str]) -> TheirCall | None:
        seconds = _seconds(row["seconds"])
        if not seconds:
            return None
        at_us = _instant_us(row["start"], wanted.time_format, wanted.zone)
        cost = parse_price(row["cost"]) if row.get("cost") else None
        written = row["number"]
        left_out = _NOT_DIGITS.search(written.removeprefix("+")) is not None
        number = plain_number(written)
        return TheirCall(line, number, at_us, seconds, cost, written=written if left_out else "")

    def columns(header: list[str]) -> tuple[dict[str, int], bool]:
        named = [cell.strip().lower().replace(" ", "_") for cell in header]
        names = {
            "number": _names(wanted.number, NUMBER),
            "start": _names(wanted.start, START),
            "seconds": _names(wanted.seconds, SECONDS),
            "cost": _names(wanted.cost, COST),
        }
        found = {
            key: named.index(name)
            for key, several in names.items()
            if (name := next((one for one in several if one in named), None)) is not None
        }
        return found, True

    needed = ("number", "start", "seconds", *(("cost",) if wanted.cost else ()))
    hint = "name it: --number-column, --start-column, --seconds-column, --cost-column"
    return _read(path, columns, needed, hint, call)


def _names(given: str | None, usual: tuple[str, ...]) -> tuple[str, ...]:
    return usual if given is None else (given.strip().lower().replace(" ", "_"),)


def _read(
    path: Path,
    columns: Callable[[list[str]], tuple[dict[str, int], bool]],
    needed: tuple[str, ...],
    hint: str,
    call: Callable[[int, Mapping[str, str]], TheirCall | None],
) -> tuple[Calls, Findings]:
    """Every row through `call`; with a finding for each row that it cannot read."""
    text, unread = _text(path)
    if text is None:
        return (), unread
    records = list(_records(text))
    if not records:
        return (), (_finding(path, 0, "", "is empty"),)
    places, has_header = columns(records[0][1])
    missing = [name for name in needed if name not in places]
    if missing:
        return (), tuple(_finding(path, 1, name, "there is no such column", hint)
                         for name in missing)  # fmt: skip
    calls: list[TheirCall] = []
    found: list[Finding] = []
    for line, cells in records[has_header:]:
        if len(cells) <= max(places[name] for name in needed):
            found.append(_finding(path, line, "", f"has {len(cells)} cells only"))
            continue
        row = {name: cells[at].strip() for name, at in places.items() if at < len(cells)}
        try:
            read = call(line, row)
        except (ValueError, AmountError) as error:
            found.append(_finding(path, line, "", str(error)))
            continue
        calls += [read] if read else []
        if len(found) >= FINDINGS_MAX:
            break
    return tuple(calls), tuple(found[:FINDINGS_MAX])


def _text(path: Path) -> tuple[str | None, Findings]:
    try:
        if path.stat().st_size > BYTES_MAX:
            return None, (_finding(path, 0, "", f"is larger than {BYTES_MAX:,} bytes"),)
        return path.read_bytes().decode("utf-8-sig"), ()
    except OSError as error:
        return None, (_finding(path, 0, "", f"cannot be read: {error.strerror or error}"),)
    except UnicodeDecodeError:
        return None, (_finding(path, 0, "", "is not UTF-8 text", "save it as UTF-8"),)


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    first = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter)
    line = 1
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield line, cells
        line = reader.line_num + 1


def _seconds(text: str) -> int:
    """Whole seconds, or hours, minutes and seconds: 1:02:03 is 3723."""
    if _WHOLE.fullmatch(text):
        return int(text)
    if clock := _CLOCK.fullmatch(text):
        return int(clock[1]) * 3600 + int(clock[2]) * 60 + int(clock[3])
    try:
        exact = parse_price(text)
    except AmountError:
        raise ValueError(f"{text[:40]!r} is no number of seconds") from None
    return -(-exact.numerator // exact.denominator)


def _instant_us(text: str, time_format: str | None, zone: tzinfo) -> int:
    try:
        if time_format is not None:
            at = datetime.strptime(text, time_format)
        elif text.isdigit() and len(text) in _EPOCH_DIGITS:
            return int(text) * MICROS
        else:
            at = datetime.fromisoformat(text)
        return since_epoch_us(at if at.tzinfo else at.replace(tzinfo=zone))
    except (ValueError, OverflowError):
        hint = "--time-format says how it is written, such as '%d.%m.%Y %H:%M:%S'"
        raise ValueError(f"{text[:40]!r} is no date and time; {hint}") from None


def _endpoint(channel: str) -> str:
    """`PJSIP/carrier-0000001a` is carrier's."""
    return channel.partition("/")[2].rpartition("-")[0]


def _finding(path: Path, line: int, key: str, message: str, hint: str = "") -> Finding:
    return Finding(Severity.ERROR, str(path), line, key, message, hint)
