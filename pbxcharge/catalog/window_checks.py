"""Time windows that no call could ever be in, and prices for windows that there are not."""

from collections.abc import Iterator
from datetime import date
from difflib import get_close_matches

from pbxcharge.catalog.findings import Finding
from pbxcharge.catalog.plan_form import PlanForm
from pbxcharge.catalog.price_form import PriceForm
from pbxcharge.catalog.source import Group, Items, KeyPath, Source, child
from pbxcharge.catalog.window_form import WINDOW_NAME, window_of
from pbxcharge.core.windows import DAY_S, Day, Window

WINDOWS: KeyPath = ("time_windows",)
HOLIDAYS: KeyPath = ("holidays",)

_WEEK = tuple(day for day in Day if day is not Day.HOLIDAY)


def window_findings(form: PlanForm, source: Source) -> Iterator[Finding]:
    """What is wrong in `time_windows` and `holidays`."""
    for name in form.time_windows:
        if WINDOW_NAME.fullmatch(name) is None:
            hint = "small letters, digits and single dashes, such as evening"
            yield source.error((*WINDOWS, name), "is not a name of a time window", hint)
    found = [*_wrong_hours(form, source)]
    yield from found or _never_valid(form, source)
    for place, day in enumerate(form.holidays):
        if day in form.holidays[:place]:
            yield source.error((*HOLIDAYS, place), f"{day} stands twice", "keep one of them")
    if form.holidays and not form.time_windows:
        message = "change nothing: there are no time_windows"
        yield source.warning(HOLIDAYS, message, "write time_windows, or remove them")
    if form.time_windows and form.limits.call_max_s is None:
        message = "a plan with time_windows must end its calls within 7 days"
        yield source.error(("limits", "call_max_s"), message, "such as 14400")


def _wrong_hours(form: PlanForm, source: Source) -> Iterator[Finding]:
    for name, window in form.time_windows.items():
        at = (*WINDOWS, name)
        if not isinstance(source.at(at), Group):
            continue
        days = source.at((*at, "days"))
        if not window.days and not (isinstance(days, Items) and days.items):
            # Of days that are none, each has a finding of its own.
            yield source.error((*at, "days"), "is empty", "such as [mon-fri]")
        if window.from_s == DAY_S:
            yield source.error((*at, "from"), "the day has ended at 24:00", 'write "00:00"')
        elif window.from_s == window.to_s:
            message = "begins and ends at the same time"
            hint = 'for a whole day leave both out, or write from: "00:00" and to: "24:00"'
            yield source.error((*at, "from"), message, hint)


def _never_valid(form: PlanForm, source: Source) -> Iterator[Finding]:
    """Windows that others cover wholly: the first one that holds an instant is valid."""
    named = form.time_windows.items()
    windows = [window_of(name, window) for name, window in named if window.days]
    valid = frozenset(_valid_names(windows, bool(form.holidays)))
    for window in windows:
        if window.name in valid:
            continue
        if window.days == {Day.HOLIDAY} and not form.holidays:
            yield source.error((*WINDOWS, window.name), "is never valid: no holidays are listed")
        else:
            message = "is never valid: the windows before it hold all its hours"
            hint = "the first window that holds an instant counts: write it further up"
            yield source.error((*WINDOWS, window.name), message, hint)


def _valid_names(windows: list[Window], holidays: bool) -> Iterator[str]:
    edges = {edge for window in windows for edge in (0, window.from_s, window.to_s % DAY_S)}
    for day, day_before in _days(holidays):
        for clock_s in edges:
            holding = (one.name for one in windows if one.holds(clock_s, day, day_before))
            yield from (name for name in [next(holding, None)] if name is not None)


def _days(holidays: bool) -> Iterator[tuple[Day, Day]]:
    """Every day that there is, with the one before it."""
    for place, day in enumerate(_WEEK):
        yield day, _WEEK[place - 1]
        if holidays:
            yield day, Day.HOLIDAY
            yield Day.HOLIDAY, day
    if holidays:
        yield Day.HOLIDAY, Day.HOLIDAY


def holiday_findings(form: PlanForm, source: Source, today: date | None) -> Iterator[Finding]:
    """A list of holidays that somebody forgot to go on with."""
    if today is not None and form.holidays and max(form.holidays) < today:
        message = f"all lie in the past, the last one on {max(form.holidays)}"
        yield source.warning(HOLIDAYS, message, "add those to come")


def price_window_findings(
    row: PriceForm, form: PlanForm, source: Source, path: KeyPath
) -> Iterator[Finding]:
    """Windows of a price that the plan does not have, or in which nothing is another."""
    for name in row.windows:
        at = (*path, "windows", name)
        if name not in form.time_windows:
            near = get_close_matches(name, form.time_windows, n=1)
            known = ", ".join(form.time_windows) or "none: write time_windows"
            hint = f"did you mean {near[0]}?" if near else f"known: {known}"
            yield source.error(at, f"there is no time window {name}", hint)
        window = child(child(source.at(path), "windows"), name)
        if isinstance(window, Group) and not window.entries:
            yield source.error(at, "changes nothing", "such as {price_per_minute: 0.05}")
