"""`kill -9` of the daemon at every step between a caller's question and the settled record.

Each point is tried with one call and with twenty at once, with a daemon that comes back at once
(the calls go on) and with one that comes back when every call has ended by its lease.
"""

import asyncio
import contextlib
import signal
from collections.abc import Sequence
from itertools import product

import pytest

from pbxcharge.errors import OperatingError
from pbxcharge.failpoints import Failpoint
from tests.exchange import UK, Exchange, exchange
from tests.fakes.fake_call import FakeCall
from tests.fakes.until import until
from tests.faults.lives import finish, judge, live

MANY, SEVENTH = 20, 7
"""Twenty calls at once; the daemon dies when the seventh of them reaches the point."""
REFUSING = {Failpoint.BEFORE_REFUSAL, Failpoint.AFTER_REFUSAL}
HANGING_UP = {Failpoint.BEFORE_HANG_UP, Failpoint.AFTER_HANG_UP}
SETTLING = {Failpoint.BEFORE_SETTLEMENT, Failpoint.AFTER_SETTLEMENT}
BY_ITSELF = [
    Failpoint.QUESTION_READ,
    Failpoint.BEFORE_HOLD,
    Failpoint.AFTER_HOLD,
    *sorted(REFUSING),
    Failpoint.BEFORE_VERDICT,
    Failpoint.AFTER_VERDICT,
    Failpoint.BEFORE_ANSWER,
    Failpoint.AFTER_ANSWER,
    Failpoint.BEFORE_RENEWAL,
    Failpoint.AFTER_RENEWAL,
    Failpoint.BEFORE_TIMEOUT,
    Failpoint.AFTER_TIMEOUT,
    *sorted(HANGING_UP),
    *sorted(SETTLING),
]
IN_EVERY_RUN = {
    Failpoint.AFTER_HOLD,
    Failpoint.AFTER_REFUSAL,
    Failpoint.AFTER_VERDICT,
    Failpoint.AFTER_RENEWAL,
    Failpoint.BEFORE_SETTLEMENT,
}


def points() -> list[object]:
    """The points that a call reaches by itself; most of them are for the whole matrix only."""
    return [
        pytest.param(point, marks=() if point in IN_EVERY_RUN else pytest.mark.matrix)
        for point in BY_ITSELF
    ]


@pytest.mark.parametrize("point", points())
async def test_daemon_killed_at_a_step_of_a_call(point: Failpoint) -> None:
    """Wherever it dies: books that add up, one record for each attempt, at most 1 s unpaid.

    Seen failing with the yes given without waiting for the hold in Authorizer._hold, and with the
    dialplan's refusal recorded beside the call that it belongs to in Spool.read.
    """
    async with asyncio.TaskGroup() as side_by_side:
        for count, late in product((1, MANY), (False, True)):
            side_by_side.create_task(killed_at(point, count, late))


async def killed_at(point: Failpoint, count: int, late: bool) -> None:
    """One death, and the return from it."""
    credit = "10.00" if point not in REFUSING else "0.00" if count == 1 else "0.40"
    nth = 1 if count == 1 else SEVENTH
    async with exchange({"alice": credit}, serve=False) as x:
        await x.serve(PBXCHARGE_FAILPOINT=f"{point}:{nth}")
        lives = [asyncio.create_task(live(x)) for _ in range(count)]
        await lead_to(point, x, lives)
        assert await x.site.gone() == -signal.SIGKILL
        calls = await asyncio.gather(*lives)
        if late:
            await asyncio.gather(*(call.ended.wait() for call in calls))
        await x.serve()
        await finish(x, calls)
        judge(x, calls, round(float(credit) * 1_000_000))


async def lead_to(point: Failpoint, x: Exchange, lives: Sequence[asyncio.Task[FakeCall]]) -> None:
    """Do what makes the daemon reach the point, if calls do not come there by themselves."""
    if point not in HANGING_UP | SETTLING:
        return
    calls = await asyncio.gather(*lives)
    await until(lambda: len(x.site.log.find("answered")) == len(calls))
    if point in SETTLING:
        for call in calls:
            call.hang_up()
    else:
        with contextlib.suppress(OperatingError):  # it dies before it answers
            await x.act("/accounts/status", account_id="alice", status="blocked")


async def test_refusal_is_told_only_when_it_is_recorded() -> None:
    """Killed with the record on its way: the caller was not told, so the dialplan writes it down.

    Seen failing without the wait for the record in Authorizer._refuse.
    """
    async with exchange({"alice": "1.00"}) as x:
        with x.books_locked():
            call = x.pbx.place_call("nobody", UK)
            asking = asyncio.create_task(call.authorize())
            await x.site.log.wait("refused", endpoint="nobody")
            await asyncio.sleep(0.2)
            assert call.asking
            await x.site.kill()
        assert not await asking
        assert call.sip_code == 503
        await x.serve()
        await finish(x, [call])
        assert x.record(call)["reason"] == "daemon_away"
