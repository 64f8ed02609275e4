"""xDRs: the records of what costs, or is credited, and is no call."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction

from pbxcharge.core.ledger import EntryKind


class XdrKind(StrEnum):
    """What a record is about."""

    ACTIVATION = "activation"
    """The activation fee."""
    FEE = "fee"
    """Of a billing period, or of a day of it."""
    CREDIT = "credit"
    """For days without service."""
    UNUSED = "unused"
    """Of a period paid in advance: what a closing left of it."""
    PENALTY = "penalty"
    """For closing it before the end of its minimum term."""

    @property
    def entry_kind(self) -> EntryKind:
        """The kind of the ledger entry beside the record."""
        return _ENTRIES[self]


_ENTRIES = {
    XdrKind.ACTIVATION: EntryKind.FEE,
    XdrKind.FEE: EntryKind.FEE,
    XdrKind.CREDIT: EntryKind.CREDIT,
    XdrKind.UNUSED: EntryKind.CREDIT,
    XdrKind.PENALTY: EntryKind.PENALTY,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Xdr:
    """A charge (above 0) or a credit (below 0) of a subscription, as it was booked.

    It stands beside the ledger entry of the same id, whose amount is the opposite: a fee of 2.99
    is -2.99 on the wallet.

    Args:
        xdr_id: of the entry, too.
        assignment_id: the subscription that was charged.
        account_id: whose it is.
        wallet_id: from which it was paid.
        kind: see XdrKind.
        subscription: name of the plan.
        version: of the plan that it was charged by.
        period_first: first day of the billing period that it is for.
        period_until: the day after its last.
        stated_first: first day of the billing period on whose statement it stands.
        at_us: when it was owed; microseconds since the epoch, UTC.
        booked_at_us: when it was booked: later, where it waited for credit.
        quantity_used: days of service.
        quantity_charged: days that are charged, or credited.
        exact_micros: before rounding.
        amount_micros: what was booked.
        lines: how it came about, as JSON.
    """

    xdr_id: str
    assignment_id: str
    account_id: str
    wallet_id: str
    kind: XdrKind
    subscription: str
    version: str
    period_first: date
    period_until: date
    stated_first: date
    at_us: int
    booked_at_us: int
    quantity_used: int
    quantity_charged: int
    exact_micros: Fraction
    amount_micros: int
    lines: str
