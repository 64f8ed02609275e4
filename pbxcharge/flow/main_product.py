"""The main product of an account: what is against one, and what is written when it changes.

Nothing here waits or reads, so that one account is judged as ten thousand are.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from pbxcharge.core.account import Account
from pbxcharge.core.assigned import AssignedSubscription
from pbxcharge.core.assigned_product import AssignedProduct, ProductKind
from pbxcharge.core.effects import Effect
from pbxcharge.core.plan import Plan
from pbxcharge.core.product import Product
from pbxcharge.core.subscription_terms import SubscriptionPlan
from pbxcharge.flow.acts import Declined
from pbxcharge.flow.assigning import Stamp, product_begun, product_ended
from pbxcharge.flow.product_rules import against_other_main, against_product, against_twice
from pbxcharge.flow.rules import against_plan


class Offers(Protocol):
    """What is in force."""

    @property
    def plans(self) -> Mapping[str, Plan]:
        """Charging plans by name."""
        ...

    @property
    def products(self) -> Mapping[str, Product]:
        """Products by name."""
        ...

    @property
    def subscriptions(self) -> Mapping[str, SubscriptionPlan]:
        """Subscription plans by name."""
        ...


def against_main(
    name: str | None,
    chain: Sequence[Account],
    subscriptions: Sequence[AssignedSubscription],
    offers: Offers,
    at_us: int,
) -> Iterator[Declined]:
    """What is against a main product for an account, or against having none.

    Args:
        name: of the product.
        chain: the account and all above it.
        subscriptions: of the account.
        offers: what is in force.
        at_us: now.
    """
    account = chain[0]
    product = offers.products.get(name or "")
    if name is not None:
        yield from against_product(name, ProductKind.MAIN, chain, offers.products)
    if product is not None:
        above = [each.account_id for each in chain[1:]]
        yield from against_plan(product.plain_plan, offers.plans, above)
    yield from against_other_main(name, account, offers.products, at_us)
    comes = _comes_with(product, offers)
    if comes is not None:
        ending = [had.assignment_id for had in _mains(account)]
        others = [each for each in subscriptions if each.via not in ending]
        yield from against_twice(comes, account, _open(others, at_us))


def main_turned(
    account: Account,
    assigned: AssignedProduct | None,
    subscriptions: Sequence[AssignedSubscription],
    offers: Offers,
    stamp: Stamp,
) -> list[Effect]:
    """The main product before ends, and the next one begins, each with its subscription.

    Args:
        account: whose.
        assigned: the next one; None if it is to have none.
        subscriptions: of the account.
        offers: what is in force.
        stamp: when, and by whom.
    """
    effects: list[Effect] = []
    for had in _mains(account):
        effects += product_ended(account, had, stamp.at_us, subscriptions, stamp)
    if assigned is not None:
        comes = _comes_with(offers.products[assigned.product], offers)
        effects += product_begun(account, assigned, comes, stamp)
    return effects


def _mains(account: Account) -> list[AssignedProduct]:
    return [
        had for had in account.assigned if had.kind is ProductKind.MAIN and had.until_us is None
    ]


def _comes_with(product: Product | None, offers: Offers) -> SubscriptionPlan | None:
    return None if product is None else offers.subscriptions.get(product.subscription or "")


def _open(subscriptions: Sequence[AssignedSubscription], at_us: int) -> list[str]:
    return [each.subscription for each in subscriptions if each.open_at(at_us)]
