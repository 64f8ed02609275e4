"""What the files of products and subscription plans mean for the accounts that there are."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from pbxcharge.catalog.changes import unknown_account_hint
from pbxcharge.catalog.findings import Finding, Severity
from pbxcharge.catalog.offer_values import missing_step
from pbxcharge.catalog.offers import Offers
from pbxcharge.catalog.plan_form import OWNER_SITE
from pbxcharge.catalog.source import Source
from pbxcharge.core.assigned import CameWith, OffersUsed
from pbxcharge.core.assigned_product import ProductKind
from pbxcharge.core.product import Product

_GIVE = {
    "discount": "take it from them first: pbxcharge account set-discounts",
    "product": "give them another one first: pbxcharge account set-product, addon unassign",
    "subscription plan": "close their subscriptions first: pbxcharge subscription close",
}


def managers_of(offers: Offers) -> tuple[str, ...]:
    """The accounts that are written as managers of products and subscription plans."""
    return tuple(sorted({name for _, name in _managed(offers)} - {"", OWNER_SITE}))


def manager_findings(offers: Offers, known: Iterable[str]) -> Iterator[Finding]:
    """Products and subscription plans of a reseller who does not exist: nobody could use them."""
    there = frozenset((*known, "", OWNER_SITE))
    for source, name in _managed(offers):
        if name not in there:
            message = f"there is no account {name}"
            yield source.error(("managed_by",), message, unknown_account_hint(name))


def vanished_findings(offers: Offers, used: OffersUsed, severity: Severity) -> Iterator[Finding]:
    """Products, subscription plans and discounts that accounts have, and that no file has.

    An error where they are still in force; a warning where they had gone before.
    """
    files = offers.files
    written = {read.name for read in offers.products}
    yield from _gone("product", files.products, used.products, written, severity)
    written = {read.name for read in offers.discounts}
    yield from _gone("discount", files.discounts, used.discounts, written, severity)
    written = {read.name for read in offers.subscriptions}
    yield from _gone(
        "subscription plan", files.subscriptions, used.subscriptions, written, severity
    )


def unused_findings(offers: Offers, assigned: Mapping[str, int]) -> Iterator[Finding]:
    """Subscription plans that no product names and no account has."""
    if any(read.value is None for read in offers.products):
        return
    named = {read.value.subscription for read in offers.products if read.value is not None}
    for read in offers.subscriptions:
        if read.name and read.name not in named and read.name not in assigned:
            message = "no product names this subscription plan, and no account has it"
            step = missing_step(
                "associate the subscription plan with a product", f"subscription: {read.name}"
            )
            hint = f"{step}; or assign it by itself: pbxcharge subscription assign"
            yield read.source.warning(("name",), message, hint)


def kept_findings(offers: Offers, came_with: Iterable[CameWith]) -> Iterator[Finding]:
    """Products that name another subscription plan than the one that accounts got with them.

    What was agreed stays: nobody is charged another fee because a file was edited.
    """
    known = {read.value.name: (read.source, read.value) for read in offers.products if read.value}
    for had in came_with:
        source, product = known.get(had.product, (None, None))
        if source and product and product.subscription != had.subscription:
            yield _kept(source, product, had)


def _kept(source: Source, product: Product, had: CameWith) -> Finding:
    what = f"keep the subscription {had.subscription}" if had.subscription else "have none"
    comes = product.subscription or "no subscription"
    anew = {
        ProductKind.MAIN: f"account set-product ACCOUNT --none, then {product.name} again",
        ProductKind.ADD_ON: f"addon unassign ACCOUNT {product.name}, then assign it again",
    }
    message = f"who gets it from now on has {comes}; accounts that {what}: {had.accounts}"
    return source.warning(("subscription",), message, f"to move one: {anew[product.kind]}")


def _managed(offers: Offers) -> Iterator[tuple[Source, str]]:
    yield from ((read.source, read.managed_by) for read in offers.products)
    yield from ((read.source, read.managed_by) for read in offers.subscriptions)


def _gone(
    what: str,
    folder: Path | None,
    used: Mapping[str, int],
    written: set[str],
    severity: Severity,
) -> Iterator[Finding]:
    for name in sorted(used.keys() - written):
        message = f"there is no {what} {name}, but accounts have it: {used[name]}"
        hint = f"put the file back, or {_GIVE[what]}"
        yield Finding(severity, "" if folder is None else str(folder), 0, "", message, hint)
