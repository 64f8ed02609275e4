"""The AGI server on real sockets: who is heard, what is turned away, and how it ends."""

import asyncio
import time
from contextlib import AsyncExitStack

import pytest

from pbxcharge.asterisk.agi_protocol import AgiRequest
from pbxcharge.asterisk.agi_session import AgiSession
from tests.fakes.agi_peer import (
    HEADER,
    LONG,
    SHORT,
    allow,
    authorize,
    connect,
    hear,
    idle,
    serving,
)
from tests.fakes.until import until


async def test_verdict_arrives_in_one_command() -> None:
    """A caller gets its verdict and the session is closed."""
    async with serving() as server:
        command = await authorize(server)
        assert command == b'SET VARIABLE "ARRAY(PBXC_CALL,PBXC_VERDICT)" "c,ALLOW"\n'
        await idle(server)
        assert server.counts == {"answered": 1}


async def test_header_may_come_byte_by_byte() -> None:
    """Where TCP cuts the bytes changes nothing."""
    async with serving() as server:
        reader, writer = await connect(server)
        for i in range(len(HEADER)):
            writer.write(HEADER[i : i + 1])
            await writer.drain()
        assert (await reader.readline()).startswith(b"SET VARIABLE")
        writer.close()


async def test_header_may_be_cut_in_its_blank_line() -> None:
    """The two line ends may come in two packets."""
    async with serving() as server:
        reader, writer = await connect(server, HEADER[:-1])
        await asyncio.sleep(0.05)
        writer.write(HEADER[-1:])
        assert (await reader.readline()).startswith(b"SET VARIABLE")
        writer.close()


async def test_a_thousand_peers_that_connect_and_close_hurt_nobody() -> None:
    """A port scan or a health check neither stops the loop nor takes a session away."""
    async with serving() as server:
        started = time.process_time()
        for _ in range(1000):
            (await connect(server))[1].close()
            await until(lambda: server.sessions < 10)
        assert await authorize(server)
        await idle(server)
        assert time.process_time() - started < 5
        assert server.counts == {"answered": 1}


@pytest.mark.parametrize(
    "opening",
    [
        b"\x00" * 100,
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        HEADER.replace(b"agi_arg_1", b"agi_accountcode"),
        HEADER.replace(b"alice\n\n", b"alice\nEXEC Dial x\n\n"),
        HEADER.replace(b"authorize", b"nosuch"),
        HEADER.replace(b"agi_uniqueid", b"agi_nothing"),
        b"agi_callerid: " + b"x" * 1_000_000,
        (b"agi_a: x\n" * 200_000) + b"\n",
        HEADER + b"200 result=1\n",
    ],
    ids=lambda opening: f"{opening[:12]!r}{len(opening)}",
)
async def test_malformed_opening_ends_that_session_alone(opening: bytes) -> None:
    """Nothing is answered, somebody is told at once, and the next caller gets its verdict."""
    async with serving() as server:
        peer = await asyncio.open_connection("127.0.0.1", server.port)
        peer[1].write(opening)
        assert await hear(peer) == b""
        assert await authorize(server)
        await idle(server)
        assert server.counts["malformed"] == 1


@pytest.mark.parametrize("half", [b"agi_network: yes\n", b"agi_", HEADER[:-1]])
async def test_half_a_header_is_waited_for_only_so_long(half: bytes) -> None:
    """A slow peer is closed after the header's deadline, whatever it trickles in."""
    async with serving(limits=SHORT) as server:
        reader, writer = await connect(server, half)
        assert await hear((reader, writer)) == b""
        assert server.counts["malformed"] == 1


async def test_peer_that_closes_in_its_header_is_forgotten() -> None:
    """Half a header and a close leave no session behind."""
    async with serving() as server:
        for _ in range(15):
            (await connect(server, HEADER[:40]))[1].close()
        await asyncio.sleep(0.05)
        await idle(server)
        assert server.counts["malformed"] == 15


async def test_bug_in_a_handler_ends_its_own_session_alone() -> None:
    """Any exception closes that session; the next caller is answered."""
    calls: list[int] = []

    async def handler(request: AgiRequest, session: AgiSession) -> None:
        calls.append(1)
        if len(calls) == 1:
            raise ZeroDivisionError
        await allow(request, session)

    async with serving(handler) as server:
        assert await hear(await connect(server, HEADER)) == b""
        assert await authorize(server)
        await idle(server)
        assert server.counts == {"failed": 1, "answered": 1}


async def test_more_sessions_than_the_cap_are_turned_away_at_once() -> None:
    """The cap refuses quickly, and room is there again when a session ends."""
    async with serving() as server, AsyncExitStack() as stack:
        peers = [await connect(server, HEADER) for _ in range(LONG.sessions_max)]
        for _, writer in peers:
            stack.callback(writer.close)
        await asyncio.gather(*(peer[0].readline() for peer in peers))
        assert await hear(await connect(server)) == b""
        assert server.counts["sessions_max"] == 1
        peers[0][1].write(b"200 result=1\n")
        await peers[0][0].read()
        assert await authorize(server)


async def test_peer_that_is_not_allowed_is_turned_away() -> None:
    """FastAGI has no authentication: who is not on the list is closed without a word."""
    async with serving(peers=("10.0.0.0/8",)) as server:
        assert await hear(await connect(server, HEADER)) == b""
        assert server.counts == {"peer_not_allowed": 1}


async def test_stopped_server_finishes_what_it_has_begun() -> None:
    """After stop_accepting the port is closed, and a session that is open gets its verdict."""
    async with serving() as server:
        reader, writer = await connect(server, HEADER)
        command = await reader.readline()
        server.stop_accepting()
        with pytest.raises(ConnectionError):
            await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"200 result=1\n")
        assert command
        assert await hear((reader, writer)) == b""
        assert server.counts == {"answered": 1}
