"""Hours without a time window or with two, and holidays: named where they look like a slip."""

from datetime import date

import pytest

from pbxcharge.catalog.findings import Finding, Severity
from pbxcharge.catalog.plan_file import Surroundings, read_plan
from pbxcharge.catalog.source import parse_source

PLAN = """\
name: retail
type: prepaid
allow: {{local: yes}}
prices: {{local: {{price_per_minute: 1, windows: {{{used}: {{price_per_minute: 0.5}}}}}}}}
holidays: [{holidays}]
time_windows:
{windows}"""


def found_in(
    *windows: str, holidays: str = "", today: date | None = date(2026, 11, 22)
) -> list[Finding]:
    """What is found in a plan with these windows, a, b and so on, from line 7 on."""
    lines = "".join(f"  {name}: {{{it}}}\n" for name, it in zip("abcdef", windows, strict=False))
    text = PLAN.format(used="a", holidays=holidays, windows=lines)
    source, found = parse_source("retail.yaml", text.encode())
    assert source is not None, found
    _, findings = read_plan(source, Surroundings(today=today))
    assert {finding.severity for finding in findings} <= {Severity.WARNING}, findings
    return list(findings)


DAY = 'days: [mon-fri], from: "08:00", to: "18:00"'
NIGHT = 'days: [mon-fri], from: "18:00", to: "08:00"'
WEEKEND = "days: [sat, sun]"


@pytest.mark.parametrize(
    "windows",
    [
        (NIGHT,),
        (NIGHT, WEEKEND),
        (DAY,),
        (WEEKEND,),
        (DAY, 'days: [mon-sun], from: "18:00", to: "08:00"', WEEKEND),
        ("days: [mon-sun]",),
    ],
)
def test_hours_that_are_left_to_the_price_itself_are_no_gap(windows: tuple[str, ...]) -> None:
    """Windows for the night and the weekend, for the day alone, or for all of the week."""
    assert found_in(*windows) == []


def test_a_short_gap_between_windows_is_a_slip() -> None:
    """18:00 is written as 17:59 by many; the days of the same gap are named together."""
    found = found_in('days: [mon-fri], from: "08:00", to: "17:59"', NIGHT)
    assert [(it.line, it.key) for it in found] == [(7, "time_windows.a.to")]
    assert found[0].message == ("no window is valid on mon, tue, wed, thu, fri from 17:59 to 18:00")


def test_the_last_minute_of_a_day_is_a_slip() -> None:
    """It ends at 24:00, not at 23:59."""
    found = found_in('days: [mon-sun], from: "00:00", to: "23:59"')
    assert [(it.line, it.key) for it in found] == [(7, "time_windows.a.to")]
    assert found[0].message.endswith("sat, sun from 23:59 to 24:00")


def test_a_window_that_ends_a_minute_before_midnight_is_a_slip() -> None:
    """Also if none follows it for hours."""
    found = found_in('days: [mon, tue], from: "18:00", to: "23:59"')
    assert [it.message for it in found] == [
        "no window is valid on mon from 23:59 until tue 18:00",
        "no window is valid on tue from 23:59 until mon 18:00",
    ]


def test_a_day_that_was_forgotten_is_a_slip() -> None:
    """A plan that names every hour of five days means to name all of them."""
    found = found_in(DAY, 'days: [mon-sun], from: "18:00", to: "08:00"', "days: [sat]")
    assert [it.message for it in found] == ["no window is valid on sun from 08:00 to 18:00"]


def test_the_night_before_monday_belongs_to_sunday() -> None:
    """With windows for working days, their nights and the weekend, these hours are nobody's."""
    found = found_in(DAY, NIGHT, WEEKEND)
    assert [it.message for it in found] == ["no window is valid on mon from 00:00 to 08:00"]


def test_a_gap_over_several_days_names_its_end() -> None:
    """Sunday and the night after it."""
    found = found_in(DAY, NIGHT, "days: [sat]")
    assert [it.message for it in found] == ["no window is valid on sun from 00:00 until mon 08:00"]


def test_gaps_of_several_days_that_end_the_next_day_say_so() -> None:
    """Monday's ends on Tuesday, Tuesday's on Wednesday."""
    found = found_in('days: [mon-fri], from: "08:00", to: "23:59"')
    assert [it.message for it in found] == [
        "no window is valid on mon, tue, wed, thu from 23:59 until 08:00 the next day",
        "no window is valid on fri from 23:59 until mon 08:00",
    ]


LATE = 'days: [mon-sat], from: "17:00", to: "22:00"'


def test_a_window_that_reaches_into_an_earlier_one_is_a_slip() -> None:
    """On the days that both have; nobody knows which of the two was meant."""
    found = found_in(DAY, LATE)
    assert [(it.line, it.key) for it in found] == [(8, "time_windows.b")]
    assert found[0].message == (
        "overlaps a on mon, tue, wed, thu, fri from 17:00 to 18:00: "
        "there a counts, as it stands first"
    )


def test_a_window_that_reaches_into_a_morning_is_told_with_its_days() -> None:
    """The night from Friday to Saturday is Friday's."""
    found = found_in(NIGHT, 'days: [sat, sun], from: "06:00", to: "20:00"')
    assert [it.message for it in found if "overlaps" in it.message] == [
        "overlaps a on sat from 06:00 to 08:00: there a counts, as it stands first"
    ]


@pytest.mark.parametrize(
    "windows",
    [
        (WEEKEND, 'days: [mon-sun], from: "18:00", to: "08:00"'),
        ('days: [mon-fri], from: "12:00", to: "13:00"', DAY),
        ("days: [fri]", DAY),
        ('days: [sat, sun], from: "10:00", to: "20:00"', DAY),
    ],
)
def test_windows_that_go_before_others_overlap_as_they_are_meant_to(
    windows: tuple[str, ...],
) -> None:
    """A day before the hours of each day, an hour within a day, and hours of other days."""
    assert [it for it in found_in(*windows) if "overlaps" in it.message] == []


def test_holidays_that_no_window_names_are_told() -> None:
    """They are no weekdays, so no window holds them at all."""
    found = found_in(WEEKEND, holidays="2026-12-25")
    assert [(it.line, it.key) for it in found] == [(5, "holidays")]
    assert "no window names holiday" in found[0].message


def test_holidays_without_one_in_the_coming_year_are_told() -> None:
    """A list that was made for later, or that leaves a year out; all in the past is another one."""
    named = "days: [sat, sun, holiday]"
    assert found_in(named, holidays="2026-01-01, 2027-11-21") == []
    found = found_in(named, holidays="2026-01-01, 2027-11-22")
    assert [(it.line, it.key) for it in found] == [(5, "holidays")]
    assert "the next one is 2027-11-22" in found[0].message
    assert "all lie in the past" in found_in(named, holidays="2026-11-21")[0].message
    assert found_in(named, holidays="2027-11-22", today=None) == []
