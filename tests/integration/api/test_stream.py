"""The event stream: everything from the first line on, for readers that keep up."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pbxcharge.api import stream
from pbxcharge.api.client import Client
from pbxcharge.errors import ActDeclined, StorageDown
from pbxcharge.flow.journal import BACKLOG_MAX
from pbxcharge.store import Queries
from pbxcharge.store.queries import StoredEvent
from tests.fakes.until import until
from tests.integration.api.conftest import Served


async def test_what_is_told_is_streamed_in_order(served: Served) -> None:
    """From the empty first line on."""
    async with served.client.events() as lines:
        assert await anext(lines) == ""
        for number in range(3):
            served.journal.tell("slice", number=number)
        told = [json.loads(await anext(lines)) for _ in range(3)]
    assert [line["number"] for line in told] == [0, 1, 2]
    assert all(line["event"] == "slice" and line["at_us"] > 0 for line in told)


async def test_money_that_is_moved_is_told_once(served: Served) -> None:
    """With account, amount and actor; a repetition tells nothing."""
    top_up = {"id": "p-1", "account_id": "alice", "amount": "10.00"}
    async with served.client.events() as lines:
        await anext(lines)
        await served.client.act("/topups", **top_up)
        await served.client.act("/topups", **top_up)
        served.journal.tell("end")
        told = [json.loads(await anext(lines)) for _ in range(2)]
    assert (told[0]["event"], told[0]["account"], told[0]["amount"]) == ("top_up", "alice", "10.00")
    assert told[1]["event"] == "end"


async def test_a_reader_who_leaves_is_forgotten(served: Served) -> None:
    """So that places are not used up."""
    async with served.client.events() as lines:
        await anext(lines)
    served.journal.tell("anything")
    await until(lambda: not served.server.desk.streams.readers)


async def test_a_slow_reader_is_dropped_and_told_so(served: Served) -> None:
    """The journal waits for nobody; the reader learns that lines are missing."""
    reader, writer = await asyncio.open_unix_connection(str(served.path), limit=2**30)
    writer.write(b"GET /events HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    await until(lambda: served.server.desk.streams.readers)
    reader._transport.pause_reading()  # type: ignore[attr-defined]
    for _ in range(2 * BACKLOG_MAX):
        served.journal.tell("slice", padding="x" * 2000)
        await asyncio.sleep(0)
    reader._transport.resume_reading()  # type: ignore[attr-defined]
    async with asyncio.timeout(20):
        everything = await reader.read()
    assert b'{"event":"dropped"}' in everything
    writer.close()


async def test_silence_is_broken_by_an_empty_line(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So a reader knows that the daemon lives, and the daemon that the reader does."""
    monkeypatch.setattr(stream, "QUIET_S", 0.05)
    async with served.client.events() as lines:
        assert [await anext(lines) for _ in range(3)] == ["", "", ""]


async def test_there_is_an_end_of_places(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one reader too many is told so."""
    monkeypatch.setattr(stream, "READERS_MAX", 0)
    with pytest.raises(StorageDown, match="no room"):
        async with served.client.events():
            raise AssertionError("a stream without a place")


# What was told before.


async def read_until(lines: AsyncIterator[str], event: str) -> list[dict[str, Any]]:
    """Every line up to the first of this event."""
    told = []
    async with asyncio.timeout(30):
        async for text in lines:
            told += [json.loads(text)] if text else []
            if told and told[-1]["event"] == event:
                return told
    raise AssertionError(f"the stream ended without {event}")


def an_hour_ago() -> str:
    """The instant from which these tests read."""
    return (datetime.now(UTC) - timedelta(hours=1)).isoformat()


async def test_stored_and_live_lines_have_no_gap_and_no_double(served: Served) -> None:
    """Read from an hour ago while 10,000 are being told: each once, in order, ids rising.

    Seen failing with the lines that are on their way to the disk left out.
    """

    async def tell() -> None:
        for number in range(10_000):
            served.journal.tell("slice", number=number)
            if number % 20 == 0:
                await asyncio.sleep(0.001)
        served.journal.tell("end")

    telling = asyncio.create_task(tell())
    await until(lambda: served.journal.last_id)
    readers = [read_since(served) for _ in range(3)]
    for told in await asyncio.gather(*readers):
        numbers = [line["number"] for line in told if line["event"] == "slice"]
        assert numbers == list(range(10_000))
        assert [line["event_id"] for line in told] == sorted({line["event_id"] for line in told})
    await telling


async def read_since(served: Served) -> list[dict[str, Any]]:
    """All that one reader is told from an hour ago on, up to the end."""
    client = Client(served.path)
    try:
        async with client.events(since=an_hour_ago()) as lines:
            return await read_until(lines, "end")
    finally:
        await client.close()


async def test_only_what_is_asked_for_is_sent(served: Served) -> None:
    """Stored and live alike, chosen by the server."""
    for account in ("alice", "bob"):
        served.journal.tell("slice", account=account, number="4420")
        served.journal.tell("settled", account=account, number="4930")
    await until(lambda: not served.archive.unwritten())
    asked = {"account": "acme", "number": "49*,1", "event": "settled,cut"}
    async with served.client.events(since=an_hour_ago(), **asked) as lines:
        assert json.loads(await anext(lines))["account"] == "alice"
        assert await anext(lines) == ""
        served.journal.tell("settled", account="bob", number="4930")
        served.journal.tell("cut", account="alice", number="1")
        assert [line["event"] for line in await read_until(lines, "cut")] == ["cut"]


async def test_a_question_that_means_nothing_is_declined(served: Served) -> None:
    """An account that is none, an instant, an event: said before the stream begins."""
    for asked in ({"account": "nobody"}, {"since": "lately"}, {"event": "slice,setled"}):
        with pytest.raises(ActDeclined):
            async with served.client.events(**asked):
                raise AssertionError("a stream of nothing")


async def test_books_that_cannot_be_read_leave_the_live_stream(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reader is told that stored lines are missing, and gets what is told from now on."""

    async def down(*_: object) -> list[StoredEvent]:
        raise StorageDown("the disk is gone")

    monkeypatch.setattr(Queries, "events", down)
    async with served.client.events(since=an_hour_ago()) as lines:
        assert json.loads(await anext(lines))["event"] == "stored events unavailable"
        served.journal.tell("end")
        assert (await read_until(lines, "end"))[-1]["event"] == "end"


async def test_stored_lines_can_be_read_page_by_page(served: Served) -> None:
    """`next` leads from page to page; the last one has none."""
    for number in range(5):
        served.journal.tell("slice", n=number)
    await until(lambda: not served.archive.unwritten())
    found: list[int] = []
    after: int | None = 0
    while after is not None:
        page = await served.client.get(
            "/events/stored", since=an_hour_ago(), after=after, limit=2, event="slice"
        )
        found += [line["n"] for line in page["events"]]
        after = page["next"]
    assert found == [0, 1, 2, 3, 4]
