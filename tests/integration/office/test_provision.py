"""Accounts and extensions: added once, given plans, stopped; safe to repeat."""

import asyncio
from dataclasses import replace

import pytest

from pbxcharge.core.account import Account, Extension
from pbxcharge.core.account_kinds import AccountStatus
from pbxcharge.core.credit import Wallet
from pbxcharge.flow.acts import Declined, Done, Refusal
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.office import Office
from pbxcharge.flow.prices import Prices
from pbxcharge.store import Store
from tests.fakes.plans import NUMBERING, PLANS, a_plan
from tests.integration.office.conftest import ACME, ALICE

BOB = replace(ALICE, account_id="bob", name="Bob", plan="welcome")
PHONE = Extension("alice-desk", "101", "alice")


async def wallet(store: Store, account_id: str) -> Wallet | None:
    """The account's one wallet."""
    return next(iter(await store.queries.wallets([account_id])), None)


async def test_a_user_with_a_plan_has_its_wallet_and_initial_credit(
    office: Office, store: Store
) -> None:
    """One act writes account, wallet and the entry `initial:bob:outgoing` over 10.00."""
    assert await office.provisioning.add_account(BOB, "uid:7") == Done(BOB)
    has = await wallet(store, "bob")
    assert has is not None and has.balance_micros == 10_000_000
    (entry,) = await store.queries.ledger("bob")
    assert (entry.entry_id, entry.actor) == ("initial:bob:outgoing", "uid:7")


async def test_an_account_without_a_plan_has_no_wallet(office: Office, store: Store) -> None:
    """Its level is not charged."""
    assert await wallet(store, "acme") is None


async def test_the_same_account_twice_is_already_done(office: Office, store: Store) -> None:
    """And its initial credit is not granted twice."""
    await office.provisioning.add_account(BOB, "uid:0")
    again = await office.provisioning.add_account(BOB, "uid:0")
    assert again == Done(BOB, already=True)
    assert len(await store.queries.ledger("bob")) == 1


@pytest.mark.parametrize("other", [{"name": "Al"}, {"plan": "welcome"}, {"parent_id": "else"}])
async def test_an_id_with_other_content_is_declined(office: Office, other: dict[str, str]) -> None:
    """Whatever differs; the account stays as it was."""
    act = await office.provisioning.add_account(replace(ALICE, **other), "uid:0")  # type: ignore[arg-type]
    assert isinstance(act, Declined) and act.refusal is Refusal.EXISTS_OTHERWISE


async def test_a_suspended_account_is_still_the_same_one(office: Office) -> None:
    """To add it again does not activate it."""
    await office.provisioning.set_status("alice", AccountStatus.SUSPENDED, "uid:0")
    again = await office.provisioning.add_account(ALICE, "uid:0")
    suspended = replace(ALICE, status=AccountStatus.SUSPENDED)
    assert again == Done(suspended, already=True)


@pytest.mark.parametrize(
    ("wanted", "refusal"),
    [
        (replace(BOB, account_id="a:b"), Refusal.NAME_INVALID),
        (replace(BOB, account_id=""), Refusal.NAME_INVALID),
        (replace(BOB, name="two\nlines"), Refusal.NAME_INVALID),
        (replace(BOB, name=" "), Refusal.NAME_INVALID),
        (replace(BOB, parent_id="nobody"), Refusal.UNKNOWN_ACCOUNT),
        (replace(BOB, parent_id=None), Refusal.UNKNOWN_ACCOUNT),
        (replace(BOB, parent_id="alice"), Refusal.NOT_AN_ORGANIZATION),
        (replace(ACME, account_id="sub", parent_id="acme"), Refusal.NOT_A_SERVICE_PROVIDER),
        (replace(BOB, plan="nowhere"), Refusal.UNKNOWN_PLAN),
    ],
)
async def test_what_cannot_be_an_account_is_declined(
    office: Office, store: Store, wanted: Account, refusal: Refusal
) -> None:
    """By name, and nothing is written."""
    act = await office.provisioning.add_account(wanted, "uid:0")
    assert isinstance(act, Declined) and act.refusal is refusal
    assert await store.queries.account(wanted.account_id) is None


async def test_two_who_add_the_same_id_at_once_do_not_both_pass(empty_office: Office) -> None:
    """One is done, the other declined: reading and writing are one turn."""
    provisioning = empty_office.provisioning
    first, second = await asyncio.gather(
        provisioning.add_account(ACME, "uid:0"),
        provisioning.add_account(replace(ACME, name="Other"), "uid:0"),
    )
    assert isinstance(first, Done)
    assert isinstance(second, Declined)


async def test_another_plan_keeps_the_balance_and_sets_the_credit_limit(
    office: Office, store: Store
) -> None:
    """10.00 of the first plan stay 10.00; the second plan's 25.00 are not granted, its -5 hold."""
    await office.provisioning.add_account(BOB, "uid:0")
    act = await office.provisioning.set_plan("bob", "generous", "uid:0")
    assert act == Done(replace(BOB, plan="generous"))
    has = await wallet(store, "bob")
    assert has is not None
    assert (has.balance_micros, has.floor_micros) == (10_000_000, -5_000_000)


