"""The history of what is offered: which version of subscription plans and products counts.

What a subscription is charged follows from it, so it is written with, or before, whatever is
assigned.
"""

from collections.abc import Iterable, Mapping
from typing import Protocol

from pbxcharge.core.assigned import VersionSince
from pbxcharge.core.effects import Effect, ProductsTurned, SubscriptionsTurned
from pbxcharge.core.plan_history import version_of
from pbxcharge.core.product import Product
from pbxcharge.core.product_text import product_body
from pbxcharge.core.subscription_terms import SubscriptionPlan
from pbxcharge.core.subscription_text import subscription_body

Kept = Mapping[tuple[str, str], str | None]
"""By `subscription` or `product` and its name the version that counts; None has gone."""


class OfferRecords(Protocol):
    """What the books say about what is offered."""

    async def offered(self) -> Kept:
        """Which version of each counts, as the histories say."""
        ...


def recorded(
    kept: Kept,
    subscriptions: Iterable[SubscriptionPlan],
    products: Iterable[Product],
    at_us: int,
    actor: str,
    *,
    whole: bool = False,
) -> list[Effect]:
    """What is to be written so that the histories say what counts; nothing that they say already.

    Args:
        kept: what they say.
        subscriptions: plans that count from now on.
        products: that do.
        at_us: now.
        actor: who brought it about.
        whole: these are all that there are; others have gone.
    """
    plans = {plan.name: subscription_body(plan) for plan in subscriptions}
    goods = {product.name: product_body(product) for product in products}
    bodies, turns = _turned(_of(kept, "subscription"), plans, at_us, actor, whole)
    found: list[Effect] = [SubscriptionsTurned(bodies, turns)] if turns else []
    bodies, turns = _turned(_of(kept, "product"), goods, at_us, actor, whole)
    return [*found, ProductsTurned(bodies, turns)] if turns else found


def _of(kept: Kept, kind: str) -> dict[str, str | None]:
    return {name: version for (of, name), version in kept.items() if of == kind}


def _turned(
    known: Mapping[str, str | None],
    bodies: Mapping[str, str],
    at_us: int,
    actor: str,
    whole: bool,
) -> tuple[tuple[tuple[str, str, str], ...], tuple[VersionSince, ...]]:
    versions = {name: version_of(body) for name, body in sorted(bodies.items())}
    new = {name: version for name, version in versions.items() if known.get(name) != version}
    left = [name for name, version in known.items() if version and name not in versions]
    gone: dict[str, str | None] = dict.fromkeys(left if whole else ())
    return (
        tuple((name, version, bodies[name]) for name, version in new.items()),
        tuple(VersionSince(name, version, at_us, actor) for name, version in (gone | new).items()),
    )
