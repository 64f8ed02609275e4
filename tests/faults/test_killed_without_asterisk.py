"""`kill -9` while the link to Asterisk is refused, cut, half-open or slow, or Asterisk is new."""

from collections.abc import Awaitable, Callable

import pytest

from tests.exchange import Exchange, exchange
from tests.fakes.fake_call import FakeCall
from tests.fakes.until import until
from tests.faults.lives import finish, judge, many_talk

TALKING = 4
Trouble = Callable[[Exchange, list[FakeCall]], Awaitable[None]]


async def refused(x: Exchange, _: list[FakeCall]) -> None:
    """No login is granted any more."""
    x.pbx.refuse_logins = True
    x.pbx.drop_ami()


async def half_open(x: Exchange, _: list[FakeCall]) -> None:
    """Asterisk takes everything and answers nothing."""
    x.pbx.mute = True


async def slow(x: Exchange, _: list[FakeCall]) -> None:
    """Each action waits for a second."""
    x.pbx.reply_delay_s = 1.0


async def restarted(x: Exchange, calls: list[FakeCall]) -> None:
    """Every channel is gone without a word, and names begin again at 0."""
    for call in calls:
        x.pbx.ended_at[call.metered_leg.uniqueid] = x.pbx.now()
    await x.pbx.restart()


@pytest.mark.parametrize("trouble", [refused, half_open, slow, restarted])
async def test_daemon_killed_twice_while_asterisk_is_in_trouble(trouble: Trouble) -> None:
    """Half of the calls end meanwhile; the daemon that sees Asterisk again books each of them once.

    Seen failing without `self._spool.read()` in Recovery._look.
    """
    async with exchange({"alice": "10.00"}) as x:
        calls = await many_talk(x, TALKING)
        await trouble(x, calls)
        await x.site.kill()
        for call in calls[: TALKING // 2]:
            call.hang_up()
        seen, connects = len(x.site.log.lines), x.pbx.connects
        await x.serve(ready=False)
        await x.site.log.wait("starting", after=seen)
        await until(lambda: x.pbx.connects > connects)
        await x.site.kill()
        x.pbx.refuse_logins = x.pbx.mute = False
        x.pbx.reply_delay_s = 0.0
        await x.serve()
        await finish(x, calls)
        judge(x, calls, 10_000_000, seen=trouble is not restarted)
