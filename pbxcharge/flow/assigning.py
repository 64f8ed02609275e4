"""What is written when products and subscriptions begin and end: effects, made from the books."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pbxcharge.core.account import Account
from pbxcharge.core.assigned import AssignedSubscription, Billed
from pbxcharge.core.assigned_product import AssignedProduct
from pbxcharge.core.effects import (
    BillingAdvanced,
    BillingWoken,
    Effect,
    ProductAssigned,
    SubscriptionAssigned,
)
from pbxcharge.core.subscription_terms import ActivationMode, SubscriptionPlan


@dataclass(frozen=True, slots=True)
class Stamp:
    """When something is written, and by whom."""

    at_us: int
    actor: str


def via_id(assignment_id: str) -> str:
    """The id of the subscription that comes with an assigned product: `addon-1.s`."""
    return f"{assignment_id}.s"


def begun(assigned: AssignedSubscription, plan: SubscriptionPlan, stamp: Stamp) -> list[Effect]:
    """A subscription begins, and is charged from its start; from its first use, if that counts."""
    first_use = plan.activation_mode is ActivationMode.FIRST_USE
    next_at_us = None if first_use else assigned.starts_at_us
    return [
        SubscriptionAssigned(assigned, stamp.at_us, stamp.actor),
        BillingAdvanced(Billed(assigned.assignment_id, assigned.starts_at_us, next_at_us)),
    ]


def ended(assigned: AssignedSubscription, until_us: int | None, stamp: Stamp) -> list[Effect]:
    """A subscription ends at an instant, or does not end any more; the engine is woken.

    One that would end before it ever was active is removed as if it had never been.
    """
    known_us = None if until_us is None else stamp.at_us
    never = until_us is not None and until_us <= assigned.starts_at_us
    changed = replace(assigned, closed_at_us=until_us, closing_known_us=known_us, removed=never)
    if changed == assigned:
        return []
    return [
        SubscriptionAssigned(changed, stamp.at_us, stamp.actor),
        # At once: an end that is moved on may owe more of what is paid in advance.
        BillingWoken(assigned.assignment_id, stamp.at_us),
        *(() if until_us is None else [BillingWoken(assigned.assignment_id, until_us)]),
    ]


def product_begun(
    account: Account, assigned: AssignedProduct, plan: SubscriptionPlan | None, stamp: Stamp
) -> list[Effect]:
    """An assigned product begins, and with it the subscription by this plan, if it has one."""
    own = ProductAssigned(account.account_id, assigned, stamp.at_us, stamp.actor)
    if plan is None:
        return [own]
    comes = AssignedSubscription(
        assignment_id=via_id(assigned.assignment_id),
        account_id=account.account_id,
        subscription=plan.name,
        via=assigned.assignment_id,
        assigned_at_us=stamp.at_us,
        starts_at_us=assigned.from_us,
        closed_at_us=assigned.until_us,
        closing_known_us=None if assigned.until_us is None else stamp.at_us,
    )
    return [own, *begun(comes, plan, stamp)]


def product_ended(
    account: Account,
    had: AssignedProduct,
    until_us: int | None,
    subscriptions: Iterable[AssignedSubscription],
    stamp: Stamp,
) -> list[Effect]:
    """An assigned product ends at an instant, or for good goes on, and its subscription with it."""
    end_us = until_us if until_us is None else max(until_us, had.from_us)
    own = [
        each
        for each in subscriptions
        if each.via == had.assignment_id and each.open_at(stamp.at_us)
    ]
    return [
        ProductAssigned(
            account.account_id, replace(had, until_us=end_us), stamp.at_us, stamp.actor
        ),
        *(effect for each in own for effect in ended(each, end_us, stamp)),
    ]


def all_ended(
    account: Account, subscriptions: Sequence[AssignedSubscription], stamp: Stamp
) -> list[Effect]:
    """Everything that an account has ends now, since the account does."""
    own = [each for each in subscriptions if each.account_id == account.account_id]
    found: list[Effect] = []
    for had in account.assigned:
        if had.until_us is None or stamp.at_us < had.until_us:
            found += product_ended(account, had, stamp.at_us, own, stamp)
    for each in own:
        if each.via is None and each.open_at(stamp.at_us):
            found += ended(each, stamp.at_us, stamp)
    return found
