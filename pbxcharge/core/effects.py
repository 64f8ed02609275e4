"""What a transaction of the writer may write besides credit: pure values, never SQL."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pbxcharge.core.account import Account, Did, Extension
from pbxcharge.core.assigned import AssignedSubscription, Billed, VersionSince
from pbxcharge.core.assigned_product import AssignedProduct
from pbxcharge.core.billing_period import BillingRule
from pbxcharge.core.call import Call
from pbxcharge.core.cdr import Cdr, Revision
from pbxcharge.core.exports import ExportFile
from pbxcharge.core.feature import EditedBy, Feature, FeatureOverride
from pbxcharge.core.plan_history import PlanStep
from pbxcharge.core.rating import Rating
from pbxcharge.core.xdr import Xdr


@dataclass(frozen=True, slots=True)
class CallSaved:
    """The call as it stands: everything that a restart needs to resume it."""

    call: Call


@dataclass(frozen=True, slots=True)
class CdrWritten:
    """The record of an attempt; a second one for the same call changes nothing."""

    cdr: Cdr


@dataclass(frozen=True, slots=True)
class CallClosed:
    """The call needs no resuming any more."""

    call_id: str


@dataclass(frozen=True, slots=True)
class AccountSaved:
    """The account as it is from now on; `actor` and `at_us` go to its audit trail."""

    account: Account
    at_us: int
    actor: str


@dataclass(frozen=True, slots=True)
class ExtensionSaved:
    """The extension as it is from now on."""

    extension: Extension
    at_us: int
    actor: str


@dataclass(frozen=True, slots=True)
class DidSaved:
    """The number of the public network as it is from now on."""

    did: Did
    at_us: int
    actor: str


@dataclass(frozen=True, slots=True)
class DidRemoved:
    """The number is nobody's any more."""

    number: str
    at_us: int
    actor: str


@dataclass(frozen=True, slots=True)
class PbxSeen:
    """Proof of life: up to this instant, no end of a call on this PBX can have been missed."""

    pbx: str
    at_us: int


@dataclass(frozen=True, slots=True)
class EventsTold:
    """Lines of the live cost log, each with `event_id` and `at_us`; one kept already stays.

    Ids rise in the order of telling and never lie before their instant.
    """

    lines: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class EventsForgotten:
    """The oldest lines before this id go, `at_most` so many of them."""

    before_id: int
    at_most: int


@dataclass(frozen=True, slots=True)
class PlansTurned:
    """Other plans are in force, or to come, than the history says.

    Args:
        bodies: plan, version and content of versions; one that is kept already stays as it is.
        steps: in order.
    """

    bodies: tuple[tuple[str, str, str], ...]
    steps: tuple[PlanStep, ...]


@dataclass(frozen=True, slots=True)
class RevisionWritten:
    """A correction of a record, and what the call is priced with since."""

    revision: Revision
    rating: Rating


@dataclass(frozen=True, slots=True)
class ExportChosen:
    """A file of a stream has these records: call id and revision, in the order of their numbers."""

    file: ExportFile
    records: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class ExportWritten:
    """A file lies where it was wanted."""

    stream: str
    number: int
    at_us: int
    actor: str


@dataclass(frozen=True, slots=True)
class ProductAssigned:
    """A product of an account as it is from now on; given again, only its end may differ."""

    account_id: str
    assigned: AssignedProduct
    at_us: int
    actor: str


@dataclass(frozen=True, slots=True)
class SubscriptionAssigned:
    """A subscription as it is from now on; given again, only first use and closing may differ."""

    subscription: AssignedSubscription
    at_us: int
    actor: str


@dataclass(frozen=True, slots=True)
class FeatureOverridden:
    """A feature of one account is otherwise than its products say, by the wish of `by`."""

    account_id: str
    override: FeatureOverride
    by: EditedBy
    at_us: int
    actor: str


@dataclass(frozen=True, slots=True)
class FeatureCleared:
    """A feature of an account is as its products say again."""

    account_id: str
    feature: Feature
    at_us: int
    actor: str


@dataclass(frozen=True, slots=True)
class BillingRuleSet:
    """Billing period and anchor of an organization from a day on."""

    account_id: str
    rule: BillingRule
    at_us: int
    actor: str


@dataclass(frozen=True, slots=True)
class BillingAdvanced:
    """How far a subscription is charged now: in the transaction that books what it owed."""

    billed: Billed


@dataclass(frozen=True, slots=True)
class BillingWoken:
    """Something happened to a subscription: look at this instant, or earlier, what it owes."""

    assignment_id: str
    at_us: int


@dataclass(frozen=True, slots=True)
class XdrWritten:
    """The record of a fee, a credit or a penalty, in the transaction of its entry."""

    xdr: Xdr


@dataclass(frozen=True, slots=True)
class SubscriptionsTurned:
    """Other subscription plans count than the history says.

    Args:
        bodies: name, version and content of versions; one that is kept already stays as it is.
        turns: since when which version counts.
    """

    bodies: tuple[tuple[str, str, str], ...]
    turns: tuple[VersionSince, ...]


@dataclass(frozen=True, slots=True)
class ProductsTurned:
    """The same of products."""

    bodies: tuple[tuple[str, str, str], ...]
    turns: tuple[VersionSince, ...]


Effect = (
    CallSaved | CdrWritten | CallClosed | AccountSaved | ExtensionSaved | DidSaved | DidRemoved
    | PbxSeen | EventsTold | EventsForgotten | PlansTurned | RevisionWritten | ExportChosen
    | ExportWritten | ProductAssigned | SubscriptionAssigned | FeatureOverridden | FeatureCleared
    | BillingRuleSet | BillingAdvanced | BillingWoken | XdrWritten | SubscriptionsTurned
    | ProductsTurned
)  # fmt: skip
