"""Discounts that an account has by itself."""

from pbxcharge.core.account import Account
from pbxcharge.core.account_kinds import AccountKind, AccountStatus
from pbxcharge.core.allowance import included
from pbxcharge.core.assigned_product import AssignedDiscount
from pbxcharge.core.measure import Measure
from pbxcharge.flow.acts import Declined, Done, Refusal
from pbxcharge.flow.office import Office
from pbxcharge.flow.own_discounts import DISCOUNTS_MAX
from pbxcharge.flow.prices import Prices
from pbxcharge.flow.quotas import sources_of
from pbxcharge.store import Store
from pbxcharge.store.verify import verify
from tests.fakes.plans import NUMBERING
from tests.fakes.small_site import NOW_US

TELCO = Account("telco", AccountKind.SERVICE_PROVIDER, None, "Telco", None, AccountStatus.ACTIVE)
NAMES = [f"d-{n}" for n in range(DISCOUNTS_MAX + 1)]
KNOWN = {name: included(name, name, Measure.SECONDS, 60) for name in NAMES}


async def set_own(
    office: Office, *names: str, account_id: str = "alice"
) -> Done[Account] | Refusal:
    """Where each of these is known."""
    office.discounts._prices.discounts = KNOWN
    act = await office.discounts.set(account_id, names, "uid:7")
    return act.refusal if isinstance(act, Declined) else act


async def test_an_account_has_what_was_said_last(office: Office, store: Store) -> None:
    """In that order; what it had counts on from when it began; twice is already done."""
    await set_own(office, "d-1", "d-2")
    again = await set_own(office, "d-1", "d-2", "d-1")
    assert isinstance(again, Done) and again.already
    await set_own(office, "d-2", "d-3")
    alice = await store.queries.account("alice")
    assert alice is not None
    assert [own.name for own in alice.discounts] == ["d-2", "d-3"]
    assert alice.discounts[0].from_us <= alice.discounts[1].from_us
    used = await store.queries.subscriptions.offers_used(NOW_US)
    assert used.discounts == {"d-2": 1, "d-3": 1}
    await set_own(office)
    assert await store.queries.account("alice") == Account(
        "alice", AccountKind.USER, "acme", "Alice", "plain", AccountStatus.ACTIVE
    )


async def test_what_is_set_is_in_the_audit_trail(office: Office, store: Store) -> None:
    """And the account is as its last row says."""
    await set_own(office, "d-1")
    assert verify(store.path) == []


async def test_what_cannot_be_had_is_declined(office: Office) -> None:
    """Unknown names, too many, and providers, whose calls are those of many customers."""
    await office.provisioning.add_account(TELCO, "uid:0")
    assert await set_own(office, "none") is Refusal.UNKNOWN_DISCOUNT
    assert await set_own(office, *NAMES) is Refusal.OUT_OF_BOUNDS
    assert await set_own(office, "d-1", account_id="telco") is Refusal.DISCOUNT_UNFIT
    assert await set_own(office, "d-1", account_id="nobody") is Refusal.UNKNOWN_ACCOUNT
    assert isinstance(await set_own(office, "d-1", account_id="acme"), Done)


def test_its_own_come_first_and_count_from_when_they_were_set() -> None:
    """One whose file has gone gives nothing; one of the future not yet."""
    prices = Prices({}, NUMBERING, discounts=KNOWN)
    own = (AssignedDiscount("gone", 1), AssignedDiscount("d-2", 5), AssignedDiscount("d-1", 7))
    place = (AccountKind.USER, None, "Alice", None, AccountStatus.ACTIVE)
    alice = Account("alice", *place, discounts=own)
    found = [(it.name, it.quotas[0].name, it.from_us) for it in sources_of(alice, prices, 6)]
    assert found == [("", "d-2", 5)]
