"""The till: money operations given to the writer, and its answers in words."""

import re
from dataclasses import dataclass

from pbxcharge.core.credit import (
    Conflict,
    NotOpen,
    Operation,
    Outcome,
    OutOfBounds,
    Posted,
    RefundTooHigh,
)
from pbxcharge.core.ledger import Entry
from pbxcharge.core.money import format_amount
from pbxcharge.failpoints import Failpoint, reach
from pbxcharge.flow.acts import Declined, Done, Refusal
from pbxcharge.flow.ports import Writer

NOTE_MAX = 500
# No colon: ids with one (`charge:…`, `initial:…`) are the system's own.
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}")


@dataclass(frozen=True, slots=True)
class Moved:
    """Money that was moved: the entry, and the wallet's balance after it."""

    entry: Entry
    balance_micros: int


MoneyAct = Done[Moved] | Declined


class Till:
    """Gives money operations to the writer, and says what became of them.

    Args:
        writer: the one writer.
        currency: of the site, for messages.
    """

    def __init__(self, writer: Writer, currency: str) -> None:
        self._writer = writer
        self._currency = currency

    async def submit(self, *operations: Operation) -> MoneyAct:
        """All operations in one step; it is answered what became of the first."""
        outcome, *_ = await self._writer.submit(operations)
        reach(Failpoint.AFTER_MONEY)
        return self._answer(outcome)

    def _answer(self, outcome: Outcome) -> MoneyAct:
        match outcome:
            case Posted():
                return Done(Moved(outcome.entry, outcome.balance_micros), outcome.repeated)
            case Conflict():
                return Declined(Refusal.ID_TAKEN, self._conflict(outcome.existing))
            case OutOfBounds():
                return Declined(Refusal.OUT_OF_BOUNDS, "the balance would pass 10^12 units")
            case NotOpen():
                message = f"{outcome.wallet_id} is closed, other wallets are in its place"
                return Declined(Refusal.NO_WALLET, message)
            case RefundTooHigh():
                return Declined(Refusal.REFUND_TOO_HIGH, self._too_high(outcome))
            case _:
                raise AssertionError(f"{outcome} is no answer to a money act")

    def _conflict(self, existing: Entry) -> str:
        return (
            f"{existing.entry_id} is the id of another command: {existing.kind} of "
            f"{self._money(existing.amount_micros)} on {existing.wallet_id}"
            + (f", note {existing.note!r}" if existing.note else "")
        )

    def _too_high(self, outcome: RefundTooHigh) -> str:
        return (
            f"{self._money(outcome.left_micros)} is left to give back: charged "
            f"{self._money(outcome.charged_micros)}, given back before "
            f"{self._money(outcome.refunded_micros)}"
        )

    def _money(self, micros: int) -> str:
        return f"{format_amount(micros)} {self._currency}"


def malformed(entry_id: str, note: str) -> Declined | None:
    """What is wrong with an id or a note that somebody chose; None if nothing is."""
    if _ID.fullmatch(entry_id) is None:
        return Declined(
            Refusal.NAME_INVALID,
            f"{entry_id[:80]!r} is not an id: 1 to 64 letters, digits and . _ / -",
        )
    if len(note) > NOTE_MAX or not (note == "" or note.isprintable()):
        return Declined(Refusal.NAME_INVALID, f"a note is one line of at most {NOTE_MAX}")
    return None


def wrong_amount(message: str) -> Declined:
    """An amount that nobody can move."""
    return Declined(Refusal.AMOUNT_INVALID, message)
