"""How late the loop is, and whose fault that is."""

import asyncio
import time
from contextlib import suppress

import pytest

from pbxcharge.flow.lag import Lateness, LoopLag
from tests.fakes.recording_logger import RecordingLogger

SECOND_NS = 1_000_000_000


@pytest.fixture
def log() -> RecordingLogger:
    """What is told."""
    return RecordingLogger()


def test_what_others_had_the_processor_for_is_not_the_daemon_s_own(log: RecordingLogger) -> None:
    """30 ms late, 25 of them without a processor, then 8 ms late by itself: 30, and 8."""
    lag = LoopLag(log)
    lag.note(Lateness(0, 30.0, 25.0))
    lag.note(Lateness(SECOND_NS, 8.0, 0.0))
    assert (lag.worst_ms, lag.worst_own_ms) == (30, 8)


def test_waiting_while_it_was_not_late_counts_for_nothing(log: RecordingLogger) -> None:
    """A thread may wait for a processor and come round in time all the same."""
    lag = LoopLag(log)
    lag.note(Lateness(0, 0.5, 4.0))
    assert (lag.worst_ms, lag.worst_own_ms) == (0, 0)


def test_more_than_50_ms_are_told_with_the_part_without_a_processor(log: RecordingLogger) -> None:
    """Half a second on a machine that is overloaded; what is less is not told at all."""
    lag = LoopLag(log)
    lag.note(Lateness(0, 49.0, 0.0))
    lag.note(Lateness(1, 500.0, 490.0))
    assert log.events == [("loop was late", {"late_ms": 500, "waited_for_processor_ms": 490})]


def test_the_worst_of_ten_seconds_is_told_at_their_end(log: RecordingLogger) -> None:
    """Told at once, then kept: 80 and 60 ms follow within ten seconds, and 80 are told after."""
    lag = LoopLag(log)
    for at_s, late_ms in ((0, 70.0), (1, 80.0), (2, 60.0), (11, 1.0)):
        lag.note(Lateness(at_s * SECOND_NS, late_ms, 0.0))
    assert [facts["late_ms"] for facts in log.named("loop was late")] == [70, 80]


async def test_a_part_that_keeps_the_loop_is_noticed(log: RecordingLogger) -> None:
    """Somebody sleeps for 100 ms on the loop: that is nobody else's fault."""
    lag = LoopLag(log, every_s=0.001)
    watch = asyncio.create_task(lag.watch())
    await asyncio.sleep(0.02)
    time.sleep(0.1)  # noqa: ASYNC251 - this is what must not happen
    async with asyncio.timeout(10):
        while lag.worst_ms < 80:  # noqa: ASYNC110 - the watch has no event to offer
            await asyncio.sleep(0.01)
    assert lag.worst_own_ms >= 60
    watch.cancel()
    with suppress(asyncio.CancelledError):
        await watch