async def test_the_first_plan_with_an_initial_credit_grants_it(
    office: Office, store: Store
) -> None:
    """Alice's first plan had none."""
    await office.provisioning.set_plan("alice", "welcome", "uid:0")
    await office.provisioning.set_plan("alice", None, "uid:0")
    await office.provisioning.set_plan("alice", "generous", "uid:0")
    has = await wallet(store, "alice")
    assert has is not None and has.balance_micros == 10_000_000


@pytest.mark.parametrize(
    ("account_id", "plan", "refusal"),
    [("nobody", "plain", Refusal.UNKNOWN_ACCOUNT), ("alice", "nix", Refusal.UNKNOWN_PLAN)],
)
async def test_a_plan_is_set_only_where_both_exist(
    office: Office, account_id: str, plan: str, refusal: Refusal
) -> None:
    """By name."""
    act = await office.provisioning.set_plan(account_id, plan, "uid:0")
    assert isinstance(act, Declined) and act.refusal is refusal


async def test_the_plan_and_the_status_that_are_there_are_already_done(office: Office) -> None:
    """Nothing is written."""
    assert await office.provisioning.set_plan("alice", "plain", "uid:0") == Done(ALICE, True)
    active = await office.provisioning.set_status("alice", AccountStatus.ACTIVE, "uid:0")
    assert active == Done(ALICE, already=True)


async def test_a_status_of_nobody_is_declined(office: Office) -> None:
    """By name."""
    act = await office.provisioning.set_status("nobody", AccountStatus.BLOCKED, "uid:0")
    assert isinstance(act, Declined) and act.refusal is Refusal.UNKNOWN_ACCOUNT


async def test_an_extension_pays_through_its_user(office: Office, store: Store) -> None:
    """Its endpoint names alice, then acme, from then on."""
    assert await office.provisioning.add_extension(PHONE, "uid:0") == Done(PHONE)
    found = await store.directory.payer("alice-desk")
    assert found is not None
    assert [account.account_id for account in found[1]] == ["alice", "acme"]


async def test_the_same_extension_twice_is_already_done(office: Office) -> None:
    """And another number or user under its endpoint is declined."""
    await office.provisioning.add_extension(PHONE, "uid:0")
    again = await office.provisioning.add_extension(PHONE, "uid:0")
    assert again == Done(PHONE, already=True)
    other = await office.provisioning.add_extension(replace(PHONE, number="102"), "uid:0")
    assert isinstance(other, Declined) and other.refusal is Refusal.ENDPOINT_TAKEN


async def test_a_number_is_unique_in_its_organization_only(office: Office) -> None:
    """Bob of acme cannot have alice's 101, carol of another organization can."""
    provisioning = office.provisioning
    umbrella = replace(ACME, account_id="umbrella")
    carol = replace(ALICE, account_id="carol", parent_id="umbrella")
    for account in (BOB, umbrella, carol):
        await provisioning.add_account(account, "uid:0")
    await provisioning.add_extension(PHONE, "uid:0")
    taken = await provisioning.add_extension(Extension("b", "101", "bob"), "uid:0")
    assert isinstance(taken, Declined) and taken.refusal is Refusal.NUMBER_TAKEN
    free = await provisioning.add_extension(Extension("c", "101", "carol"), "uid:0")
    assert isinstance(free, Done)


@pytest.mark.parametrize(
    ("wanted", "refusal"),
    [
        (replace(PHONE, endpoint="a b"), Refusal.NAME_INVALID),
        (replace(PHONE, number="1a"), Refusal.NAME_INVALID),
        (replace(PHONE, number=""), Refusal.NAME_INVALID),
        (replace(PHONE, account_id="nobody"), Refusal.UNKNOWN_ACCOUNT),
        (replace(PHONE, account_id="acme"), Refusal.NOT_A_USER),
    ],
)
async def test_what_cannot_be_an_extension_is_declined(
    office: Office, wanted: Extension, refusal: Refusal
) -> None:
    """By name."""
    act = await office.provisioning.add_extension(wanted, "uid:0")
    assert isinstance(act, Declined) and act.refusal is refusal


async def test_an_edited_credit_limit_counts_from_the_next_start_on(
    office: Office, store: Store
) -> None:
    """The limit of `plain` was 0 and is 3.00 now; nothing is left to do the second time."""
    edited = {**PLANS, "plain": a_plan("plain", credit_limit_micros=3_000_000)}
    later = Office(store.writer, store.queries, Prices(edited, NUMBERING), Clock(), "EUR")
    assert await later.align_wallets() == 1
    has = await wallet(store, "alice")
    assert has is not None and has.available_micros == 3_000_000
    assert await later.align_wallets() == 0


async def test_a_plan_that_is_gone_changes_no_wallet(office: Office, store: Store) -> None:
    """Its accounts cannot call until they get another, and keep what they have."""
    later = Office(store.writer, store.queries, Prices({}, NUMBERING), Clock(), "EUR")
    assert await later.align_wallets() == 0
    assert await wallet(store, "alice") is not None
