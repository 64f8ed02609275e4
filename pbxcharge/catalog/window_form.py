"""Time windows and holidays as they may stand in the file of a charging plan."""

import re
from datetime import date
from typing import Annotated, ClassVar, Final

from pydantic import Field

from pbxcharge.catalog.form import Form
from pbxcharge.catalog.scalars import reads, shown, wrong
from pbxcharge.core.windows import DAY_S, Day, Schedule, Window

WINDOW_NAME: Final = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")

_CLOCK = re.compile(r"([0-9]{2}):([0-9]{2})")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DAYS: Final = {
    "mon": Day.MONDAY,
    "tue": Day.TUESDAY,
    "wed": Day.WEDNESDAY,
    "thu": Day.THURSDAY,
    "fri": Day.FRIDAY,
    "sat": Day.SATURDAY,
    "sun": Day.SUNDAY,
    "holiday": Day.HOLIDAY,
}
_WEEK: Final = tuple(day for day in Day if day is not Day.HOLIDAY)


def _read_days(text: str) -> frozenset[Day]:
    """A day or a range of weekdays, which may pass Sunday: fri-mon is four days."""
    hint = f"write {', '.join(_DAYS)}, or a range such as mon-fri"
    first, _, last = text.partition("-")
    if first not in _DAYS or (last or first) not in _DAYS:
        raise wrong(f"{shown(text)} is not a day", hint)
    begin, end = _DAYS[first], _DAYS[last or first]
    if last and Day.HOLIDAY in (begin, end):
        raise wrong(f"{text} is no range of weekdays", hint)
    if begin is Day.HOLIDAY:
        return frozenset({begin})
    length = (end - begin) % len(_WEEK) + 1
    return frozenset(_WEEK[(begin - 1 + place) % len(_WEEK)] for place in range(length))


def _read_clock(text: str) -> int:
    """Seconds of the day: 18:00 is 64800, and 24:00 the end of the day."""
    found = _CLOCK.fullmatch(text)
    hint = 'write hours and minutes, from "00:00" to "24:00"'
    if found is None:
        raise wrong(f"{shown(text)} is not a time of day", hint)
    clock_s = int(found[1]) * 3600 + int(found[2]) * 60
    if int(found[2]) > 59 or clock_s > DAY_S:
        raise wrong(f"{text} is not a time of day", hint)
    return clock_s


def _read_date(text: str) -> date:
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        raise wrong(f"{text} is not a day of the calendar", "such as 2026-12-25") from None
    raise wrong(f"{shown(text)} is not a date", "such as 2026-12-25")


Days = Annotated[frozenset[Day], reads(_read_days)]
ClockTime = Annotated[int, reads(_read_clock)]
Holiday = Annotated[date, reads(_read_date)]


class TimeWindowForm(Form):
    """Days, and the hours of them; without hours the whole day."""

    required: ClassVar = ("days",)
    hints: ClassVar = {"days": "such as [mon-fri], [sat, sun, holiday]"}

    days: tuple[Days, ...] = ()
    """`mon` to `sun`, ranges such as `mon-fri`, and `holiday`."""
    from_s: ClockTime = Field(default=0, alias="from")
    """Its first minute; 00:00."""
    to_s: ClockTime = Field(default=DAY_S, alias="to")
    """The first minute after it; 24:00. Past midnight, it belongs to the day on which it begins."""


def day_name(day: Day) -> str:
    """How a day is written: mon."""
    return next(name for name, known in _DAYS.items() if known is day)


def schedule_of(windows: dict[str, TimeWindowForm], holidays: tuple[date, ...]) -> Schedule:
    """The windows in the order in which they are written, and the holidays."""
    return Schedule(
        tuple(window_of(name, window) for name, window in windows.items()), frozenset(holidays)
    )


def window_of(name: str, form: TimeWindowForm) -> Window:
    """One window. Raises ValueError for one that nobody could be in."""
    return Window(name, frozenset().union(*form.days), form.from_s, form.to_s)
