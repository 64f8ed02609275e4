"""Accounts that expire, and products that begin and end, at an instant of their own.

Attempts are decided by the instant at which they are made. Calls that run are told here.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from pbxcharge.core.money import MICROS
from pbxcharge.errors import OperatingError
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.waking import LOOK_EVERY_S, woken
from pbxcharge.logger import Logger


class Turns(Protocol):
    """When accounts change by themselves."""

    async def next_turn_us(self, after_us: int) -> int | None:
        """When the next account expires, or a product begins or ends, later than an instant."""
        ...


class AccountDates:
    """Has the running calls looked through at each instant at which an account changes by itself.

    Args:
        turns: those instants.
        review: looks through the calls.
        clock: the wall clock says when it is due.
        logger: what could not be done stands there, and is tried again.
    """

    def __init__(
        self, turns: Turns, review: Callable[[], Awaitable[None]], clock: Clock, logger: Logger
    ) -> None:
        self._turns = turns
        self._review = review
        self._clock = clock
        self._log = logger
        self._changed = asyncio.Event()
        self._done_us = clock.wall_us()

    def changed(self) -> None:
        """Accounts were changed: the next instant may be another one."""
        self._changed.set()

    async def watch(self) -> None:
        """As long as the daemon runs."""
        while True:
            self._changed.clear()
            try:
                wait_s = await self._look()
            except OperatingError as error:
                self._log.error("running calls not told of what expired", error=str(error))
                wait_s = LOOK_EVERY_S
            await woken(self._changed, wait_s)

    async def _look(self) -> float:
        """Tell the calls of what is due; how long there is nothing to tell them."""
        next_us, now_us = await self._turns.next_turn_us(self._done_us), self._clock.wall_us()
        if next_us is not None and next_us <= now_us:
            await self._review()
            self._done_us = now_us
            return 0.0
        if next_us is None:
            return LOOK_EVERY_S
        return min(LOOK_EVERY_S, (next_us - now_us) / MICROS)
