"""The wait for the next instant at which plans change, and what it does when it cannot."""

import asyncio

import pytest

from pbxcharge.errors import StorageDown
from pbxcharge.flow import effective_dates
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.effective_dates import EffectiveDates
from tests.fakes.recording_logger import RecordingLogger
from tests.fakes.until import until

LONG_AGO_S = 1


class Plans:
    """What is due, and how often it was tried; the first time it cannot be put into force."""

    def __init__(self, *due: int) -> None:
        self.due = list(due)
        self.tried = 0

    def next_change_s(self, after_s: int) -> int | None:
        """The first one."""
        return next((due_s for due_s in self.due if due_s > after_s), None)

    async def put(self) -> bool:
        """Fails once, then puts all that is due into force."""
        self.tried += 1
        if self.tried == 1:
            raise StorageDown("full")
        self.due.clear()
        return True


async def test_what_cannot_be_put_into_force_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every plan that is due; what was in force stays until then."""
    monkeypatch.setattr(effective_dates, "RETRY_S", 0.01)
    plans = Plans(LONG_AGO_S, LONG_AGO_S + 1)
    dates = EffectiveDates(plans.next_change_s, plans.put, Clock(), RecordingLogger())
    task = asyncio.ensure_future(dates.watch())
    await until(lambda: not plans.due)
    assert plans.tried == 2
    task.cancel()


async def test_other_plans_are_looked_at_at_once() -> None:
    """A reload may bring an earlier instant than the one that is waited for."""
    plans = Plans()
    plans.tried = 1
    dates = EffectiveDates(plans.next_change_s, plans.put, Clock(), RecordingLogger())
    task = asyncio.ensure_future(dates.watch())
    await asyncio.sleep(0)
    plans.due.append(LONG_AGO_S)
    dates.changed()
    await until(lambda: not plans.due)
    task.cancel()


async def test_what_is_due_meanwhile_does_not_wait_for_what_is_tried_again() -> None:
    """One plan waits for a call that lives, to be tried again in 30 s; another is due in 1 s.

    Seen failing with nothing looked for but what is tried again.
    """
    clock, tried = Clock(), list[int]()
    now_s = clock.wall_us() // 1_000_000
    plans = Plans(LONG_AGO_S, now_s + 2)

    async def put() -> bool:
        tried.append(clock.wall_us() // 1_000_000)
        return False

    task = asyncio.ensure_future(
        EffectiveDates(plans.next_change_s, put, clock, RecordingLogger()).watch()
    )
    await until(lambda: len(tried) == 2)
    assert tried[1] - tried[0] < 10
    task.cancel()
