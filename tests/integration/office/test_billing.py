"""The billing engine on real books: in time, late, twice, and at once."""

import asyncio
import sqlite3
from datetime import UTC
from typing import Any

from pbxcharge.core.period import instant_us
from pbxcharge.core.subscription_terms import Applied
from pbxcharge.flow.billing import Billing
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.office import Office
from pbxcharge.flow.prices import Prices
from pbxcharge.store import Store
from pbxcharge.store.verify import verify
from tests.fakes.plans import NUMBERING, PLANS
from tests.fakes.recording_logger import RecordingLogger
from tests.fakes.subscribers import offer, pay_in, subscribe
from tests.fakes.subscriptions import a_plan

AHEAD = a_plan(applied=Applied.IN_ADVANCE)


class AnyClock(Clock):
    """A wall clock that stands where it is put."""

    now_us = instant_us("2026-11-01", UTC)

    def wall_us(self) -> int:
        """Where it was put."""
        return self.now_us


def engine(store: Store, at: str = "2026-11-01", turn: asyncio.Lock | None = None) -> Billing:
    """An engine at an instant."""
    clock = AnyClock()
    clock.now_us = instant_us(at, UTC)
    prices = Prices(PLANS, NUMBERING)
    lock = turn or asyncio.Lock()
    return Billing(store.writer, store.queries, prices, clock, lock, RecordingLogger())


async def charged(store: Store, at: str) -> Any:
    """What a run at an instant did."""
    return await engine(store, at).run()


def books(store: Store, sql: str) -> list[Any]:
    """Rows, as they are on the disk."""
    with sqlite3.connect(store.path) as connection:
        return connection.execute(sql).fetchall()


XDRS = "SELECT xdr_id, amount_micros, at_us, booked_at_us FROM xdr ORDER BY booked_at_us, xdr_id"
ALL = "SELECT xdr.*, entry.at_us, entry.amount_micros FROM xdr JOIN entry ON entry_id = xdr_id"


async def test_a_fee_is_charged_once_with_its_record(office: Office, store: Store) -> None:
    """However often the engine runs; the books hold together."""
    await offer(store, AHEAD)
    await pay_in(store, "100", "2026-10-01")
    await subscribe(store, AHEAD, "2026-11-01")
    run = await charged(store, "2026-11-01")
    assert (run.charged, run.micros) == ({"fee": 1}, {"fee": 30_000_000})
    assert (await charged(store, "2026-11-02")).charged == {}
    at_us = instant_us("2026-11-01", UTC)
    assert books(store, XDRS) == [("subscription:s1:2026-11-01:fee", 30_000_000, at_us, at_us)]
    assert (await store.queries.wallets(["alice"]))[0].balance_micros == 70_000_000
    assert verify(store.path) == []


async def test_a_lack_of_funds_suspends_and_what_is_due_resumes(
    office: Office, store: Store
) -> None:
    """30 for November, 20 available: on the 11th +30 and -10 are booked, and the balance is 0."""
    await offer(store, AHEAD)
    await pay_in(store, "20", "2026-10-01")
    await subscribe(store, AHEAD, "2026-11-01")
    run = await charged(store, "2026-11-01")
    assert (run.suspended, run.waiting, run.waiting_micros) == (1, 1, 30_000_000)
    alice = await store.queries.account("alice")
    assert alice is not None and alice.suspensions == {"no_funds"}
    for day in range(2, 12):
        run = await charged(store, f"2026-11-{day:02}")
    assert (run.resumed, run.waiting) == (1, 0)
    booked_us = instant_us("2026-11-11", UTC)
    assert [row[1:] for row in books(store, XDRS)] == [
        (-10_000_000, booked_us, booked_us),
        (30_000_000, instant_us("2026-11-01", UTC), booked_us),
    ]
    assert (await store.queries.wallets(["alice"]))[0].balance_micros == 0
    assert verify(store.path) == []
