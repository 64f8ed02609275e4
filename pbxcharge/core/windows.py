"""Time windows: which prices hold at an instant, by the wall clock of a payer's zone.

A schedule is what an admin writes: windows of days and hours, and the holidays. A timeline is what
follows from it for one call: the instants at which another window becomes valid. Only the timeline
is stored with a call, so its price can be explained without any time zone database.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import IntEnum
from itertools import pairwise, product
from typing import Any, Final

DAY_S: Final = 24 * 3600
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = timedelta(seconds=1)
_PROBE_S: Final = 6 * 3600
"""No zone has ever set its clocks twice within so few hours."""

_DayHours = tuple[tuple[int, str], ...]


class Day(IntEnum):
    """What a date is for the windows: a weekday, or a holiday and then no weekday."""

    MONDAY = 1
    TUESDAY = 2
    WEDNESDAY = 3
    THURSDAY = 4
    FRIDAY = 5
    SATURDAY = 6
    SUNDAY = 7
    HOLIDAY = 8


@dataclass(frozen=True, slots=True)
class Window:
    """Days and hours with prices of their own: evening is Monday to Friday, 18:00 to 24:00.

    `from_s` and `to_s` are seconds of the local day, `to_s` no longer belongs to it; 24:00 is
    86400. Where `to_s` is not after `from_s` the window runs past midnight and belongs to the day
    on which it begins: 22:00 to 06:00 on Friday ends on Saturday morning.

    Raises ValueError for an empty name, no days, and seconds that are not of a day.
    """

    name: str
    days: frozenset[Day]
    from_s: int
    to_s: int

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("a time window has no name")
        if not self.days:
            raise ValueError(f"time window {self.name} has no days")
        if not 0 <= self.from_s < DAY_S or not 0 <= self.to_s <= DAY_S:
            raise ValueError(f"time window {self.name} is not from 00:00 to 24:00")

    def holds(self, clock_s: int, day: Day, day_before: Day) -> bool:
        """Whether the window is valid at a second of a day, or of the night from the day before."""
        if self.from_s < self.to_s:
            return day in self.days and self.from_s <= clock_s < self.to_s
        from_yesterday = day_before in self.days and clock_s < self.to_s
        return from_yesterday or (day in self.days and self.from_s <= clock_s)


@dataclass(frozen=True, slots=True)
class Timeline:
    """Instants at which another window becomes valid, as (second, name), the first one at 0.

    "" is no window: the rate's own terms. What holds at the last instant goes on for ever.

    Raises ValueError unless it begins at 0 and its seconds rise.
    """

    changes: tuple[tuple[int, str], ...]

    def __post_init__(self) -> None:
        seconds = [second for second, _ in self.changes]
        if seconds[:1] != [0] or any(b <= a for a, b in pairwise(seconds)):
            raise ValueError(f"the changes of a timeline do not rise from 0: {seconds}")

    def window_at(self, second: int) -> str:
        """The window that is valid at a second: with changes at 0 and 100, at 99 the first."""
        return self.changes[max(0, self._after(second) - 1)][1]

    def since(self, second: int) -> "Timeline":
        """The same from a second on, counted from there: a change at 100 seen from 40 is at 60."""
        later = self.changes[self._after(second) :]
        ahead = ((at - second, name) for at, name in later)
        return Timeline(((0, self.window_at(second)), *ahead))

    def naming(self, names: frozenset[str]) -> "Timeline":
        """The same with every other window as "": a rate tells only those apart that it names."""
        return Timeline(_merged((at, name if name in names else "") for at, name in self.changes))

    def _after(self, second: int) -> int:
        return bisect_right(self.changes, second, key=_second_of)


NO_WINDOWS: Final = Timeline(((0, ""),))


def always(window: str) -> Timeline:
    """One window at all times, as for the price list of an evening."""
    return Timeline(((0, window),))


def timeline_to_canonical(timeline: Timeline) -> list[list[int | str]]:
    """The changes in JSON's own kinds: [[0, ""], [1767290400, "evening"]]."""
    return [[second, name] for second, name in timeline.changes]


def timeline_from_canonical(record: Any) -> Timeline:
    """The timeline that was stored.

    Raises ValueError for anything that `timeline_to_canonical` does not write.
    """
    changes = tuple(_change(entry) for entry in record) if type(record) is list else ()
    return Timeline(changes)


