"""Plans that come into force at an instant of their own, from what was read before."""

import asyncio
from collections.abc import Awaitable, Callable

from pbxcharge.core.money import MICROS
from pbxcharge.errors import OperatingError
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.waking import LOOK_EVERY_S, woken
from pbxcharge.logger import Logger

RETRY_S = 30.0
"""What stands in the way is mostly a live call, and is said in the log each time."""


class EffectiveDates:
    """Waits for the next instant at which a plan begins or ends, and puts it into force then.

    Args:
        next_change_s: that instant, in UTC seconds, of those after a second; None if there is none.
        put: puts what counts now into force; whether all of it could be. What cannot is tried
            again, and what is due meanwhile does not wait for it.
        clock: the wall clock says when it is due.
        logger: why it could not.
    """

    def __init__(
        self,
        next_change_s: Callable[[int], int | None],
        put: Callable[[], Awaitable[bool]],
        clock: Clock,
        logger: Logger,
    ) -> None:
        self._next_change_s = next_change_s
        self._put = put
        self._clock = clock
        self._log = logger
        self._changed = asyncio.Event()
        self._tried_s = 0
        self._retry_ms: int | None = None

    def changed(self) -> None:
        """Other plans are in force: the next instant may be another one."""
        self._changed.set()

    async def watch(self) -> None:
        """As long as the daemon runs."""
        while True:
            self._changed.clear()
            wait_s = self._due_in_s()
            if wait_s > 0:
                await woken(self._changed, wait_s)
                continue
            self._tried_s = self._clock.wall_us() // MICROS
            done = await self._done()
            self._retry_ms = None if done else self._clock.mono_ms() + int(RETRY_S * 1000)

    def _due_in_s(self) -> float:
        """Until the next instant that was not tried yet, or until something is tried again."""
        due_s = self._next_change_s(self._tried_s)
        waits = [LOOK_EVERY_S]
        if due_s is not None:
            waits.append((due_s * MICROS - self._clock.wall_us()) / MICROS)
        if self._retry_ms is not None:
            waits.append((self._retry_ms - self._clock.mono_ms()) / 1000)
        return min(waits)

    async def _done(self) -> bool:
        try:
            return await self._put()
        except OperatingError as error:
            self._log.error("plans that are due not put into force", error=str(error))
            return False
