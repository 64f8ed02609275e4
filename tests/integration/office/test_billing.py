"""The billing engine on real books: in time, late, twice, and at once."""

import asyncio
import sqlite3
from dataclasses import replace
from datetime import UTC, date, timedelta
from pathlib import Path
from typing import Any

import pytest

from pbxcharge.core.account import Extension
from pbxcharge.core.credit import Post
from pbxcharge.core.effects import CdrWritten
from pbxcharge.core.ledger import Entry, EntryKind
from pbxcharge.core.period import instant_us
from pbxcharge.core.subscription_terms import ActivationMode, Applied
from pbxcharge.flow.assigning import Stamp, ended
from pbxcharge.flow.billing import Billing
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.office import Office
from pbxcharge.flow.prices import Prices
from pbxcharge.store import Store, open_store
from pbxcharge.store.verify import verify
from tests.fakes.plans import NUMBERING, PLANS
from tests.fakes.recorded_calls import level, refused, talked
from tests.fakes.recording_logger import RecordingLogger
from tests.fakes.subscribers import offer, pay_in, subscribe, wake
from tests.fakes.subscriptions import a_plan
from tests.integration.office.conftest import ALICE

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


async def site_of_three_months(store: Store) -> None:
    """Three subscriptions of alice since October, and what does not do for all of them."""
    daily = replace(a_plan("9", applied=Applied.PROGRESSIVE), name="daily")
    late = replace(a_plan("6"), name="late")
    await pay_in(store, "50", "2026-09-01")
    for name, plan in (("s1", AHEAD), ("s2", daily), ("s3", late)):
        await offer(store, plan)
        await subscribe(store, plan, "2026-10-05", name=name)


def everything(store: Store) -> list[Any]:
    """All that charging has left in the books."""
    life = "SELECT account_id, at_us, what, reason FROM account_life ORDER BY at_us, reason, what"
    bills = "SELECT assignment_id, waiting FROM bill ORDER BY 1"
    entries = "SELECT entry_id, wallet_id, kind, amount_micros, at_us, note FROM entry ORDER BY 1"
    xdrs = "SELECT * FROM xdr ORDER BY 1"
    return [books(store, sql) for sql in (life, bills, entries, xdrs)]


async def test_what_is_caught_up_with_is_what_would_have_been_charged(
    office: Office, store: Store, tmp_path: Path
) -> None:
    """Three months at once, or day by day: the same entries, records and suspensions."""
    await site_of_three_months(store)
    with sqlite3.connect(store.path) as ours, sqlite3.connect(tmp_path / "other.db") as copy:
        ours.backup(copy)
    await charged(store, "2027-01-03")
    at_once = everything(store)
    async with open_store(
        tmp_path / "other.db", currency="EUR", node="pbx1", log=RecordingLogger()
    ) as other:
        for day in range(93):
            await charged(other, f"{date(2026, 10, 3) + timedelta(days=day)}T00:00:05")
        assert everything(other) == at_once
    assert len(at_once[3]) > 20
    assert verify(store.path) == []


async def test_two_runs_at_once_charge_nothing_twice(office: Office, store: Store) -> None:
    """Also two engines that do not know of each other's turn."""
    await site_of_three_months(store)
    runs = [engine(store, "2027-01-03").run() for _ in range(3)]
    await asyncio.gather(*runs)
    first = everything(store)
    await charged(store, "2027-01-03")
    assert everything(store) == first
    assert verify(store.path) == []


async def test_a_top_up_is_compared_with_what_waits(office: Office, store: Store) -> None:
    """At noon of the 6th five days are dead: 25 are due, and the account resumes."""
    await offer(store, AHEAD)
    await subscribe(store, AHEAD, "2026-11-01")
    await charged(store, "2026-11-05")
    await pay_in(store, "26", "2026-11-06T11:59")
    run = await charged(store, "2026-11-06T12:00")
    assert (run.resumed, run.micros) == (1, {"fee": 30_000_000, "credit": -5_000_000})
    assert (await store.queries.wallets(["alice"]))[0].balance_micros == 1_000_000


async def test_an_end_that_is_moved_costs_what_its_days_cost(office: Office, store: Store) -> None:
    """Paid until the 20th; then it ends with the 10th, then with the 25th, as the audit tells."""
    await offer(store, AHEAD)
    await pay_in(store, "100", "2026-10-01")
    own = await subscribe(store, AHEAD, "2026-11-01")
    for at, end in (("10-31", "11-21"), ("11-05", "11-11"), ("11-07", "11-26")):
        stamp = Stamp(instant_us(f"2026-{at}", UTC), "uid:0")
        await store.writer.submit((), ended(own, instant_us(f"2026-{end}", UTC), stamp))
        (own,) = await store.queries.subscriptions.named(["s1"])
        await charged(store, f"2026-{at}T00:01")
    await charged(store, "2026-12-02")
    assert [row[1] for row in books(store, XDRS)] == [20_000_000, 5_000_000]
    assert verify(store.path) == []


