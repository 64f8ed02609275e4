"""Who writes: one exclusive lock beside the database, held for the life of the process."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from pbxcharge.errors import DatabaseMissing, ForeignLog, LockTaken, NotTheOwner

FILE_MODE = 0o600
FOLDER_MODE = 0o700
_PID_BYTES_MAX = 20

# Source: https://www.sqlite.org/fileformat.html, 1.3.3: 1 is a rollback journal, 2 is WAL.
_HEADER_BYTES, _WRITE_VERSION, _NO_WAL = 20, 18, b"\x01\x01"


class WriterLock:
    """The right to write one database; whoever holds it is the only one.

    The lock belongs to the open file, so it ends with the process, however that ends; the lock
    file itself stays, since a file that is deleted and made anew would be another lock.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    @classmethod
    def acquire(cls, database: Path) -> Self:
        """Take the lock of a database, making its folder (0700) and its files (0600) if missing.

        Raises:
            LockTaken: another process writes; its pid is told.
            NotTheOwner: the files belong to another user, whose daemon could not use them after.
            ForeignLog: a backup was restored beside the log of the books it replaced.
        """
        database.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        refuse_other_owners(database)
        descriptor = os.open(lock_path(database), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
        try:
            _lock(descriptor, database)
            refuse_foreign_log(database)
            # SQLite gives its side files the mode of the database file.
            os.close(os.open(database, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE))
        except BaseException:
            os.close(descriptor)
            raise
        return cls(descriptor)

    def release(self) -> None:
        """Let others write; safe to repeat."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()


def lock_path(database: Path) -> Path:
    """The lock file of a database: `site.db` has `site.db.lock`."""
    return database.with_name(database.name + ".lock")


def require_database(database: Path) -> None:
    """Refuse to go on without books that can be opened as they lie there.

    Raises:
        DatabaseMissing: there are none.
        NotTheOwner: their folder, or they alone, are closed to this user.
        ForeignLog: see `refuse_foreign_log`.
    """
    try:
        missing = not database.exists()
    except PermissionError:
        raise NotTheOwner(database.parent, database.parent.stat().st_uid) from None
    if missing:
        raise DatabaseMissing(database)
    try:
        refuse_foreign_log(database)
    except PermissionError:
        raise NotTheOwner(database, database.stat().st_uid) from None


def refuse_other_owners(database: Path) -> None:
    """Refuse to touch files of another user: root would leave files its owner cannot open.

    Raises:
        NotTheOwner: with the path and the owner's uid.
    """
    side_files = (database.with_name(database.name + end) for end in ("-wal", "-shm", "-journal"))
    for path in (database, *side_files, lock_path(database), database.parent):
        if path.exists() and (owner := path.stat().st_uid) != os.geteuid():
            raise NotTheOwner(path, owner)


def refuse_foreign_log(database: Path) -> None:
    """Refuse a copy beside the write-ahead log of other books, before SQLite mixes the two.

    A copy is no WAL database until it is opened for writing, so a log beside it is not its own.
    Asked before SQLite opens the file in this process: closing it here would end SQLite's locks.

    Raises:
        ForeignLog: nothing was changed.
    """
    log = database.with_name(database.name + "-wal")
    if not database.exists() or not log.exists() or log.stat().st_size == 0:
        return
    with database.open("rb") as books:
        header = books.read(_HEADER_BYTES)
    if header[_WRITE_VERSION:] == _NO_WAL:
        raise ForeignLog(log)


def _lock(descriptor: int, database: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise LockTaken(database, _holder_pid(descriptor)) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)


def _holder_pid(descriptor: int) -> int | None:
    """The pid in the lock file; None in the instant between its locking and its writing."""
    text = os.pread(descriptor, _PID_BYTES_MAX, 0).strip()
    return int(text) if text.isdigit() else None
