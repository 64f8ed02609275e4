"""Periods as people name them."""

from datetime import UTC, datetime

import pytest
import typer

from pbxcharge.cli.period import instant, month_bounds


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
