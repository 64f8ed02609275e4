"""Questions to Asterisk by a command that runs without the daemon."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pbxcharge.asterisk.ami_client import AmiClient
from pbxcharge.errors import AmiDown
from pbxcharge.logger import Logger

WITHIN_S = 3.0


@asynccontextmanager
async def asking_once(
    host: str, port: int, username: str, secret: str, logger: Logger
) -> AsyncIterator[AmiClient]:
    """A session for the questions of the block.

    Raises:
        AmiDown, AmiRefused: Asterisk is not there, or does not know the user.
    """
    await _see_who_listens(host, port)

    async def nothing_to_compare() -> None:
        return

    client = AmiClient(
        host,
        port,
        username,
        secret,
        on_event=lambda *_: None,
        on_connected=nothing_to_compare,
        wanted=(),
        logger=logger,
    )
    await client.start()
    try:
        await client.wait_ready(WITHIN_S)
        yield client
    finally:
        await client.close()


async def _see_who_listens(host: str, port: int) -> None:
    """The client would try again until its time is over."""
    try:
        async with asyncio.timeout(WITHIN_S):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError) as error:
        raise AmiDown(f"nobody answers at {host}:{port}") from error
    writer.close()
