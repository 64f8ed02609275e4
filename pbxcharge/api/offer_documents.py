"""Products, subscription plans and what accounts have of them, as JSON documents."""

from dataclasses import asdict
from datetime import date
from typing import Any

from pbxcharge.api.documents import Document, instant
from pbxcharge.core.account import Account
from pbxcharge.core.assigned_product import AssignedProduct
from pbxcharge.core.entitlement import entitlements
from pbxcharge.core.feature import Feature, FeatureSetting
from pbxcharge.core.money import format_amount
from pbxcharge.core.period import local_day
from pbxcharge.core.product import OverdraftMode, Product, UsageCharge
from pbxcharge.core.subscription import Lifetime
from pbxcharge.core.subscription_fees import full_fee_micros
from pbxcharge.core.subscription_schedule import Owed, next_at_us, owed
from pbxcharge.core.subscription_terms import FeeAdjustment, PromotionalRow, SubscriptionPlan
from pbxcharge.core.subscription_text import subscription_version
from pbxcharge.flow.lives import Customer, Standing

AHEAD = 40
"""So many instants ahead the next fee is looked for: a progressive one may round to nothing."""


def product_document(product: Product, accounts: int) -> Document:
    """A product as it is written, and how many accounts have it now."""
    return {
        "name": product.name,
        "shown_name": product.shown_name,
        "kind": str(product.kind),
        "currency": product.currency,
        "managed_by": product.managed_by,
        "account_role": str(product.account_role),
        "default_acl": str(product.default_acl),
        "services": sorted(map(str, product.services)),
        "features": [_feature(it) for _, it in sorted(product.features.items())],
        "usage": [_usage(row) for row in product.usage],
        "subscription": product.subscription,
        "quotas": [quota.name for quota in product.discounts],
        "priority": product.priority,
        "goes_with": sorted(product.goes_with),
        "version": product.version,
        "accounts": accounts,
    }


def _feature(setting: FeatureSetting) -> Document:
    return {
        "feature": str(setting.feature),
        "on": setting.on,
        "attributes": dict(setting.attributes),
        "edited_by": sorted(map(str, setting.edited_by)),
        "enforced": str(setting.feature.enforced),
    }


def _usage(row: UsageCharge) -> Document:
    protected = row.overdraft
    amount = protected.amount_micros if protected.mode is OverdraftMode.AMOUNT else None
    return {
        "service": str(row.service),
        "node": row.node,
        "access_code": row.access_code,
        "plan": row.plan,
        "overdraft": str(protected.mode),
        "overdraft_amount": None if amount is None else format_amount(amount),
    }


def subscription_document(plan: SubscriptionPlan, assigned: int) -> Document:
    """A subscription plan as it is written, and how many have it now."""
    term, credits = plan.minimum_term, plan.credits
    return {
        "name": plan.name,
        "shown_name": plan.shown_name,
        "currency": plan.currency,
        "managed_by": plan.managed_by,
        "description": plan.description,
        "applied": str(plan.applied),
        "periods_in_advance": plan.periods_in_advance,
        "activation_mode": str(plan.activation_mode),
        "activation_fee": format_amount(plan.activation_fee_micros),
        "monthly_fee": format_amount(plan.monthly_fee_micros),
        "fees": _amounts(plan.fees_micros),
        "promotions": [_promotion(row) for row in plan.promotions],
        "more_than_once": plan.more_than_once,
        "rounding": str(plan.rounding),
        "rounding_decimals": plan.rounding_decimals,
        "prorate_first": plan.prorate_first,
        "prorate_last": plan.prorate_last,
        "minimum_term": {
            "months": term.months,
            "penalty": str(term.penalty),
            "fixed": format_amount(term.fixed_micros),
        },
        "credits": asdict(credits) | {"reasons": sorted(map(str, credits.reasons))},
        "version": subscription_version(plan),
        "assigned": assigned,
    }


def _promotion(row: PromotionalRow) -> Document:
    return {
        "months": row.months,
        "monthly_fee": format_amount(row.monthly_fee_micros),
        "fees": _amounts(row.fees_micros),
        "periods": {str(cycle): count for cycle, count in row.periods.items()},
    }


def _amounts(fees_micros: Any) -> dict[str, str]:
    return {str(cycle): format_amount(micros) for cycle, micros in fees_micros.items()}


