"""Products of accounts: a main product, its plan and subscription, add-ons, features of its own."""

from dataclasses import replace

import pytest

from pbxcharge.core.account import Account
from pbxcharge.core.account_kinds import AccountKind, AccountStatus
from pbxcharge.core.assigned import AssignedSubscription
from pbxcharge.core.feature import EditedBy, Feature
from pbxcharge.core.money import MICROS
from pbxcharge.flow.acts import Declined, Done, Refusal
from pbxcharge.flow.office import Office
from pbxcharge.store import Store
from pbxcharge.store.verify import verify
from tests.fakes.small_site import NOW_US
from tests.integration.office.conftest import ALICE

BOB = replace(ALICE, account_id="bob", name="Bob", plan=None)
TELCO = Account("telco", AccountKind.SERVICE_PROVIDER, None, "Telco", None, AccountStatus.ACTIVE)
HOUR = 3_600 * MICROS
NOON_US = NOW_US + 2 * HOUR
"""Later than the office's clock shows."""
BY = "uid:7"


async def had(store: Store, account_id: str = "alice") -> list[AssignedSubscription]:
    """The subscriptions of an account, the first one first."""
    return await store.queries.subscriptions.of_accounts([account_id])


async def smart(office: Office) -> Account:
    """Alice with the main product."""
    act = await office.products.set_main("p-1", "alice", "smartcall", BY)
    assert isinstance(act, Done) and not act.already
    return act.result


async def forwarding(
    office: Office, from_us: int | None = None, until_us: int | None = None
) -> Account:
    """Alice with the add-on, too."""
    await smart(office)
    act = await office.products.assign_add_on("a-1", "alice", "forwarding", BY, from_us, until_us)
    assert isinstance(act, Done), act
    return act.result


def refusal(act: object) -> Refusal | None:
    """Why an act was declined."""
    return act.refusal if isinstance(act, Declined) else None


async def test_a_main_product_brings_its_plan_its_credit_and_its_subscription(
    office: Office, store: Store
) -> None:
    """All in one transaction; the initial credit is the product's plan's, since none was given."""
    account = await smart(office)
    assert (account.product, account.plan) == ("smartcall", "welcome")
    (basic,) = await had(store)
    assert (basic.subscription, basic.via) == ("smartcall-basic", "p-1")
    assert (await store.queries.wallets(["alice"]))[0].balance_micros == 10 * MICROS
    billed = (await store.queries.subscriptions.bills([basic.assignment_id]))[basic.assignment_id]
    assert billed.until_us == billed.next_at_us == basic.starts_at_us
    (since,) = await store.queries.subscriptions.subscription_turns("smartcall-basic")
    assert since.since_us <= basic.starts_at_us
    assert verify(store.path) == []


async def test_the_same_product_again_is_already_done(office: Office, store: Store) -> None:
    """With the same id or another one."""
    await smart(office)
    for assignment_id in ("p-1", "p-2"):
        again = await office.products.set_main(assignment_id, "alice", "smartcall", BY)
        assert isinstance(again, Done) and again.already
    assert len(await had(store)) == 1


async def test_another_main_product_takes_the_place_of_the_first(
    office: Office, store: Store
) -> None:
    """Its subscription is closed at that instant, and the balance stays."""
    await smart(office)
    act = await office.products.set_main("p-2", "alice", "office", BY)
    assert isinstance(act, Done) and act.result.plan == "generous"
    (basic,) = await had(store)
    first, second = act.result.assigned
    assert basic.closed_at_us == basic.closing_known_us == first.until_us == second.from_us
    assert verify(store.path) == []


async def test_an_account_without_a_product_again_is_charged_by_nothing(
    office: Office, store: Store
) -> None:
    """Until it gets a plan of its own, which it could not have before."""
    await smart(office)
    set_plan = office.provisioning.set_plan
    assert refusal(await set_plan("alice", "plain", BY)) is Refusal.PRODUCT_DECIDES
    act = await office.products.set_main("x", "alice", None, BY)
    assert isinstance(act, Done) and (act.result.product, act.result.plan) == (None, None)
    assert isinstance(await set_plan("alice", "plain", BY), Done)
    assert verify(store.path) == []


