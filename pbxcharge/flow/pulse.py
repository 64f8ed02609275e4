"""Proof that the daemon works, not only that its loop turns: a round trip through its parts."""

import asyncio
from collections.abc import Awaitable, Callable

from pbxcharge.asterisk.agi_protocol import AgiRequest
from pbxcharge.asterisk.agi_session import AgiSession
from pbxcharge.errors import OperatingError
from pbxcharge.logger import Logger

SCRIPT = "pulse"
WITHIN_S = 3.0
QUESTION = f"agi_network_script: {SCRIPT}\nagi_channel: pulse\nagi_uniqueid: pulse\n\n".encode()
_ANSWER = b"200 result=0\n"


async def answer(_: AgiRequest, session: AgiSession) -> None:
    """The daemon's end of the round trip: one command, as in any session."""
    await session.command("NOOP")


async def prove(host: str, port: int, heartbeat: Callable[[], Awaitable[None]]) -> None:
    """Ask the own FastAGI port and the writer, as a call would.

    Raises:
        OSError, TimeoutError, OperatingError: a part does not answer.
    """
    async with asyncio.timeout(WITHIN_S):
        await heartbeat()
        reader, writer = await asyncio.open_connection(host, port)
        try:
            writer.write(QUESTION)
            if not (await reader.readline()).startswith(b"NOOP"):
                raise OperatingError("the FastAGI port does not answer as it should")
            writer.write(_ANSWER)
            await reader.read()
        finally:
            writer.close()


async def keep_telling(
    alive: Callable[[], None],
    proof: Callable[[], Awaitable[None]],
    every_s: float,
    log: Logger,
) -> None:
    """Call `alive` after each proof; a proof that fails is logged, and nothing is said."""
    while True:
        try:
            await proof()
        except (OSError, OperatingError, TimeoutError) as error:
            log.error("the daemon does not answer itself", error=repr(error))
        else:
            alive()
        await asyncio.sleep(every_s)
