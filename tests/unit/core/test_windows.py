"""Time windows: what the wall clock of a zone makes of them, also when the clocks are set."""

from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbxcharge.core.windows import (
    DAY_S,
    NO_SCHEDULE,
    NO_WINDOWS,
    Day,
    Schedule,
    Timeline,
    Window,
    always,
    timeline_from_canonical,
    timeline_to_canonical,
)
from tests.examples import examples
from tests.fakes.any_price import timelines
from tests.fakes.wall_clock import by_the_clock, instants_s, schedules, zones

HOUR_S = 3600
BERLIN, SYDNEY = ZoneInfo("Europe/Berlin"), ZoneInfo("Australia/Sydney")
LORD_HOWE, SANTIAGO = ZoneInfo("Australia/Lord_Howe"), ZoneInfo("America/Santiago")
WORKDAYS = frozenset(Day) - {Day.SATURDAY, Day.SUNDAY, Day.HOLIDAY}
EVENING = Window("evening", WORKDAYS, 18 * HOUR_S, DAY_S)
WEEKEND = Window("weekend", frozenset({Day.SATURDAY, Day.SUNDAY, Day.HOLIDAY}), 0, DAY_S)
NIGHT = Window("night", frozenset({Day.FRIDAY}), 22 * HOUR_S, 6 * HOUR_S)
CHRISTMAS = date(2026, 12, 25)
"""A Friday."""
OFFICE = Schedule((EVENING, WEEKEND), frozenset({CHRISTMAS}))


def epoch_s(local: str, zone: tzinfo = UTC) -> int:
    """The UTC second of the epoch of a local time, the first of two."""
    return int(datetime.fromisoformat(local).replace(tzinfo=zone).timestamp())


def window_at(schedule: Schedule, local: str, zone: tzinfo = UTC) -> str:
    """What is valid at a local time."""
    at_s = epoch_s(local, zone)
    return schedule.timeline(zone, at_s, at_s + 1).window_at(at_s)


def assert_as_the_clock_shows(
    schedule: Schedule, zone: tzinfo, timeline: Timeline, seconds: range | list[int]
) -> None:
    """The timeline and the plain rule agree at each of these seconds."""
    for at_s in seconds:
        assert timeline.window_at(at_s) == by_the_clock(schedule, zone, at_s), at_s


@pytest.mark.parametrize(
    ("local", "window"),
    [
        ("2026-12-23T17:59:59", ""),
        ("2026-12-23T18:00:00", "evening"),
        ("2026-12-23T23:59:59", "evening"),
        ("2026-12-24T00:00:00", ""),
        ("2026-12-24T23:59:59", "evening"),
        ("2026-12-25T00:00:00", "weekend"),
        ("2026-12-25T20:00:00", "weekend"),
        ("2026-12-26T12:00:00", "weekend"),
        ("2026-12-27T23:59:59", "weekend"),
        ("2026-12-28T00:00:00", ""),
    ],
)
def test_a_window_is_valid_on_its_days_from_its_first_second(local: str, window: str) -> None:
    """Wednesday and Thursday evening, a Friday that is a holiday and no Friday, the weekend."""
    assert window_at(OFFICE, local) == window
    assert window_at(OFFICE, local, BERLIN) == window


@pytest.mark.parametrize(
    ("local", "window"),
    [
        ("2026-12-18T21:59:59", ""),
        ("2026-12-18T22:00:00", "night"),
        ("2026-12-19T05:59:59", "night"),
        ("2026-12-19T06:00:00", ""),
        ("2026-12-19T22:00:00", ""),
        ("2026-12-18T03:00:00", ""),
        ("2026-12-25T23:00:00", ""),
        ("2026-12-26T03:00:00", ""),
    ],
)
def test_a_window_past_midnight_belongs_to_the_day_it_begins_on(local: str, window: str) -> None:
    """Friday 22:00 to Saturday 06:00; not where the Friday is a holiday."""
    assert window_at(Schedule((NIGHT,), frozenset({CHRISTMAS})), local) == window


def test_the_first_window_of_the_list_counts() -> None:
    """The night reaches into the weekend if it stands first, and ends with it if not."""
    saturday = "2026-12-19T03:00:00"
    assert window_at(Schedule((NIGHT, WEEKEND)), saturday) == "night"
    assert window_at(Schedule((WEEKEND, NIGHT)), saturday) == "weekend"


