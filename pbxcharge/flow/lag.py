"""How late the loop is: whoever waits for an answer waits at least so long."""

import asyncio

from pbxcharge.logger import Logger

EVERY_S = 0.02
LATE_MS = 50
TELL_EVERY_S = 10.0


class LoopLag:
    """Measures how much later than wanted the loop comes round, fifty times a second.

    `worst_ms` is the most so far. More than 50 ms are logged, at most every ten seconds: the
    machine is overloaded, or one part of the daemon keeps all others waiting.
    """

    def __init__(self, log: Logger) -> None:
        self.worst_ms = 0
        self._log = log
        self._untold_ms = 0
        self._told_at = float("-inf")

    async def watch(self) -> None:
        """Measure until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due_at = loop.time() + EVERY_S
            await asyncio.sleep(EVERY_S)
            now = loop.time()
            self._note(int((now - due_at) * 1000), now)

    def _note(self, late_ms: int, now: float) -> None:
        self.worst_ms = max(self.worst_ms, late_ms)
        self._untold_ms = max(self._untold_ms, late_ms)
        if self._untold_ms > LATE_MS and now - self._told_at >= TELL_EVERY_S:
            self._log.warning("loop was late", late_ms=self._untold_ms)
            self._untold_ms, self._told_at = 0, now
