"""Answers about what is offered, and what accounts have of it."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from pbxcharge.api.desk import Desk, declined, unknown_account
from pbxcharge.api.documents import Document
from pbxcharge.api.offer_documents import (
    product_document,
    products_document,
    standing_document,
    subscription_document,
)
from pbxcharge.core.product import Product
from pbxcharge.core.subscription_terms import SubscriptionPlan
from pbxcharge.flow.acts import Refusal
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.lives import Lives

Offer = TypeVar("Offer", Product, SubscriptionPlan)


async def list_products(desk: Desk, reseller: str | None = None) -> Document:
    """Every product, or those that a reseller manages, each with how many accounts have it."""
    users = await desk.queries.subscriptions.product_users(Clock().wall_us())
    found = _managed(desk.prices.products, reseller)
    return {"products": [product_document(it, users.get(it.name, 0)) for it in found]}


async def show_product(desk: Desk, name: str) -> Document:
    """One product."""
    product = desk.prices.products.get(name)
    if product is None:
        known = ", ".join(sorted(desk.prices.products)) or "none"
        message = f"there is no product {name!r}; known: {known}"
        raise declined(Refusal.UNKNOWN_PRODUCT, message)
    users = await desk.queries.subscriptions.product_users(Clock().wall_us())
    return {"product": product_document(product, users.get(name, 0))}


async def list_subscriptions(desk: Desk, reseller: str | None = None) -> Document:
    """Every subscription plan, or those that a reseller manages, and how many have it."""
    users = await desk.queries.subscriptions.subscription_users(Clock().wall_us())
    found = _managed(desk.prices.subscriptions, reseller)
    return {"subscriptions": [subscription_document(it, users.get(it.name, 0)) for it in found]}


async def show_subscription(desk: Desk, name: str) -> Document:
    """One subscription plan."""
    plan = desk.prices.subscriptions.get(name)
    if plan is None:
        known = ", ".join(sorted(desk.prices.subscriptions)) or "none"
        message = f"there is no subscription plan {name!r}; known: {known}"
        raise declined(Refusal.UNKNOWN_SUBSCRIPTION, message)
    users = await desk.queries.subscriptions.subscription_users(Clock().wall_us())
    return {"subscription": subscription_document(plan, users.get(name, 0))}


async def account_products(desk: Desk, account_id: str) -> Document:
    """What an account has of products, and the features that follow from it."""
    account = await desk.queries.account(account_id)
    if account is None:
        raise unknown_account(account_id)
    products = dict(desk.prices.products)
    zone = (await Lives(desk.queries, desk.prices).customer(account_id)).zone
    document = products_document(account, products, Clock().wall_us())
    return {"account": document, "zone": str(zone)}


async def account_subscriptions(desk: Desk, account_id: str, all: bool = False) -> Document:
    """The subscriptions of an account: where they stand, what they cost, what comes next.

    Closed ones only with `all`.
    """
    if await desk.queries.account(account_id) is None:
        raise unknown_account(account_id)
    lives, now_us = Lives(desk.queries, desk.prices), Clock().wall_us()
    customer = await lives.customer(account_id)
    found = await lives.of_account(account_id)
    shown = [it for it in found if all or it.assigned.open_at(now_us)]
    return {
        "account_id": account_id,
        "zone": str(customer.zone),
        "subscriptions": [standing_document(it, customer, now_us) for it in shown],
    }


def _managed(offers: Mapping[str, Offer], reseller: str | None) -> Sequence[Offer]:
    """A reseller sees what is managed by it, the operator everything."""
    found = (offer for _, offer in sorted(offers.items()))
    return [offer for offer in found if reseller is None or offer.managed_by == reseller]
