"""The rate decks of a site: every file of the folder, checked, compiled once, opened.

What was compiled stays in a cache, named by its content, until no deck of the folder has that
content any more. Nobody but its owner uses the cache: another user's command compiles into a
temporary folder, which is gone as soon as the decks are open.
"""

import os
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from pydantic_core import PydanticCustomError

from pbxcharge.catalog.deck import Deck
from pbxcharge.catalog.deck_build import (
    SUFFIX,
    UNFINISHED,
    Built,
    build,
    built_from_json,
    deck_key,
)
from pbxcharge.catalog.deck_file import CompiledDeck
from pbxcharge.catalog.findings import Finding, Severity
from pbxcharge.catalog.scalars import slug

NO_DECKS: Final[Mapping[str, Deck]] = MappingProxyType({})
HERE_BYTES_MAX: Final = 64_000
"""Smaller decks are compiled in this process: starting another one takes longer."""
BUILD_WITHIN_S: Final = 300
KEPT_S: Final = 24 * 3600
"""A compiled deck that nobody uses any more stays so long: going back to it takes no time."""
DEAD_AFTER_S: Final = 2 * BUILD_WITHIN_S
_ATTEMPTS: Final = 3
_MEANT: Final = (".CSV", ".tsv", ".txt", ".xlsx")


@dataclass(frozen=True, slots=True)
class DeckFiles:
    """Where the decks of a site are.

    Args:
        folder: of the CSV files; each is a deck by the name of its file.
        cache: where the compiled ones are kept.
        zone: of the dates in them.
    """

    folder: Path
    cache: Path
    zone: ZoneInfo


def load_decks(files: DeckFiles) -> tuple[Mapping[str, Deck], list[Finding]]:
    """The decks of a folder by name, and everything that is wrong with them."""
    try:
        paths, others = _csv_files(files.folder), _entries(files.folder)
        found = [_ignored(path) for path in others if path.suffix in _MEANT]
    except OSError as error:
        return NO_DECKS, [_of(files.folder, f"cannot be read: {error.strerror or error}")]
    decks: dict[str, Deck] = {}
    with _cache(files.cache) as (cache, kept):
        used: set[str] = set()
        for path in paths:
            deck, deck_findings = _deck(path, cache, files.zone, used)
            found += deck_findings
            if deck is not None:
                decks[deck.name] = deck
        if kept:
            _forget(cache, used)
    return MappingProxyType(decks), found


def deck_names(files: DeckFiles | None) -> frozenset[str]:
    """The names of all decks of a folder, those that have errors too."""
    try:
        return frozenset(path.stem for path in _csv_files(files.folder)) if files else frozenset()
    except OSError:
        return frozenset()


def no_such_deck(name: str, names: Collection[str]) -> tuple[str, str]:
    """What is wrong where a deck is named that is not there, and what to write instead."""
    known = f"known: {', '.join(sorted(names))}" if names else "set `rates` in the settings"
    return f"there is no rate deck {name}", f"{known}; or put {name}.csv there"


def _csv_files(folder: Path) -> list[Path]:
    return sorted(path for path in _entries(folder) if path.suffix == ".csv")


def _entries(folder: Path) -> Iterator[Path]:
    """What lies in the folder, without what editors and spreadsheets leave there."""
    return (path for path in folder.iterdir() if not path.name.startswith((".", "~")))


@contextmanager
def _cache(folder: Path) -> Iterator[tuple[Path, bool]]:
    """The folder for compiled decks, and whether what is put there stays."""
    if _is_ours(folder):
        yield folder, True
        return
    with TemporaryDirectory(prefix="pbxcharge-decks-") as temporary:
        yield Path(temporary), False


def _is_ours(folder: Path) -> bool:
    """Whether this user owns the folder, or the one in which it is then made."""
    try:
        if folder.parent.stat().st_uid != os.geteuid():
            return False
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder.stat().st_uid == os.geteuid() and os.access(folder, os.W_OK)
    except OSError:
        return False


def _deck(
    path: Path, cache: Path, zone: ZoneInfo, used: set[str]
) -> tuple[Deck | None, tuple[Finding, ...]]:
    try:
        name = slug.func(path.stem)  # type: ignore[call-arg]
    except PydanticCustomError as error:
        hint = f"name it {(error.context or {})['hint']}{path.suffix}"
        return None, (_of(path, "is not named as a deck may be", hint),)
    for _ in range(_ATTEMPTS):
        try:
            built = _built(path, cache, zone)
            if built.path is None:
                return None, built.findings
            deck = Deck(name, CompiledDeck(built.path))
        except FileNotFoundError:
            # Somebody else has just removed it as unused: it is made again.
            continue
        except (OSError, ValueError) as error:
            return None, (_of(path, f"cannot be compiled: {error}"),)
        used.add(built.path.name)
        return deck, ()
    return None, (_of(path, "cannot be compiled: what is made vanishes at once"),)


def _built(path: Path, cache: Path, zone: ZoneInfo) -> Built:
    """The compiled form of a deck: the one that is there, or a new one."""
    try:
        with path.open("rb") as stream:
            size, content_hash = os.fstat(stream.fileno()).st_size, file_digest(stream, "sha256")
    except OSError as error:
        return Built(None, (_of(path, f"cannot be read: {error.strerror or error}"),), 1)
    place = cache / f"{deck_key(content_hash.hexdigest(), zone.key)}{SUFFIX}"
    if _is_whole(place):
        with suppress(OSError):
            os.utime(place)
        return Built(place, (), 0)
    if size <= HERE_BYTES_MAX:
        return build(path, cache, zone.key)
    return _built_elsewhere(path, cache, zone)


def _is_whole(place: Path) -> bool:
    try:
        CompiledDeck(place)
    except (OSError, ValueError):
        return False
    return True


def _built_elsewhere(path: Path, cache: Path, zone: ZoneInfo) -> Built:
    """Built by another process, which is waited for and ended if it takes too long."""
    module = "pbxcharge.catalog.deck_build"
    # Without -P the folder that somebody happens to be in would come before the program's own.
    words = (sys.executable, "-P", "-m", module, str(path), str(cache), zone.key)
    try:
        done = subprocess.run(  # noqa: S603 - our own program, no shell
            words, capture_output=True, text=True, timeout=BUILD_WITHIN_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise OSError(f"it took longer than {BUILD_WITHIN_S} s") from None
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        raise OSError(last[0])
    return built_from_json(done.stdout)


def _forget(cache: Path, used: set[str]) -> None:
    """Remove what nobody has used for a day, and what was never finished."""
    now = time.time()
    for path in cache.iterdir():
        kept_s = {SUFFIX: KEPT_S, UNFINISHED: DEAD_AFTER_S}.get(path.suffix)
        if kept_s is None or path.name in used:
            continue
        with suppress(OSError):
            if now - path.stat().st_mtime > kept_s:
                path.unlink()


def _ignored(path: Path) -> Finding:
    return Finding(Severity.WARNING, str(path), 0, "", "is not read", "name it *.csv")


def _of(path: Path, message: str, hint: str = "") -> Finding:
    return Finding(Severity.ERROR, str(path), 0, "", message, hint)
