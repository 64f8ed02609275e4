"""The example site sells SmartCall: a month for nothing, and call forwarding beside it."""

from pathlib import Path

import pytest

from pbxcharge.catalog.load import Catalog
from pbxcharge.core.assigned_product import AssignedProduct, ProductKind
from pbxcharge.core.billing_cycle import BillingCycle
from pbxcharge.core.entitlement import entitlements
from pbxcharge.core.feature import Feature
from pbxcharge.site_files import read_files

CONFIG = Path(__file__).parents[3] / "config" / "pbxcharge.yaml"


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    """What the example site charges by."""
    read = read_files(CONFIG)
    assert read.findings == ()
    assert read.catalog is not None
    return read.catalog


def test_the_main_product_is_free_for_a_month_and_cheaper_for_five(catalog: Catalog) -> None:
    """1.99 a month then, and 2.99 from the seventh on."""
    basic = catalog.subscriptions[catalog.products["smartcall"].subscription or ""]
    rows = [(row.months, row.monthly_fee_micros) for row in basic.promotions]
    assert rows == [(1, 0), (5, 1_990_000)]
    assert basic.fee_micros(BillingCycle.MONTHLY) == 2_990_000


def test_the_add_on_alone_forwards_calls(catalog: Catalog) -> None:
    """It goes with SmartCall, and has a subscription of its own."""
    main = AssignedProduct("p-1", "smartcall", ProductKind.MAIN, 0)
    more = AssignedProduct("p-2", "call-forwarding", ProductKind.ADD_ON, 10, 20)
    granted = [
        entitlements((main, more), (), catalog.products, at_us).allows(Feature.CALL_FORWARDING)
        for at_us in (9, 10, 19, 20)
    ]
    assert granted == [False, True, True, False]
    assert catalog.products["call-forwarding"].goes_with == {"smartcall"}
    assert catalog.products["call-forwarding"].subscription == "call-forwarding"
