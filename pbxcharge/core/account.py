"""Accounts: who pays, in the tree site → service provider → organization → user."""

from dataclasses import dataclass
from enum import StrEnum


class AccountKind(StrEnum):
    """The place of an account in the tree; service providers may stand below each other."""

    SERVICE_PROVIDER = "service_provider"
    ORGANIZATION = "organization"
    USER = "user"


class AccountStatus(StrEnum):
    """What an account may do: only `active` may begin calls."""

    ACTIVE = "active"
    """Calls, and is called."""
    SUSPENDED = "suspended"
    """No new calls; those that run end when their paid time does."""
    BLOCKED = "blocked"
    """No new calls; those that run are ended at once."""
    EXPIRED = "expired"
    """As suspended, because its time is over."""
    CLOSED = "closed"
    """As blocked, and for good."""

    @property
    def ends_calls(self) -> bool:
        """Blocked and closed end live calls at once; the others only stop renewing them."""
        return self in (AccountStatus.BLOCKED, AccountStatus.CLOSED)


class WalletKind(StrEnum):
    """What the credit of a wallet is for; a shared one is for calls of both directions."""

    OUTGOING = "outgoing"
    INCOMING = "incoming"
    SHARED = "shared"


@dataclass(frozen=True, slots=True)
class Account:
    """An account as it is now.

    Args:
        account_id: chosen by the operator, unique on the site.
        kind: service provider, organization or user.
        parent_id: the account above, None for those directly below the site.
        name: for people.
        plan: name of its charging plan; None passes calls through without a charge of its own.
        status: see AccountStatus.
        code: digits by which colleagues of other organizations dial its extensions.
        time_zone: IANA name, such as Europe/Berlin; None is that of the account above.
    """

    account_id: str
    kind: AccountKind
    parent_id: str | None
    name: str
    plan: str | None
    status: AccountStatus
    code: str | None = None
    time_zone: str | None = None


@dataclass(frozen=True, slots=True)
class Extension:
    """A phone of a user: the endpoint that Asterisk authenticates, and its internal number."""

    endpoint: str
    number: str
    account_id: str


@dataclass(frozen=True, slots=True)
class Did:
    """A number of the public network that reaches this PBX.

    Args:
        number: E.164 digits.
        account_id: the user who pays for what comes in by it.
        endpoint: the phone that rings; None where a context of the dialplan answers.
        context: that context; None where a phone rings.
    """

    number: str
    account_id: str
    endpoint: str | None = None
    context: str | None = None


def wallet_id(account_id: str, kind: WalletKind) -> str:
    """The name of an account's wallet: `alice` and outgoing make `alice:outgoing`."""
    return f"{account_id}:{kind}"


def wallet_owner(wallet: str) -> str:
    """Whose wallet it is, by its name: `alice:outgoing` is alice's."""
    return wallet.rpartition(":")[0]
