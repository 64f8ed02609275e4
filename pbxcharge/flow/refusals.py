"""Records of refused attempts: written at once, or kept until storage is back."""

import asyncio
from collections import deque

from pbxcharge.core.cdr import Cdr
from pbxcharge.core.credit import Outcome
from pbxcharge.core.effects import CdrWritten
from pbxcharge.failpoints import Failpoint, reach
from pbxcharge.flow.ports import Writer
from pbxcharge.logger import Logger

KEPT_MAX = 10_000
RETRIED = 500


class Refusals:
    """Writes the record of each refused attempt, in the background.

    While storage is down the last KEPT_MAX records wait; what is beyond that is counted in
    `lost`, and said in the log.
    """

    def __init__(self, writer: Writer, log: Logger) -> None:
        self._writer = writer
        self._log = log
        self._waiting: deque[Cdr] = deque()
        self.lost = 0

    def record(self, cdr: Cdr) -> "asyncio.Future[tuple[Outcome, ...]]":
        """Write one record, now or when storage is back; done when it is known which."""
        reach(Failpoint.BEFORE_REFUSAL)
        future = self._writer.submit((), [CdrWritten(cdr)])
        future.add_done_callback(lambda done: self._written(cdr, done))
        return future

    def retry(self) -> None:
        """Write some of what waits: to be called now and then. Live calls need the writer more."""
        for _ in range(min(RETRIED, len(self._waiting)) if self._writer.healthy else 0):
            self.record(self._waiting.popleft())

    def _written(self, cdr: Cdr, future: "asyncio.Future[tuple[Outcome, ...]]") -> None:
        if not future.cancelled() and future.exception() is None:
            reach(Failpoint.AFTER_REFUSAL)
            return
        if len(self._waiting) >= KEPT_MAX:
            self._waiting.popleft()
            self.lost += 1
            self._log.error("records of refused attempts lost", lost=self.lost)
        self._waiting.append(cdr)
