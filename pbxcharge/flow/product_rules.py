"""What accounts may have: the rules between accounts, products and subscription plans.

Each names everything that is against it, the gravest first.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from pbxcharge.core.account import Account
from pbxcharge.core.account_kinds import AccountKind, AccountStatus
from pbxcharge.core.assigned_product import ProductKind
from pbxcharge.core.product import Product
from pbxcharge.core.subscription_terms import SubscriptionPlan, assignable
from pbxcharge.flow.acts import Declined, Refusal

_WORDS = {ProductKind.MAIN: "a main product", ProductKind.ADD_ON: "an add-on"}
_HINTS = {
    ProductKind.MAIN: "account set-product assigns main products",
    ProductKind.ADD_ON: "addon assign assigns add-ons",
}


def manager(chain: Sequence[Account]) -> str | None:
    """The reseller who manages an account: its own, else that of the nearest one above."""
    return next((each.managed_by for each in chain if each.managed_by is not None), None)


def against_product(
    name: str, kind: ProductKind, chain: Sequence[Account], products: Mapping[str, Product]
) -> Iterator[Declined]:
    """What is against a product for an account.

    Args:
        name: of the product.
        kind: as what it is wanted.
        chain: the account and all above it.
        products: of the site, by name.
    """
    account = chain[0]
    yield from against_closed(chain)
    if account.kind is not AccountKind.USER:
        message = f"{account.account_id} is of the kind {account.kind}: users have products"
        yield Declined(Refusal.NOT_A_USER, message, "assign it a subscription itself", "account")
    product = products.get(name)
    if product is None:
        known = [each for each, it in sorted(products.items()) if it.kind is kind]
        hint = f"known: {', '.join(known) or 'none'}; see product list"
        yield Declined(Refusal.UNKNOWN_PRODUCT, f"there is no product {name!r}", hint, "product")
        return
    if product.kind is not kind:
        message = f"{name} is {_WORDS[product.kind]}"
        yield Declined(Refusal.PRODUCT_UNFIT, message, _HINTS[product.kind], "product")
    yield from against_manager(f"product {name}", product.managed_by, chain)


def against_manager(
    what: str, managed_by: str | None, chain: Sequence[Account]
) -> Iterator[Declined]:
    """A reseller's accounts have what that reseller manages, all others what the operator does.

    What stands below a reseller in the tree may have that reseller's, too.
    """
    own = manager(chain)
    above = {each.account_id for each in chain}
    if managed_by == own or (managed_by in above and own is None):
        return
    by, account = managed_by or "the operator alone", chain[0].account_id
    message = f"{what} is managed by {by}, and {account} by {own or 'the operator'}"
    yield Declined(Refusal.MANAGED_ELSEWHERE, message, "choose one of the same")


def against_add_on(product: Product, account: Account) -> Iterator[Declined]:
    """An add-on is had beside a main product that it goes with."""
    if account.product is None:
        message = f"{account.account_id} has no main product"
        yield Declined(Refusal.PRODUCT_DECIDES, message, "account set-product first", "product")
    elif account.product not in product.goes_with:
        goes = ", ".join(sorted(product.goes_with)) or "no main product"
        message = f"{product.name} goes with {goes}, and {account.account_id} has {account.product}"
        yield Declined(Refusal.PRODUCT_UNFIT, message, field="product")


def against_other_main(
    wanted: str | None, account: Account, products: Mapping[str, Product], at_us: int
) -> Iterator[Declined]:
    """Add-ons that would be left beside a main product that they do not go with."""
    for had in account.assigned:
        add_on = had.kind is ProductKind.ADD_ON and (had.until_us is None or at_us < had.until_us)
        known = products.get(had.product)
        fits = wanted is not None and (known is None or wanted in known.goes_with)
        if add_on and not fits:
            beside = f"does not go with {wanted}" if wanted else "needs a main product"
            message = f"{account.account_id} has the add-on {had.product}, which {beside}"
            hint = f"addon unassign {account.account_id} {had.product}"
            yield Declined(Refusal.PRODUCT_UNFIT, message, hint, "product")


def against_subscription(
    name: str,
    chain: Sequence[Account],
    plans: Mapping[str, SubscriptionPlan],
    had: Collection[str],
) -> Iterator[Declined]:
    """What is against a subscription for an account.

    Args:
        name: of the subscription plan.
        chain: the account and all above it.
        plans: of the site, by name.
        had: the plans of those subscriptions of the account that are not closed by its beginning.
    """
    account = chain[0]
    yield from against_closed(chain)
    plan = plans.get(name)
    if plan is None:
        hint = f"known: {', '.join(sorted(plans)) or 'none'}; see subscription list"
        message = f"there is no subscription plan {name!r}"
        yield Declined(Refusal.UNKNOWN_SUBSCRIPTION, message, hint, "subscription")
        return
    yield from against_manager(f"subscription plan {name}", plan.managed_by, chain)
    if account.plan is None and account.product is None:
        message = f"{account.account_id} has no wallet to pay from"
        hint = "give it a plan first: account set-plan"
        yield Declined(Refusal.NO_WALLET, message, hint, "account")
    yield from against_twice(plan, account, had)


def against_twice(
    plan: SubscriptionPlan, account: Account, had: Iterable[str]
) -> Iterator[Declined]:
    """Most subscriptions are had once at a time."""
    if not assignable(plan, had):
        message = f"{account.account_id} has the subscription {plan.name}, which is had once"
        hint = f"close it by then, see account subscriptions {account.account_id}"
        yield Declined(Refusal.ASSIGNED_ONCE, message, hint, "subscription")


def against_closed(chain: Sequence[Account]) -> Iterator[Declined]:
    """The account is closed, or one above it."""
    for each in chain:
        if each.status is AccountStatus.CLOSED:
            message = f"{each.account_id} is closed"
            hint = "what is closed gets nothing any more; add another account"
            yield Declined(Refusal.ACCOUNT_CLOSED, message, hint, "account")


def past(word: str) -> Declined:
    """The instant has passed."""
    return Declined(Refusal.INSTANT_INVALID, f"{word} lies in the past", "name one to come", word)
