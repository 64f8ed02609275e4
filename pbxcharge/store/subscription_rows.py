"""What effects of products and subscriptions write: each a statement with its parameters."""

from pbxcharge.core.effects import (
    BillingAdvanced,
    BillingRuleSet,
    BillingWoken,
    FeatureCleared,
    FeatureOverridden,
    ProductAssigned,
    ProductsTurned,
    SubscriptionAssigned,
    SubscriptionsTurned,
    XdrWritten,
)
from pbxcharge.store import subscription_tables as tables
from pbxcharge.store import writes
from pbxcharge.store.tables import Row

SubscriptionEffect = (
    ProductAssigned | SubscriptionAssigned | FeatureOverridden | FeatureCleared | BillingRuleSet
    | BillingAdvanced | BillingWoken | XdrWritten | SubscriptionsTurned | ProductsTurned
)  # fmt: skip


def subscription_rows(effect: SubscriptionEffect) -> list[tuple[str, Row]]:
    """The statements of an effect, in no order: see batch.ORDER."""
    match effect:
        case ProductAssigned(account_id, assigned, at_us, actor):
            row = tables.product_assignment_row(account_id, assigned, at_us, actor)
            return [(writes.PUT_PRODUCT_ASSIGNMENT, row)]
        case SubscriptionAssigned(subscription, at_us, actor):
            row = tables.subscription_assignment_row(subscription, at_us, actor)
            return [(writes.PUT_SUBSCRIPTION_ASSIGNMENT, row)]
        case FeatureOverridden():
            return [(writes.PUT_OVERRIDE, tables.override_row(effect))]
        case FeatureCleared(account_id, feature, at_us, actor):
            which = (account_id, feature.value)
            signed = (writes.SIGN_OVERRIDE, (at_us, actor, *which))
            return [signed, (writes.REMOVE_OVERRIDE, which)]
        case BillingRuleSet(account_id, rule, at_us, actor):
            row = tables.billing_rule_row(account_id, rule, at_us, actor)
            return [(writes.ADD_BILLING_RULE, row)]
        case BillingAdvanced(billed):
            return [(writes.PUT_BILL, tables.bill_row(billed))]
        case BillingWoken(assignment_id, at_us):
            return [(writes.WAKE_BILL, (at_us, assignment_id))]
        case XdrWritten(xdr):
            return [(writes.ADD_XDR, tables.xdr_row(xdr))]
        case SubscriptionsTurned(bodies, turns):
            return [
                *((writes.ADD_SUBSCRIPTION_VERSION, body) for body in bodies),
                *((writes.ADD_SUBSCRIPTION_TURN, tables.version_since_row(it)) for it in turns),
            ]
        case ProductsTurned(bodies, turns):
            return [
                *((writes.ADD_PRODUCT_VERSION, body) for body in bodies),
                *((writes.ADD_PRODUCT_TURN, tables.version_since_row(it)) for it in turns),
            ]
