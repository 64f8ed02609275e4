"""The daemon dies (`kill -9`): nobody talks unpaid, nobody pays twice, and nobody is let through.

Each test has an Asterisk and a daemon of its own. They were seen failing without the calls that
`Recovery.restore` takes up, with ends of the spool that are 3 s late, with a dialplan that sets
ALLOW before it asks, and without the lease that it sets at the answer.
"""

import asyncio
import signal

from tests.asterisk.harness import AmiEvent, FarEnd
from tests.asterisk.metered import ANSWERS, OnTime, metered_site
from tests.asterisk.two_second_plans import (
    Money,
    long_slices,
)


async def test_a_restart_within_the_lease_is_noticed_by_nobody(on_time: OnTime) -> None:
    """Killed 1 s into a slice of 20 s and started again: the call is paid on, and charged once."""
    async with metered_site(kiosk=long_slices(20)) as metered:
        payer = await metered.payer("0.24")
        call = await payer.talk()
        await call.talk_reaches(1)
        await metered.site.kill()
        await metered.site.serve()
        on_time(await call.late_s(24))
        cdr = await call.cdr()
        assert (cdr["charge"], cdr["billed_s"], cdr["ended_by"]) == ("0.24", 24, "credit")
        assert cdr["end_source"] == "event"
        assert await payer.ledger() == [("top_up", "0.24"), ("charge", "-0.24")]
        assert len(await payer.cdrs()) == 1


async def test_without_the_daemon_a_call_ends_when_it_is_paid(on_time: OnTime) -> None:
    """Killed in the second slice: ends after 12 s; charged by the spool at the return."""
    async with metered_site() as metered:
        payer = await metered.payer("1.00")
        call = await payer.talk()
        await call.told("slice", paid_s=12)
        await call.talk_reaches(4)
        await metered.site.kill()
        on_time(await call.late_s(12))
        assert await call.carrier_saw_bye()
        await metered.site.serve()
        cdr = await call.cdr()
        assert (cdr["charge"], cdr["billed_s"]) == ("0.12", 12)
        assert cdr["unpaid_s"] <= 1
        assert (cdr["end_source"], cdr["ended_by"]) == ("spool", "lease")
        assert await payer.money() == Money("0.88", "0.00", "0.88")
        assert await payer.ledger() == [("top_up", "1.00"), ("charge", "-0.12")]


async def test_killed_while_the_phone_rings(on_time: OnTime) -> None:
    """Answered when nobody watches: the first slice of 6 s, then the end; charged at the return."""
    async with metered_site() as metered:
        payer = await metered.payer("1.00")
        call = await payer.call(FarEnd.never_answers())
        callee = await call.callee()
        await metered.site.kill()
        callee.pick_up()
        on_time(await call.late_s(6))
        await metered.site.serve()
        cdr = await call.cdr()
        assert (cdr["charge"], cdr["billed_s"], cdr["end_source"]) == ("0.06", 6, "spool")
        assert await payer.money() == Money("0.94", "0.00", "0.94")


async def test_taken_up_while_the_phone_rings(on_time: OnTime) -> None:
    """Killed and started again before the answer: the call is metered as if nothing had been."""
    async with metered_site() as metered:
        payer = await metered.payer("0.10")
        call = await payer.call(FarEnd.never_answers())
        callee = await call.callee()
        await metered.site.kill()
        await metered.site.serve()
        callee.pick_up()
        on_time(await call.late_s(10))
        assert (await call.cdr())["charge"] == "0.10"


async def test_the_callee_leaves_while_the_daemon_is_dead() -> None:
    """The spool knows when, to the microsecond, and who hung up."""
    async with metered_site() as metered:
        payer = await metered.payer("1.00")
        call = await payer.talk()
        await metered.site.kill()
        (await call.callee()).hang_up()
        await call.ended_at()
        await metered.site.serve()
        cdr = await call.cdr()
        assert await call.talk_is_charged(cdr)
        assert (cdr["end_source"], cdr["ended_by"]) == ("spool", "callee")


async def test_an_attempt_without_the_daemon_is_503_and_recorded() -> None:
    """Refused at once; the record comes with the daemon's return."""
    async with metered_site() as metered:
        payer = await metered.payer("1.00")
        number = metered.number()
        metered.asterisk.carrier.plan(number, ANSWERS)
        await metered.site.kill()
        call = payer.dial(f"00{number}")
        assert (await call.trace.until_over(5)).final_code == 503
        assert metered.asterisk.carrier.legs(number) == []
        await metered.site.serve()
        (cdr,) = await payer.cdrs_when(1)
        assert (cdr["disposition"], cdr["reason"]) == ("NOT ALLOWED", "daemon_away")


async def test_killed_between_question_and_verdict() -> None:
    """The question has been read or not: without the verdict nothing is dialled, 503.

    A stopped process holds the caller's session open, and dies with it.
    """
    async with metered_site() as metered:
        payer = await metered.payer("1.00")
        number = metered.number()
        metered.asterisk.carrier.plan(number, ANSWERS)
        metered.site.signal(signal.SIGSTOP)
        call = payer.dial(f"00{number}")
        await metered.asterisk.observer.wait_for("Newexten", where=asks)
        await asyncio.sleep(0.3)
        await metered.site.kill()
        assert (await call.trace.until_over(5)).final_code == 503
        assert metered.asterisk.carrier.legs(number) == []
        await metered.site.serve()
        assert await payer.money() == Money("1.00", "0.00", "1.00")


def asks(event: AmiEvent) -> bool:
    """The dialplan asks the daemon."""
    return event["Application"] == "AGI"
