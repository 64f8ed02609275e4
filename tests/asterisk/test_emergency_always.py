"""An emergency call on the normal trunk goes on for as long as it takes, whatever else is broken.

Each lasts 20 s by the far end's watch, and has exactly one record afterwards, with nothing charged.
"""

import asyncio
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.asterisk.harness import FarEnd, HandsetCall
from tests.asterisk.metered import ANSWERS, Metered, Payer, metered_site

TALK_S = 20.0


def often(settings: Any) -> None:
    """The spool is read each second."""
    settings["timing"].update(spool_check_s=1, status_check_s=1)


async def rescue(metered: Metered, payer: Payer) -> HandsetCall:
    """A call to 112 that has just been answered."""
    metered.asterisk.carrier.plan("112", FarEnd.answers(talk_s=TALK_S))
    call = payer.dial("112")
    await call.trace.until("200")
    return call


async def talked_free(payer: Payer, call: HandsetCall) -> bool:
    """Whether a call lasted its 20 s, and has its one record without a charge."""
    trace = await call.trace.until_over(TALK_S + 10)
    (cdr,) = [c for c in await payer.cdrs_when(1) if c["call_type"] == "emergency"]
    lasted_s = trace.at("BYE") - trace.at("200")
    assert abs(lasted_s - TALK_S) < 2
    assert (cdr["disposition"], cdr["charge"], cdr["ended_by"]) == ("ANSWERED", "0.00", None)
    assert abs(cdr["talk_s"] - lasted_s) < 2
    return await payer.ledger() == []


async def test_it_outlives_the_death_and_the_return_of_the_daemon() -> None:
    """Made while the daemon is dead; in its middle the daemon comes back and looks at all legs."""
    async with metered_site(settings=often) as metered:
        payer = await metered.payer()
        await metered.site.kill()
        call = await rescue(metered, payer)
        await asyncio.sleep(TALK_S / 2)
        await metered.site.serve()
        assert await talked_free(payer, call)
        assert len(await payer.cdrs()) == 1
        assert metered.site.log.find("unauthorized leg") == []


async def test_it_outlives_a_daemon_that_hangs_and_wakes_up() -> None:
    """Made beside a frozen daemon, which goes on in the middle of the call."""
    async with metered_site(settings=often) as metered:
        payer = await metered.payer()
        metered.site.signal(signal.SIGSTOP)
        call = await rescue(metered, payer)
        await asyncio.sleep(TALK_S / 2)
        metered.site.signal(signal.SIGCONT)
        assert await talked_free(payer, call)
        assert len(await payer.cdrs()) == 1


@contextmanager
def disk_full(metered: Metered) -> Iterator[None]:
    """No file of the daemon may grow."""
    assert metered.site.process is not None
    pid, unlimited = metered.site.process.pid, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
    yield
    resource.prlimit(pid, resource.RLIMIT_FSIZE, unlimited)


async def test_it_outlives_a_full_disk() -> None:
    """Its record is written when there is room again."""
    async with metered_site(settings=often) as metered:
        payer = await metered.payer()
        with disk_full(metered):
            call = await rescue(metered, payer)
            await call.trace.until_over(TALK_S + 10)
        assert await talked_free(payer, call)
        assert len(await payer.cdrs()) == 1


def one_of_everything(plan: Any) -> None:
    """A plan whose every limit is reached with the first call."""
    plan["limits"].update(
        concurrent_calls=1, calls_per_minute=1, spend_per_hour="0.06", spend_per_day="0.06"
    )


async def test_it_needs_no_account_and_knows_no_limit() -> None:
    """Beside each other: a closed account, and one that has reached every limit of its plan."""
    async with metered_site(settings=often, kiosk=one_of_everything) as metered:
        closed, busy = await metered.payer(), await metered.payer("1.00")
        await closed.set_status("closed")
        await busy.call(FarEnd.never_answers())
        metered.asterisk.carrier.plan("4420999", ANSWERS)
        refused = await busy.dial("004420999").trace.until_over()
        assert refused.final_code == 486
        calls = [await rescue(metered, closed), await rescue(metered, busy)]
        assert await talked_free(closed, calls[0])
        await calls[1].trace.until_over(TALK_S + 10)
        # The one that rang, the one that was refused, and the one that nobody may refuse.
        records = await busy.cdrs_when(3)
        (free,) = [cdr for cdr in records if cdr["call_type"] == "emergency"]
        assert (free["charge"], free["disposition"]) == ("0.00", "ANSWERED")
        assert abs(free["talk_s"] - TALK_S) < 2
