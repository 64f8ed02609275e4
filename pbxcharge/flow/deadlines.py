"""One heap of deadlines for all live calls: re-arming one of 10,000 costs about a microsecond."""

import asyncio
from collections.abc import Callable
from heapq import heappop, heappush

from pbxcharge.flow.clock import Clock


class Deadlines:
    """Calls `expire(key)` when a key's latest deadline has come.

    A key that is set again leaves its old place in the heap, which is skipped when it comes up.
    """

    def __init__(self, clock: Clock, expire: Callable[[str], None]) -> None:
        self._clock = clock
        self._expire = expire
        self._due_ms: dict[str, int] = {}
        self._heap: list[tuple[int, str]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._timer_ms = 0

    def set(self, key: str, at_ms: int | None) -> None:
        """Expire this key at `at_ms` of the monotonic clock and not before; None is never."""
        if at_ms is None:
            self._due_ms.pop(key, None)
            return
        if self._due_ms.get(key) == at_ms:
            return
        self._due_ms[key] = at_ms
        heappush(self._heap, (at_ms, key))
        self._wake_at(self._heap[0][0])

    def close(self) -> None:
        """Expire nothing any more."""
        self._due_ms.clear()
        self._heap.clear()
        if self._timer:
            self._timer.cancel()

    def _wake_at(self, at_ms: int) -> None:
        if self._timer and self._timer_ms <= at_ms:
            return
        if self._timer:
            self._timer.cancel()
        self._timer_ms = at_ms
        delay_s = max(0, at_ms - self._clock.mono_ms()) / 1000
        self._timer = asyncio.get_running_loop().call_later(delay_s, self._run)

    def _run(self) -> None:
        self._timer = None
        now_ms = self._clock.mono_ms()
        while self._heap and self._heap[0][0] <= now_ms:
            at_ms, key = heappop(self._heap)
            if self._due_ms.get(key) == at_ms:
                del self._due_ms[key]
                self._expire(key)
        if self._heap:
            self._wake_at(self._heap[0][0])
