"""What accounts were assigned, and what became of them, as the books keep it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pbxcharge.core.subscription_terms import FeeAdjustment


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignedSubscription:
    """A subscription plan of an account or an organization; instants are UTC microseconds.

    Args:
        assignment_id: chosen by who assigns it; unique on the site, for ever.
        account_id: whose it is.
        subscription: name of the plan.
        via: the assigned product that brought it; None where it was assigned by itself.
        adjustment: the discount or surcharge that was agreed.
        assigned_at_us: when that was; what the plan said then was agreed.
        starts_at_us: the first instant at which it may be active.
        first_used_at_us: the first answered call since; None while there is none.
        closed_at_us: the first instant without it; None while it is open.
        closing_known_us: when it was cancelled, or its expiration date was set.
        removed: it was taken away before it was ever active.
    """

    assignment_id: str
    account_id: str
    subscription: str
    via: str | None = None
    adjustment: FeeAdjustment = field(default_factory=FeeAdjustment)
    assigned_at_us: int
    starts_at_us: int
    first_used_at_us: int | None = None
    closed_at_us: int | None = None
    closing_known_us: int | None = None
    removed: bool = False

    def open_at(self, at_us: int) -> bool:
        """Whether it is there, active or not yet, at an instant."""
        return not self.removed and (self.closed_at_us is None or at_us < self.closed_at_us)


class Turned(StrEnum):
    """What happened to an account."""

    BECAME = "became"
    """Another status, by hand."""
    SUSPENDED = "suspended"
    """By its fees."""
    RESUMED = "resumed"
    """What it was suspended for is over."""
    EXPIRES = "expires"
    """Its expiry was set, moved or taken back."""


@dataclass(frozen=True, slots=True)
class AccountStep:
    """One line of the life of an account; before the first one it was active.

    Args:
        account_id: whose.
        at_us: when it happened; lines of the past may be written late, so this counts, not their
            order.
        what: see Turned.
        reason: the status that it became, or why it was suspended, or resumed.
        expires_at_us: with `expires`: since when it is expired; None is never.
        actor: who did it.
    """

    account_id: str
    at_us: int
    what: Turned
    reason: str
    expires_at_us: int | None
    actor: str


@dataclass(frozen=True, slots=True)
class Billed:
    """How far a subscription is charged.

    Args:
        assignment_id: the subscription.
        until_us: what is owed before this is booked, or waits.
        next_at_us: nothing more is owed before; None is nothing ever, unless something happens.
        waiting: what waits for credit, as a JSON list of what the billing engine needs of it.
    """

    assignment_id: str
    until_us: int
    next_at_us: int | None
    waiting: str = "[]"


@dataclass(frozen=True, slots=True)
class VersionSince:
    """Which version of a plan or a product counted from an instant on; None: none any more."""

    name: str
    version: str | None
    since_us: int
    actor: str


@dataclass(frozen=True, slots=True)
class OffersUsed:
    """How many accounts have, or will have, each product, subscription plan, discount, by name."""

    products: Mapping[str, int]
    subscriptions: Mapping[str, int]
    discounts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CameWith:
    """How many accounts have a product with this subscription plan, or with none."""

    product: str
    subscription: str | None
    accounts: int
