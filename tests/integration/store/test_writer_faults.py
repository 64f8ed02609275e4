"""The writer when the disk is full, the file is damaged, or the process is killed."""

import asyncio
import sqlite3
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiosqlite
import pytest

from pbxcharge.core.credit import Posted, Refused, Reserved, Shortage
from pbxcharge.errors import StorageDown
from pbxcharge.store.connection import connect_writer
from pbxcharge.store.queries import Queries
from pbxcharge.store.verify import verify
from pbxcharge.store.writer import QUIET_S, Writer
from tests.fakes.recording_logger import RecordingLogger
from tests.fakes.small_site import PRICE, close, open_site, reserve, top_up
from tests.fakes.until import until

LONG = "x" * 4000


@dataclass
class SmallDisk:
    """A writer on a disk that can be made full."""

    writer: Writer
    log: RecordingLogger
    connection: aiosqlite.Connection

    async def fill(self) -> None:
        """From now on the file does not grow; SQLite raises the bound to what there is."""
        await self.connection.execute_fetchall("PRAGMA max_page_count = 1")

    async def mend(self) -> None:
        """Room again."""
        await self.connection.execute_fetchall("PRAGMA max_page_count = 1000000")


@pytest.fixture
async def disk(database: Path) -> AsyncIterator[SmallDisk]:
    """The writer of the small site on a disk that can be made full."""
    async with open_site(database):
        pass
    log, connection = RecordingLogger(), await connect_writer(database)
    disk = SmallDisk(Writer(connection, "EUR", log), log, connection)
    await disk.writer.start()
    yield disk
    await disk.mend()
    await disk.writer.close()


async def fill_until_down(disk: SmallDisk) -> None:
    """Write until the full disk shows."""
    await disk.fill()
    with pytest.raises(StorageDown):
        for number in range(100):
            await disk.writer.submit((top_up(f"{LONG}{number}", 1),))


async def test_a_full_disk_fails_every_waiter_and_leaves_nothing(
    database: Path, disk: SmallDisk
) -> None:
    """The group is rolled back as a whole; nobody is told yes; the operator is told once."""
    await disk.fill()
    answers = [disk.writer.submit((top_up(f"{LONG}{n}", 1),)) for n in range(50)]
    outcomes = await asyncio.gather(*answers, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {StorageDown}
    assert not disk.writer.healthy
    assert len(disk.log.named("storage down")) == 1
    queries = await Queries.connect(database)
    assert await queries.ledger(None) == []
    await queries.close()


async def test_memory_says_what_the_file_says_after_a_failure(disk: SmallDisk) -> None:
    """A hold that was not written is not held, one that was is; the next decision knows."""
    await disk.writer.submit((top_up("t1", 20 * PRICE), reserve("a")))
    await fill_until_down(disk)
    answers = [disk.writer.submit((reserve(f"{LONG}{n}"), close("a", PRICE))) for n in range(9)]
    await asyncio.gather(*answers, return_exceptions=True)
    await disk.mend()
    (held,) = await disk.writer.submit((reserve("b"),))
    (refused,) = await disk.writer.submit((reserve("c"),))
    assert isinstance(held, Reserved)
    assert isinstance(refused, Refused)
    (again,) = await disk.writer.submit((reserve("a"),))
    assert isinstance(again, Reserved)


async def test_the_same_command_may_be_given_again(disk: SmallDisk) -> None:
    """After StorageDown the same operation is done once."""
    await fill_until_down(disk)
    with pytest.raises(StorageDown):
        await disk.writer.submit((top_up(LONG, 7),))
    await disk.mend()
    (first,) = await disk.writer.submit((top_up(LONG, 7),))
    (second,) = await disk.writer.submit((top_up(LONG, 7),))
    assert isinstance(first, Posted)
    assert isinstance(second, Posted)
    assert len(disk.log.named("storage up")) == 1
    assert (first.repeated, second.repeated) == (False, True)


async def test_health_comes_back_by_itself(disk: SmallDisk) -> None:
    """With room again a probe is written at the next quiet moment, without any call."""
    await fill_until_down(disk)
    await asyncio.sleep(2 * QUIET_S)
    assert not disk.writer.healthy
    await disk.mend()
    await until(lambda: disk.writer.healthy)
    assert disk.log.named("storage up")


async def test_a_heartbeat_fails_with_the_disk(disk: SmallDisk) -> None:
    """The watchdog's round trip goes through SQLite, so it does not outlive it."""
    await disk.writer.heartbeat()
    await fill_until_down(disk)
    with pytest.raises(StorageDown):
        await disk.writer.heartbeat()


async def test_a_database_locked_by_a_shell_is_storage_down(
    database: Path, disk: SmallDisk
) -> None:
    """Somebody who writes beside the lock file costs a bounded wait and a refusal, no call."""
    shell = sqlite3.connect(database, isolation_level=None)
    shell.execute("BEGIN IMMEDIATE")
    async with asyncio.timeout(5):
        with pytest.raises(StorageDown):
            await disk.writer.submit((top_up("t1", 1),))
    shell.execute("ROLLBACK")
    shell.close()
    assert isinstance((await disk.writer.submit((top_up("t1", 1),)))[0], Posted)


async def test_a_first_slice_asked_for_after_the_end_is_refused(disk: SmallDisk) -> None:
    """The call's hold is resolved on the disk and forgotten in memory; its group is not harmed."""
    await disk.writer.submit((top_up("t1", 20 * PRICE), reserve("a"), close("a", PRICE)))
    late, other = disk.writer.submit((reserve("a"),)), disk.writer.submit((reserve("b"),))
    ((refused,), (held,)) = await asyncio.gather(late, other)
    assert refused == Refused("a", 1, Shortage.CALL_ENDED)
    assert isinstance(held, Reserved)


CHILD = """
import asyncio, sys
from pathlib import Path
from tests.fakes.granted_call import granted
from tests.fakes.small_site import PRICE, open_site, talk, top_up

async def worker(store, lane):
    for number in range(100_000):
        await talk(store.writer, granted(f"{lane}-{number}"), 3)
        print(f"{lane}-{number}", flush=True)

async def main():
    async with open_site(Path(sys.argv[1])) as store:
        await store.writer.submit((top_up("t1", 10**9 * PRICE),))
        await asyncio.gather(*[worker(store, lane) for lane in range(16)])

asyncio.run(main())
"""


async def test_kill_9_in_mid_batch_keeps_all_that_was_answered(database: Path) -> None:
    """Whatever was answered is there; whatever was not is there whole or not at all."""
    for kill_after in (1, 40, 90):
        answered = await run_and_kill(database, kill_after)
        assert len(answered) >= kill_after
        assert verify(database) == []
        queries = await Queries.connect(database)
        charged = {entry.call_id for entry in await queries.ledger(None, limit=10**6)}
        await queries.close()
        assert answered <= charged


async def run_and_kill(database: Path, answers: int) -> set[str]:
    """The calls that a child has reported as settled before it was killed."""
    database.unlink(missing_ok=True)
    for side in ("-wal", "-shm"):
        database.with_name(database.name + side).unlink(missing_ok=True)
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", CHILD, str(database)), stdout=asyncio.subprocess.PIPE
    )
    assert child.stdout is not None
    seen = [await child.stdout.readline() for _ in range(answers)]
    child.kill()
    rest = await child.stdout.read()
    await child.wait()
    whole_lines = b"".join(seen) + rest[: rest.rfind(b"\n") + 1]
    return {line.decode() for line in whole_lines.split()}
