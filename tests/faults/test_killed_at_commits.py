"""`kill -9` at one transaction of the writer after the other, open or just committed."""

import asyncio
import signal

import pytest

from pbxcharge.failpoints import Failpoint
from tests.exchange import Exchange, exchange
from tests.fakes.fake_call import FakeCall
from tests.faults.lives import finish, judge, live

CALLS = 20
TRANSACTIONS = range(4, 24)
"""After the start's own; calls that begin, are answered and end share what is written at once."""
IN_EVERY_RUN = {5, 8, 13}


def transactions() -> list[object]:
    """Which transaction; most of them are for the whole matrix only."""
    return [
        pytest.param(nth, marks=() if nth in IN_EVERY_RUN else pytest.mark.matrix)
        for nth in TRANSACTIONS
    ]


async def busy(x: Exchange, number: int) -> FakeCall:
    """A call that begins a little after the one before, and ends after a second of talk."""
    await asyncio.sleep(number * 0.03)
    call = await live(x)
    if call.answered_at is not None:
        await asyncio.sleep(1)
        if not call.ended.is_set():
            call.hang_up()
    return call


@pytest.mark.parametrize("nth", transactions())
async def test_daemon_killed_in_a_transaction_or_right_after_it(nth: int) -> None:
    """All of a transaction is there or nothing, and nobody was told of what is not there.

    Seen failing with a commit after each statement in WritingConnection.executemany.
    """
    async with asyncio.TaskGroup() as side_by_side:
        for point in (Failpoint.IN_TRANSACTION, Failpoint.AFTER_COMMIT):
            side_by_side.create_task(killed_at(point, nth))


async def killed_at(point: Failpoint, nth: int) -> None:
    """One death, and the return from it."""
    async with exchange({"alice": "10.00"}, serve=False) as x:
        await x.serve(PBXCHARGE_FAILPOINT=f"{point}:{nth}")
        calls = await asyncio.gather(*(busy(x, number) for number in range(CALLS)))
        assert await x.site.gone() == -signal.SIGKILL
        await x.serve()
        await finish(x, calls)
        judge(x, calls, 10_000_000)
