"""The live cost log on disk: lines are kept by the one writer, beside the calls and never before.

What fails here disturbs nobody: lines wait in a bounded queue, and those that are lost are counted.
"""

import asyncio
from collections import deque
from contextlib import suppress
from itertools import islice
from typing import Protocol

from pbxcharge.core.credit import Outcome
from pbxcharge.core.effects import EventsForgotten, EventsTold
from pbxcharge.core.money import MICROS
from pbxcharge.errors import OperatingError, PbxchargeError
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.journal import Line
from pbxcharge.flow.ports import Writer
from pbxcharge.logger import Logger

TOGETHER_S = 0.05
"""Lines wait this long for others, and for a group of the writer that is written anyway."""
RETRY_S = 1.0
KEPT_MAX = 20_000
TOLD_EVERY = 1000
AT_ONCE_MAX = 500
CLOSE_WITHIN_S = 1.0

FORGET_AT_ONCE = 500
FORGET_EVERY_S = 60.0
FORGET_PAUSE_S = 0.2
DAY_US = 86_400 * MICROS


class Ids(Protocol):
    """Who knows which lines are kept."""

    async def event_ids(self) -> tuple[int, int]:
        """The first and the last id; 0, 0 without any."""
        ...


class Archive:
    """Keeps the lines of the journal, and forgets them after some days.

    Args:
        writer: the one writer.
        ids: reads which lines are kept.
        clock: says what is old.
        log: for the operator.
        keep_days: so long a line is kept.
    """

    def __init__(self, writer: Writer, ids: Ids, clock: Clock, log: Logger, keep_days: int) -> None:
        self._writer = writer
        self._ids = ids
        self._clock = clock
        self._log = log
        self._keep_days = keep_days
        self._waiting: deque[Line] = deque()
        self._writing: tuple[Line, ...] = ()
        self._written: asyncio.Future[tuple[Outcome, ...]] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._alone = 0
        self.lost = 0

    def keep(self, line: Line) -> None:
        """Have a line written soon."""
        self._waiting.append(line)
        if len(self._waiting) > KEPT_MAX:
            self._waiting.popleft()
            self._lose(1)
        if self._timer is None and self._written is None:
            self._wait(TOGETHER_S)

    def unwritten(self) -> list[Line]:
        """The lines that may not be on disk yet, oldest first."""
        return [*self._writing, *self._waiting]

    async def close(self) -> None:
        """Write what waits; what the disk does not take now is lost, and counted."""
        before = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_WITHIN_S):
                while (left := len(self.unwritten())) and left != before:
                    before = left
                    await self._write_now()
        self._cancel_timer()
        self._lose(len(self.unwritten()))

    async def forget_old(self) -> None:
        """For ever: take away lines that are old enough, a few at a time."""
        while True:
            try:
                await self.forget()
            except PbxchargeError as error:
                self._log.debug("old events not forgotten", error=str(error))
            await asyncio.sleep(FORGET_EVERY_S)

    async def forget(self) -> None:
        """Take away what is old now.

        Raises:
            OperatingError: storage is down; the rest stays for the next time.
        """
        before_id = self._clock.wall_us() - self._keep_days * DAY_US
        while (first := (await self._ids.event_ids())[0]) and first < before_id:
            await self._writer.submit((), [EventsForgotten(before_id, FORGET_AT_ONCE)])
            await asyncio.sleep(FORGET_PAUSE_S)

    async def _write_now(self) -> None:
        self._write()
        if self._written is not None:
            await asyncio.wait((self._written,))
            # What came of it is looked at in a callback of its own.
            await asyncio.sleep(0)

    def _wait(self, delay_s: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(delay_s, self._write)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _write(self) -> None:
        """Give the oldest lines to the writer; one batch at a time, so that they stay in order."""
        self._cancel_timer()
        if self._written is not None or not self._waiting:
            return
        at_once = 1 if self._alone else AT_ONCE_MAX
        self._writing = tuple(islice(self._waiting, at_once))
        for _ in self._writing:
            self._waiting.popleft()
        self._written = self._writer.submit((), [EventsTold(self._writing)])
        self._written.add_done_callback(self._known)

    def _known(self, future: "asyncio.Future[tuple[Outcome, ...]]") -> None:
        """Go on after a batch: written, to be repeated, or of a kind that is never written."""
        batch, self._writing, self._written = self._writing, (), None
        error = None if future.cancelled() else future.exception()
        delay_s = TOGETHER_S if len(self._waiting) < AT_ONCE_MAX else 0.0
        if future.cancelled() or isinstance(error, OperatingError):
            self._waiting.extendleft(reversed(batch))
            delay_s = RETRY_S
        elif error is not None and len(batch) > 1:
            # One of them cannot be written; it must not take the others with it.
            self._waiting.extendleft(reversed(batch))
            self._alone = len(batch)
        else:
            self._alone = max(0, self._alone - len(batch))
            self._lose(len(batch) if error else 0)
        if self._waiting:
            self._wait(delay_s)

    def _lose(self, count: int) -> None:
        """Count lines that are not kept; told with the first and with every further thousand."""
        before, self.lost = self.lost, self.lost + count
        if count and (not before or before // TOLD_EVERY != self.lost // TOLD_EVERY):
            self._log.error("events not stored", lost=self.lost)
