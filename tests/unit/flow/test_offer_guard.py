"""What accounts have stays: products and subscription plans that would be gone are refused."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from pbxcharge.core.account import Account
from pbxcharge.core.account_kinds import AccountKind, AccountStatus
from pbxcharge.core.assigned import OffersUsed
from pbxcharge.core.number import Numbering
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.offer_guard import OfferGuard
from pbxcharge.flow.prices import Prices
from tests.unit.catalog.offer_texts import MAIN, as_it_is, site

ACME = Account("acme", AccountKind.SERVICE_PROVIDER, None, "Acme", None, AccountStatus.ACTIVE)


class Books:
    """One reseller, and one account that has everything."""

    def __init__(self, used: OffersUsed) -> None:
        self.used = used

    @property
    def subscriptions(self) -> "Books":
        """These."""
        return self

    async def offers_used(self, at_us: int) -> OffersUsed:
        """Whenever it is."""
        return self.used

    async def accounts_named(self, account_ids: Sequence[str]) -> Sequence[Account]:
        """The reseller, if he is among them."""
        return [ACME] if "acme" in account_ids else []


def guard(folder: Path, used: OffersUsed) -> OfferGuard:
    """Of a site with two products in force."""
    catalog = site(folder).catalog
    assert catalog is not None
    prices = Prices(
        {}, Numbering(()), subscriptions=catalog.subscriptions, products=catalog.products
    )
    return OfferGuard(Books(used), prices, Clock())


USED = OffersUsed({"smartcall": 1, "long-gone": 1}, {"basic": 1})


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("products/forwarding.yaml", []),
        ("products/smartcall.yaml", ["there is no product smartcall, but accounts have it: 1"]),
        (
            "subscriptions/basic.yaml",
            ["there is no subscription plan basic, but accounts have it: 1"],
        ),
    ],
)
async def test_what_accounts_have_cannot_go(tmp_path: Path, file: str, said: list[str]) -> None:
    """What nobody has can; what had gone before keeps nothing else from coming into force."""
    asked = guard(tmp_path, USED)
    offers = site(tmp_path).offers
    (tmp_path / file).unlink()
    left = as_it_is(tmp_path).offers
    assert await asked.findings(offers) == ()
    assert [it.message for it in await asked.findings(left)] == said


async def test_the_product_of_a_reseller_who_is_there_comes_into_force(tmp_path: Path) -> None:
    """That of one who is not does not."""
    asked = guard(tmp_path, OffersUsed({}, {}))
    for manager, said in (("acme", []), ("acne", ["there is no account acne"])):
        offers = site(tmp_path, smartcall=f"{MAIN}managed_by: {manager}\n").offers
        assert [it.message for it in await asked.findings(offers)] == said
