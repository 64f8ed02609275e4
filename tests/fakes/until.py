"""Wait for a condition, with one generous guard instead of sleeps."""

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], object], guard_s: float = 20.0) -> None:
    """Return when the condition holds.

    Raises:
        TimeoutError: it did not hold within the guard.
    """
    async with asyncio.timeout(guard_s):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event to offer
            await asyncio.sleep(0.002)
