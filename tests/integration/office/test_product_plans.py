"""Accounts of a main product are charged by the plan that it names, also when that changes."""

from collections.abc import Mapping
from dataclasses import replace

from pbxcharge.core.account_kinds import WalletKind
from pbxcharge.core.money import MICROS
from pbxcharge.core.plan import Plan
from pbxcharge.core.product import UsageCharge
from pbxcharge.flow.office import Office
from pbxcharge.flow.prices import Prices
from pbxcharge.store import Store
from pbxcharge.store.verify import verify
from tests.fakes.offers import PRODUCTS, SMARTCALL, SUBSCRIPTIONS
from tests.fakes.plans import NUMBERING, PLANS
from tests.fakes.site_clock import SiteClock
from tests.integration.office.conftest import ALICE
from tests.integration.office.test_products import smart

GENEROUS = UsageCharge(SMARTCALL.usage[0].service, None, None, "generous")
EDITED = PRODUCTS | {"smartcall": replace(SMARTCALL, usage=(GENEROUS,))}


def edited(store: Store, plans: Mapping[str, Plan] = PLANS) -> Office:
    """An office after the product was given another plan."""
    prices = Prices(plans, NUMBERING, subscriptions=SUBSCRIPTIONS, products=EDITED)
    return Office(store.writer, store.queries, prices, SiteClock(), "EUR")


async def test_accounts_follow_the_plan_of_their_product(office: Office, store: Store) -> None:
    """Their wallets too, as low as it says; credit is granted once, ever."""
    await smart(office)
    await office.provisioning.add_account(replace(ALICE, account_id="bob", name="Bob"), "uid:0")
    later = edited(store).provisioning
    assert await later.follow_products() == 1
    assert await later.follow_products() == 0
    plans = [each.plan for each in await store.queries.accounts("acme")]
    assert plans == [None, "generous", "plain"]
    (wallet, *_) = await store.queries.wallets(["alice"])
    floor = PLANS["generous"].floor_micros(WalletKind.OUTGOING)
    assert (wallet.balance_micros, wallet.floor_micros) == (10 * MICROS, floor)
    assert verify(store.path) == []


async def test_a_product_without_a_plan_in_force_changes_nothing(
    office: Office, store: Store
) -> None:
    """Its accounts keep the plan that they have."""
    await smart(office)
    assert await edited(store, {}).provisioning.follow_products() == 0
