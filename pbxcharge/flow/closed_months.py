"""Closed months: what was settled long ago is not corrected by accident."""

from pbxcharge.core.cdr import Cdr
from pbxcharge.core.month import month_closes_us
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.prices import Prices
from pbxcharge.flow.zones import local_text


class ClosedMonths:
    """Says of a call whether its month is closed.

    Args:
        prices: the site's time zone, and when its months close.
        clock: whose wall clock counts.
    """

    def __init__(self, prices: Prices, clock: Clock) -> None:
        self._prices = prices
        self._clock = clock

    def why_closed(self, cdr: Cdr) -> str:
        """Why a call is not corrected any more; empty while its month is open.

        A call counts to the month in which it ended, by the clocks of the site.
        """
        if cdr.ended_at_us is None:
            return ""
        zone, after_d = self._prices.zone, self._prices.close_month_after_d
        closed_us = month_closes_us(zone, cdr.ended_at_us, after_d)
        if self._clock.wall_us() < closed_us:
            return ""
        month = local_text(zone, cdr.ended_at_us)[:7]
        return f"the books of {month} are closed since {local_text(zone, closed_us)[:10]}"
