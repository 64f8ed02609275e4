"""Kinds and states of accounts, and what their wallets are for."""

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


class Suspension(StrEnum):
    """Why an account is suspended by its fees, whatever status it was given by hand."""

    NO_FUNDS = "no_funds"
    """A fee waits for credit."""
    OVERDUE = "overdue"
    """Something is to be paid that should have been by now."""


class WalletKind(StrEnum):
    """What the credit of a wallet is for; a shared one is for calls of both directions."""

    OUTGOING = "outgoing"
    INCOMING = "incoming"
    SHARED = "shared"
