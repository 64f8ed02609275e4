"""The words of the credit engine: wallets, holds, what may be asked of it, what it answers.

A hold is credit set aside for one call; each renewal is its next step and raises it to the charge
for all talk up to `through_s`, never by the price of a slice by itself. So a call held in slices
costs exactly what it costs in one piece.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from pbxcharge.core.collection_terms import Collect, Collected, PartlyCollected, Waits
from pbxcharge.core.correction_terms import (
    BelowRefund,
    Recharge,
    Recharged,
    Refund,
    RefundTooHigh,
)
from pbxcharge.core.coverage import Coverage
from pbxcharge.core.holds import Hold, HoldLine, Wallet, level_lines
from pbxcharge.core.ledger import Entry
from pbxcharge.core.limits import UNLIMITED, Activity, Limits
from pbxcharge.core.price import AnyPrice
from pbxcharge.core.quotas import QuotaWallet


@dataclass(frozen=True, slots=True)
class Payer:
    """One level that is charged for a call.

    Args:
        wallet_id: the wallet that pays.
        price: what it asks for the talk.
        limits: of its account.
        month_from_us: when the calendar month began, where there is a monthly limit.
        quotas: that make the talk cheaper, in the order in which they are used.
    """

    wallet_id: str
    price: AnyPrice
    limits: Limits = UNLIMITED
    month_from_us: int | None = None
    quotas: tuple[QuotaWallet, ...] = ()


@dataclass(frozen=True, slots=True)
class Reserve:
    """Ask for the next slice of a call.

    The first step takes what fits between `least_s` and `want_s`. Later steps share: at most
    available ÷ live calls of the wallet, but one block of the caller's own rate whenever that
    fits. Whatever comes to less than `least_s` is refused.

    The first step also counts the call: refused if the account of any payer has as many live calls,
    or calls in the last minute, as its limits allow. Every step holds at most what the limits of
    spending leave, as if there were no more credit.

    What quotas take off is decided here, too, second by second, from what was used of them and is
    held: so no two calls get the same minute. What was granted to a slice stays its own.

    Args:
        call_id: the call; with `step` it is the operation's id, so a repeat changes nothing.
        step: 1 for the first slice, then counted up.
        payers: every charged level, the caller's own first. All can pay or none is held.
        least_s: paid talk that makes the reservation worth having.
        want_s: paid talk asked for.
        lease_from_us: from when paid talk counts: the answer; before it, the end of ringing.
        node: the PBX.
        at_us: when it is asked: the instant that the limits are counted at.
        horizon_s: the longest talk that may come of it, if it shall be told how much of that could
            be paid for, and what the caller's own level has.
        holds: False only asks what a first step would get: nothing is held, and nobody counts it.
    """

    call_id: str
    step: int
    payers: tuple[Payer, ...]
    least_s: int
    want_s: int
    lease_from_us: int
    node: str
    at_us: int
    horizon_s: int | None = None
    holds: bool = True


@dataclass(frozen=True, slots=True)
class Close:
    """End a call: charge its wallets, resolve its hold, give back what was not used.

    Args:
        call_id: the call.
        charges: what each wallet pays; never more than it holds.
        at_us: instant of the entries.
        actor: the part of the system that settles.
    """

    call_id: str
    charges: tuple[HoldLine, ...]
    at_us: int
    actor: str


@dataclass(frozen=True, slots=True)
class Post:
    """Book an entry that no call makes: initial credit, top-up, adjustment, reversal."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class OpenWallet:
    """Make a wallet, or set how far below zero it may be spent."""

    wallet_id: str
    account_id: str
    kind: str
    floor_micros: int


@dataclass(frozen=True, slots=True)
class Convert:
    """Put what is in some wallets of an account into another of its wallets, and close them.

    Args:
        sources: the wallets to be closed; none of them may have live calls.
        target: the wallet that takes their balances, open already.
        note: of the entries.
        at_us: instant of the entries, and in their ids the number of the change.
        actor: who wants it.
    """

    sources: tuple[str, ...]
    target: str
    note: str
    at_us: int
    actor: str


Operation = Reserve | Close | Post | Collect | Refund | Recharge | OpenWallet | Convert


class Shortage(StrEnum):
    """Why a reservation was refused, the reason that wins first after CALL_ENDED."""

    CONCURRENT_CALLS = "concurrent_calls"
    CALLS_PER_MINUTE = "calls_per_minute"
    SPEND_RATE = "spend_rate"
    NOT_ENOUGH_CREDIT = "not_enough_credit"
    CALL_ENDED = "call_ended"


