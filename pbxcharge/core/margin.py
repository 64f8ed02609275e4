"""Margins of one call: what each seller is paid by the level below, and pays to the one above."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pbxcharge.core.cdr import Cdr
from pbxcharge.core.ledger import Entry, EntryKind


@dataclass(frozen=True, slots=True)
class Margin:
    """What one seller has of a call.

    Args:
        seller: the account of a level; None is the site, which pays the carrier.
        receives_micros: what the level below has paid it.
        pays_micros: what it has paid itself.
    """

    seller: str | None
    receives_micros: int
    pays_micros: int

    @property
    def keeps_micros(self) -> int:
        """Paid 0.20 and paying 0.15 it keeps 0.05."""
        return self.receives_micros - self.pays_micros


def margins(cdr: Cdr, entries: Sequence[Entry]) -> Iterator[Margin]:
    """What each seller keeps: what the level below pays it, less what it pays itself.

    What was given back to a level it has not paid: 0.25 less a refund of 0.05 is 0.20. At the top
    stands the site, which pays the carrier; without a deck nobody knows what.

    Args:
        cdr: the record as it counts now.
        entries: of this call.
    """
    given_back = refunded_micros(cdr, entries)
    paid = [it.charge_micros - back for it, back in zip(cdr.levels, given_back, strict=True)]
    sellers: list[str | None] = [*(level.account_id for level in cdr.levels[1:]), None]
    # Of a call that nobody is charged for there is no level below the site.
    for seller, gets, gives in zip(sellers, paid, [*paid[1:], cdr.cost_micros], strict=False):
        if gives is not None:
            yield Margin(seller, gets, gives)


def refunded_micros(cdr: Cdr, entries: Sequence[Entry]) -> tuple[int, ...]:
    """What each level of a call was given back, the caller's own first."""
    refunds = [entry for entry in entries if entry.kind is EntryKind.REFUND]
    return tuple(
        sum(each.amount_micros for each in refunds if each.wallet_id == level.wallet_id)
        for level in cdr.levels
    )
