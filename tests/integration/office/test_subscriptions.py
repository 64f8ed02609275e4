"""Subscriptions that come with no product; what becomes of accounts; billing periods."""

from datetime import UTC, date
from fractions import Fraction

import pytest

from pbxcharge.core.account_kinds import Suspension
from pbxcharge.core.assigned import AssignedSubscription
from pbxcharge.core.billing_cycle import BillingCycle
from pbxcharge.core.billing_period import BillingRule
from pbxcharge.core.money import MICROS
from pbxcharge.core.period import local_day
from pbxcharge.core.subscription import SubscriptionState
from pbxcharge.core.subscription_terms import FeeAdjustment
from pbxcharge.flow.acts import Declined, Done, Refusal
from pbxcharge.flow.lives import Lives
from pbxcharge.flow.office import Office
from pbxcharge.flow.prices import Prices
from pbxcharge.store import Store
from pbxcharge.store.verify import verify
from tests.fakes.plans import NUMBERING, PLANS
from tests.fakes.small_site import NOW_US

BY = "uid:7"
HOUR = 3_600 * MICROS
NOON_US = NOW_US + 2 * HOUR
"""Later than the office's clock shows."""
WEEKLY = BillingRule(BillingCycle.WEEKLY, date(2026, 6, 1))


def refusal(act: object) -> Refusal | None:
    """Why an act was declined."""
    return act.refusal if isinstance(act, Declined) else None


async def assigned(
    office: Office, name: str = "rental", assignment_id: str = "s-1", starts_us: int | None = None
) -> AssignedSubscription:
    """A subscription of alice's."""
    act = await office.subscriptions.assign(assignment_id, "alice", name, BY, starts_us)
    assert isinstance(act, Done), act
    return act.result


async def test_a_subscription_is_assigned_once_under_its_id(office: Office, store: Store) -> None:
    """Again it is already done; with other content the id is taken."""
    cheaper = FeeAdjustment(percent=Fraction(-20))
    assign = office.subscriptions.assign
    first = await assign("s-1", "alice", "rental", BY, None, cheaper)
    again = await assign("s-1", "alice", "rental", BY, None, cheaper)
    assert isinstance(first, Done) and again == Done(first.result, already=True)
    assert first.result.adjustment == cheaper
    assert refusal(await assign("s-1", "alice", "rental", BY)) is Refusal.ID_TAKEN
    assert verify(store.path) == []


async def test_most_subscriptions_are_had_once_at_a_time(office: Office) -> None:
    """A rented telephone may be had twice; what is closed may be had anew."""
    await assigned(office, "rental", "s-1")
    await assigned(office, "rental", "s-2")
    await assigned(office, "smartcall-basic", "s-3")
    twice = await office.subscriptions.assign("s-4", "alice", "smartcall-basic", BY)
    assert refusal(twice) is Refusal.ASSIGNED_ONCE
    with_product = await office.products.set_main("p-1", "alice", "smartcall", BY)
    assert refusal(with_product) is Refusal.ASSIGNED_ONCE
    await office.subscriptions.close("s-3", BY)
    await assigned(office, "smartcall-basic", "s-4")


async def test_what_ends_has_its_successor_on_the_same_day(office: Office) -> None:
    """The one closes when the other begins; an hour earlier they would overlap."""
    end_us = NOON_US + 2 * HOUR
    await assigned(office, "smartcall-basic", "s-1")
    await office.subscriptions.close("s-1", BY, end_us)
    early = await office.subscriptions.assign("s-2", "alice", "smartcall-basic", BY, end_us - HOUR)
    assert refusal(early) is Refusal.ASSIGNED_ONCE
    await assigned(office, "smartcall-basic", "s-2", end_us)


async def test_first_use_is_waited_for(office: Office, store: Store) -> None:
    """Nothing is owed before, so nobody looks."""
    await assigned(office, "on-use")
    assert (await store.queries.subscriptions.bills(["s-1"]))["s-1"].next_at_us is None


WRONG = [
    ("alice", "nothing", Refusal.UNKNOWN_SUBSCRIPTION),
    ("nobody", "rental", Refusal.UNKNOWN_ACCOUNT),
    ("acme", "rental", Refusal.NO_WALLET),
    ("alice", "resold", Refusal.MANAGED_ELSEWHERE),
]


@pytest.mark.parametrize(("account", "name", "why"), WRONG)
async def test_what_cannot_be_had_is_declined(
    office: Office, account: str, name: str, why: Refusal
) -> None:
    """By name."""
    assert refusal(await office.subscriptions.assign("s-1", account, name, BY)) is why


