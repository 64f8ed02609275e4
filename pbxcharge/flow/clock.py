"""The two clocks: the monotonic one measures, the wall clock only dates."""

import time


class Clock:
    """What time it is. Tests and benches may run another one."""

    def mono_ms(self) -> int:
        """Milliseconds that no step of the wall clock changes; the zero is arbitrary."""
        return time.monotonic_ns() // 1_000_000

    def wall_us(self) -> int:
        """Microseconds since the epoch, UTC."""
        return time.time_ns() // 1000
