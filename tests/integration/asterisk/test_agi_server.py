"""The FastAGI server on real sockets: what a peer does wrong costs that peer alone."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from pbxcharge.asterisk.agi_connection import AgiLimits
from pbxcharge.asterisk.agi_protocol import AgiRequest
from pbxcharge.asterisk.agi_server import AgiServer
from pbxcharge.asterisk.agi_session import AgiSession
from pbxcharge.errors import AgiError, AgiHangup
from tests.fakes.recording_logger import RecordingLogger
from tests.fakes.until import until

HEADER = (
    b"agi_network: yes\nagi_network_script: authorize\nagi_channel: PJSIP/a-1\n"
    b"agi_uniqueid: 1.2\nagi_accountcode: alice\nagi_arg_1: alice\n\n"
)
LONG = AgiLimits(header_s=30, command_s=30, session_s=60, sessions_max=20)
SHORT = AgiLimits(header_s=0.3, command_s=0.3, session_s=0.6)
Peer = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def allow(request: AgiRequest, session: AgiSession) -> None:
    """Answer as the daemon does: one command."""
    await session.set_variables({"PBXC_CALL": "c", "PBXC_VERDICT": "ALLOW"})


@asynccontextmanager
async def serving(
    handler: Callable[[AgiRequest, AgiSession], Awaitable[None]] = allow,
    limits: AgiLimits = LONG,
    peers: tuple[str, ...] = ("127.0.0.1/32",),
) -> AsyncIterator[AgiServer]:
    """Serve on a free port."""
    server = AgiServer(handler, port=0, limits=limits, peers=peers, logger=RecordingLogger())
    await server.start()
    try:
        yield server
    finally:
        await server.close(grace_s=0.1)


async def connect(server: AgiServer, opening: bytes = b"") -> Peer:
    """Connect and say something."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(opening)
    await writer.drain()
    return reader, writer


async def hear(peer: Peer) -> bytes:
    """Read until the server closes; at most 5 s."""
    try:
        return await asyncio.wait_for(peer[0].read(), 5)
    except ConnectionError:
        return b""
    finally:
        peer[1].close()


async def authorize(server: AgiServer) -> bytes:
    """Hold one whole session as Asterisk does, and return the command it was given."""
    reader, writer = await connect(server, HEADER)
    command = await asyncio.wait_for(reader.readline(), 5)
    writer.write(b"200 result=1\n")
    assert await hear((reader, writer)) == b""
    return command


async def idle(server: AgiServer) -> None:
    """Wait until no session is left."""
    await until(lambda: not server.sessions)


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


async def test_hangup_line_does_not_shift_answers() -> None:
    """HANGUP between answers is seen as a hangup, and each command keeps its own answer."""
    heard: list[object] = []

    async def handler(request: AgiRequest, session: AgiSession) -> None:
        heard.append((await session.command("GET VARIABLE", "A")).value)
        heard.append(session.hungup)
        heard.append((await session.command("GET VARIABLE", "B")).value)

    async with serving(handler) as server:
        reader, writer = await connect(server, HEADER)
        await reader.readline()
        writer.write(b"HANGUP\n200 result=1 (a)\nHANG")
        await reader.readline()
        writer.write(b"UP\n200 result=1 (b)\n")
        await hear((reader, writer))
    assert heard == ["a", True, "b"]


async def test_no_verdict_is_sent_to_a_caller_who_hung_up() -> None:
    """The handler learns it before the verdict, so that the hold can be given back at once."""
    raised: list[BaseException] = []

    async def handler(request: AgiRequest, session: AgiSession) -> None:
        await session.database_del("pbxcharge", "1.0")
        try:
            await session.set_variables({"PBXC_VERDICT": "ALLOW"})
        except AgiHangup as error:
            raised.append(error)

    async with serving(handler) as server:
        reader, writer = await connect(server, HEADER)
        assert await reader.readline() == b'DATABASE DEL "pbxcharge" "1.0"\n'
        writer.write(b"200 result=1\nHANGUP\n")
        assert await hear((reader, writer)) == b""
    assert len(raised) == 1


async def test_close_while_a_command_waits_is_a_hangup() -> None:
    """The handler is told, not cancelled, and runs to its end."""
    ended: list[bool] = []

    async def handler(request: AgiRequest, session: AgiSession) -> None:
        with pytest.raises(AgiHangup):
            await session.command("GET VARIABLE", "A")
        await asyncio.sleep(0.01)
        with pytest.raises(AgiHangup):
            await session.command("GET VARIABLE", "A")
        ended.append(session.hungup)

    async with serving(handler) as server:
        reader, writer = await connect(server, HEADER)
        await reader.readline()
        writer.close()
        await until(lambda: ended)
        await idle(server)


