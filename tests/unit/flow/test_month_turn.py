"""The turn of a month: calls of postpaid accounts are told once that there is credit again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pbxcharge.core.call import Call
from pbxcharge.core.call_events import CreditRaised
from pbxcharge.core.limits import UNLIMITED, Limits
from pbxcharge.flow.month_turn import MonthTurn
from pbxcharge.flow.months import Months
from tests.fakes.granted_call import granted

NEW_YEAR_US = 1_767_225_600_000_000
HOUR_US = 3600 * 1_000_000
MONTHLY = replace(UNLIMITED, monthly_limit_micros=1)


@dataclass
class Live:
    """A call that is metered."""

    call: Call


@dataclass
class Meter:
    """Calls, and what they are told."""

    live: Sequence[Live]
    told: list[tuple[str, Any]] = field(default_factory=list)
    months: Months = field(default_factory=Months)

    def calls(self) -> Iterator[Live]:
        """Those that run."""
        return iter(self.live)

    def feed(self, call_id: str, event: Any) -> None:
        """What one is told."""
        self.told.append((call_id, event))


class Clock:
    """A wall clock that a test sets."""

    def __init__(self) -> None:
        self.now_us = NEW_YEAR_US - 2 * HOUR_US

    def wall_us(self) -> int:
        """What it shows."""
        return self.now_us


def a_call(call_id: str, limits: Limits, time_zone: str = "") -> Live:
    """A call of an account in this zone."""
    call = granted(call_id, limits=limits)
    levels = tuple(replace(level, time_zone=time_zone) for level in call.levels)
    return Live(Call(replace(call, levels=levels), 1, 10))


def test_a_call_is_told_when_the_month_of_its_payer_begins() -> None:
    """Berlin's begins an hour before that of UTC; who has no monthly limit is never told.

    Seen failing with every look taken for the first one.
    """
    calls = [a_call("utc", MONTHLY), a_call("berlin", MONTHLY, "Europe/Berlin")]
    meter, clock = Meter([*calls, a_call("prepaid", UNLIMITED)]), Clock()
    turn = MonthTurn(meter, clock)  # type: ignore[arg-type]
    heard = []
    for _ in range(6):
        turn.look()
        heard.append([call_id for call_id, event in meter.told if event == CreditRaised()])
        meter.told.clear()
        clock.now_us += HOUR_US // 2
    assert heard == [[], [], ["berlin"], [], ["utc"], []]
