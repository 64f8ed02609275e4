"""Which version of each plan and product is in force, and which are to come."""

from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo

from pbxcharge.core.allowance import Quota
from pbxcharge.core.plan import Plan
from pbxcharge.core.product import Product
from pbxcharge.core.product_text import discount_version
from pbxcharge.core.subscription_terms import SubscriptionPlan
from pbxcharge.core.subscription_text import subscription_version


def plan_versions(
    in_force: Mapping[str, Plan], to_come: Iterable[Plan], zone: tzinfo
) -> dict[str, str]:
    """The version of each plan, of those to come under `retail from 2027-01-01 00:00`."""
    versions = {plan.name: plan.version for plan in in_force.values()}
    for plan in to_come:
        versions[label(plan.name, local_time(plan.effective_from_s, zone))] = plan.version
    return versions


def deck_versions(decks: Mapping[str, str]) -> dict[str, str]:
    """The version of each rate deck, beside those of plans: `deck carrier`."""
    return {f"deck {name}": version for name, version in decks.items()}


def offer_versions(
    subscriptions: Mapping[str, SubscriptionPlan],
    products: Mapping[str, Product],
    discounts: Mapping[str, Quota],
) -> dict[str, str]:
    """The version of what the site offers: `subscription basic`, `product smartcall`."""
    plans = {f"subscription {name}": subscription_version(it) for name, it in subscriptions.items()}
    own = {f"discount {name}": discount_version(quota) for name, quota in discounts.items()}
    return plans | {f"product {name}": it.version for name, it in products.items()} | own


def label(name: str, effective_from: str) -> str:
    """What a plan to come is called, beside the one of its name that is in force."""
    return f"{name} from {effective_from}"


def local_time(at_s: int, zone: tzinfo) -> str:
    """An instant as it is written in plan files: `2027-01-01 00:00`, with seconds if it has any."""
    local = datetime.fromtimestamp(at_s, zone)
    return local.strftime("%Y-%m-%d %H:%M:%S" if local.second else "%Y-%m-%d %H:%M")
