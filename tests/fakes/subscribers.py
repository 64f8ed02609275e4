"""Subscriptions put into real books without the acts that assign them."""

from datetime import UTC

from pbxcharge.core.assigned import AssignedSubscription, Billed, VersionSince
from pbxcharge.core.credit import Post
from pbxcharge.core.effects import (
    BillingAdvanced,
    BillingWoken,
    SubscriptionAssigned,
    SubscriptionsTurned,
)
from pbxcharge.core.ledger import Entry, EntryKind
from pbxcharge.core.money import parse_amount
from pbxcharge.core.period import instant_us
from pbxcharge.core.subscription_terms import ActivationMode, SubscriptionPlan
from pbxcharge.core.subscription_text import subscription_body, subscription_version
from pbxcharge.store import Store

LONG_AGO_US = instant_us("2020-01-01", UTC)
ACTOR = "uid:0"


async def offer(store: Store, plan: SubscriptionPlan) -> None:
    """A plan that has been in force for ever."""
    version = subscription_version(plan)
    body = (plan.name, version, subscription_body(plan))
    turn = VersionSince(plan.name, version, LONG_AGO_US, ACTOR)
    await store.writer.submit((), [SubscriptionsTurned((body,), (turn,))])


async def subscribe(
    store: Store,
    plan: SubscriptionPlan,
    starts: str,
    *,
    name: str = "s1",
    account_id: str = "alice",
) -> AssignedSubscription:
    """An account's subscription from a day on."""
    starts_us = instant_us(starts, UTC)
    subscription = AssignedSubscription(
        assignment_id=name,
        account_id=account_id,
        subscription=plan.name,
        assigned_at_us=starts_us,
        starts_at_us=starts_us,
    )
    by_use = plan.activation_mode is ActivationMode.FIRST_USE
    billed = Billed(name, starts_us, None if by_use else starts_us)
    await store.writer.submit(
        (), [SubscriptionAssigned(subscription, starts_us, ACTOR), BillingAdvanced(billed)]
    )
    return subscription


async def pay_in(store: Store, amount: str, at: str, account_id: str = "alice") -> None:
    """A top-up at an instant."""
    entry = Entry(
        f"topup-{account_id}-{at}",
        f"{account_id}:outgoing",
        EntryKind.TOP_UP,
        parse_amount(amount),
        instant_us(at, UTC),
        ACTOR,
    )
    await store.writer.submit([Post(entry)])


async def wake(store: Store, name: str, at: str) -> None:
    """Something happened to a subscription."""
    await store.writer.submit((), [BillingWoken(name, instant_us(at, UTC))])
