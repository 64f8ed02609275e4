"""Sessions of the AGI server on real sockets: commands, their answers, hangups and deadlines."""

import asyncio
import time

import pytest

from pbxcharge.asterisk.agi_protocol import AgiRequest
from pbxcharge.asterisk.agi_session import AgiSession
from pbxcharge.errors import AgiError, AgiHangup
from tests.fakes.agi_peer import (
    HEADER,
    SHORT,
    allow,
    connect,
    hear,
    idle,
    serving,
)
from tests.fakes.until import until


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
