"""A product as canonical text: by it versions are told apart."""

import json
from typing import Any

from pbxcharge.core.allowance import Quota
from pbxcharge.core.feature import FeatureSetting
from pbxcharge.core.plan_history import version_of
from pbxcharge.core.product import Product, UsageCharge


def product_body(product: Product) -> str:
    """What a product says, as canonical JSON: the same text for the same content."""
    return json.dumps(_content(product), sort_keys=True, separators=(",", ":"))


def product_version(product: Product) -> str:
    """Twelve hexadecimal digits of the hash of what a product says."""
    return version_of(product_body(product))


def discount_version(quota: Quota) -> str:
    """The same of a discount that accounts have by themselves."""
    return version_of(json.dumps(_quota(quota), separators=(",", ":")))


def _content(product: Product) -> dict[str, Any]:
    return {
        "name": product.name,
        "shown_name": product.shown_name,
        "kind": product.kind,
        "currency": product.currency,
        "managed_by": product.managed_by,
        "account_role": product.account_role,
        "default_acl": product.default_acl,
        "services": sorted(product.services),
        "features": {it.feature: _setting(it) for it in product.features.values()},
        # Which row counts does not depend on their order.
        "usage": sorted(map(_usage, product.usage)),
        "subscription": product.subscription,
        # Which of them a second uses first does.
        "discounts": list(map(_quota, product.discounts)),
        "priority": product.priority,
        "goes_with": sorted(product.goes_with),
    }


def _setting(setting: FeatureSetting) -> list[Any]:
    return [setting.on, dict(setting.attributes), sorted(setting.edited_by)]


def _usage(row: UsageCharge) -> list[Any]:
    overdraft = row.overdraft
    point = [row.service, row.node or "", row.access_code or ""]
    return [*point, row.plan, overdraft.mode, overdraft.amount_micros]


def _quota(quota: Quota) -> list[Any]:
    tiers = [[tier.from_used, str(tier.discount_percent)] for tier in quota.tiers]
    named = [quota.name, quota.shown_name, quota.measure]
    return [*named, tiers, sorted(quota.destinations.digits), quota.rolls_over]
