"""What wakes the billing engine of the daemon."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC

from pbxcharge.core.period import instant_us
from pbxcharge.errors import StorageDown
from pbxcharge.flow.billing_watch import BillingWatch
from pbxcharge.flow.office import Office
from pbxcharge.flow.prices import Prices
from pbxcharge.store import Store
from tests.fakes.plans import NUMBERING, PLANS
from tests.fakes.recording_logger import RecordingLogger
from tests.fakes.subscribers import offer, pay_in, subscribe
from tests.fakes.until import until
from tests.integration.office.test_billing import AHEAD, XDRS, AnyClock, books, charged

NOON = "2026-11-06T12:00"


async def _nobody() -> None:
    """No calls run."""


@asynccontextmanager
async def watching(
    store: Store, turn: asyncio.Lock, review: Callable[[], Awaitable[None]] = _nobody
) -> AsyncIterator[BillingWatch]:
    """The engine as the daemon has it, at noon; all that was due is charged."""
    clock = AnyClock()
    clock.now_us = instant_us(NOON, UTC)
    prices, log = Prices(PLANS, NUMBERING), RecordingLogger()
    watch = BillingWatch(store.writer, store.queries, prices, clock, turn, log, review)
    store.writer.on_credit(watch.credit_rose)
    running = asyncio.create_task(watch.watch())
    try:
        await until(lambda: books(store, XDRS) != [])
        yield watch
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def free_of_charge(store: Store) -> None:
    """A subscription that fits into nothing: by its record one sees that the engine has run."""
    free = replace(AHEAD, name="free", monthly_fee_micros=0)
    await offer(store, free)
    await offer(store, AHEAD)
    await subscribe(store, free, "2026-11-01", name="s0")


async def test_calls_are_told_of_a_suspension_once_the_books_can_be_read(
    office: Office, store: Store
) -> None:
    """Looking through them failed at first; the engine goes on, and so does the daemon."""
    tried: list[bool] = []

    async def review() -> None:
        tried.append(True)
        if len(tried) == 1:
            raise StorageDown("not now")

    await free_of_charge(store)
    await subscribe(store, AHEAD, "2026-11-01")
    async with watching(store, asyncio.Lock(), review):
        await until(lambda: len(tried) == 2)


async def test_a_top_up_beside_the_fee_that_does_not_fit_is_not_missed(
    office: Office, store: Store
) -> None:
    """Written with the refusal of the fee, it came too late for it, and nobody knew who waits."""
    await free_of_charge(store)
    turn = asyncio.Lock()
    async with watching(store, turn) as watch, turn:
        await subscribe(store, AHEAD, "2026-11-01")
        await charged(store, "2026-11-06T11:00")
        await pay_in(store, "26", "2026-11-06T11:59")
        watch.billing.waiting.add("alice")
        turn.release()
        await until(lambda: len(books(store, XDRS)) == 3)
        await turn.acquire()
    assert (await store.queries.wallets(["alice"]))[0].balance_micros == 1_000_000
