"""The event stream: everything from the first line on, for readers that keep up."""

import asyncio
import json

import pytest

from pbxcharge.api import stream
from pbxcharge.errors import StorageDown
from pbxcharge.flow.journal import BACKLOG_MAX
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
