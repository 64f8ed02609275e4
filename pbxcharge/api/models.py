"""What requests carry. Amounts are decimal strings: "10.00"."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from pbxcharge.core.account import AccountKind, AccountStatus, WalletKind

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


BODIES: dict[str, type[Body]] = {
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
