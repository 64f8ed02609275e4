"""The process of the daemon, without a daemon in it."""

import sys
import threading
import time

from pbxcharge.serve import favour_the_loop


def test_a_thread_that_computes_gives_the_loop_its_turn_within_a_millisecond() -> None:
    """Python's own 5 ms would be waited again and again while plans are read. Median of 100."""
    usual_s, done = sys.getswitchinterval(), threading.Event()

    def compute() -> None:
        while not done.is_set():
            sum(range(100))

    favour_the_loop()
    thread = threading.Thread(target=compute)
    thread.start()
    try:
        assert sorted(wait_s() for _ in range(100))[50] < 0.004
    finally:
        done.set()
        thread.join()
        sys.setswitchinterval(usual_s)


def wait_s() -> float:
    """How long this thread waits for its turn after a sleep."""
    begun = time.perf_counter()
    time.sleep(0.001)
    return time.perf_counter() - begun - 0.001
