"""Opening the books: one writer, the owner's files, the right schema, currency and machine."""

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pbxcharge.errors import (
    LockTaken,
    NotTheOwner,
    OtherNode,
    SchemaAhead,
    SchemaBehind,
    StorageDamaged,
    StorageDown,
    WrongCurrency,
)
from pbxcharge.store import WriterLock, open_store
from pbxcharge.store.connection import connect_reader, connect_writer
from pbxcharge.store.migrate import newest_version
from pbxcharge.store.opening import has_wal_reset_bug, warn_of_sqlite
from tests.fakes.granted_call import granted
from tests.fakes.recording_logger import RecordingLogger
from tests.fakes.small_site import NODE, PRICE, begin, open_site, top_up

HOLDER = """
import sys
from pathlib import Path
from pbxcharge.store import WriterLock
with WriterLock.acquire(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


async def opened(
    database: Path, currency: str = "EUR", node: str = NODE, migrate: bool = False
) -> None:
    """Open the books and close them."""
    log = RecordingLogger()
    async with open_store(database, currency=currency, node=node, log=log, migrate=migrate):
        pass


@pytest.fixture
def holder(database: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that holds the lock."""
    child = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(database)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    yield child
    child.kill()
    child.communicate()


async def test_a_second_writer_is_refused_and_told_who_writes(
    database: Path, holder: "subprocess.Popen[str]"
) -> None:
    """The error names the process that holds the lock."""
    with pytest.raises(LockTaken, match=f"process {holder.pid}") as refused:
        await opened(database, migrate=True)
    assert refused.value.pid == holder.pid


async def test_a_killed_writer_leaves_no_lock(
    database: Path, holder: "subprocess.Popen[str]"
) -> None:
    """The lock ends with its process, however that ends."""
    holder.kill()
    holder.wait()
    await opened(database, migrate=True)


async def test_two_writers_in_one_process_are_refused(database: Path) -> None:
    """The lock belongs to the open file, not to the process."""
    async with open_site(database):
        with pytest.raises(LockTaken):
            await opened(database)


async def test_a_failed_opening_lets_the_lock_go(database: Path) -> None:
    """Whoever could not open does not keep others from it."""
    with pytest.raises(SchemaBehind):
        await opened(database)
    await opened(database, migrate=True)


async def test_files_belong_to_their_owner_alone(database: Path) -> None:
    """The folder is 0700, every file 0600, whatever the umask."""
    before = os.umask(0)
    try:
        async with open_site(database):
            modes = {
                path.name: stat.S_IMODE(path.stat().st_mode) for path in database.parent.iterdir()
            }
    finally:
        os.umask(before)
    assert stat.S_IMODE(database.parent.stat().st_mode) == 0o700
    assert set(modes) == {"site.db", "site.db.lock", "site.db-wal", "site.db-shm"}
    assert set(modes.values()) == {0o600}


async def test_another_users_books_are_not_touched(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root, too, would leave files that the owner's daemon cannot open."""
    await opened(database, migrate=True)
    before = sorted(path.name for path in database.parent.iterdir())
    monkeypatch.setattr("os.geteuid", lambda: os.getuid() + 1)
    with pytest.raises(NotTheOwner, match="belongs to"):
        await opened(database)
    assert sorted(path.name for path in database.parent.iterdir()) == before


async def test_books_keep_their_currency(database: Path) -> None:
    """A site whose settings name another currency is refused."""
    await opened(database, migrate=True)
    with pytest.raises(WrongCurrency, match="in EUR, not in USD"):
        await opened(database, currency="USD")


async def test_live_calls_of_another_machine_are_not_taken_over(database: Path) -> None:
    """Only the PBX that has the call can say when it ended."""
    async with open_site(database) as store:
        await store.writer.submit((top_up("t1", 10 * PRICE),))
        await begin(store.writer, granted("a"))
    with pytest.raises(OtherNode, match=NODE):
        await opened(database, node="pbx2")
    await opened(database)


async def test_a_newer_schema_is_refused_and_left_alone(database: Path) -> None:
    """One version ahead is too new; nothing is changed, migrating or not."""
    await opened(database, migrate=True)
    ahead = newest_version() + 1
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(f"PRAGMA user_version = {ahead}")
    for migrate in (True, False):
        with pytest.raises(SchemaAhead, match=f"schema {ahead}"):
            await opened(database, migrate=migrate)


async def test_an_empty_file_is_not_a_schema(database: Path) -> None:
    """A command that may not migrate says which command may."""
    with pytest.raises(SchemaBehind, match="db migrate"):
        await opened(database)


async def test_a_damaged_file_is_refused(database: Path) -> None:
    """What is not a database, or has lost pages, is not opened."""
    async with open_site(database):
        pass
    size = database.stat().st_size
    with database.open("r+b") as file:
        file.seek(4096 * 2)
        file.write(b"\xff" * (size - 4096 * 2))
    with pytest.raises(StorageDamaged):
        await opened(database)
    database.write_bytes(b"no database" * 1000)
    with pytest.raises(StorageDamaged):
        await opened(database)


async def test_the_writer_flushes_and_readers_cannot_write(database: Path) -> None:
    """Every commit is on the disk; a reader neither writes nor checkpoints."""
    async with open_site(database):
        pass
    writer = await connect_writer(database)
    found = [
        next(iter(await writer.execute_fetchall(f"PRAGMA {pragma}")))[0]
        for pragma in ("journal_mode", "synchronous", "foreign_keys")
    ]
    assert found == ["wal", 2, 1]
    reader = await connect_reader(database)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        await reader.execute("DELETE FROM pbx_seen")
    await reader.close()
    await writer.close()


async def test_a_folder_instead_of_a_file_is_storage_down(tmp_path: Path) -> None:
    """What cannot be opened at all says so."""
    with pytest.raises(StorageDown):
        await connect_writer(tmp_path)


@pytest.mark.parametrize(
    ("version", "affected"),
    [
        *(((3, 6, 23), False), ((3, 7, 0), True), ((3, 40, 1), True), ((3, 44, 5), True)),
        *(((3, 44, 6), False), ((3, 45, 0), True), ((3, 50, 6), True), ((3, 50, 7), False)),
        *(((3, 51, 2), True), ((3, 51, 3), False), ((3, 52, 0), False)),
    ],
)
def test_sqlite_versions_with_the_wal_reset_bug_are_known(
    version: tuple[int, int, int], affected: bool
) -> None:
    """The repaired versions are 3.44.6, 3.50.7, 3.51.3 and what follows each."""
    log = RecordingLogger()
    warn_of_sqlite(log, version)
    assert has_wal_reset_bug(version) is affected
    assert bool(log.events) is affected


def test_a_lock_is_let_go_once(database: Path) -> None:
    """Letting go twice is harmless, also when another has taken it since."""
    first = WriterLock.acquire(database)
    first.release()
    with WriterLock.acquire(database):
        first.release()
        with pytest.raises(LockTaken):
            WriterLock.acquire(database)