@pytest.mark.parametrize("to_s", [12 * HOUR_S, 0])
def test_a_window_that_ends_when_it_begins_is_a_whole_day(to_s: int) -> None:
    """From 12:00 to 12:00 is until noon of the next day; from 00:00 to 00:00 is the day."""
    schedule = Schedule((Window("day", frozenset({Day.MONDAY}), to_s, to_s),))
    monday_s = epoch_s("2026-12-21T00:00:00")
    timeline = schedule.timeline(UTC, monday_s - DAY_S, monday_s + 3 * DAY_S)
    assert timeline.changes == ((0, ""), (monday_s + to_s, "day"), (monday_s + DAY_S + to_s, ""))


def test_a_timeline_is_clipped_to_the_call_and_begins_at_0() -> None:
    """Calls of the same hours have the same content, whichever second they were set up in."""
    at_s = epoch_s("2026-12-23T17:00:00")
    evening = (at_s + HOUR_S, "evening")
    assert OFFICE.timeline(UTC, at_s, at_s + 2 * HOUR_S) == Timeline(((0, ""), evening))
    assert OFFICE.timeline(UTC, at_s + 9, at_s + 2 * HOUR_S) == Timeline(((0, ""), evening))
    assert OFFICE.timeline(UTC, at_s, at_s + HOUR_S) == NO_WINDOWS
    assert OFFICE.timeline(UTC, at_s + HOUR_S, at_s) == always("evening")


def test_without_windows_there_is_no_timeline() -> None:
    """A plan without windows stores nothing, whatever its holidays."""
    assert NO_SCHEDULE.timeline(BERLIN, 0, 10**9) is NO_WINDOWS
    assert Schedule((), frozenset({CHRISTMAS})).timeline(BERLIN, 0, 10**9) is NO_WINDOWS


def test_the_zone_decides_which_day_it_is() -> None:
    """Friday 23:00 in London is Saturday 10:00 in Sydney."""
    friday_s = epoch_s("2026-12-18T23:00:00")
    assert OFFICE.timeline(SYDNEY, friday_s, friday_s + 1) == always("weekend")
    assert OFFICE.timeline(UTC, friday_s, friday_s + 1) == always("evening")


QUARTERS = Schedule(
    (
        Window("half past one", frozenset(Day), 90 * 60, 105 * 60),
        Window("two", frozenset(Day), 2 * HOUR_S, 2 * HOUR_S + 900),
        Window("half past two", frozenset(Day), 150 * 60, 3 * HOUR_S),
        Window("late", frozenset({Day.SATURDAY}), 23 * HOUR_S, 2 * HOUR_S),
    )
)


@pytest.mark.parametrize(
    ("zone", "set_at"),
    [
        pytest.param(BERLIN, "2026-03-29T01:00:00", id="Berlin, an hour skipped"),
        pytest.param(BERLIN, "2026-10-25T01:00:00", id="Berlin, an hour twice"),
        pytest.param(SYDNEY, "2026-10-03T16:00:00", id="Sydney, an hour skipped"),
        pytest.param(SYDNEY, "2026-04-04T16:00:00", id="Sydney, an hour twice"),
        pytest.param(SANTIAGO, "2026-09-06T04:00:00", id="Santiago, midnight skipped"),
        pytest.param(SANTIAGO, "2026-04-05T03:00:00", id="Santiago, midnight twice"),
        pytest.param(LORD_HOWE, "2026-10-03T15:30:00", id="Lord Howe, half an hour skipped"),
        pytest.param(LORD_HOWE, "2026-04-04T15:00:00", id="Lord Howe, half an hour twice"),
        pytest.param(ZoneInfo("Asia/Kathmandu"), "2026-04-04T20:15:00", id="never set"),
        pytest.param(ZoneInfo("Pacific/Apia"), "2011-12-30T10:00:00", id="a day skipped"),
    ],
)
def test_each_second_counts_as_what_the_clock_shows(zone: tzinfo, set_at: str) -> None:
    """Two hours before and after the clocks are set, second by second against the plain rule.

    Seen failing with the offset of the first second for the whole call, with `ahead_s + 1` for the
    second at which the clocks are set, and without `max(begin_s, …)`.
    """
    set_s = epoch_s(set_at)
    seconds = range(set_s - 2 * HOUR_S, set_s + 2 * HOUR_S)
    timeline = QUARTERS.timeline(zone, seconds.start, seconds.stop)
    assert_as_the_clock_shows(QUARTERS, zone, timeline, seconds)
    assert len(timeline.changes) > 1