async def test_a_subscription_is_closed_now_or_later(office: Office, store: Store) -> None:
    """The instant may be moved until it has come; closed is closed."""
    await assigned(office)
    close, later_us = office.subscriptions.close, NOON_US + HOUR
    later = await close("s-1", BY, later_us)
    assert isinstance(later, Done) and later.result.closed_at_us == later_us
    now = await close("s-1", BY)
    assert isinstance(now, Done) and now.result.closing_known_us == now.result.closed_at_us
    again = await close("s-1", BY)
    assert again == Done(now.result, already=True)
    assert refusal(await close("s-2", BY)) is Refusal.UNKNOWN_ASSIGNMENT
    assert verify(store.path) == []


async def test_only_a_pending_subscription_is_removed(office: Office, store: Store) -> None:
    """One that begins later, or waits for its first use; else it is closed."""
    remove = office.subscriptions.remove
    await assigned(office, "rental", "s-1", NOON_US + HOUR)
    await assigned(office, "on-use", "s-2")
    await assigned(office, "rental", "s-3")
    for name in ("s-1", "s-2"):
        assert isinstance(await remove(name, BY), Done)
        again = await remove(name, BY)
        assert isinstance(again, Done) and again.already and again.result.removed
    assert refusal(await remove("s-3", BY)) is Refusal.NOT_PENDING
    assert verify(store.path) == []


async def test_what_came_with_a_product_goes_with_it(office: Office) -> None:
    """It is neither closed nor removed by itself."""
    await office.products.set_main("p-1", "alice", "smartcall", BY)
    for act in (office.subscriptions.close, office.subscriptions.remove):
        assert refusal(await act("p-1.s", BY)) is Refusal.PRODUCT_DECIDES


async def test_a_suspended_account_suspends_its_subscriptions(office: Office, store: Store) -> None:
    """Overdue at the organization, expired by itself; each resumes."""
    found = await assigned(office)
    lives = Lives(store.queries, Prices(PLANS, NUMBERING))

    async def state() -> SubscriptionState:
        return await lives.state(found, NOON_US)

    await office.terms.suspend("acme", Suspension.OVERDUE, BY)
    assert await state() is SubscriptionState.SUSPENDED
    await office.terms.suspend("acme", Suspension.OVERDUE, BY, on=False)
    assert await state() is SubscriptionState.ACTIVE
    await office.terms.expire("alice", NOON_US, BY)
    assert await state() is SubscriptionState.SUSPENDED
    await office.terms.expire("alice", None, BY)
    assert await state() is SubscriptionState.ACTIVE
    assert verify(store.path) == []


async def test_only_the_engine_knows_whether_funds_do(office: Office) -> None:
    """Who would be suspended by hand for want of funds would be resumed by it, and vice versa."""
    for on in (True, False):
        act = await office.terms.suspend("alice", Suspension.NO_FUNDS, BY, on=on)
        assert refusal(act) is Refusal.NOT_ALLOWED


async def test_a_billing_period_counts_from_the_beginning_where_nothing_was_charged(
    office: Office, store: Store
) -> None:
    """After that from tomorrow on, or later."""
    set_billing = office.terms.set_billing
    assert isinstance(await set_billing("acme", WEEKLY, BY), Done)
    again = await set_billing("acme", WEEKLY, BY)
    assert isinstance(again, Done) and again.already
    await assigned(office)
    today = local_day(NOON_US, UTC)
    early = BillingRule(BillingCycle.DAILY, date(2026, 6, 1), today)
    assert refusal(await set_billing("acme", early, BY)) is Refusal.INSTANT_INVALID
    late = BillingRule(BillingCycle.DAILY, date(2026, 6, 1), date.max)
    assert refusal(await set_billing("acme", late, BY)) is Refusal.INSTANT_INVALID
    daily = BillingRule(BillingCycle.DAILY, date(2026, 6, 1))
    assert isinstance(await set_billing("acme", daily, BY), Done)
    first, second = await store.queries.subscriptions.billing_rules("acme")
    assert first == WEEKLY and second.since > today
    assert verify(store.path) == []


async def test_only_organizations_have_billing_periods(office: Office) -> None:
    """It counts for all their users."""
    assert refusal(await office.terms.set_billing("alice", WEEKLY, BY)) is (
        Refusal.NOT_AN_ORGANIZATION
    )
