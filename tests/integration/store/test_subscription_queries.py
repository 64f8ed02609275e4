"""What accounts were assigned, as it is read back: the busy day's products and subscriptions."""

from collections.abc import AsyncIterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from pbxcharge.core.account import Account
from pbxcharge.core.account_kinds import Suspension
from pbxcharge.core.assigned import Billed, CameWith, OffersUsed, Turned
from pbxcharge.core.effects import FeatureCleared, SubscriptionAssigned
from pbxcharge.core.feature import EditedBy, Feature
from pbxcharge.core.money import MICROS
from pbxcharge.core.subscription_terms import FeeAdjustment
from pbxcharge.store import Store
from tests.fakes.small_site import ACTOR, NOW_US, busy_day, charged, open_site


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """The books of a busy day."""
    async with open_site(tmp_path / "site.db") as opened:
        await busy_day(opened)
        yield opened


async def bob(store: Store) -> Account:
    """He has a product."""
    found = await store.queries.account("bob")
    assert found is not None
    return found


async def test_an_account_knows_its_products_and_own_features(store: Store) -> None:
    """Its main product first, the add-on that has ended too."""
    account = await bob(store)
    assert account.product == "smartcall"
    spells = [(had.product, had.until_us) for had in account.assigned]
    assert spells == [("smartcall", None), ("forwarding", NOW_US + MICROS)]
    (mailbox,) = account.overrides
    assert (mailbox.feature, mailbox.on, mailbox.attributes) == (
        Feature.MAILBOX,
        True,
        {"limit": 20},
    )
    assert await store.queries.subscriptions.editors("bob") == {Feature.MAILBOX: EditedBy.ADMIN}
    assert account.suspensions == {Suspension.NO_FUNDS} and account.expires_at_us == NOW_US + 9


async def test_a_cleared_feature_is_gone_and_the_trail_says_by_whom(store: Store) -> None:
    """Nothing is left of it but that."""
    cleared = FeatureCleared("bob", Feature.MAILBOX, NOW_US, "uid:7")
    await store.writer.submit((), [cleared])
    assert (await bob(store)).overrides == ()


async def test_a_subscription_is_read_as_it_was_written(store: Store) -> None:
    """Also its discount, which is no float; its first use is kept from whoever did not know it."""
    asked = store.queries.subscriptions
    (basic,) = await asked.of_accounts(["alice", "bob"])
    cheaper = replace(
        basic, assignment_id="s-2", adjustment=FeeAdjustment(percent=Fraction(-25, 2))
    )
    used = replace(cheaper, first_used_at_us=NOW_US)
    for saved in (cheaper, used, replace(cheaper, closed_at_us=9, closing_known_us=8)):
        await store.writer.submit((), [SubscriptionAssigned(saved, NOW_US, ACTOR)])
    assert await asked.named(["s-2"]) == [replace(used, closed_at_us=9, closing_known_us=8)]


async def test_what_is_to_be_charged_next_is_known(store: Store) -> None:
    """Woken for an earlier instant than it was planned for."""
    asked, billed = store.queries.subscriptions, Billed("s-1", NOW_US + 1, NOW_US + 5)
    assert await asked.next_at_us() == NOW_US + 5
    assert await asked.bills(["s-1"]) == {"s-1": billed}


async def test_who_has_what_is_counted_while_it_lasts(store: Store) -> None:
    """At the end of the add-on nobody has it any more."""
    asked = store.queries.subscriptions
    used = await asked.offers_used(NOW_US)
    assert used == OffersUsed({"smartcall": 1, "forwarding": 1}, {"basic": 1})
    assert (await asked.offers_used(NOW_US + MICROS)).products == {"smartcall": 1}


async def test_with_which_subscription_accounts_have_a_product_is_counted(store: Store) -> None:
    """Those with none, too, and none of what has ended."""
    asked = store.queries.subscriptions
    (basic,) = await asked.of_accounts(["bob"])
    had = {(it.product, it.subscription, it.accounts) for it in await asked.came_with(NOW_US)}
    assert had == {("smartcall", "basic", 1), ("forwarding", None, 1)}
    assert await asked.came_with(NOW_US + MICROS) == [CameWith("smartcall", "basic", 1)]
    closed = replace(basic, closed_at_us=NOW_US, closing_known_us=NOW_US)
    await store.writer.submit((), [SubscriptionAssigned(closed, NOW_US, ACTOR)])
    assert CameWith("smartcall", None, 1) in await asked.came_with(NOW_US)


async def test_records_and_lives_are_read_as_they_were_written(store: Store) -> None:
    """The fee of bob's subscription, and what became of him."""
    asked = store.queries.subscriptions
    assert await asked.xdrs("s-1") == [charged("s-1", 290_000)]
    life = {(step.what, step.reason) for step in await asked.life(["acme", "bob"])}
    suspended = {(Turned.BECAME, "suspended"), (Turned.SUSPENDED, "no_funds")}
    assert life == {*suspended, (Turned.EXPIRES, "")}
    (rule,) = await asked.billing_rules("acme")
    assert rule.cycle == "weekly"
    (since,) = await asked.subscription_turns("basic")
    assert list(await asked.subscription_bodies("basic")) == [since.version]
