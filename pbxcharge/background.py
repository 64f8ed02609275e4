"""What runs beside everything else for as long as the daemon does."""

import asyncio
import os
import signal
from collections.abc import Coroutine
from typing import Any

from pbxcharge.logger import Logger


class Background:
    """Parts of a daemon that run until its stop; one that fails is a defect, and ends the daemon.

    Args:
        logger: what failed.
    """

    def __init__(self, logger: Logger) -> None:
        self._log = logger
        self._tasks: list[asyncio.Task[None]] = []

    def run(self, *parts: Coroutine[Any, Any, None]) -> None:
        """Run parts until the stop."""
        for part in parts:
            task = asyncio.ensure_future(part)
            task.add_done_callback(self._ended)
            self._tasks.append(task)

    async def stop(self) -> None:
        """End every part, and wait until it has ended."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._log.critical("a part of the daemon failed", error=repr(error), exc_info=error)
            os.kill(os.getpid(), signal.SIGTERM)
