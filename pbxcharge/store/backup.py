"""Copies of the books: taken beside a running daemon, whole, checked before they have a name.

A copy knows that it is one. The first daemon that opens it says so, since everything that was
booked after it was taken is lost.
"""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from errno import EOPNOTSUPP, EPERM
from pathlib import Path

from pbxcharge.errors import BackupExists, BackupFailed, StorageDamaged, StorageDown
from pbxcharge.logger import Logger
from pbxcharge.store.connection import read_only_uri
from pbxcharge.store.finding import Finding
from pbxcharge.store.lock import FILE_MODE, refuse_other_owners
from pbxcharge.store.migrate import require_newest
from pbxcharge.store.verify import verify_copy

TAKEN = "backup_taken_at_us"
"""The fact in `meta` that makes a copy known as one."""

_MARK = "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"

PATTERN = "pbxcharge-????????T??????Z.db"
"""The names of copies in a folder, whose order is that of their instants."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy of the books.

    Args:
        path: of the copy; only one without findings keeps its file.
        taken_at_us: what was booked before is in it.
        size_bytes: of the file.
        findings: what is not right in it.
        removed: older copies that were removed for it.
    """

    path: Path
    taken_at_us: int
    size_bytes: int
    findings: tuple[Finding, ...] = ()
    removed: tuple[Path, ...] = ()


def back_up(database: Path, place: Path, keep: int | None = None) -> Backup:
    """Copy the books into a new file of mode 0600, also while the daemon writes them.

    Args:
        database: the books; read only, in one snapshot.
        place: the new file, or a folder, where the copy is named by its instant (UTC):
            `pbxcharge-20260301T030000Z.db`.
        keep: so many of the copies named like this stay in the folder, the newest ones.

    Raises:
        BackupExists: there is such a file already.
        BackupFailed: the copy cannot be written.
        NotTheOwner: the books, or the folder, belong to another user.
        SchemaAhead, SchemaBehind: the books are not of this release, which cannot check them.
        StorageDamaged, StorageDown: the books cannot be read, or the disk is full.
    """
    refuse_other_owners(database)
    taken_at_us = time.time_ns() // 1000
    path = place / _name(taken_at_us) if place.is_dir() else place
    if path.exists():
        raise BackupExists(path)
    try:
        with _unfinished(path) as copy:
            _copy(database, copy, taken_at_us)
            done = Backup(path, taken_at_us, copy.stat().st_size, tuple(verify_copy(copy)))
            if not done.findings:
                _flush(copy)
                _name_it(copy, path)
    except OSError as error:
        raise BackupFailed(path, error.strerror or str(error)) from error
    if done.findings or keep is None or path.parent != place:
        return done
    removed = tuple(_forget(place, keep))
    return Backup(path, taken_at_us, done.size_bytes, (), removed)


def tell_restored(connection: sqlite3.Connection, log: Logger) -> None:
    """Say once that these books are a copy: what was booked after it was taken is lost."""
    found = connection.execute("DELETE FROM meta WHERE key = ? RETURNING value", (TAKEN,))
    for (taken_at_us,) in found.fetchall():
        taken_at = datetime.fromtimestamp(int(taken_at_us) // 1_000_000, UTC)
        log.warning(
            "the books were restored from a backup",
            taken_at=taken_at.isoformat(),
            hint="calls and money booked after it are not in them: enter top-ups again by their id",
        )


@contextmanager
def _unfinished(path: Path) -> Iterator[Path]:
    """An empty file beside the one to be, closed to others, and gone when the block is left."""
    copy = path.with_name(f".{path.name}.unfinished")
    copy.unlink(missing_ok=True)
    os.close(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE))
    try:
        yield copy
    finally:
        copy.unlink(missing_ok=True)
        copy.with_name(copy.name + "-journal").unlink(missing_ok=True)


def _copy(database: Path, copy: Path, taken_at_us: int) -> None:
    """One snapshot of the books, read by a connection that can neither write nor checkpoint."""
    try:
        require_newest(database)
        source = sqlite3.connect(read_only_uri(database), uri=True, isolation_level=None)
        with closing(source):
            source.execute("VACUUM INTO ?", (str(copy),))
        with closing(sqlite3.connect(copy)) as target, target:
            target.execute(_MARK, (TAKEN, str(taken_at_us)))
    except sqlite3.OperationalError as error:
        raise StorageDown(f"{database} cannot be copied: {error}") from error
    except sqlite3.DatabaseError as error:
        raise StorageDamaged(f"{database} cannot be copied: {error}") from error


def _name_it(copy: Path, path: Path) -> None:
    """Give the copy its name, never that of a file that has come meanwhile."""
    try:
        os.link(copy, path)
    except FileExistsError:
        raise BackupExists(path) from None
    except OSError as error:
        # Disks of other systems know no second names.
        if error.errno not in (EPERM, EOPNOTSUPP) or path.exists():
            raise
        copy.rename(path)
    _flush(path.parent)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _forget(folder: Path, keep: int) -> Iterator[Path]:
    """Remove the oldest copies; called only after a newer one was checked."""
    for old in sorted(folder.glob(PATTERN))[:-keep]:
        with suppress(FileNotFoundError):
            old.unlink()
            yield old


def _name(at_us: int) -> str:
    return datetime.fromtimestamp(at_us // 1_000_000, UTC).strftime("pbxcharge-%Y%m%dT%H%M%SZ.db")
