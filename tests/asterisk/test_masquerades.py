"""What becomes of the lease when legs change places, and nobody watches.

Each test has an Asterisk and a daemon of its own, which is killed before legs change places. Every
credit is more than one slice of 6 s, so that whatever ends a call after 6 s is Asterisk's timer.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from tests.asterisk.harness import FarEnd
from tests.asterisk.metered import FIGURE, Metered, OnTime, Record, instant, metered_site
from tests.asterisk.office import (
    allowed_from,
    channel_of,
    house,
    office,
    operator,
    talking,
)


@contextlib.asynccontextmanager
async def pair() -> AsyncIterator[Metered]:
    """An office and its daemon."""
    async with office() as asterisk, metered_site(asterisk=asterisk) as metered:
        yield metered


async def test_a_call_that_is_picked_up_while_nobody_watches(on_time: OnTime) -> None:
    """Carol's leg takes the timer along and writes its own end: 6 s talked, 0.03 charged."""
    async with pair() as metered:
        alice, bob, carol = [await house(metered) for _ in range(3)]
        bob.phone.usually = FarEnd.never_answers()
        phone = alice.dial(bob.phone.extension[3:])
        call = await allowed_from(metered, alice, "local")
        await phone.trace.until("180")
        await metered.site.kill()
        carol.dial(f"*8{bob.phone.extension}")
        await phone.trace.until_over()
        entries = (await metered.asterisk.spool()).values()
        answered, ended = next((float(e[2]), float(e[3])) for e in entries if e[2])
        on_time(ended - answered - 6)
        await metered.site.serve()
        cdr = await call.cdr()
        assert (cdr["disposition"], cdr["talk_s"], cdr["charge"]) == ("ANSWERED", 6, "0.03")
        assert (cdr["end_source"], cdr["ended_by"]) == ("spool", "lease")
        assert len(await alice.cdrs()) == 1


async def test_a_daemon_that_comes_back_goes_on_with_who_picked_up(on_time: OnTime) -> None:
    """Killed while it rings, back while Carol talks: the call is paid on until its credit ends."""
    async with pair() as metered:
        alice, bob, carol = await house(metered, "0.06"), await house(metered), await house(metered)
        bob.phone.usually = FarEnd.never_answers()
        phone = alice.dial(bob.phone.extension[3:])
        call = await allowed_from(metered, alice, "local")
        await phone.trace.until("180")
        await metered.site.kill()
        carol.dial(f"*8{bob.phone.extension}")
        await phone.trace.until("200")
        await metered.site.serve()
        await phone.trace.until_over()
        cdr = await call.cdr()
        # By Asterisk's clock: a phone on a busy machine hears of the answer late.
        on_time(instant(cdr["ended_at"]) - instant(cdr["answered_at"]) - 12)
        assert (cdr["charge"], cdr["ended_by"]) == ("0.06", "credit")
        assert len(await alice.cdrs()) == 1


async def test_two_legs_that_are_brought_together_while_nobody_watches(on_time: OnTime) -> None:
    """Attended transfer of two trunk legs: the first one's paid instant ends both."""
    async with pair() as metered:
        alice = await house(metered)
        first, second = await alice.talk(), await alice.talk()
        await talking(metered, first)
        await talking(metered, second)
        await metered.site.kill()
        second.phone.connect(first.phone)
        on_time(await first.late_s(6))
        assert await second.ended_at() - await second.answered_at() < 7
        await metered.site.serve()
        for call in (first, second):
            assert await call.talk_is_charged(await call.cdr())


async def test_a_leg_that_is_parked_while_nobody_watches(on_time: OnTime) -> None:
    """It waits in the park with its timer, and ends there."""
    async with pair() as metered:
        alice = await house(metered)
        call = await alice.talk()
        await talking(metered, call)
        await metered.site.kill()
        async with await operator(metered) as ami:
            await ami.action("Park", Channel=await channel_of(metered, call), Timeout="30000")
        on_time(await call.late_s(6))
        await metered.site.serve()
        assert await call.talk_is_charged(await call.cdr())


async def test_a_ringing_leg_that_is_sent_elsewhere_while_nobody_watches(
    record_property: Record,
) -> None:
    """The exception: a Redirect takes it out of its Dial and leaves the timer behind.

    It talks on unpaid until the daemon is back; then it is paid for, and ends when that is over.
    """
    async with pair() as metered:
        alice = await house(metered, "0.06")
        call = await alice.call(FarEnd.never_answers())
        await call.phone.trace.until("180")
        await metered.site.kill()
        async with await operator(metered) as ami:
            channel = await channel_of(metered, call)
            await ami.action("Redirect", Channel=channel, Context="wait", Exten="s", Priority="1")
        callee = await call.callee()
        callee.pick_up()
        await asyncio.sleep(8)
        assert callee.trace.first("BYE") is None
        await metered.site.serve()
        await callee.trace.until("BYE", 20)
        record_property(f"{FIGURE}talk of a ringing leg that was redirected", callee.trace.talk_s)
        assert 13 < callee.trace.talk_s < 8 + 6 + 3
        assert (await call.cdr())["charge"] == "0.06"
