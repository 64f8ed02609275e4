"""The turn of a month: postpaid accounts may spend anew, and their calls may go on longer."""

from pbxcharge.core.call import Call
from pbxcharge.core.call_events import CreditRaised
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.meter import Meter
from pbxcharge.flow.months import Months
from pbxcharge.flow.zones import month_from_us


class MonthTurn:
    """Tells running calls that a month of somebody who pays for them has begun.

    Args:
        meter: the calls.
        clock: whose wall clock counts.
    """

    def __init__(self, meter: Meter, clock: Clock) -> None:
        self._meter = meter
        self._clock = clock
        self._looked_us = clock.wall_us()

    def look(self) -> None:
        """Tell every call for which a month has begun since the last look."""
        before_us, self._looked_us = self._looked_us, self._clock.wall_us()
        for live in self._meter.calls():
            if _month_us(live.call, self._meter.months, self._looked_us) > before_us:
                self._meter.feed(live.call.call_id, CreditRaised())


def _month_us(call: Call, months: Months, now_us: int) -> int:
    """When the latest month began of those that limit a call; 0 if none does."""
    levels = zip(call.granted.levels, call.granted.rating.levels, strict=True)
    limited = ((level, months.limits(level, rated.limits)) for level, rated in levels)
    begun = (month_from_us(level, limits, now_us) for level, limits in limited)
    return max((from_us for from_us in begun if from_us is not None), default=0)
