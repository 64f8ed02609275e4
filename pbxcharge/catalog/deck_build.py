"""Checks a rate deck and compiles it, in a process of its own.

A deck of 500,000 rows takes seconds of computing, which a daemon that has calls to meter has not:
one thread that computes keeps all others waiting. So `python -m pbxcharge.catalog.deck_build CSV
FOLDER ZONE` says on standard output what it found, and puts the compiled deck into the folder,
whole or not at all.
"""

import gc
import json
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from pbxcharge.catalog.deck_file import FORMAT, compiled
from pbxcharge.catalog.deck_rows import FILE_BYTES_MAX, read_deck
from pbxcharge.catalog.findings import Finding, Severity

SUFFIX: Final = ".deck"
UNFINISHED: Final = ".new"
_KEY_DIGITS: Final = 40
_PART_BYTES: Final = 1_000_000
_BEHIND_CALLS: Final = 10
_OOM_FIRST: Final = "500"


@dataclass(frozen=True, slots=True)
class Built:
    """What came of a deck: the compiled file, or None and why; `total` counts every error."""

    path: Path | None
    findings: tuple[Finding, ...]
    total: int


def deck_key(content_hash: str, zone: str) -> str:
    """The name of a compiled deck: by its content, what its dates mean, and the format."""
    return sha256(f"{FORMAT} {zone} {content_hash}".encode()).hexdigest()[:_KEY_DIGITS]


def build(source: Path, cache: Path, zone: str) -> Built:
    """Check a deck and put its compiled form into a folder; with any error there is none.

    Args:
        source: the CSV file.
        cache: the folder.
        zone: the time zone of its dates, such as Europe/Berlin.

    Raises:
        OSError: the folder cannot be written.
    """
    try:
        with source.open("rb") as stream:
            # A byte more than may be: so much shows that it is too large.
            content = stream.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        message = f"cannot be read: {error.strerror or error}"
        return Built(None, (Finding(Severity.ERROR, str(source), 0, "", message),), 1)
    rows, found = read_deck(str(source), content, ZoneInfo(zone))
    if found.total:
        return Built(None, found.all(), found.total)
    place = cache / f"{deck_key(sha256(content).hexdigest(), zone)}{SUFFIX}"
    _write(place, compiled(rows))
    return Built(place, (), 0)


def _write(place: Path, content: bytes) -> None:
    """Whole or not at all, also if the machine stops; two who write the same do no harm."""
    beside = place.with_name(f"{place.name}.{os.getpid()}{UNFINISHED}")
    try:
        with beside.open("xb") as stream:
            # In small parts, since the books are written meanwhile, and wait for the same disk.
            for start in range(0, len(content), _PART_BYTES):
                stream.write(content[start : start + _PART_BYTES])
                stream.flush()
                os.fsync(stream.fileno())
        beside.replace(place)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def built_to_json(built: Built) -> str:
    """What a process says to the one that started it."""
    path = None if built.path is None else str(built.path)
    return json.dumps(
        {"path": path, "findings": [asdict(one) for one in built.findings], "total": built.total}
    )


def built_from_json(text: str) -> Built:
    """The same, read. Raises ValueError."""
    said: Mapping[str, Any] = json.loads(text)
    findings = tuple(
        Finding(**{**one, "severity": Severity(one["severity"])}) for one in said["findings"]
    )
    path = said["path"]
    return Built(None if path is None else Path(path), findings, int(said["total"]))


def main(words: Sequence[str]) -> int:
    """Build one deck: source, folder, zone."""
    _step_behind()
    # Nothing here is a ring, and to look for one among a million rows takes half of the time.
    gc.disable()
    source, cache, zone = words
    try:
        built = build(Path(source), Path(cache), zone)
    except OSError as error:
        print(f"{error.filename or cache}: {error.strerror or error}", file=sys.stderr)
        return 1
    print(built_to_json(built))
    return 0


def _step_behind() -> None:
    """Calls come before new prices: on the processor, and when the memory is at its end."""
    with suppress(OSError):
        os.nice(_BEHIND_CALLS)
    # Beyond that: it makes way at once for whoever wants its processor, where a nice one would
    # first use up the milliseconds that it was given.
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_OOM_FIRST)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
