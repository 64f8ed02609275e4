"""Hours in which no time window of a plan is valid, where that looks like a slip.

Times without a window take a price's own terms, which most plans mean: windows for evenings and
weekends, and the price itself for the day. A gap looks like a slip if it lasts an hour at most
(`to: "23:59"`), or if windows hold every hour of five days of the week or more, so that the plan
means to name all hours. Nobody means a window to end at 23:59.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Final

from pbxcharge.catalog.findings import Finding
from pbxcharge.catalog.plan_form import PlanForm
from pbxcharge.catalog.source import KeyPath, Source
from pbxcharge.catalog.window_checks import HOLIDAYS, WINDOWS
from pbxcharge.catalog.window_form import window_of
from pbxcharge.catalog.window_week import WEEK, Stretch, by_hours, joined, stretches
from pbxcharge.core.windows import DAY_S, Day, Window

SHORT_S: Final = 3600
MINUTE_S: Final = 60
WHOLE_DAYS: Final = 5
YEAR: Final = timedelta(days=365)


def gap_findings(form: PlanForm, source: Source) -> Iterator[Finding]:
    """Stretches without a window that look like a slip; of a plan that can be read."""
    windows = [window_of(name, window) for name, window in form.time_windows.items()]
    gaps = joined(piece for piece, holding in stretches(windows) if not holding)
    names_all = _whole_days(gaps) >= WHOLE_DAYS
    slips = [gap for gap in gaps if names_all or _is_a_slip(gap)]
    for (from_s, _), when in by_hours(slips):
        at = _ending(windows, from_s, source)
        message = f"no window is valid {when}"
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


def _whole_days(gaps: Sequence[Stretch]) -> int:
    """How many days of the week have a window at every hour."""
    open_days = {second // DAY_S % len(WEEK) for gap in gaps for second in _days_of(gap)}
    return len(WEEK) - len(open_days)


def _days_of(gap: Stretch) -> Iterator[int]:
    """A second of each day that a gap touches."""
    yield from range(gap[0] // DAY_S * DAY_S, gap[1], DAY_S)


def _ending(windows: Sequence[Window], from_s: int, source: Source) -> KeyPath:
    """Where the end of the window stands that ends as the gap begins."""
    clock_s = from_s % DAY_S or DAY_S
    for one in windows:
        at = (*WINDOWS, one.name, "to")
        if one.to_s % DAY_S == clock_s % DAY_S and source.at(at) is not None:
            return at
    return WINDOWS


def _is_a_slip(gap: Stretch) -> bool:
    """A short gap; or one that begins a minute before the day ends, however long it is."""
    return gap[1] - gap[0] <= SHORT_S or gap[0] % DAY_S == DAY_S - MINUTE_S
