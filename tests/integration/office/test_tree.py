"""Service providers, time zones, and plans that belong to somebody."""

from dataclasses import replace

import pytest

from pbxcharge.core.account import Account
from pbxcharge.core.account_kinds import AccountKind
from pbxcharge.flow.acts import Declined, Done, Refusal
from pbxcharge.flow.alignment import Obstacle, Why
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.office import Office
from pbxcharge.flow.prices import Prices
from pbxcharge.store import Store
from tests.fakes.plans import NUMBERING, PLANS, a_plan
from tests.integration.office.conftest import ACME, ALICE

TELCO = replace(ACME, account_id="telco", kind=AccountKind.SERVICE_PROVIDER, name="Telco")
RESELLER = replace(TELCO, account_id="reseller", parent_id="telco", name="Reseller")
BELOW = replace(ACME, account_id="below", parent_id="reseller")
BOB = replace(ALICE, account_id="bob", parent_id="below")
OWNED = {**PLANS, "house": replace(a_plan("house"), owner="reseller")}


@pytest.fixture
async def tree(store: Store) -> Office:
    """The site, telco, its reseller, an organization below, its user bob; and acme with alice."""
    office = Office(store.writer, store.queries, Prices(OWNED, NUMBERING), Clock(), "EUR")
    for account in (TELCO, RESELLER, BELOW, BOB, ACME, ALICE):
        assert isinstance(await office.provisioning.add_account(account, "uid:0"), Done)
    return office


async def test_service_providers_stand_below_each_other(tree: Office, store: Store) -> None:
    """A query about the first one finds all below; a user knows all above."""
    found = [each.account_id for each in await store.queries.accounts("telco")]
    assert found == ["below", "bob", "reseller", "telco"]
    above = [each.account_id for each in await store.queries.chain("bob")]
    assert above == ["bob", "below", "reseller", "telco"]


@pytest.mark.parametrize(
    ("wanted", "refusal"),
    [
        (replace(RESELLER, account_id="x", parent_id="acme"), Refusal.NOT_A_SERVICE_PROVIDER),
        (replace(ACME, account_id="x", parent_id="alice"), Refusal.NOT_A_SERVICE_PROVIDER),
        (replace(ACME, account_id="x", parent_id="nobody"), Refusal.UNKNOWN_ACCOUNT),
        (replace(ALICE, account_id="x", parent_id="telco"), Refusal.NOT_AN_ORGANIZATION),
        (replace(TELCO, account_id="x", code="7"), Refusal.NOT_AN_ORGANIZATION),
        (replace(ALICE, account_id="x", time_zone="Europe/Berln"), Refusal.NAME_INVALID),
        (replace(ALICE, account_id="x", plan="house"), Refusal.NOT_BELOW_OWNER),
        (replace(RESELLER, account_id="x", plan="house"), Refusal.NOT_BELOW_OWNER),
    ],
)
async def test_what_has_no_place_in_the_tree_is_declined(
    tree: Office, wanted: Account, refusal: Refusal
) -> None:
    """By name."""
    act = await tree.provisioning.add_account(wanted, "uid:0")
    assert isinstance(act, Declined) and act.refusal is refusal


async def test_a_tree_does_not_grow_without_end(tree: Office) -> None:
    """Fifty accounts may stand above another."""
    parent, act = "telco", None
    for number in range(51):
        wanted = replace(TELCO, account_id=f"p{number}", parent_id=parent)
        act, parent = await tree.provisioning.add_account(wanted, "uid:0"), wanted.account_id
    assert isinstance(act, Declined) and act.refusal is Refusal.OUT_OF_BOUNDS


async def test_a_plan_is_for_the_accounts_below_its_owner(tree: Office) -> None:
    """Bob of an organization of the reseller may have it, the reseller and alice may not."""
    assert isinstance(await tree.provisioning.set_plan("bob", "house", "uid:0"), Done)
    for account in ("reseller", "telco", "alice"):
        act = await tree.provisioning.set_plan(account, "house", "uid:0")
        assert isinstance(act, Declined) and act.refusal is Refusal.NOT_BELOW_OWNER


async def test_a_plan_does_not_get_an_owner_elsewhere(tree: Office) -> None:
    """Alice has `plain`, which cannot become the reseller's, nor that of nobody known."""
    for owner, why, accounts in (
        ("reseller", Why.NOT_BELOW_OWNER, ("alice",)),
        ("nobody", Why.UNKNOWN_OWNER, ("nobody",)),
    ):
        plans = {**OWNED, "plain": replace(a_plan("plain"), owner=owner, version=owner)}
        await tree.provisioning.set_plan("bob", "plain", "uid:0")
        refused = await tree.provisioning.change_plans(plans, lambda: None)
        assert refused == (Obstacle(why, "plain", accounts),)


async def test_a_time_zone_is_set_and_taken_back(tree: Office, store: Store) -> None:
    """A name that is none is declined; None is the zone of those above."""
    provisioning = tree.provisioning
    assert isinstance(await provisioning.set_time_zone("acme", "Europe/Berlin", "uid:0"), Done)
    act = await provisioning.set_time_zone("acme", "Berlin", "uid:0")
    assert isinstance(act, Declined) and act.refusal is Refusal.NAME_INVALID
    acme = await store.queries.account("acme")
    assert acme is not None and acme.time_zone == "Europe/Berlin"
    back = await provisioning.set_time_zone("acme", None, "uid:0")
    assert back == Done(replace(acme, time_zone=None))