async def test_an_add_on_begins_and_ends_with_its_subscription(
    office: Office, store: Store
) -> None:
    """From and until instants to come; both are known at once."""
    now_us = NOON_US
    account = await forwarding(office, now_us + HOUR, now_us + 2 * HOUR)
    (add_on,) = [it for it in account.assigned if it.product == "forwarding"]
    assert (add_on.from_us, add_on.until_us) == (now_us + HOUR, now_us + 2 * HOUR)
    _, own = await had(store)
    assert (own.starts_at_us, own.closed_at_us) == (add_on.from_us, add_on.until_us)
    assert own.closing_known_us == own.assigned_at_us
    assert verify(store.path) == []


async def test_the_end_of_an_add_on_can_be_moved_its_beginning_not(
    office: Office, store: Store
) -> None:
    """By assigning it again; with nothing new to say it is already done."""
    now_us = NOON_US
    await forwarding(office)
    assign = office.products.assign_add_on
    again = await assign("a-2", "alice", "forwarding", BY)
    assert isinstance(again, Done) and again.already
    early = await assign("a-2", "alice", "forwarding", BY, now_us + HOUR)
    assert refusal(early) is Refusal.EXISTS_OTHERWISE
    for end_us, good in ((now_us + HOUR, False), (now_us + 2 * HOUR, False), (None, True)):
        moved = await assign("a-2", "alice", "forwarding", BY, None, end_us, good)
        assert isinstance(moved, Done) and moved.result.assigned[-1].until_us == end_us
        assert (await had(store))[-1].closed_at_us == end_us
    assert verify(store.path) == []


async def test_an_add_on_that_ends_is_had_anew_from_that_instant(
    office: Office, store: Store
) -> None:
    """A second assignment with a subscription of its own, not the first one moved."""
    await forwarding(office, NOON_US, NOON_US + HOUR)
    assign = office.products.assign_add_on
    act = await assign("a-2", "alice", "forwarding", BY, NOON_US + HOUR)
    assert isinstance(act, Done)
    spans = [(it.from_us, it.until_us) for it in act.result.assigned if it.product == "forwarding"]
    assert sorted(spans) == [(NOON_US, NOON_US + HOUR), (NOON_US + HOUR, None)]
    assert len(await had(store)) == 3
    assert verify(store.path) == []


async def test_an_unassigned_add_on_is_gone_with_its_subscription(
    office: Office, store: Store
) -> None:
    """At once; again it is already done, and it may be had anew."""
    await forwarding(office)
    unassign = office.products.unassign_add_on
    act = await unassign("alice", "forwarding", BY)
    assert isinstance(act, Done)
    (_, own) = await had(store)
    assert own.closed_at_us == act.result.assigned[-1].until_us is not None
    again = await unassign("alice", "forwarding", BY)
    assert isinstance(again, Done) and again.already
    assert isinstance(await office.products.assign_add_on("a-2", "alice", "forwarding", BY), Done)
    assert verify(store.path) == []


async def test_an_add_on_that_never_began_leaves_nothing_to_pay(
    office: Office, store: Store
) -> None:
    """It was to come: its subscription is removed."""
    await forwarding(office, NOON_US + HOUR)
    await office.products.unassign_add_on("alice", "forwarding", BY)
    assert [own.removed for own in await had(store)] == [False, True]
    assert verify(store.path) == []


async def test_an_add_on_that_never_began_is_assigned_anew(office: Office, store: Store) -> None:
    """With a subscription of its own: the one that it had is gone, and nobody would pay for it."""
    await forwarding(office, NOON_US)
    await office.products.unassign_add_on("alice", "forwarding", BY)
    same = await office.products.assign_add_on("a-1", "alice", "forwarding", BY, for_good=True)
    assert refusal(same) is Refusal.EXISTS_OTHERWISE
    anew = await office.products.assign_add_on("a-2", "alice", "forwarding", BY, NOON_US)
    assert isinstance(anew, Done) and not anew.already
    assert [each.via for each in await had(store) if not each.removed] == ["p-1", "a-2"]
    assert verify(store.path) == []


