"""`pbxcharge tail` in a window of its own: it reads along until the daemon is gone."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

from tests.site import COMMAND, Line, Site


class Follower:
    """What the command has told so far, and how it ended."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.lines: list[Line] = []
        self._process = process
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for raw in self._process.stdout:
            self.lines.append(json.loads(raw))

    def told(self, account: str) -> list[str]:
        """The events of one account, in order."""
        return [line["event"] for line in self.lines if line.get("account") == account]

    async def ended(self, within_s: float = 10.0) -> int:
        """The command's exit code, once it has ended by itself."""
        async with asyncio.timeout(within_s):
            await self._reading
            return await self._process.wait()

    async def close(self) -> None:
        """End the command if it still runs."""
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        await self._reading


@contextlib.asynccontextmanager
async def following(site: Site) -> AsyncIterator[Follower]:
    """Read along as long as this block lasts."""
    follower = Follower(
        await asyncio.create_subprocess_exec(
            COMMAND, "--config", site.config, "--json", "tail",
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    )  # fmt: skip
    try:
        yield follower
    finally:
        await follower.close()
