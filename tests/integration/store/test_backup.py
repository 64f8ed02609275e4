"""Copies of the books: whole, checked, closed to others, never over anything."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from pbxcharge.errors import BackupExists, BackupFailed, NotTheOwner, StorageDamaged
from pbxcharge.store import backup
from pbxcharge.store.backup import back_up
from pbxcharge.store.verify import verify
from tests.fakes.recording_logger import RecordingLogger
from tests.fakes.small_site import busy_day, open_site


def entries(database: Path) -> int:
    """How many entries a ledger has."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as books:
        return int(books.execute("SELECT count(*) FROM entry").fetchone()[0])


async def test_copy_beside_a_writer_holds_all_that_was_committed(
    database: Path, tmp_path: Path
) -> None:
    """Also what stands only in the write-ahead log; the copy is one file, closed to others."""
    copy = tmp_path / "copy.db"
    async with open_site(database) as store:
        await busy_day(store)
        made = back_up(database, copy)
    assert (made.findings, made.size_bytes) == ((), copy.stat().st_size)
    assert copy.stat().st_mode & 0o777 == 0o600
    assert entries(copy) == entries(database)
    assert verify(copy) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["books", "copy.db"]


async def test_first_daemon_on_a_copy_says_that_it_is_one(database: Path, tmp_path: Path) -> None:
    """Once; nobody takes restored books for complete ones. Seen failing without `tell_restored`."""
    copy, log, again = tmp_path / "new" / "site.db", RecordingLogger(), RecordingLogger()
    copy.parent.mkdir()
    async with open_site(database):
        back_up(database, copy)
    async with open_site(copy, log), open_site(database, again):
        pass
    async with open_site(copy, again):
        pass
    said = "the books were restored from a backup"
    assert len(log.named(said)) == 1
    assert again.named(said) == []


async def test_copy_is_never_made_over_a_file(database: Path, tmp_path: Path) -> None:
    """Whatever stands there stays as it is, also if it came while the copy was made."""
    copy = tmp_path / "copy.db"
    copy.write_text("precious")
    async with open_site(database):
        with pytest.raises(BackupExists):
            back_up(database, copy)
        with pytest.raises(BackupExists):
            backup._name_it(database, copy)
    assert copy.read_text() == "precious"


async def test_copy_of_wrong_books_gets_no_name(database: Path, tmp_path: Path) -> None:
    """A file with the name of a backup was checked, or is not there."""
    async with open_site(database) as store:
        await busy_day(store)
    with closing(sqlite3.connect(database)) as books, books:
        books.execute("UPDATE wallet SET balance_micros = balance_micros + 1")
    made = back_up(database, tmp_path / "copy.db")
    assert {finding.code for finding in made.findings} == {"balance_differs"}
    assert [path.name for path in tmp_path.iterdir()] == ["books"]


async def test_damaged_books_are_no_backup(database: Path, tmp_path: Path) -> None:
    """A page that is gone is found out by the copying, and nothing is left."""
    async with open_site(database) as store:
        await busy_day(store)
    with database.open("r+b") as books:
        books.seek(4096)
        books.write(b"\xff" * 8192)
    with pytest.raises(StorageDamaged):
        back_up(database, tmp_path / "copy.db")
    assert [path.name for path in tmp_path.iterdir()] == ["books"]


async def test_folder_gets_copies_named_by_their_time_and_keeps_the_newest(
    database: Path, tmp_path: Path
) -> None:
    """The oldest goes only when a new one was checked; other files are nobody's business."""
    folder = tmp_path / "copies"
    folder.mkdir()
    old = ["pbxcharge-20250101T030000Z.db", "pbxcharge-20250102T030000Z.db", "else.db"]
    for name in old:
        (folder / name).write_text("")
    async with open_site(database):
        made = back_up(database, folder, keep=2)
    assert [path.name for path in made.removed] == old[:1]
    assert {path.name for path in folder.iterdir()} == {made.path.name, *old[1:]}


async def test_copy_to_nowhere_is_refused(database: Path, tmp_path: Path) -> None:
    """The reason is the system's own."""
    async with open_site(database):
        with pytest.raises(BackupFailed, match="No such file"):
            back_up(database, tmp_path / "missing" / "copy.db")


async def test_books_of_another_user_are_not_touched(database: Path, tmp_path: Path) -> None:
    """Root would leave files beside them that their owner cannot use."""
    async with open_site(database):
        pass
    os.chown(database, 42_424, 42_424)
    with pytest.raises(NotTheOwner):
        back_up(database, tmp_path / "copy.db")
