"""Wallets of accounts that get other plans, or whose plans change, on a real SQLite file."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from pbxcharge.core.account_kinds import WalletKind
from pbxcharge.core.credit import Refund
from pbxcharge.core.money import MICROS
from pbxcharge.core.plan import Plan, PlanKind, WalletPolicy
from pbxcharge.errors import StorageDown
from pbxcharge.flow.acts import Declined, Done, Refusal
from pbxcharge.flow.alignment import Obstacle, Why
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.office import Office
from pbxcharge.flow.prices import Prices
from pbxcharge.flow.refunds import Refunding
from pbxcharge.flow.wallets import moved_on
from pbxcharge.store import Queries, Store
from pbxcharge.store.verify import verify_copy
from tests.fakes.granted_call import granted
from tests.fakes.plans import NUMBERING, a_plan
from tests.fakes.site_clock import SiteClock
from tests.fakes.small_site import close, reserve, talk
from tests.integration.office.conftest import ACME, ALICE

ONE = replace(a_plan("one", initial_credit_micros=3 * MICROS), wallets=WalletPolicy.SHARED)
TWO = replace(a_plan("two", initial_credit_micros=5 * MICROS), initial_incoming_micros=2 * MICROS)
LATER = replace(a_plan("later"), kind=PlanKind.POSTPAID, monthly_limit_micros=50 * MICROS)
PLANS = {plan.name: plan for plan in (ONE, TWO, LATER, a_plan("plain"))}


@pytest.fixture
async def office(store: Store) -> Office:
    """An office with other plans, the organization acme and its user alice."""
    office = an_office(store, PLANS)
    await office.provisioning.add_account(ACME, "uid:0")
    await office.provisioning.add_account(ALICE, "uid:0")
    return office


def an_office(store: Store, plans: dict[str, Plan]) -> Office:
    """An office at these prices."""
    return Office(store.writer, store.queries, Prices(plans, NUMBERING), SiteClock(), "EUR")


async def balances(store: Store, account_id: str = "alice") -> dict[str, int]:
    """The open wallets, in whole units."""
    wallets = await store.queries.wallets([account_id])
    return {each.kind: each.balance_micros // MICROS for each in wallets if not each.closed}


async def initials(store: Store) -> list[str]:
    """The initial credit that alice was given."""
    entries = await store.queries.ledger("alice")
    return sorted(each.entry_id for each in entries if each.entry_id.startswith("initial:"))


async def test_wallets_become_one_and_two_again(office: Office, store: Store) -> None:
    """5 and 2 make 7, which all goes to outgoing calls again; the books stay right."""
    await office.provisioning.set_plan("alice", "two", "uid:0")
    assert await balances(store) == {"outgoing": 5, "incoming": 2}
    await office.provisioning.set_plan("alice", "one", "uid:0")
    assert await balances(store) == {"shared": 7}
    await office.provisioning.set_plan("alice", "two", "uid:0")
    assert await balances(store) == {"outgoing": 7, "incoming": 0}
    assert await office.align_wallets() == 0


async def test_initial_credit_is_granted_once_over_all_plans(office: Office, store: Store) -> None:
    """What was given for outgoing calls, or for all, is given for neither again.

    Seen failing with only the wallet's own entry looked for in `initial_ids`.
    """
    for plan in ("one", "two", "one", None, "two", "one"):
        await office.provisioning.set_plan("alice", plan, "uid:0")
    assert await initials(store) == ["initial:alice:incoming", "initial:alice:shared"]
    assert await balances(store) == {"shared": 5}


async def test_a_plan_with_other_wallets_waits_for_live_calls(office: Office, store: Store) -> None:
    """Nothing at all is changed: neither plan, nor wallets, nor credit."""
    await office.provisioning.set_plan("alice", "two", "uid:0")
    await store.writer.execute(reserve("a"))
    act = await office.provisioning.set_plan("alice", "one", "uid:0")
    assert isinstance(act, Declined) and act.refusal is Refusal.CALLS_LIVE
    alice = await store.queries.account("alice")
    assert alice is not None and alice.plan == "two"
    assert [each.kind for each in await store.queries.wallets(["alice"])] == [
        "outgoing",
        "incoming",
    ]
    await store.writer.execute(close("a"))
    assert isinstance(await office.provisioning.set_plan("alice", "one", "uid:0"), Done)


async def test_changed_plans_convert_everybody_or_nobody(office: Office, store: Store) -> None:
    """A reload is refused with the accounts named while they have live calls."""
    await office.provisioning.set_plan("alice", "two", "uid:0")
    await store.writer.execute(reserve("a"))
    shared = {**PLANS, "two": replace(TWO, version="v2", wallets=WalletPolicy.SHARED)}
    swapped: list[bool] = []
    refused = await office.provisioning.change_plans(shared, lambda: swapped.append(True))
    assert refused == (Obstacle(Why.CALLS_LIVE, "two", ("alice",)),)
    await store.writer.execute(close("a"))
    assert await office.provisioning.change_plans(shared, lambda: swapped.append(True)) == ()
    assert (swapped, await balances(store)) == ([True], {"shared": 7})


async def test_what_was_edited_while_nobody_ran_is_converted_after_the_calls(
    office: Office, store: Store
) -> None:
    """A call that is taken up keeps its wallet; when it has ended, its credit follows."""
    await office.provisioning.set_plan("alice", "two", "uid:0")
    await store.writer.execute(reserve("a"))
    later = an_office(store, {**PLANS, "two": replace(TWO, wallets=WalletPolicy.SHARED)})
    await later.align_wallets()
    await later.provisioning.convert_waiting()
    assert (await balances(store))["outgoing"] == 5
    await store.writer.execute(close("a"))
    await later.provisioning.convert_waiting()
    assert await balances(store) == {"shared": 7}


class Failing:
    """The writer, until its disk fails."""

    def __init__(self, store: Store, good: int) -> None:
        self.store, self.good = store, good

    def submit(self, *work: Any) -> "asyncio.Future[Any]":
        """Written, so many times."""
        self.good -= 1
        if self.good >= 0:
            return self.store.writer.submit(*work)
        failed: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        failed.set_exception(StorageDown("full"))
        return failed


async def test_a_reload_that_the_disk_interrupts_is_taken_back(
    office: Office, store: Store
) -> None:
    """Alice was converted, bob was not, the plans stay: when the disk is there, alice is again.

    Seen failing with nobody left to `convert_waiting` by `follow`.
    """
    await office.provisioning.set_plan("alice", "two", "uid:0")
    await office.provisioning.add_account(replace(ALICE, account_id="bob"), "uid:0")
    shared = {
        name: replace(plan, version="v2", wallets=WalletPolicy.SHARED)
        for name, plan in sorted(PLANS.items(), reverse=True)
        if name in ("two", "plain")
    }
    failing = Failing(store, 1)
    later = Office(failing, store.queries, Prices(PLANS, NUMBERING), Clock(), "EUR")  # type: ignore[arg-type]
    with pytest.raises(StorageDown):
        await later.provisioning.change_plans({**PLANS, **shared}, lambda: None)
    assert await balances(store) == {"shared": 7}
    failing.good = 9
    assert await later.provisioning.convert_waiting()
    assert await balances(store) == {"outgoing": 7, "incoming": 0}
    assert not await later.provisioning.convert_waiting()


async def test_a_refund_follows_the_credit_into_the_shared_wallet(
    office: Office, store: Store
) -> None:
    """In one step: the closed wallet is empty at every moment."""
    await office.provisioning.set_plan("alice", "two", "uid:0")
    await store.writer.execute(reserve("a"))
    await store.writer.execute(close("a", MICROS // 10))
    await office.provisioning.set_plan("alice", "one", "uid:0")
    refund = Refund("r1", "a", "alice:outgoing", None, 1, "uid:0")
    moved = moved_on(await store.queries.wallets(["alice"]), "alice:outgoing", 1, "uid:0")
    await store.writer.submit((refund, *moved))
    assert await balances(store) == {"shared": 7}


class Slow:
    """What is committed, with another way to the wallets."""

    def __init__(self, queries: Queries, wallets: Any) -> None:
        self._queries = queries
        self.wallets = wallets

    def __getattr__(self, name: str) -> Any:
        return getattr(self._queries, name)


async def test_no_conversion_comes_between_a_refund_and_the_wallet_it_goes_to(
    office: Office, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is given back while wallets are converted is in an open one afterwards.

    Seen failing, with the credit left in the closed wallet, without the turn in `refund`.
    """
    await office.provisioning.set_plan("alice", "two", "uid:0")
    await talk(store.writer, granted("a"), 10)
    look, changed = store.queries.wallets, asyncio.Event()

    async def slowly(*asked: Any) -> Any:
        found = await look(*asked)
        changed.set()
        await asyncio.wait({converting}, timeout=0.2)
        return found

    async def convert() -> None:
        await changed.wait()
        await office.provisioning.set_plan("alice", "one", "uid:0")

    monkeypatch.setattr(office.refunds, "_records", Slow(store.queries, slowly))
    converting = asyncio.create_task(convert())
    assert isinstance(
        await office.refunds.give_back(Refunding("r1", "a", None, None, ""), "uid:0"), Done
    )
    await converting
    assert await balances(store) == {"shared": 7}


async def test_payments_find_the_wallet_that_is_there(office: Office, store: Store) -> None:
    """Without a name it is the shared one; a closed one is declined; a repeat stays a repeat."""
    cashier = office.cashier
    await office.provisioning.set_plan("alice", "two", "uid:0")
    await cashier.top_up("t1", "alice", MICROS, "", "uid:0")
    await office.provisioning.set_plan("alice", "one", "uid:0")
    again = await cashier.top_up("t1", "alice", MICROS, "", "uid:0")
    assert isinstance(again, Done) and again.already
    await cashier.top_up("t2", "alice", MICROS, "", "uid:0")
    assert await balances(store) == {"shared": 9}
    closed = await cashier.top_up("t3", "alice", MICROS, "", "uid:0", WalletKind.OUTGOING)
    assert isinstance(closed, Declined) and closed.refusal is Refusal.NO_WALLET


async def test_books_with_conversions_are_right(office: Office, store: Store) -> None:
    """`verify` finds nothing wrong in them."""
    for plan in ("two", "one", "later", "one"):
        await office.provisioning.set_plan("alice", plan, "uid:0")
    await store.writer.close()
    assert verify_copy(store.path) == []
