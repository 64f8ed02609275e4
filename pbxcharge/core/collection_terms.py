"""The words of collecting: fees, credits and penalties of a subscription are booked, or wait."""

from dataclasses import dataclass

from pbxcharge.core.ledger import Entry, EntryKind

COLLECTED_KINDS = frozenset({EntryKind.FEE, EntryKind.CREDIT, EntryKind.PENALTY})
"""What subscriptions book; it counts for monthly limits as the charges of calls do."""


@dataclass(frozen=True, slots=True)
class Collect:
    """Book what a subscription owes in one wallet: all of its entries, or none.

    A fee of 30 with a credit of 10 needs 20: with 20 available both are booked, with 19.99 none.

    Raises ValueError without items, for other kinds than fee, credit and penalty, and for items
    of several wallets.

    Args:
        items: the entries; fees and penalties are negative, credits positive.
        needs_micros: what must be available for it; nothing needs to be for 0.
        may_wait: False books in full, also below the floor: the service was given.
        monthly_limit_micros: of a postpaid account: what is charged in its calendar month.
        month_from_us: when that month began, where there is a monthly limit.
    """

    items: tuple[Entry, ...]
    needs_micros: int
    may_wait: bool = True
    monthly_limit_micros: int | None = None
    month_from_us: int | None = None

    def __post_init__(self) -> None:
        if not self.items or any(entry.kind not in COLLECTED_KINDS for entry in self.items):
            raise ValueError("fees, credits and penalties are collected, one at least")
        if any(entry.wallet_id != self.wallet_id for entry in self.items):
            raise ValueError("what is collected together is of one wallet")

    @property
    def wallet_id(self) -> str:
        """The wallet that pays."""
        return self.items[0].wallet_id


@dataclass(frozen=True, slots=True)
class Collected:
    """The entries are booked. `repeated`: all had been booked before, nothing changed."""

    wallet_id: str
    balance_micros: int
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Waits:
    """What is needed is not there; nothing changed.

    `available_micros`: of the wallet, or of the month where that is less.
    """

    wallet_id: str
    needs_micros: int
    available_micros: int


@dataclass(frozen=True, slots=True)
class PartlyCollected:
    """Some of the entries had been booked before, and some not; nothing changed.

    Whoever asks knows less than the books: he asks again by what they say now.
    """

    wallet_id: str
    booked: tuple[str, ...]
