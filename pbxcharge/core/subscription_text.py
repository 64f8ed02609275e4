"""A subscription plan as canonical text: by it versions are told apart, and read back."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from pbxcharge.core.billing_cycle import BillingCycle
from pbxcharge.core.money import Rounding
from pbxcharge.core.plan_history import version_of
from pbxcharge.core.subscription_terms import (
    ActivationMode,
    Applied,
    CreditTerms,
    DeadReason,
    MinimumTerm,
    PenaltyKind,
    PromotionalRow,
    SubscriptionPlan,
)

Content = Mapping[str, Any]


def subscription_body(plan: SubscriptionPlan) -> str:
    """What a subscription plan says, as canonical JSON: the same text for the same content."""
    content = asdict(plan)
    content["credits"]["reasons"] = sorted(plan.credits.reasons)
    return json.dumps(content, sort_keys=True, separators=(",", ":"))


def subscription_version(plan: SubscriptionPlan) -> str:
    """Twelve hexadecimal digits of the hash of what a subscription plan says."""
    return version_of(subscription_body(plan))


def subscription_of(body: str) -> SubscriptionPlan:
    """The subscription plan that a text of `subscription_body` stands for.

    Raises:
        ValueError, KeyError, TypeError: the text is none, or of another release.
    """
    content = json.loads(body)
    read = {
        "applied": Applied(content["applied"]),
        "activation_mode": ActivationMode(content["activation_mode"]),
        "rounding": Rounding(content["rounding"]),
        "fees_micros": _by_cycle(content["fees_micros"]),
        "minimum_term": _term(content["minimum_term"]),
        "promotions": tuple(map(_row, content["promotions"])),
        "credits": _credits(content["credits"]),
    }
    return SubscriptionPlan(**(content | read))


def _by_cycle(content: Content) -> dict[BillingCycle, int]:
    return {BillingCycle(cycle): value for cycle, value in content.items()}


def _term(content: Content) -> MinimumTerm:
    return MinimumTerm(**{**content, "penalty": PenaltyKind(content["penalty"])})


def _row(content: Content) -> PromotionalRow:
    by_cycle = {name: _by_cycle(content[name]) for name in ("fees_micros", "periods")}
    return PromotionalRow(**{**content, **by_cycle})


def _credits(content: Content) -> CreditTerms:
    return CreditTerms(**{**content, "reasons": frozenset(map(DeadReason, content["reasons"]))})