WRONG = [
    ("main", "nothing", Refusal.UNKNOWN_PRODUCT),
    ("main", "forwarding", Refusal.PRODUCT_UNFIT),
    ("main", "resellers", Refusal.MANAGED_ELSEWHERE),
    ("add_on", "smartcall", Refusal.PRODUCT_UNFIT),
    ("add_on", "forwarding", Refusal.PRODUCT_DECIDES),
]


@pytest.mark.parametrize(("kind", "name", "why"), WRONG)
async def test_what_an_account_cannot_have_is_declined(
    office: Office, store: Store, kind: str, name: str, why: Refusal
) -> None:
    """By name, and nothing is written."""
    products = office.products
    if kind == "main":
        assert refusal(await products.set_main("p-1", "alice", name, BY)) is why
    else:
        assert refusal(await products.assign_add_on("a-1", "alice", name, BY)) is why
    assert await had(store) == []


async def test_an_organization_has_no_product(office: Office) -> None:
    """It is assigned subscriptions themselves."""
    assert refusal(await office.products.set_main("p", "acme", "office", BY)) is Refusal.NOT_A_USER


async def test_an_add_on_stays_beside_main_products_that_it_goes_with(office: Office) -> None:
    """Neither another main product nor none comes before it is unassigned."""
    await forwarding(office)
    for name in ("office", None):
        act = await office.products.set_main("p-2", "alice", name, BY)
        assert refusal(act) is Refusal.PRODUCT_UNFIT


async def test_a_resellers_accounts_have_what_the_reseller_manages(office: Office) -> None:
    """And nothing of the operator's; all others the reverse."""
    await office.provisioning.add_account(TELCO, BY)
    await office.terms.set_manager("acme", "telco", BY)
    set_main = office.products.set_main
    assert refusal(await set_main("p", "alice", "office", BY)) is Refusal.MANAGED_ELSEWHERE
    assert isinstance(await set_main("p", "alice", "resellers", BY), Done)


async def test_features_of_an_account_are_set_and_cleared(office: Office, store: Store) -> None:
    """What is not said stays: granted, then with another limit."""
    await smart(office)
    products, mailbox = office.products, Feature.MAILBOX
    await products.set_feature("alice", mailbox, False, {}, EditedBy.USER, BY)
    act = await products.set_feature("alice", mailbox, None, {"limit": 5}, EditedBy.ADMIN, BY)
    assert isinstance(act, Done)
    (own,) = act.result.overrides
    assert (own.on, own.attributes) == (False, {"limit": 5})
    for already in (False, True):
        act = await products.clear_feature("alice", mailbox, EditedBy.ADMIN, BY)
        assert isinstance(act, Done) and act.already is already and act.result.overrides == ()
    assert verify(store.path) == []


async def test_a_user_edits_what_the_product_lets_users_edit(office: Office) -> None:
    """Not what nobody says so of, and nothing without a main product."""
    products, by = office.products, EditedBy.USER
    without = await products.set_feature("alice", Feature.MAILBOX, True, {}, by, BY)
    assert refusal(without) is Refusal.PRODUCT_DECIDES
    await smart(office)
    forwards = await products.set_feature("alice", Feature.CALL_FORWARDING, True, {}, by, BY)
    assert refusal(forwards) is Refusal.NOT_ALLOWED


@pytest.mark.parametrize("closed", ["alice", "acme"])
async def test_what_closes_ends_everything_that_it_has(
    office: Office, store: Store, closed: str
) -> None:
    """The account or its organization: products, and subscriptions of both kinds."""
    await forwarding(office)
    await office.subscriptions.assign("s-1", "alice", "rental", BY)
    await office.provisioning.set_status(closed, AccountStatus.CLOSED, BY)
    ends = {own.closed_at_us for own in await had(store)}
    account = await store.queries.account("alice")
    assert len(ends) == 1 and None not in ends
    assert account is not None and account.product is None
    ended = await store.queries.subscriptions.products_named(["p-1", "a-1"])
    assert {product.until_us for _, product in ended} == ends
    assert verify(store.path) == []


async def test_an_account_with_a_product_is_added_again_as_it_was(office: Office) -> None:
    """Its product and what became of it do not make it another one."""
    await office.provisioning.add_account(BOB, BY)
    await office.products.set_main("p-b", "bob", "smartcall", BY)
    again = await office.provisioning.add_account(BOB, BY)
    assert isinstance(again, Done) and again.already
