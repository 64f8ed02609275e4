"""An AGI server on a real socket, and whoever connects to it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from pbxcharge.asterisk.agi_connection import AgiLimits
from pbxcharge.asterisk.agi_protocol import AgiRequest
from pbxcharge.asterisk.agi_server import AgiServer
from pbxcharge.asterisk.agi_session import AgiSession
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
