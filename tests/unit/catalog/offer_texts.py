"""Files of subscription plans and products, as small as they may be, and how they are read."""

from collections.abc import Mapping
from pathlib import Path

from pbxcharge.catalog.findings import Finding
from pbxcharge.catalog.load import CatalogResult, load_catalog
from pbxcharge.catalog.offers import OfferFiles
from pbxcharge.catalog.product_file import read_product
from pbxcharge.catalog.source import Source, parse_source
from pbxcharge.catalog.subscription_file import read_subscription
from pbxcharge.core.number import NumberRule
from pbxcharge.core.product import Product
from pbxcharge.core.subscription_terms import SubscriptionPlan

PLAN = """
name: {name}
type: prepaid
allow: {{local: yes}}
prices: {{local: {{price_per_minute: 0}}}}
"""
SUBSCRIPTION = "name: {name}\ncurrency: EUR\nmonthly_fee: {fee}\n"
MAIN = """
name: smartcall
type: main
currency: EUR
services: [voice_calls]
usage: [{plan: retail}]
subscription: basic
"""
ADD_ON = """
name: forwarding
type: add_on
currency: EUR
services: [voice_calls]
features: {call_forwarding: yes}
goes_with: [smartcall]
subscription: extra
"""
SITE: Mapping[str, str] = {
    "plans/retail.yaml": PLAN.format(name="retail"),
    "subscriptions/basic.yaml": SUBSCRIPTION.format(name="basic", fee=10),
    "subscriptions/extra.yaml": SUBSCRIPTION.format(name="extra", fee=10),
    "products/smartcall.yaml": MAIN,
    "products/forwarding.yaml": ADD_ON,
}


def subscription(
    lines: str = "", monthly_fee: str = "10"
) -> tuple[SubscriptionPlan | None, tuple[Finding, ...]]:
    """A subscription plan of 10 a month with some more lines."""
    return read_subscription(_source(SUBSCRIPTION.format(name="basic", fee=monthly_fee) + lines))


def product(text: str) -> tuple[Product | None, tuple[Finding, ...]]:
    """A product from its text."""
    return read_product(_source(text))


def site(folder: Path, **changed: str) -> CatalogResult:
    """A site of two products; files by their name, `smartcall="..."`, are other ones."""
    for path, text in SITE.items():
        file = folder / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(changed.pop(file.stem, text))
    for name, text in changed.items():
        kind, _, stem = name.partition("_")
        (folder / f"{kind}s" / f"{stem}.yaml").write_text(text)
    return as_it_is(folder)


def as_it_is(folder: Path) -> CatalogResult:
    """A site as its files lie there."""
    offers = OfferFiles(folder / "subscriptions", folder / "products", "EUR", "pbx1")
    return load_catalog(folder / "plans", (NumberRule("+", 1, ""),), offers=offers)


def _source(text: str) -> Source:
    source, found = parse_source("file.yaml", text.encode())
    assert source is not None, found
    return source
