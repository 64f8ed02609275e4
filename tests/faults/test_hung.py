"""A daemon that hangs (SIGSTOP) instead of dying: it still has its port, its lock and its link."""

import asyncio
import signal

import pytest

from tests.exchange import UK, exchange
from tests.fakes.until import until
from tests.faults.lives import finish, judge, live


@pytest.mark.parametrize("count", [1, 20])
async def test_daemon_that_hangs_costs_nobody_anything(count: int) -> None:
    """Who calls is refused after 3 s, who talks ends by the lease; awake again it books all of it.

    For those who were refused long since nothing is held any more.
    Seen failing without `_see_who_left` in Gate.authorize.
    """
    async with exchange({"alice": "10.00"}) as x:
        talking = await asyncio.gather(*(live(x) for _ in range(count)))
        await until(lambda: len(x.site.log.find("answered")) == count)
        x.site.signal(signal.SIGSTOP)
        begun = x.pbx.loop.time()
        refused = await asyncio.gather(*(live(x) for _ in range(count)))
        assert x.pbx.loop.time() - begun < 4
        assert {call.sip_code for call in refused} == {503}
        await asyncio.gather(*(call.ended.wait() for call in talking))
        x.site.signal(signal.SIGCONT)
        await finish(x, [*talking, *refused])
        judge(x, [*talking, *refused], 10_000_000)
        assert len(x.rows("SELECT * FROM hold")) == len(talking)


async def test_caller_whose_yes_came_too_late_pays_nothing() -> None:
    """Stopped with the hold in its hands for longer than the dialplan waits: 503, one record.

    Seen failing without `_is_awaited` in Spool._record.
    """
    async with exchange({"alice": "1.00"}) as x:
        with x.books_locked():
            call = x.pbx.place_call("alice", UK)
            asking = asyncio.create_task(call.authorize())
            await asyncio.sleep(0.3)
            x.site.signal(signal.SIGSTOP)
        assert not await asking
        assert call.sip_code == 503
        x.site.signal(signal.SIGCONT)
        await finish(x, [call])
        judge(x, [call], 1_000_000)
