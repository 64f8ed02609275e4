"""Statements of billing periods: what was there, what moved and why, what is left."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import reduce
from typing import Final

from pbxcharge.core.billing_period import BillingCalendar, BillingPeriod, add_months
from pbxcharge.core.ledger import EntryKind

_MONTH: Final = re.compile(r"([0-9]{4})-([0-9]{2})")
_DAY: Final = timedelta(days=1)


class Group(StrEnum):
    """What a statement adds up, in the order in which it is shown."""

    INITIAL = "initial_credit"
    """What the plan gave, once for each wallet."""
    TOP_UPS = "top_ups"
    """What was paid in."""
    CALLS = "calls"
    """What calls cost, also those that were charged anew."""
    SUBSCRIPTIONS = "subscriptions"
    """Fees of subscriptions and of their activation."""
    CREDITS = "credits"
    """For days without service, and for what was paid in advance and not used."""
    PENALTIES = "penalties"
    """For early cancellations."""
    REFUNDS = "refunds"
    """What was given back for calls."""
    CORRECTIONS = "corrections"
    """Adjustments by hand, and charges that were taken back to be made anew."""


_GROUPS: Final[Mapping[EntryKind, Group]] = {
    EntryKind.INITIAL: Group.INITIAL,
    EntryKind.TOP_UP: Group.TOP_UPS,
    EntryKind.CHARGE: Group.CALLS,
    EntryKind.FEE: Group.SUBSCRIPTIONS,
    EntryKind.CREDIT: Group.CREDITS,
    EntryKind.PENALTY: Group.PENALTIES,
    EntryKind.REFUND: Group.REFUNDS,
    EntryKind.ADJUSTMENT: Group.CORRECTIONS,
    EntryKind.REVERSAL: Group.CORRECTIONS,
}


@dataclass(frozen=True, slots=True)
class Sums:
    """Money of a billing period, as the wallets see it: what is charged is below zero.

    50.00 at its beginning, 10.00 paid in, calls -3.20, a fee of -2.99: 53.81 are left.

    Args:
        opening_micros: the balance at its beginning.
        moved_micros: by group; what is missing is nothing.
    """

    opening_micros: int
    moved_micros: Mapping[Group, int]

    @property
    def closing_micros(self) -> int:
        """The balance at its end."""
        return self.opening_micros + sum(self.moved_micros.values())

    def of(self, group: Group) -> int:
        """What moved in a group."""
        return self.moved_micros.get(group, 0)

    def plus(self, kind: str, amount_micros: int) -> "Sums":
        """With entries of a kind; `opening` is all that came before the period."""
        if kind == "opening":
            return Sums(self.opening_micros + amount_micros, self.moved_micros)
        group = _GROUPS[EntryKind(kind)]
        moved = {**self.moved_micros, group: self.of(group) + amount_micros}
        return Sums(self.opening_micros, moved)

    def add(self, other: "Sums") -> "Sums":
        """Of two accounts together."""
        moved = {group: self.of(group) + other.of(group) for group in Group}
        return Sums(self.opening_micros + other.opening_micros, moved)


NOTHING: Final = Sums(0, {})


def all_sums(each: Iterable[Sums]) -> Sums:
    """Of several accounts together."""
    return reduce(Sums.add, each, NOTHING)


def named_period(calendar: BillingCalendar, text: str) -> BillingPeriod:
    """A billing period by a day that it holds, or by the month in which it begins.

    By quarters from January 2026-03-15 and 2026-03 are both January to March: none begins in March.

    Raises:
        ValueError: the text is no day or month, or several periods begin in the month.
    """
    if found := _MONTH.fullmatch(text):
        return _of_month(calendar, _read(f"{found[0]}-01"))
    return calendar.holding(_read(text))


def ended_period(calendar: BillingCalendar, today: date) -> BillingPeriod:
    """The last billing period that is over."""
    return calendar.preceding(calendar.holding(today))


def _of_month(calendar: BillingCalendar, first: date) -> BillingPeriod:
    following = add_months(first, 1)
    last = calendar.holding(following - _DAY)
    if last.first < first:
        return last
    before = calendar.preceding(last)
    if before.first >= first:
        month = first.isoformat()[:7]
        message = (
            f"several billing periods begin in {month}: name a day of one, such as {last.first}"
        )
        raise ValueError(message)
    return last


def _read(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    # Days beyond these have no period before or after them.
    if day is None or not 1971 <= day.year <= 9000:
        raise ValueError(f"{text!r} is neither a day nor a month, such as 2026-11-05 or 2026-11")
    return day
