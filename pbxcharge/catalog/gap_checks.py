"""Hours in which no time window of a plan is valid, where that looks like a slip.

Times without a window take a price's own terms, which most plans mean: windows for evenings and
weekends, and the price itself for the day. A gap looks like a slip if it lasts an hour at most
(`to: "23:59"`), or if windows hold every hour of five days of the week or more, so that the plan
means to name all hours. Nobody means a window to end at 23:59.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Final

from pbxcharge.catalog.findings import Finding
from pbxcharge.catalog.plan_form import PlanForm
from pbxcharge.catalog.source import KeyPath, Source
from pbxcharge.catalog.window_checks import HOLIDAYS, WINDOWS
from pbxcharge.catalog.window_form import day_name, window_of
from pbxcharge.core.windows import DAY_S, Day, Window

SHORT_S: Final = 3600
MINUTE_S: Final = 60
WHOLE_DAYS: Final = 5
YEAR: Final = timedelta(days=365)

_WEEK: Final = tuple(day for day in Day if day is not Day.HOLIDAY)
_WEEK_S: Final = len(_WEEK) * DAY_S

Gap = tuple[int, int]
"""From which second of the week, Monday 00:00 being 0, until which; it may pass Sunday."""


def gap_findings(form: PlanForm, source: Source) -> Iterator[Finding]:
    """Stretches without a window that look like a slip; of a plan that can be read."""
    windows = [window_of(name, window) for name, window in form.time_windows.items()]
    gaps = _gaps(windows)
    names_all = _whole_days(gaps) >= WHOLE_DAYS
    slips = [gap for gap in gaps if names_all or _is_a_slip(gap)]
    for (from_s, until_s), days in _by_hours(slips).items():
        at = _ending(windows, from_s, source)
        message = f"no window is valid on {', '.join(days)} {_when(from_s, until_s)}"
        hint = "there the price itself counts; `to` is the first instant that is not in the window"
        yield source.warning(at, message, hint)


def coming_holiday_findings(
    form: PlanForm, source: Source, today: date | None
) -> Iterator[Finding]:
    """Holidays that no window names, and lists without any of the coming year."""
    if not form.time_windows or not form.holidays:
        return
    if not any(Day.HOLIDAY in days for one in form.time_windows.values() for days in one.days):
        message = "no window names holiday: on these days the prices outside of windows count"
        yield source.warning(HOLIDAYS, message, "add holiday to the days of a window")
        return
    coming = [day for day in form.holidays if today is not None and day >= today]
    if today is not None and coming and min(coming) >= today + YEAR:
        message = f"none of them is in the coming year, the next one is {min(coming)}"
        yield source.warning(HOLIDAYS, message, "add those of the coming year")


def _gaps(windows: Sequence[Window]) -> list[Gap]:
    """Stretches of a week without holidays in which no window is valid; none if there are none."""
    edges = sorted({0, *(edge for one in windows for edge in (one.from_s, one.to_s))} - {DAY_S})
    spans = [*pairwise(edges), (edges[-1], DAY_S)]
    found: list[Gap] = []
    for place, day in enumerate(_WEEK):
        for from_s, until_s in spans:
            if any(one.holds(from_s, day, _WEEK[place - 1]) for one in windows):
                continue
            begins_s = place * DAY_S + from_s
            if found and found[-1][1] == begins_s:
                begins_s = found.pop()[0]
            found.append((begins_s, place * DAY_S + until_s))
    if len(found) > 1 and found[0][0] == 0 and found[-1][1] == _WEEK_S:
        found[-1] = (found[-1][0], _WEEK_S + found.pop(0)[1])
    return found


def _whole_days(gaps: Sequence[Gap]) -> int:
    """How many days of the week have a window at every hour."""
    open_days = {second // DAY_S % len(_WEEK) for gap in gaps for second in _days_of(gap)}
    return len(_WEEK) - len(open_days)


def _days_of(gap: Gap) -> Iterator[int]:
    """A second of each day that a gap touches."""
    yield from range(gap[0] // DAY_S * DAY_S, gap[1], DAY_S)


def _by_hours(gaps: Sequence[Gap]) -> dict[Gap, list[str]]:
    """Gaps of the same hours on several days as one, with the names of the days."""
    found: dict[Gap, list[str]] = {}
    first: dict[Gap, Gap] = {}
    for from_s, until_s in gaps:
        hours = (from_s % DAY_S, until_s - from_s)
        gap = first.setdefault(hours, (from_s, until_s))
        found.setdefault(gap, []).append(day_name(_WEEK[from_s // DAY_S]))
    return found


def _ending(windows: Sequence[Window], from_s: int, source: Source) -> KeyPath:
    """Where the end of the window stands that ends as the gap begins."""
    clock_s = from_s % DAY_S or DAY_S
    for one in windows:
        at = (*WINDOWS, one.name, "to")
        if one.to_s % DAY_S == clock_s % DAY_S and source.at(at) is not None:
            return at
    return WINDOWS


def _is_a_slip(gap: Gap) -> bool:
    """A short gap; or one that begins a minute before the day ends, however long it is."""
    return gap[1] - gap[0] <= SHORT_S or gap[0] % DAY_S == DAY_S - MINUTE_S


def _when(from_s: int, until_s: int) -> str:
    """Hours of a day, or until an hour of another one: from 17:59 to 18:00, until mon 08:00."""
    last_day, clock_s = divmod(until_s - 1, DAY_S)
    if last_day == from_s // DAY_S:
        return f"from {_clock(from_s % DAY_S)} to {_clock(clock_s + 1)}"
    name = day_name(_WEEK[last_day % len(_WEEK)])
    return f"from {_clock(from_s % DAY_S)} until {name} {_clock(clock_s + 1)}"


def _clock(clock_s: int) -> str:
    return f"{clock_s // 3600:02}:{clock_s // 60 % 60:02}"
