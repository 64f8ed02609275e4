"""Products and subscription plans as values: the walk-through's main product and its add-on."""

from dataclasses import replace

from pbxcharge.core.assigned_product import ProductKind
from pbxcharge.core.feature import EditedBy, Feature, FeatureSetting, Service
from pbxcharge.core.product import Product, UsageCharge
from pbxcharge.core.subscription_terms import ActivationMode, MinimumTerm, SubscriptionPlan

BASIC = SubscriptionPlan(name="smartcall-basic", monthly_fee_micros=2_990_000, currency="EUR")
FORWARDING = replace(BASIC, name="call-forwarding", monthly_fee_micros=1_000_000)
ON_USE = replace(BASIC, name="on-use", activation_mode=ActivationMode.FIRST_USE)
RENTAL = replace(BASIC, name="rental", more_than_once=True, minimum_term=MinimumTerm(months=12))
RESOLD = replace(BASIC, name="resold", managed_by="telco")
SUBSCRIPTIONS = {plan.name: plan for plan in (BASIC, FORWARDING, ON_USE, RENTAL, RESOLD)}

BY_USER = frozenset({EditedBy.ADMIN, EditedBy.USER})
SMARTCALL = Product(
    name="smartcall",
    shown_name="SmartCall",
    currency="EUR",
    services=frozenset({Service.VOICE_CALLS}),
    features={Feature.MAILBOX: FeatureSetting(Feature.MAILBOX, True, {"limit": 10}, BY_USER)},
    usage=(UsageCharge(Service.VOICE_CALLS, None, None, "welcome"),),
    subscription="smartcall-basic",
    version="v1",
)
OFFICE = replace(
    SMARTCALL,
    name="office",
    usage=(UsageCharge(Service.VOICE_CALLS, None, None, "generous"),),
    subscription=None,
)
FORWARD = Product(
    name="forwarding",
    kind=ProductKind.ADD_ON,
    currency="EUR",
    services=frozenset({Service.VOICE_CALLS}),
    features={Feature.CALL_FORWARDING: FeatureSetting(Feature.CALL_FORWARDING, True)},
    subscription="call-forwarding",
    goes_with=frozenset({"smartcall"}),
    version="v1",
)
RESELLERS = replace(OFFICE, name="resellers", managed_by="telco")
PRODUCTS = {product.name: product for product in (SMARTCALL, OFFICE, FORWARD, RESELLERS)}
