"""The words of corrections: what a settled call was charged is given back, or charged anew."""

from dataclasses import dataclass

from pbxcharge.core.ledger import Entry


@dataclass(frozen=True, slots=True)
class Refund:
    """Give back what a call was charged: never more than is left of it.

    Args:
        entry_id: of the entry to be made, chosen by who asks.
        call_id: the call.
        wallet_id: the wallet that paid.
        amount_micros: how much; None is all that is left.
        at_us: instant of the entry.
        actor: who gives it back.
        note: for people.
    """

    entry_id: str
    call_id: str
    wallet_id: str
    amount_micros: int | None
    at_us: int
    actor: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class RefundTooHigh:
    """More was asked back than is left of the charge (0 if there is none); nothing changed."""

    entry_id: str
    charged_micros: int
    refunded_micros: int

    @property
    def left_micros(self) -> int:
        """Charged 1.00, given back 0.30: 0.70 may still be given back."""
        return self.charged_micros - self.refunded_micros


@dataclass(frozen=True, slots=True)
class Recharge:
    """Charge a settled call anew in one of its wallets; what it paid before is taken back.

    0.30 was charged and 0.20 is right: a reversal of 0.30 and a charge of 0.20. What was given
    back by refunds stays given back.

    Args:
        call_id: the call.
        wallet_id: the wallet that paid for it, or would have.
        revision: of the call's record, from 1.
        charge_micros: what the wallet pays for the call from now on.
        counts_at_us: when the call was charged first: limits of spending count the charge there.
        at_us: instant of the entries.
        actor: who wants it.
        note: for people.
    """

    call_id: str
    wallet_id: str
    revision: int
    charge_micros: int
    counts_at_us: int
    at_us: int
    actor: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Recharged:
    """What the wallet pays for the call now. Without entries it had been so before."""

    call_id: str
    wallet_id: str
    charge_micros: int
    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class BelowRefund:
    """More of the call was given back than it would cost now; nothing changed."""

    call_id: str
    wallet_id: str
    charge_micros: int
    refunded_micros: int
