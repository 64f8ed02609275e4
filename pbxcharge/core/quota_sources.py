"""From where an account's calls have included minutes and discounts."""

from collections.abc import Iterable, Mapping

from pbxcharge.core.allowance import Quota
from pbxcharge.core.assigned_product import AssignedDiscount, AssignedProduct
from pbxcharge.core.entitlement import in_precedence, running
from pbxcharge.core.product import Product
from pbxcharge.core.quotas import QuotaSource


def own_sources(
    discounts: Iterable[AssignedDiscount], known: Mapping[str, Quota], at_us: int
) -> tuple[QuotaSource, ...]:
    """The account's own at an instant, in the order in which they were set; used before all others.

    Args:
        discounts: as the account has them.
        known: those of the site, by name.
        at_us: UTC microsecond.
    """
    return tuple(
        QuotaSource("", (known[own.name],), own.from_us)
        for own in discounts
        if own.name in known and own.from_us <= at_us
    )


def quota_sources(
    assigned: Iterable[AssignedProduct], products: Mapping[str, Product], at_us: int
) -> tuple[QuotaSource, ...]:
    """Those with quotas at an instant, in the order in which they are used: add-ons come first.

    A product that an account has twice counts once, from its first beginning to its last end.

    Args:
        assigned: the account's products, whenever they count.
        products: those of the site, by name.
        at_us: UTC microsecond.
    """
    now = running(assigned, at_us)
    return tuple(
        _source(product, [each for each in now if each.product == product.name])
        for product in in_precedence(now, products, at_us)
        if product.discounts
    )


def _source(product: Product, had: list[AssignedProduct]) -> QuotaSource:
    ends = [each.until_us for each in had]
    known = [end_us for end_us in ends if end_us is not None]
    until_us = max(known) if len(known) == len(ends) else None
    return QuotaSource(product.name, product.discounts, min(each.from_us for each in had), until_us)