@dataclass(frozen=True, slots=True)
class Schedule:
    """The time windows of a plan, in the order in which they count, and its holidays.

    The first window that holds the local clock time is valid, and none is "". In the hour that
    autumn repeats both passes count as what the clock shows; the hour that spring skips never
    comes.
    """

    windows: tuple[Window, ...] = ()
    holidays: frozenset[date] = frozenset()
    _hours: dict[tuple[Day, Day], _DayHours] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        hours = {pair: _hours_of(self.windows, *pair) for pair in product(Day, Day)}
        object.__setattr__(self, "_hours", hours)

    def timeline(self, zone: tzinfo, from_s: int, until_s: int) -> Timeline:
        """The changes from one UTC second of the epoch until before another, in a payer's zone.

        The first entry is at 0 whenever its window began, so that calls of the same hours have
        the same timeline.
        """
        if not self.windows:
            return NO_WINDOWS
        changes: list[tuple[int, str]] = []
        for begin_s, end_s, offset_s in _steady_stretches(zone, from_s, max(from_s + 1, until_s)):
            for local_s, name in self._local_changes(begin_s + offset_s, end_s + offset_s):
                at_s = max(begin_s, local_s - offset_s)
                if changes and changes[-1][0] == at_s:
                    changes.pop()
                changes.append((at_s, name))
        return Timeline(_merged([(0, changes[0][1]), *changes[1:]]))

    def _local_changes(self, from_s: int, until_s: int) -> Iterator[tuple[int, str]]:
        """What the clock brings from the midnight before `from_s` on, in local seconds."""
        for day in range(from_s // DAY_S, (until_s - 1) // DAY_S + 1):
            for clock_s, name in self._hours[self._kind(day), self._kind(day - 1)]:
                if day * DAY_S + clock_s < until_s:
                    yield day * DAY_S + clock_s, name

    def _kind(self, day: int) -> Day:
        """What the n-th day since 1970-01-01, a Thursday, is for the windows."""
        if self.holidays and _EPOCH.date() + timedelta(days=day) in self.holidays:
            return Day.HOLIDAY
        return Day((day + 3) % 7 + 1)


def _hours_of(windows: Sequence[Window], day: Day, day_before: Day) -> _DayHours:
    """The windows of a day from midnight on, by its kind and that of the day before."""
    edges = {0, *(edge for window in windows for edge in (window.from_s, window.to_s))}
    return _merged(
        (edge, next((w.name for w in windows if w.holds(edge, day, day_before)), ""))
        for edge in sorted(edges - {DAY_S})
    )


def _merged(changes: Iterable[tuple[int, str]]) -> tuple[tuple[int, str], ...]:
    """Without the changes that change nothing."""
    kept: list[tuple[int, str]] = []
    for change in changes:
        if not kept or kept[-1][1] != change[1]:
            kept.append(change)
    return tuple(kept)


def _steady_stretches(zone: tzinfo, from_s: int, until_s: int) -> Iterator[tuple[int, int, int]]:
    """Stretches of UTC in which the clocks of a zone are not set, each with its offset."""
    begin_s, probed_s, offset_s = from_s, from_s, _offset_s(zone, from_s)
    while probed_s < until_s:
        ahead_s = min(probed_s + _PROBE_S, until_s)
        if _offset_s(zone, ahead_s) != offset_s:
            ahead_s = _clocks_set_s(zone, probed_s, ahead_s)
            yield begin_s, ahead_s, offset_s
            begin_s, offset_s = ahead_s, _offset_s(zone, ahead_s)
        probed_s = ahead_s
    if begin_s < until_s:
        yield begin_s, until_s, offset_s


def _clocks_set_s(zone: tzinfo, before_s: int, after_s: int) -> int:
    """The first second with another offset than the one before, by bisection."""
    offset_s = _offset_s(zone, before_s)
    seconds = range(before_s, after_s)
    return before_s + bisect_left(seconds, True, key=lambda s: _offset_s(zone, s) != offset_s)


def _offset_s(zone: tzinfo, at_s: int) -> int:
    """How far the clocks of a zone are ahead of UTC at a second of the epoch."""
    offset = (_EPOCH + timedelta(seconds=at_s)).astimezone(zone).utcoffset()
    return offset // _SECOND if offset is not None else 0


def _second_of(change: tuple[int, str]) -> int:
    return change[0]


def _change(entry: Any) -> tuple[int, str]:
    match entry:
        case [int() as second, str() as name] if type(second) is int:
            return second, name
    raise ValueError(f"a change of a stored timeline is {entry!r}")


NO_SCHEDULE: Final = Schedule()
