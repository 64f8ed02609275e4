"""What a run of the billing engine did, in counts and sums."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from pbxcharge.core.billing import Item
from pbxcharge.core.subscription_schedule import OwedKind


@dataclass(slots=True)
class BillingRun:
    """Counts and sums of one run; micro-units.

    Args:
        until_us: everything owed by then was charged, or waits.
        charged: how many records of each kind were written.
        micros: what they come to, by kind; below zero for what was given back.
        accounts: how many accounts were charged.
        suspended: how many were suspended for lack of funds.
        resumed: how many resumed.
        waiting: how many have fees that wait now, all of the site.
        waiting_micros: what these come to.
        failed: accounts that could not be charged, and why.
    """

    until_us: int
    charged: Counter[OwedKind] = field(default_factory=Counter)
    micros: Counter[OwedKind] = field(default_factory=Counter)
    accounts: int = 0
    suspended: int = 0
    resumed: int = 0
    waiting: int = 0
    waiting_micros: int = 0
    failed: dict[str, str] = field(default_factory=dict)

    def add(self, items: Iterable[Item]) -> None:
        """Count what was booked."""
        for item in items:
            self.charged[item.owed.kind] += 1
            self.micros[item.owed.kind] += item.owed.amount_micros
