"""`kill -9` once more while the daemon recovers from its death, or tidies up after calls."""

import asyncio
import signal

import pytest

from pbxcharge.failpoints import Failpoint
from tests.exchange import UK, exchange
from tests.fakes.fake_call import FakeCall
from tests.faults.lives import finish, judge, live, many_talk

MANY = 20


@pytest.mark.parametrize("point", [Failpoint.RESTORED, Failpoint.LOOKED])
@pytest.mark.parametrize("count", [1, MANY])
async def test_daemon_killed_again_before_it_settles_what_ended(
    point: Failpoint, count: int
) -> None:
    """Half of the calls end while nobody listens; the next daemon dies between looking and booking.

    The one after that books each of them once, for the talk that the spool tells of.
    Seen failing without `self._spool.read()` in Recovery._look.
    """
    async with exchange({"alice": "10.00"}) as x:
        calls = await many_talk(x, count)
        await x.site.kill()
        for call in calls[: (count + 1) // 2]:
            call.hang_up()
        await x.serve(ready=False, PBXCHARGE_FAILPOINT=point)
        assert await x.site.gone() == -signal.SIGKILL
        await x.serve()
        await finish(x, calls)
        judge(x, calls, 10_000_000)


@pytest.mark.parametrize("count", [pytest.param(1, marks=pytest.mark.matrix), MANY])
async def test_daemon_killed_before_it_books_ends_that_nobody_saw(count: int) -> None:
    """Asterisk and the daemon die together; the next daemon dies before it applies the rule.

    Nobody is charged for talk after the last instant at which it can have been.
    """
    async with exchange({"alice": "10.00"}) as x:
        calls = await many_talk(x, count)
        await x.site.kill()
        for call in calls:
            x.pbx.ended_at[call.metered_leg.uniqueid] = x.pbx.now()
        await x.pbx.restart()
        await x.serve(ready=False, PBXCHARGE_FAILPOINT=Failpoint.BEFORE_LOST_END)
        assert await x.site.gone() == -signal.SIGKILL
        await x.serve()
        await finish(x, calls)
        judge(x, calls, 10_000_000, seen=False)


@pytest.mark.parametrize("count", [pytest.param(1, marks=pytest.mark.matrix), MANY])
async def test_daemon_killed_when_it_deletes_what_is_booked(count: int) -> None:
    """The spool entry of a settled call is deleted in the next question; the daemon dies after it.

    Its record is there, and the one who asked is refused by the dialplan and has one record.
    """
    async with exchange({"alice": "10.00"}, serve=False) as x:
        await x.serve(PBXCHARGE_FAILPOINT=Failpoint.SPOOL_DELETED)
        calls = await many_talk(x, count)
        for call in calls:
            call.hang_up()
        for call in calls:
            await x.site.log.wait("settled", call_id=call.call_id)
        asked = await asyncio.gather(*(live(x) for _ in range(count)))
        assert await x.site.gone() == -signal.SIGKILL
        assert len(x.pbx.spool) < count + len(asked)
        await x.serve()
        await finish(x, [*calls, *asked])
        judge(x, [*calls, *asked], 10_000_000)


async def test_top_up_whose_answer_a_crash_swallowed_is_booked_once() -> None:
    """The daemon dies between the commit and the answer: the command finds it done already.

    Seen failing without the look for the id in core.credit._post.
    """
    async with exchange({"alice": "1.00"}, serve=False) as x:
        await x.serve(PBXCHARGE_FAILPOINT=Failpoint.AFTER_MONEY)
        answer = await x.site.ask("topup", "alice", "2.00", "--id", "till-9")
        assert await x.site.gone() == -signal.SIGKILL
        assert (answer["done"], answer["already"]) == (True, True)
        assert answer["entry"]["id"] == "till-9"
        assert x.balance("alice") == 3_000_000


async def test_blocked_in_the_instant_before_a_crash_is_ended_by_the_next_daemon() -> None:
    """The status is durable, the hangup was not sent: nobody goes on talking on it.

    Seen failing without `obey` in Daemon.start.
    """
    async with exchange({"alice": "10.00"}, serve=False) as x:
        await x.serve(PBXCHARGE_FAILPOINT=Failpoint.BEFORE_HANG_UP)
        calls = await many_talk(x, 3)
        await x.site.run("account", "set-status", "alice", "blocked", code=None)
        assert await x.site.gone() == -signal.SIGKILL
        await x.serve()
        await asyncio.gather(*(call.ended.wait() for call in calls))
        await finish(x, calls)
        judge(x, calls, 10_000_000)


async def test_every_attempt_of_a_bad_day_has_one_record() -> None:
    """The daemon is killed five times while people call, talk and hang up all the time."""
    async with exchange({"alice": "10.00"}) as x:
        calls: list[FakeCall] = []
        for _ in range(5):
            calls += await asyncio.gather(*(live(x) for _ in range(4)))
            await x.site.kill()
            calls.append(await live(x))
            for call in calls[::2]:
                if not call.ended.is_set():
                    call.hang_up()
            await x.serve()
        assert sum(1 for call in calls if call.answered_at) == 20
        assert {call.number for call in calls} == {UK}
        await finish(x, calls)
        judge(x, calls, 10_000_000)
