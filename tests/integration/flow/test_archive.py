"""The live cost log on disk: in order, once, bounded, and never at a call's expense."""

from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from sqlite3 import connect

import pytest

from pbxcharge.flow import archive as module
from pbxcharge.flow.archive import DAY_US, Archive
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.journal import Journal
from pbxcharge.store import Store
from tests.fakes.recording_logger import RecordingLogger
from tests.fakes.small_site import PRICE, open_site, top_up
from tests.fakes.until import until


class Kept:
    """A journal, its archive, and the books that they are kept in."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.log = RecordingLogger()
        self.archive = Archive(store.writer, store.queries, Clock(), self.log, keep_days=1)
        self.journal = Journal(self.log, Clock(), "EUR")
        self.journal.keep_with(self.archive.keep, 0)

    async def written(self) -> list[str]:
        """The bodies on disk, once nothing waits."""
        await until(lambda: not self.archive.unwritten())
        return [event.body for event in await self.store.queries.events(0, 2**62, 100_000)]

    @contextmanager
    def disk_busy(self) -> Iterator[None]:
        """Somebody else holds the write lock."""
        with closing(connect(self.store.path, isolation_level=None)) as shell:
            shell.execute("BEGIN IMMEDIATE")
            yield
            shell.execute("ROLLBACK")


@pytest.fixture
async def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Kept]:
    """The small site with an archive that tries again soon."""
    monkeypatch.setattr(module, "RETRY_S", 0.05)
    async with open_site(tmp_path / "site.db") as store:
        opened = Kept(store)
        yield opened
        await opened.archive.close()


async def test_lines_are_kept_in_order_with_ids_that_rise(kept: Kept) -> None:
    """Faster than microseconds, and each is there once."""
    for number in range(3000):
        kept.journal.tell("slice", number=number)
    bodies = await kept.written()
    assert [f'"number":{number}}}' in body for number, body in enumerate(bodies)] == [True] * 3000
    assert (await kept.store.queries.event_ids())[1] == kept.journal.last_id


async def test_a_disk_that_fails_costs_no_line(kept: Kept) -> None:
    """They wait, in order, and are kept when it is back."""
    with kept.disk_busy():
        for number in range(5):
            kept.journal.tell("slice", number=number)
        await until(lambda: not kept.store.writer.healthy)
        kept.journal.tell("slice", number=5)
    assert [f'"number":{number}}}' in body for number, body in enumerate(await kept.written())] == [
        True
    ] * 6
    assert kept.archive.lost == 0


async def test_what_finds_no_room_is_counted_and_told(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest go; money is booked as if nothing were."""
    monkeypatch.setattr(module, "KEPT_MAX", 10)
    for number in range(25):
        kept.journal.tell("slice", number=number)
    assert kept.archive.lost == 15
    assert kept.log.named("events not stored") == [{"lost": 1}]
    await kept.store.writer.submit((top_up("payment", 5 * PRICE),))
    assert len(await kept.written()) == 10


async def test_a_line_that_cannot_be_written_takes_no_other_with_it(kept: Kept) -> None:
    """A lone surrogate is no text that JSON has; the lines around it are kept."""
    for number in ("1", "\ud800", "3"):
        kept.journal.tell("slice", number=number)
    assert len(await kept.written()) == 2
    assert kept.archive.lost == 1


async def test_old_lines_are_forgotten_a_few_at_a_time(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 25 that are two days old none is left; the one of today is."""
    monkeypatch.setattr(module, "FORGET_AT_ONCE", 10)
    monkeypatch.setattr(module, "FORGET_PAUSE_S", 0)
    old_us = Clock().wall_us() - 2 * DAY_US
    for number in range(25):
        kept.archive.keep({"event_id": old_us + number, "at_us": old_us + number, "event": "slice"})
    kept.journal.tell("settled")
    assert len(await kept.written()) == 26
    await kept.archive.forget()
    (left,) = await kept.written()
    assert "settled" in left


async def test_the_end_writes_what_waits(kept: Kept) -> None:
    """A daemon that stops in order loses no line."""
    kept.journal.tell("settled")
    await kept.archive.close()
    assert not kept.archive.unwritten()
    assert len(await kept.written()) == 1


async def test_the_end_waits_for_no_dead_disk(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it does not take is lost and counted; the daemon stops."""
    monkeypatch.setattr(module, "CLOSE_WITHIN_S", 0.1)
    with kept.disk_busy():
        kept.journal.tell("settled")
        await kept.archive.close()
    assert kept.archive.lost == 1
