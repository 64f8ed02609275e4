"""Sleeping until an instant of the wall clock, or until something happens."""

import asyncio

LOOK_EVERY_S = 30.0
"""The wall clock may be set: an instant is not slept for in one piece."""


async def woken(event: asyncio.Event, seconds: float) -> None:
    """Return when something has happened, or after so many seconds, LOOK_EVERY_S at the most."""
    try:
        async with asyncio.timeout(min(seconds, LOOK_EVERY_S)):
            await event.wait()
    except TimeoutError:
        return
