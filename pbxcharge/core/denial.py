"""Denials: why an attempt is refused, and what the caller is told."""

from dataclasses import dataclass
from enum import StrEnum

from pbxcharge.core.account_kinds import AccountStatus
from pbxcharge.core.feature import Feature
from pbxcharge.core.plan import CallType


class Reason(StrEnum):
    """Why an attempt is refused, the reason that wins first (the order is fixed)."""

    STORAGE_DOWN = "storage_down"
    OVERLOADED = "overloaded"
    STOPPING = "stopping"
    UNKNOWN_ACCOUNT = "unknown_account"
    ACCOUNT_SUSPENDED = "account_suspended"
    ACCOUNT_BLOCKED = "account_blocked"
    ACCOUNT_EXPIRED = "account_expired"
    ACCOUNT_CLOSED = "account_closed"
    NUMBER_INVALID = "number_invalid"
    ACCESS_POINT_NOT_ALLOWED = "access_point_not_allowed"
    CALL_TYPE_NOT_ALLOWED = "call_type_not_allowed"
    FEATURE_MISSING = "feature_missing"
    DESTINATION_FORBIDDEN = "destination_forbidden"
    NO_RATE = "no_rate"
    PRICE_TOO_HIGH = "price_too_high"
    CONCURRENT_CALLS = "concurrent_calls"
    CALLS_PER_MINUTE = "calls_per_minute"
    SPEND_RATE = "spend_rate"
    NOT_ENOUGH_CREDIT = "not_enough_credit"

    @property
    def sip_code(self) -> int:
        """What the caller's phone is told, before any answer."""
        return _SIP_CODES.get(self, 403)


_SIP_CODES = {
    Reason.STORAGE_DOWN: 503,
    Reason.OVERLOADED: 503,
    Reason.STOPPING: 503,
    Reason.NUMBER_INVALID: 404,
    Reason.NO_RATE: 404,
    Reason.CONCURRENT_CALLS: 486,
    Reason.CALLS_PER_MINUTE: 486,
    Reason.NOT_ENOUGH_CREDIT: 402,
}
_INCOMING_SIP_CODE = 480
"""A carrier learns that nobody is there now, not what our customer owes or may not do."""
_HIDDEN_FROM_CARRIERS = frozenset(
    {
        Reason.ACCOUNT_SUSPENDED,
        Reason.ACCOUNT_BLOCKED,
        Reason.ACCOUNT_EXPIRED,
        Reason.ACCOUNT_CLOSED,
        Reason.ACCESS_POINT_NOT_ALLOWED,
        Reason.CALL_TYPE_NOT_ALLOWED,
        Reason.FEATURE_MISSING,
        Reason.NOT_ENOUGH_CREDIT,
    }
)
BY_STATUS = {
    AccountStatus.SUSPENDED: Reason.ACCOUNT_SUSPENDED,
    AccountStatus.BLOCKED: Reason.ACCOUNT_BLOCKED,
    AccountStatus.EXPIRED: Reason.ACCOUNT_EXPIRED,
    AccountStatus.CLOSED: Reason.ACCOUNT_CLOSED,
}


@dataclass(frozen=True, slots=True)
class Denial:
    """A refusal, and the account at whose level it fell (None before an account is known).

    Args:
        reason: why.
        account_id: whose level.
        number: that was called.
        call_type: of the call.
        feature: that the account's products do not grant; None for other reasons.
        source: the product, or `override`, that forbids it; None where nobody speaks of it.
    """

    reason: Reason
    account_id: str | None = None
    number: str | None = None
    call_type: CallType = CallType.PUBLIC
    feature: Feature | None = None
    source: str | None = None

    @property
    def sip_code(self) -> int:
        """What the caller is told: the reason's own code, or 480 where it is not the carrier's."""
        if self.call_type is CallType.INCOMING and self.reason in _HIDDEN_FROM_CARRIERS:
            return _INCOMING_SIP_CODE
        return self.reason.sip_code
