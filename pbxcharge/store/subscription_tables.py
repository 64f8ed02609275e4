"""Products, subscriptions and their records as rows: what the writer gives its statements."""

import orjson

from pbxcharge.core.assigned import AssignedSubscription, Billed, VersionSince
from pbxcharge.core.assigned_product import AssignedProduct
from pbxcharge.core.billing_period import BillingRule
from pbxcharge.core.effects import FeatureOverridden
from pbxcharge.core.xdr import Xdr
from pbxcharge.store.tables import Row


def product_assignment_row(
    account_id: str, assigned: AssignedProduct, at_us: int, actor: str
) -> Row:
    """The parameters of writes.PUT_PRODUCT_ASSIGNMENT."""
    return (
        assigned.assignment_id,
        account_id,
        assigned.product,
        assigned.kind.value,
        assigned.from_us,
        assigned.until_us,
        at_us,
        actor,
    )


def subscription_assignment_row(assigned: AssignedSubscription, at_us: int, actor: str) -> Row:
    """The parameters of writes.PUT_SUBSCRIPTION_ASSIGNMENT."""
    return (
        assigned.assignment_id,
        assigned.account_id,
        assigned.subscription,
        assigned.via,
        assigned.adjustment.amount_micros,
        str(assigned.adjustment.percent),
        assigned.assigned_at_us,
        assigned.starts_at_us,
        assigned.first_used_at_us,
        assigned.closed_at_us,
        assigned.closing_known_us,
        int(assigned.removed),
        at_us,
        actor,
    )


def override_row(effect: FeatureOverridden) -> Row:
    """The parameters of writes.PUT_OVERRIDE."""
    override = effect.override
    return (
        effect.account_id,
        override.feature.value,
        None if override.on is None else int(override.on),
        orjson.dumps(dict(override.attributes), option=orjson.OPT_SORT_KEYS).decode(),
        effect.by.value,
        effect.at_us,
        effect.actor,
    )


def billing_rule_row(account_id: str, rule: BillingRule, at_us: int, actor: str) -> Row:
    """The parameters of writes.ADD_BILLING_RULE."""
    since, anchor = rule.since.isoformat(), rule.anchor.isoformat()
    return (account_id, since, rule.cycle.value, anchor, at_us, actor)


def bill_row(billed: Billed) -> Row:
    """The parameters of writes.PUT_BILL."""
    return (billed.assignment_id, billed.until_us, billed.next_at_us, billed.waiting)


def xdr_row(xdr: Xdr) -> Row:
    """The parameters of writes.ADD_XDR."""
    return (
        xdr.xdr_id,
        xdr.assignment_id,
        xdr.account_id,
        xdr.wallet_id,
        xdr.kind.value,
        xdr.subscription,
        xdr.version,
        xdr.period_first.isoformat(),
        xdr.period_until.isoformat(),
        xdr.stated_first.isoformat(),
        xdr.at_us,
        xdr.booked_at_us,
        xdr.quantity_used,
        xdr.quantity_charged,
        str(xdr.exact_micros),
        xdr.amount_micros,
        xdr.lines,
    )


def version_since_row(turn: VersionSince) -> Row:
    """The parameters of writes.ADD_SUBSCRIPTION_TURN and of writes.ADD_PRODUCT_TURN."""
    return (turn.name, turn.version, turn.since_us, turn.actor)