@dataclass(frozen=True, slots=True)
class Reserved:
    """A reservation that is held. `short`: less than was asked for, credit is near its end.

    `affordable_s` is the talk, in whole blocks of the caller's own, that every level could pay for
    if no other call took anything, at most the horizon that was asked for; None if none was. It is
    not held. 1.00 at 0.10 a minute and 60/60 is 600 s, with 0.30 in the organization's wallet 180.

    `own_available_micros` is what the caller's own level could spend before a first step: what is
    available, and what is left of its month; None if it is never cut.

    `coverage` is that of the hold, `lines` as in Hold.
    """

    call_id: str
    step: int
    through_s: int
    lines: tuple[HoldLine, ...]
    short: bool
    affordable_s: int | None = None
    own_available_micros: int | None = None
    coverage: tuple[Coverage, ...] = ()

    @property
    def level_lines(self) -> tuple[HoldLine, ...]:
        """What is held in the wallet of each level: money."""
        # Asked for each step of each call, and nearly none of them has any.
        return level_lines(self.lines, self.coverage) if self.coverage else self.lines


@dataclass(frozen=True, slots=True)
class Refused:
    """A reservation that holds nothing new, and the wallet at whose level it failed.

    `own_available_micros` as in Reserved, where a first step was refused.
    """

    call_id: str
    step: int
    why: Shortage
    wallet_id: str | None = None
    own_available_micros: int | None = None


@dataclass(frozen=True, slots=True)
class Closed:
    """The call's hold is resolved. `repeated`: it had been before, nothing changed."""

    call_id: str
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Posted:
    """The entry is booked. `repeated`: the same entry had been booked before, nothing changed."""

    entry: Entry
    balance_micros: int
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Conflict:
    """The entry's id belongs to another entry; nothing changed."""

    entry: Entry
    existing: Entry


@dataclass(frozen=True, slots=True)
class OutOfBounds:
    """The balance would leave the range of amounts; nothing changed."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class Opened:
    """The wallet exists with this floor."""

    wallet: Wallet


@dataclass(frozen=True, slots=True)
class NotOpen:
    """The wallet is closed: other ones of the account are in its place; nothing changed."""

    wallet_id: str


@dataclass(frozen=True, slots=True)
class Converted:
    """The wallets are closed; the target has this balance now."""

    target: str
    balance_micros: int


@dataclass(frozen=True, slots=True)
class InUse:
    """Live calls hold credit of a wallet that is to be closed; nothing changed."""

    wallet_id: str


Outcome = (
    Reserved | Refused | Closed | Posted | Collected | Waits | PartlyCollected | Conflict
    | OutOfBounds | RefundTooHigh | Recharged | BelowRefund | Opened | NotOpen | Converted | InUse
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Decision:
    """An outcome and everything that it changes; nothing else changes."""

    outcome: Outcome
    wallets: tuple[Wallet, ...] = ()
    hold: Hold | None = None
    entries: tuple[Entry, ...] = ()
    activities: Mapping[str, Activity] = field(default_factory=dict)


class Books(Protocol):
    """What `apply` reads: all that an operation names. An account without activity is idle."""

    @property
    def wallets(self) -> Mapping[str, Wallet]:
        """Wallets by id."""
        ...

    @property
    def activities(self) -> Mapping[str, Activity]:
        """What the accounts of the wallets that a Reserve or Close names do, by account.

        It knows every month that a Reserve or Collect names. Of an account that only a Recharge
        or a Collect without a month names it may know nothing: its entries tell.
        """
        ...

    @property
    def holds(self) -> Mapping[str, Hold]:
        """Pending holds by call id."""
        ...

    @property
    def ended(self) -> Container[str]:
        """Calls whose hold is resolved, among those that a Reserve names; they hold no more."""
        ...

    @property
    def entries(self) -> Mapping[str, Entry]:
        """Entries that a Post, Collect or Refund names, and all of a Refund's or Recharge's call.

        All of a call are its own ones, and those that take one of them back.
        """
        ...


class CreditEngine(Protocol):
    """Decides operations one after the other and makes each decision durable before it answers."""

    async def execute(self, operation: Operation) -> Outcome:
        """The outcome, durable.

        Raises:
            StorageDown: nothing was done, or it is not known whether it was; the same operation
                may be given again.
        """
        ...
