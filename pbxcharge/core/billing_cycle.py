"""How long billing periods are."""

from enum import StrEnum


class BillingCycle(StrEnum):
    """How long the billing periods of a customer are."""

    DAILY = "daily"
    WEEKLY = "weekly"
    TWO_WEEKLY = "two_weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    HALF_YEARLY = "half_yearly"
    YEARLY = "yearly"
