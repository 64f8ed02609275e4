"""How late the loop is: whoever waits for an answer waits at least so long."""

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pbxcharge.logger import Logger

EVERY_S = 0.02
LATE_MS = 50
TELL_EVERY_S = 10.0
_NS_IN_MS: Final = 1_000_000
_COUNTS: Final = Path("/proc/thread-self/schedstat")


@dataclass(frozen=True, slots=True)
class Lateness:
    """Once round the loop.

    Args:
        at_ns: when it came round, of the monotonic clock.
        late_ms: how much later than wanted.
        waited_ms: how long of it others had the processor that the loop was ready to use.
    """

    at_ns: int
    late_ms: float
    waited_ms: float

    @property
    def own_ms(self) -> float:
        """What the daemon itself kept its loop: 30 ms late, 20 of them waited, are 10."""
        return max(0.0, self.late_ms - self.waited_ms)


class LoopLag:
    """Measures how much later than wanted the loop comes round, fifty times a second.

    `worst_ms` is the most so far, `worst_own_ms` the most without the time in which others had the
    processor. More than 50 ms are logged, at most every ten seconds: either the machine is
    overloaded, and most of it was waited for a processor, or one part of the daemon keeps all
    others waiting.

    Args:
        log: where it is told.
        every_s: how long it wants to sleep each time.
    """

    def __init__(self, log: Logger, every_s: float = EVERY_S) -> None:
        self.worst_ms = 0
        self.worst_own_ms = 0
        self._log = log
        self._every_s = every_s
        self._untold: Lateness | None = None
        self._told_at_ns = -(2**62)

    async def watch(self) -> None:
        """Measure until cancelled."""
        with _waiting() as waited_ns:
            while True:
                begun_ns, before_ns = time.monotonic_ns(), waited_ns()
                await asyncio.sleep(self._every_s)
                now_ns = time.monotonic_ns()
                late_ms = (now_ns - begun_ns) / _NS_IN_MS - self._every_s * 1000
                self.note(Lateness(now_ns, late_ms, (waited_ns() - before_ns) / _NS_IN_MS))

    def note(self, once: Lateness) -> None:
        """Take one measure, and tell it if it is much."""
        self.worst_ms = max(self.worst_ms, int(once.late_ms))
        self.worst_own_ms = max(self.worst_own_ms, int(once.own_ms))
        if once.late_ms > (self._untold.late_ms if self._untold else LATE_MS):
            self._untold = once
        if self._untold and once.at_ns - self._told_at_ns >= TELL_EVERY_S * 1000 * _NS_IN_MS:
            late_ms, waited_ms = int(self._untold.late_ms), int(self._untold.waited_ms)
            self._log.warning("loop was late", late_ms=late_ms, waited_for_processor_ms=waited_ms)
            self._untold, self._told_at_ns = None, once.at_ns


@contextmanager
def _waiting() -> Iterator[Callable[[], int]]:
    """Tells how many ns this thread was ready to run while others ran, as the kernel counts it.

    A kernel that does not count it says 0.
    """
    try:
        counts = os.open(_COUNTS, os.O_RDONLY)
    except OSError:
        yield lambda: 0
        return
    try:
        yield lambda: int(os.pread(counts, 100, 0).split()[1])
    finally:
        os.close(counts)
