"""The ledger: money as history. Entries are only ever added; a mistake gets a reversing entry."""

from dataclasses import dataclass
from enum import StrEnum


class EntryKind(StrEnum):
    """Why money moved."""

    INITIAL = "initial"
    """What the plan gives, once for each account and wallet, ever."""
    TOP_UP = "top_up"
    """Paid in by `topup`."""
    CHARGE = "charge"
    """What a call cost: one for each wallet that paid, negative."""
    FEE = "fee"
    """What a subscription costs: of its activation, of a period, or of a day of it; negative."""
    CREDIT = "credit"
    """Given back of a subscription's fees: for days without service, or paid ahead and not used."""
    PENALTY = "penalty"
    """For closing a subscription before the end of its minimum term; negative."""
    REFUND = "refund"
    """Given back for a call by `refund`; the charge stays as it was."""
    ADJUSTMENT = "adjustment"
    """By `adjust`, with a note that says why; or credit that moved with a change of wallets."""
    REVERSAL = "reversal"
    """Takes the entry back that `reverses` names."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One movement of a wallet's balance.

    Args:
        entry_id: chosen by who asks, before it is written, so that a retry changes nothing.
        wallet_id: the wallet moved.
        kind: see EntryKind.
        amount_micros: signed; positive adds credit.
        at_us: microseconds since the epoch, UTC.
        actor: `uid:1000`, or the part of the system that wrote it.
        call_id: the call that caused it.
        reverses: the entry that this one takes back.
        note: for people.
        counts_at_us: of a charge made anew, and of the reversal of the one before: when the call
            was charged first. Limits of spending count it there.
    """

    entry_id: str
    wallet_id: str
    kind: EntryKind
    amount_micros: int
    at_us: int
    actor: str
    call_id: str | None = None
    reverses: str | None = None
    note: str = ""
    counts_at_us: int | None = None

    @property
    def counted_at_us(self) -> int:
        """The instant at which limits of spending count it."""
        return self.at_us if self.counts_at_us is None else self.counts_at_us

    def same_command(self, other: "Entry") -> bool:
        """Whether both are the same command given twice: all but the instant and the actor."""
        return self._command() == other._command()

    def _command(self) -> tuple[str, str, EntryKind, int, str | None, str]:
        return (
            self.entry_id,
            self.wallet_id,
            self.kind,
            self.amount_micros,
            self.reverses,
            self.note,
        )


def charge_entry_id(call_id: str, wallet: str, revision: int = 0) -> str:
    """The id of the one charge entry that a call, or a revision of it, makes on a wallet.

    `charge:01a2:alice:outgoing`, and `charge:01a2:alice:outgoing:1` after a correction.
    """
    return f"charge:{call_id}:{wallet}" + (f":{revision}" if revision else "")


def reversal_entry_id(entry_id: str) -> str:
    """The id of the entry that takes another one back, which happens once."""
    return f"reversal:{entry_id}"


def convert_entry_id(wallet: str, at_us: int) -> str:
    """The id of what a conversion of wallets moves in one of them: `convert:alice:outgoing:7`."""
    return f"convert:{wallet}:{at_us}"


def initial_entry_id(account_id: str, kind: str) -> str:
    """The id of the initial credit, granted once per account and wallet, ever."""
    return f"initial:{account_id}:{kind}"
