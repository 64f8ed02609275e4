"""Running calls are told when accounts change by themselves."""

import asyncio
from contextlib import suppress

from pbxcharge.errors import StorageDown
from pbxcharge.flow.account_dates import AccountDates
from pbxcharge.flow.clock import Clock
from tests.fakes.recording_logger import RecordingLogger
from tests.fakes.until import until


class Turns:
    """One instant at which an account expires."""

    def __init__(self, at_us: int) -> None:
        self.at_us = at_us

    async def next_turn_us(self, after_us: int) -> int | None:
        """That one, until it has passed."""
        return self.at_us if self.at_us > after_us else None


class Calls:
    """Running calls that are looked through, the first time in vain."""

    def __init__(self, fails: int = 0) -> None:
        self.reviewed_us: list[int] = []
        self.fails = fails

    async def review(self) -> None:
        """Look through them."""
        if self.fails:
            self.fails -= 1
            raise StorageDown("disk")
        self.reviewed_us.append(Clock().wall_us())


async def test_calls_are_looked_through_when_an_account_expires_and_once() -> None:
    """Not before, and not again and again after."""
    turns, calls = Turns(Clock().wall_us() + 50_000), Calls()
    dates = AccountDates(turns, calls.review, Clock(), RecordingLogger())
    task = asyncio.create_task(dates.watch())
    await until(lambda: bool(calls.reviewed_us))
    assert calls.reviewed_us[0] >= turns.at_us
    turns.at_us = Clock().wall_us() + 50_000
    dates.changed()
    await until(lambda: len(calls.reviewed_us) == 2)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_what_could_not_be_told_is_told_when_anything_changes() -> None:
    """The books could not be read: it is not forgotten."""
    calls, log = Calls(fails=1), RecordingLogger()
    dates = AccountDates(Turns(Clock().wall_us() + 10_000), calls.review, Clock(), log)
    task = asyncio.create_task(dates.watch())
    await until(lambda: calls.fails == 0)
    dates.changed()
    await until(lambda: bool(calls.reviewed_us))
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