def test_both_passes_of_the_repeated_hour_count_and_the_skipped_one_never() -> None:
    """In Berlin 02:00 to 02:15 comes twice on 25 October, and not at all on 29 March."""
    for set_at, times in (("2026-10-25T01:00:00", 2), ("2026-03-29T01:00:00", 0)):
        set_s = epoch_s(set_at)
        timeline = QUARTERS.timeline(BERLIN, set_s - 2 * HOUR_S, set_s + 2 * HOUR_S)
        assert [name for _, name in timeline.changes].count("two") == times


@settings(max_examples=examples(300))
@given(schedules(), zones, instants_s, st.integers(1, 7 * DAY_S), st.data())
def test_a_timeline_is_what_the_clock_shows_in_any_zone(
    schedule: Schedule, zone: tzinfo, from_s: int, long_s: int, data: st.DataObject
) -> None:
    """Any windows, holidays and zone, up to a week: at each change, just before it, and between.

    Seen failing with `day` for `day - 1` in `_local_changes`, and with `<=` for `<` in `holds`.
    """
    until_s = from_s + long_s
    timeline = schedule.timeline(zone, from_s, until_s)
    instants = [at_s for at_s, _ in timeline.changes[1:]]
    seconds = data.draw(st.lists(st.integers(from_s, until_s - 1), max_size=20))
    seconds += [from_s, until_s - 1, *instants, *(at_s - 1 for at_s in instants)]
    assert_as_the_clock_shows(schedule, zone, timeline, seconds)
    assert all(from_s < at_s < until_s for at_s in instants)
    assert all(before != after for (_, before), (_, after) in pairwise(timeline.changes))


@given(timelines, st.integers(0, 700), st.integers(0, 700))
def test_a_timeline_seen_from_a_second_on_is_the_same(
    timeline: Timeline, from_s: int, second: int
) -> None:
    """Counted from another second, and with only some windows told apart, it says the same.

    Seen failing with `second` not taken away in `since`, and with `"" if name in names` in
    `naming`.
    """
    there = timeline.window_at(from_s + second)
    assert timeline.since(from_s).window_at(second) == there
    assert timeline.since(from_s).since(second) == timeline.since(from_s + second)
    told_apart = timeline.naming(frozenset({"evening"})).window_at(from_s + second)
    assert told_apart == ("evening" if there == "evening" else "")


@given(timelines)
def test_a_stored_timeline_comes_back(timeline: Timeline) -> None:
    """In JSON's own kinds.

    Seen failing with the first change left out of `timeline_to_canonical`.
    """
    assert timeline_from_canonical(timeline_to_canonical(timeline)) == timeline


@pytest.mark.parametrize(
    "record",
    [None, [], "", [[1, "a"]], [[0, "a"], [0, "b"]], [[0, 1]], [[True, "a"]], [["0", "a"]], [[0]]],
)
def test_a_stored_timeline_that_cannot_be_read_is_refused(record: Any) -> None:
    """A price by a part of the hours would be a wrong one."""
    with pytest.raises(ValueError, match="timeline"):
        timeline_from_canonical(record)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": ""}, "has no name"),
        ({"days": frozenset()}, "evening has no days"),
        ({"from_s": DAY_S}, "from 00:00 to 24:00"),
        ({"from_s": -1}, "from 00:00 to 24:00"),
        ({"to_s": DAY_S + 1}, "from 00:00 to 24:00"),
    ],
)
def test_a_window_that_is_none_is_refused(change: dict[str, Any], says: str) -> None:
    """Each by what is wrong with it."""
    fields: dict[str, Any] = {"name": "evening", "days": WORKDAYS, "from_s": 0, "to_s": 0}
    with pytest.raises(ValueError, match=says):
        Window(**(fields | change))


class CountingZone(tzinfo):
    """UTC, and how often it was asked."""

    asked = 0

    def utcoffset(self, _: datetime | None) -> timedelta:
        """No offset; one more question."""
        self.asked += 1
        return timedelta(0)

    def dst(self, _: datetime | None) -> timedelta:
        """None either."""
        return timedelta(0)

    def tzname(self, _: datetime | None) -> str:
        """Its name is not asked for."""
        return "counting"


def test_a_timeline_asks_its_zone_a_few_times_only() -> None:
    """A call of four hours asks for a handful of offsets, one of a week for some dozens.

    Seen failing with an offset asked for each minute.
    """
    for long_s, most in ((4 * HOUR_S, 8), (7 * DAY_S, 80)):
        zone = CountingZone()
        OFFICE.timeline(zone, 1_790_000_000, 1_790_000_000 + long_s)
        assert 0 < zone.asked <= most
