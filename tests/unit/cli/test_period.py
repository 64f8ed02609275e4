"""Periods as people name them."""

from datetime import UTC, datetime

import pytest
import typer

from pbxcharge.cli.period import month_bounds


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
