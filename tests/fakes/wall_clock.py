"""Schedules of every kind, and the rule of time windows as plainly as it can be written."""

from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from pbxcharge.core.windows import DAY_S, Day, Schedule, Window

edges_s = st.sampled_from(range(0, DAY_S, 900)) | st.integers(0, DAY_S - 1)
ZONES = [
    *("Europe/Berlin", "Australia/Sydney", "Australia/Lord_Howe"),
    *("America/Santiago", "America/St_Johns"),
]
zones = st.sampled_from([UTC, *map(ZoneInfo, ZONES)])
# Berlin's clocks are set in March and October 2026, those of Lord Howe and Sydney in April.
SET_S = [1_774_746_000, 1_792_890_000, 1_775_314_800]
instants_s = st.integers(1_767_225_600, 1_830_211_200) | st.sampled_from(SET_S).flatmap(
    lambda at_s: st.integers(at_s - DAY_S, at_s + 3600)
)


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    """Up to four windows of any days and hours, and some holidays in two years."""
    days = st.frozensets(st.sampled_from(Day), min_size=1)
    names = ("a", "b", "c", "d")[: draw(st.integers(1, 4))]
    windows = tuple(
        Window(name, draw(days), draw(edges_s), draw(edges_s | st.just(DAY_S))) for name in names
    )
    dates = st.dates(date(2026, 1, 1), date(2027, 12, 31))
    return Schedule(windows, draw(st.frozensets(dates, max_size=3)))


def by_the_clock(schedule: Schedule, zone: tzinfo, at_s: int) -> str:
    """The rule again, as plainly as it can be written: for one second, from its wall clock."""
    local = datetime.fromtimestamp(at_s, zone)
    clock_s = local.hour * 3600 + local.minute * 60 + local.second
    for window in schedule.windows:
        long_s = (window.to_s - window.from_s) % DAY_S or DAY_S
        for days_ago in (0, 1):
            began = local.date() - timedelta(days=days_ago)
            day = Day.HOLIDAY if began in schedule.holidays else Day(began.isoweekday())
            since_s = clock_s + days_ago * DAY_S - window.from_s
            if day in window.days and 0 <= since_s < long_s:
                return window.name
    return ""
