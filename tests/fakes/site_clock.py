"""A wall clock at the time of the small site, so that its month is open whenever tests run."""

from pbxcharge.core.money import MICROS
from pbxcharge.flow.clock import Clock
from tests.fakes.small_site import NOW_US

HOUR_US = 3600 * MICROS


class SiteClock(Clock):
    """Some time after the calls of the small site; no instant comes twice.

    Args:
        late_us: so long after them.
    """

    def __init__(self, late_us: int = HOUR_US) -> None:
        self.now_us = NOW_US + late_us

    def wall_us(self) -> int:
        """The next instant."""
        self.now_us += 1
        return self.now_us
