"""Python loads this by its name when it starts: it lets a test step the wall clock of one process.

The step, in nanoseconds, stands in the file that `STEPPED_CLOCK` names; the monotonic clock goes on
as before, as it does when the clock of a machine is stepped.
"""

import os
import time

_file = os.open(os.environ["STEPPED_CLOCK"], os.O_RDONLY)
_time_ns = time.time_ns


def _stepped_ns() -> int:
    return _time_ns() + int(os.pread(_file, 32, 0) or b"0")


def _stepped() -> float:
    return _stepped_ns() / 1e9


time.time_ns, time.time = _stepped_ns, _stepped