@pytest.mark.parametrize("asks", [1, 2])
async def test_answer_that_is_none_is_counted_once(asks: int) -> None:
    """Whether the handler notices it or not."""

    async def handler(request: AgiRequest, session: AgiSession) -> None:
        for _ in range(asks):
            await session.command("GET VARIABLE", "A")

    async with serving(handler) as server:
        reader, writer = await connect(server, HEADER)
        await reader.readline()
        writer.write(b"hello\n")
        await hear((reader, writer))
        await idle(server)
        assert server.counts == {"malformed": 1}


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"200 result=0\n", AgiError),
        (b"510 Invalid or unknown command\n", AgiError),
        (b"511 Command Not Permitted on a dead channel\n", AgiHangup),
    ],
)
async def test_verdict_that_asterisk_did_not_take_is_no_verdict(
    answer: bytes, kind: type[AgiError]
) -> None:
    """The handler is told, so that what it holds can be given back."""
    raised: list[AgiError] = []

    async def handler(request: AgiRequest, session: AgiSession) -> None:
        try:
            await session.set_variables({"PBXC_VERDICT": "ALLOW"})
        except AgiError as error:
            raised.append(error)

    async with serving(handler) as server:
        reader, writer = await connect(server, HEADER)
        await reader.readline()
        writer.write(answer)
        await hear((reader, writer))
    assert [type(error) for error in raised] == [kind]


async def test_command_that_asterisk_does_not_know_is_an_error() -> None:
    """Only code 200 is an answer to go on with."""

    async def handler(request: AgiRequest, session: AgiSession) -> None:
        with pytest.raises(AgiError, match="510"):
            await session.command("NOSUCH")

    async with serving(handler) as server:
        reader, writer = await connect(server, HEADER)
        await reader.readline()
        writer.write(b"510 Invalid or unknown command\n")
        await hear((reader, writer))
        await idle(server)
        assert server.counts == {"answered": 1}


@pytest.mark.parametrize("answer", [b"hello\n", b"x" * 20000, b"200 result=1\n200 result=1\n"])
async def test_malformed_answer_ends_the_session(answer: bytes) -> None:
    """An answer that is none, endless, or that nobody asked for: no second command follows."""
    raised: list[BaseException] = []

    async def handler(request: AgiRequest, session: AgiSession) -> None:
        try:
            await session.command("GET VARIABLE", "A")
            await asyncio.sleep(0)
            await session.command("GET VARIABLE", "A")
        except AgiError as error:
            raised.append(error)

    async with serving(handler) as server:
        reader, writer = await connect(server, HEADER)
        assert await reader.readline() == b'GET VARIABLE "A"\n'
        writer.write(answer)
        assert await hear((reader, writer)) == b""
        await idle(server)
    assert len(raised) == 1
    assert server.counts["malformed"] == 1


async def test_unanswered_command_ends_after_its_deadline() -> None:
    """A peer that never answers costs its own session `command_s`, and the handler can go on."""
    went_on: list[bool] = []

    async def handler(request: AgiRequest, session: AgiSession) -> None:
        with pytest.raises(TimeoutError):
            await allow(request, session)
        await asyncio.sleep(0)
        went_on.append(True)

    async with serving(handler, SHORT) as server:
        peer = await connect(server, HEADER)
        started = time.monotonic()
        assert (await hear(peer)).startswith(b"SET VARIABLE")
        assert 0.25 < time.monotonic() - started < 2
        await idle(server)
        assert (went_on, server.counts) == ([True], {"answered": 1})


async def test_handler_that_hangs_is_ended() -> None:
    """The session's deadline is the last resort, also after the caller has gone."""

    async def handler(request: AgiRequest, session: AgiSession) -> None:
        await asyncio.Event().wait()

    async with serving(handler, SHORT) as server:
        assert await hear(await connect(server, HEADER)) == b""
        (await connect(server, HEADER))[1].close()
        await asyncio.sleep(0.05)
        assert server.sessions == 1
        await idle(server)
        assert server.counts == {"long": 2}


async def test_handler_under_its_own_deadline_sends_nothing_after_it() -> None:
    """A command that is cancelled ends the session: Asterisk sees a refusal at once."""

    async def handler(request: AgiRequest, session: AgiSession) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await session.set_variables({"PBXC_VERDICT": "ALLOW"})
        with pytest.raises(AgiHangup):
            await session.set_variables({"PBXC_VERDICT": "ALLOW"})

    async with serving(handler) as server:
        assert (await hear(await connect(server, HEADER))).count(b"\n") == 1
        assert server.counts == {"answered": 1}


async def test_commands_are_never_pipelined() -> None:
    """A second command before the first answer is a mistake of the program and is not sent."""

    async def handler(request: AgiRequest, session: AgiSession) -> None:
        first = asyncio.create_task(session.command("GET VARIABLE", "A"))
        await asyncio.sleep(0)
        with pytest.raises(AssertionError):
            await session.command("GET VARIABLE", "B")
        await first

    async with serving(handler) as server:
        reader, writer = await connect(server, HEADER)
        await asyncio.sleep(0.05)
        writer.write(b"200 result=1\n")
        assert await hear((reader, writer)) == b'GET VARIABLE "A"\n'
        assert server.counts == {"answered": 1}


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
