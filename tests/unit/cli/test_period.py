"""Periods as people name them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
import typer

from pbxcharge.cli.period import begins, ends, from_to, instant, month_bounds


@pytest.mark.parametrize(
    ("text", "first", "after"),
    [
        ("2026-03", (2026, 3), (2026, 4)),
        ("2026-12", (2026, 12), (2027, 1)),
        ("2028-02", (2028, 2), (2028, 3)),
    ],
)
def test_a_month_ends_where_the_next_begins(
    text: str, first: tuple[int, int], after: tuple[int, int]
) -> None:
    """Also the last one of a year."""
    begins, ends = month_bounds(text)
    assert begins == datetime(*first, 1, tzinfo=UTC)
    assert ends == datetime(*after, 1, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2026", "2026-13", "march", "2026-3-1"])
def test_what_is_no_month_is_a_mistake_in_the_command(text: str) -> None:
    """Exit code 2 follows."""
    with pytest.raises(typer.BadParameter):
        month_bounds(text)


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "hour", "minute"),
    [
        ("90m", 10, 30),
        ("2h", 10, 0),
        ("2026-03-01T11:15", 11, 15),
        ("2026-03-01T12:15+01:00", 11, 15),
    ],
)
def test_an_instant_is_an_age_or_a_time(text: str, hour: int, minute: int) -> None:
    """10m is ten minutes ago; a time without a zone is UTC."""
    assert instant(text, NOON) == datetime(2026, 3, 1, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "m", "10", "10w", "-5m", "yesterday"])
def test_what_is_no_instant_is_a_mistake_of_usage(text: str) -> None:
    """The message says how one looks."""
    with pytest.raises(typer.BadParameter, match="such as 90s, 10m"):
        instant(text, NOON)


LONDON = ZoneInfo("Europe/London")


@pytest.mark.parametrize(
    ("text", "first", "after"),
    [
        ("2026-07", "2026-07-01T00:00:00+01:00", "2026-08-01T00:00:00+01:00"),
        ("2026-03", "2026-03-01T00:00:00+00:00", "2026-04-01T00:00:00+01:00"),
        ("2026-03-29", "2026-03-29T00:00:00+00:00", "2026-03-30T00:00:00+01:00"),
        ("2026-07-01T12:30", "2026-07-01T12:30:00+01:00", "2026-07-01T12:30:00+01:00"),
        ("2026-07-01T12:30Z", "2026-07-01T12:30:00+00:00", "2026-07-01T12:30:00+00:00"),
    ],
)
def test_a_period_is_of_the_clocks_of_its_zone(text: str, first: str, after: str) -> None:
    """The day of spring has 23 hours; an instant is no period."""
    assert begins(text, LONDON).isoformat() == first
    assert ends(text, LONDON).isoformat() == after


@pytest.mark.parametrize("text", ["soon", "2026", "2026-13", "2026-02-30"])
def test_what_is_no_period_is_a_mistake_in_the_command(text: str) -> None:
    """Exit code 2 follows."""
    with pytest.raises(typer.BadParameter):
        begins(text, LONDON)


def test_a_time_holds_its_first_and_its_last_month() -> None:
    """From 2026-02 to 2026-02 is February; without an end it lasts up to now."""
    march = datetime(2026, 3, 1, tzinfo=LONDON)
    assert from_to("2026-02", "2026-02", LONDON) == (datetime(2026, 2, 1, tzinfo=LONDON), march)
    assert from_to("2026-02", None, LONDON, NOON)[1] == NOON


@pytest.mark.parametrize(
    ("begin", "end", "why"),
    [
        ("2026-03", "2026-02", "--to 2026-02 is before --from 2026-03"),
        ("2026-04", None, "--from 2026-04 has not begun yet"),
    ],
)
def test_a_time_without_an_instant_is_a_mistake_of_usage(
    begin: str, end: str | None, why: str
) -> None:
    """Nothing would be found in it, which would look like an answer."""
    with pytest.raises(typer.BadParameter, match=why):
        from_to(begin, end, LONDON, NOON)
