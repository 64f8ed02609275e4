"""What requests carry. Amounts are decimal strings: "10.00"."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from pbxcharge.core.account_kinds import AccountKind, AccountStatus, Suspension, WalletKind
from pbxcharge.core.billing_cycle import BillingCycle
from pbxcharge.core.feature import EditedBy, Feature

TEXT_MAX = 1000


class Body(BaseModel):
    """A request's body; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", str_max_length=TEXT_MAX)


class AccountBody(Body):
    """An account to be added."""

    account_id: str
    kind: AccountKind
    parent_id: str | None = None
    name: str
    plan: str | None = None
    code: str | None = None
    time_zone: str | None = None
    product: str | None = None
    product_id: str = ""


class PlanBody(Body):
    """The plan that an account is charged by; null is none."""

    account_id: str
    plan: str | None


class StatusBody(Body):
    """What an account may do."""

    account_id: str
    status: AccountStatus


class TimeZoneBody(Body):
    """Whose clocks count; null is those of the account above."""

    account_id: str
    time_zone: str | None


class ExtensionBody(Body):
    """A phone of a user."""

    endpoint: str
    number: str
    account_id: str


class DidBody(Body):
    """A number of the public network: it rings a phone, or is answered by a context."""

    number: str
    account_id: str
    endpoint: str | None = None
    context: str | None = None


class NumberBody(Body):
    """A number of the public network that is taken away."""

    number: str


class MoneyBody(Body):
    """A top-up or an adjustment; the id makes a retry harmless.

    Without a wallet it is the shared one, where there is one, else the outgoing.
    """

    id: str
    account_id: str
    amount: str
    wallet: WalletKind | None = None
    note: str = ""


class RefundBody(Body):
    """A refund of a call, or of one charge by its entry; without an amount, of all that is left."""

    id: str
    call_id: str = ""
    entry: str | None = None
    account_id: str | None = None
    amount: str | None = None
    note: str = ""
    closed_month: bool = False


class RerateBody(Body):
    """Calls that are charged anew; the id makes a retry harmless.

    Each by its rating, where one is given, else by the plans in force.
    """

    id: str
    call_ids: list[str] = Field(min_length=1)
    note: str = ""
    closed_month: bool = False
    ratings: dict[str, Any] | None = None


class CallBody(Body):
    """A live call."""

    call_id: str = Field(min_length=1)


class ApplyBody(Body):
    """The plans in their folder are put into force; there is nothing else to say."""


class ChooseBody(Body):
    """The next file of a stream of records."""

    stream: str
    rows: int


class WrittenBody(Body):
    """A file of a stream that lies where it was wanted."""

    stream: str
    number: int


class BillingBody(Body):
    """Until when subscriptions are charged, null is now; and where a run goes on."""

    until: str | None = None
    place: str = ""


class ProductBody(Body):
    """The main product of an account; null is none."""

    id: str
    account_id: str
    product: str | None


class AddOnBody(Body):
    """An add-on, from and until days or instants by the account's clocks."""

    id: str
    account_id: str
    product: str
    begins: str | None = None
    ends: str | None = None
    for_good: bool = False


class AddOnEndBody(Body):
    """An add-on that is taken away."""

    account_id: str
    product: str
    ends: str | None = None


class FeatureBody(Body):
    """A feature of one account; attributes as they are written: {"limit": "20"}."""

    account_id: str
    feature: Feature
    on: bool | None = None
    attributes: dict[str, str] = Field(default_factory=dict)
    edited_by: EditedBy = EditedBy.ADMIN


class FeatureClearBody(Body):
    """A feature that is left to the products again."""

    account_id: str
    feature: Feature
    edited_by: EditedBy = EditedBy.ADMIN


class SubscriptionBody(Body):
    """A subscription of an account; a discount is an amount or a percentage below 0."""

    id: str
    account_id: str
    subscription: str
    begins: str | None = None
    amount: str | None = None
    percent: str | None = None


class SubscriptionEndBody(Body):
    """A subscription that is closed, now or at a day or an instant."""

    id: str
    ends: str | None = None


class SubscriptionIdBody(Body):
    """A subscription that is removed."""

    id: str


class ExpiryBody(Body):
    """When an account expires; null is never."""

    account_id: str
    at: str | None


class SuspensionBody(Body):
    """A reason for which an account is suspended, or not any more."""

    account_id: str
    reason: Suspension
    on: bool = True


class ManagerBody(Body):
    """The reseller who manages an account; null is the operator."""

    account_id: str
    managed_by: str | None


class DiscountsBody(Body):
    """All discounts that an account is to have by itself, the one that is used first before."""

    account_id: str
    names: list[str]


class PeriodBody(Body):
    """The billing period of an organization, and the day on which its periods begin."""

    account_id: str
    cycle: BillingCycle
    anchor_day: int = 1
    anchor_month: int = 1
    begins: str | None = None


BODIES: dict[str, type[Body]] = {
    "/accounts/product": ProductBody,
    "/accounts/expiry": ExpiryBody,
    "/accounts/suspension": SuspensionBody,
    "/accounts/manager": ManagerBody,
    "/accounts/discounts": DiscountsBody,
    "/accounts/billing": PeriodBody,
    "/addons": AddOnBody,
    "/addons/unassign": AddOnEndBody,
    "/features": FeatureBody,
    "/features/clear": FeatureClearBody,
    "/subscriptions": SubscriptionBody,
    "/subscriptions/close": SubscriptionEndBody,
    "/subscriptions/remove": SubscriptionIdBody,
    "/accounts": AccountBody,
    "/accounts/plan": PlanBody,
    "/accounts/status": StatusBody,
    "/accounts/time-zone": TimeZoneBody,
    "/extensions": ExtensionBody,
    "/dids": DidBody,
    "/dids/remove": NumberBody,
    "/topups": MoneyBody,
    "/adjustments": MoneyBody,
    "/refunds": RefundBody,
    "/rerates": RerateBody,
    "/calls/hang-up": CallBody,
    "/plans/apply": ApplyBody,
    "/exports/choose": ChooseBody,
    "/exports/written": WrittenBody,
    "/billing/run": BillingBody,
}
"""What each act carries, by its path."""