def standing_document(standing: Standing, customer: Customer, now_us: int) -> Document:
    """A subscription of an account: where it stands, its fee now, and what it owes next."""
    assigned, plan = standing.assigned, standing.assignment.revisions[-1].plan
    coming = None if standing.life is None else _next(standing.life, now_us)
    return {
        "id": assigned.assignment_id,
        "account_id": assigned.account_id,
        "subscription": assigned.subscription,
        "shown_name": plan.shown_name or plan.name,
        "via": assigned.via,
        "came_with": _came_with(assigned.via, customer.chain[0]),
        "state": str(standing.assignment.state_at(now_us)),
        "starts_at": instant(assigned.starts_at_us),
        "activated_at": instant(standing.assignment.activated_at_us),
        "first_used_at": instant(assigned.first_used_at_us),
        "closes_at": instant(assigned.closed_at_us),
        "discount": _discount(assigned.adjustment),
        "billing_period": str(customer.calendar.holding(local_day(now_us, customer.zone)).cycle),
        "fee": format_amount(_fee_micros(standing, customer, now_us)),
        "next": None if coming is None else _owed(coming),
        "currency": plan.currency,
    }


def _came_with(via: str | None, account: Account) -> str | None:
    """The name of the product that brought it."""
    return next((had.product for had in account.assigned if had.assignment_id == via), None)


def _discount(adjustment: FeeAdjustment) -> str | None:
    """`-20 %` or `-5.00`; None without one."""
    if adjustment.percent:
        return f"{adjustment.percent} %"
    return format_amount(adjustment.amount_micros) if adjustment.amount_micros else None


def _fee_micros(standing: Standing, customer: Customer, now_us: int) -> int:
    """Of the whole billing period that runs, promotions and discount included."""
    revision = standing.assignment.revisions[-1]
    life = standing.life
    if life is None:
        cycle = customer.calendar.holding(local_day(now_us, customer.zone)).cycle
        exact = standing.assigned.adjustment.adjusted(revision.plan.fee_micros(cycle))
    else:
        day: date = max(local_day(now_us, life.zone), life.activated_on)
        exact = full_fee_micros(life, life.calendar.holding(day), revision)
    return revision.plan.rounded_micros(exact)


def _next(life: Lifetime, now_us: int) -> Owed | None:
    """What is owed next that is not nothing, if that is near."""
    after_us = now_us
    for _ in range(AHEAD):
        at_us = next_at_us(life, after_us)
        if at_us is None:
            return None
        for one in owed(life, at_us, at_us + 1):
            if one.amount_micros:
                return one
        after_us = at_us
    return None


def _owed(one: Owed) -> Document:
    return {
        "at": instant(one.at_us),
        "kind": str(one.kind),
        "amount": format_amount(one.amount_micros),
        "period_first": one.period.first.isoformat(),
        "period_until": one.period.until.isoformat(),
    }


def products_document(account: Account, products: dict[str, Product], now_us: int) -> Document:
    """What an account has of products, and the features that follow from it."""
    has = entitlements(account.assigned, account.overrides, products, now_us)
    features = sorted({*Feature} & _spoken_of(account, products, has.products))
    return {
        "account_id": account.account_id,
        "product": account.product,
        "plan": account.plan,
        "managed_by": account.managed_by,
        "products": [_assigned(had, products, now_us) for had in account.assigned],
        "features": [
            {
                "feature": str(feature),
                "on": has.allows(feature),
                "by": has.source(feature),
                "attributes": {name: has.attribute(feature, name) for name in feature.attributes},
                "edited_by": sorted(map(str, has.edited_by(feature))),
                "enforced": str(feature.enforced),
            }
            for feature in features
        ],
    }


def _spoken_of(
    account: Account, products: dict[str, Product], running: tuple[Product, ...]
) -> set[Feature]:
    said = {feature for product in running for feature in product.features}
    with_service = {Feature.OUTGOING_CALLS} if running else set()
    return said | with_service | {own.feature for own in account.overrides}


def _assigned(had: AssignedProduct, products: dict[str, Product], now_us: int) -> Document:
    known = products.get(had.product)
    state = "running" if had.runs(now_us) else "pending" if now_us < had.from_us else "ended"
    return {
        "id": had.assignment_id,
        "product": had.product,
        "shown_name": known.shown_name or known.name if known else had.product,
        "kind": str(had.kind),
        "state": state,
        "from": instant(had.from_us),
        "until": instant(had.until_us),
        "subscription": known.subscription if known else None,
    }