async def test_an_account_that_cannot_pay_holds_up_nobody(office: Office, store: Store) -> None:
    """The organization has no wallet; it is named, and alice is charged."""
    await offer(store, AHEAD)
    await pay_in(store, "100", "2026-10-01")
    await subscribe(store, AHEAD, "2026-11-01", name="o1", account_id="acme")
    await subscribe(store, AHEAD, "2026-11-01")
    run = await charged(store, "2026-11-02")
    assert list(run.failed) == ["acme"]
    assert run.charged == {"fee": 1}


async def test_an_id_that_is_taken_is_named_and_holds_up_nobody(
    office: Office, store: Store
) -> None:
    """Nothing of that account is written, and it is tried again by the next run."""
    await office.provisioning.add_account(replace(ALICE, account_id="bob", name="Bob"), "uid:0")
    await offer(store, AHEAD)
    for name, account_id in (("s1", "alice"), ("s2", "bob")):
        await pay_in(store, "100", "2026-10-01", account_id)
        await subscribe(store, AHEAD, "2026-11-01", name=name, account_id=account_id)
    taken = "subscription:s1:2026-11-01:fee"
    other = Entry(taken, "alice:outgoing", EntryKind.ADJUSTMENT, 1, 0, "uid:0", note="no fee")
    await store.writer.submit([Post(other)])
    for at in ("2026-11-01", "2026-11-02"):
        run = await charged(store, at)
        assert list(run.failed) == ["alice"]
    assert [row[0] for row in books(store, XDRS)] == ["subscription:s2:2026-11-01:fee"]


async def test_an_account_that_makes_no_sense_holds_up_nobody(office: Office, store: Store) -> None:
    """Its fee waits by a version that the plan never had; it is named, and acme is charged."""
    await office.provisioning.set_plan("acme", "plain", "uid:0")
    await offer(store, AHEAD)
    await subscribe(store, AHEAD, "2026-11-01")
    await charged(store, "2026-11-02")
    with sqlite3.connect(store.path) as connection:
        connection.execute(
            'UPDATE bill SET waiting = replace(waiting, \'"version": "\', \'"version": "x\')'
        )
    await subscribe(store, AHEAD, "2026-11-01", name="o1", account_id="acme")
    await pay_in(store, "100", "2026-11-03", "acme")
    run = await charged(store, "2026-11-04")
    assert (list(run.failed), run.charged) == (["alice"], {"fee": 1})


async def test_what_was_removed_or_never_used_costs_nothing(office: Office, store: Store) -> None:
    """Nor is it looked at again and again."""
    by_use = replace(a_plan("5", activation_mode=ActivationMode.FIRST_USE), name="by use")
    await offer(store, by_use)
    await subscribe(store, by_use, "2026-11-01")
    await wake(store, "s1", "2026-11-01")
    assert (await charged(store, "2026-11-02")).charged == {}
    assert await store.queries.subscriptions.next_at_us() is None


@pytest.mark.parametrize("payer", ["alice", "bob"])
async def test_the_first_answered_call_activates_a_subscription(
    office: Office, store: Store, payer: str
) -> None:
    """Made, or received from bob, who pays for it: from the instant of its answer on, once."""
    by_use = replace(AHEAD, name="by use", activation_mode=ActivationMode.FIRST_USE)
    await office.provisioning.add_account(replace(ALICE, account_id="bob", name="Bob"), "uid:0")
    await office.provisioning.add_extension(Extension("alice-1", "101", "alice"), "uid:0")
    await offer(store, by_use)
    await pay_in(store, "100", "2026-10-01")
    await subscribe(store, by_use, "2026-11-01")
    await subscribe(store, by_use, "2026-11-20", name="s2")
    own, to_alice = [level(payer, 0)], {"callee_endpoint": "alice-1"}
    calls = [
        refused("r", "2026-11-15T09:00", "alice", "no_rate"),
        talked("e", "2026-11-15T10:00", 60, own, call_type="emergency"),
        talked("f", "2026-11-16T10:00", 60, own, **to_alice),
        talked("l", "2026-11-17T10:00", 60, own, **to_alice),
    ]
    for call in calls:
        await store.writer.submit((), [CdrWritten(call)])
    assert (await charged(store, "2026-11-18")).micros == {"fee": 15_000_000}
    assert (await charged(store, "2026-11-18")).charged == {}
    answered_us = instant_us("2026-11-16T10:00:05", UTC)
    assert [row[2:] for row in books(store, XDRS)] == [(answered_us, answered_us)]
