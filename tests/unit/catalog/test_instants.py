"""Dates in files mean an instant of the site's zone."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from pydantic_core import PydanticCustomError

from pbxcharge.catalog.instants import read_instant

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-12-01", "2026-11-30 23:00:00"),
        ("2026-07-01 18:30", "2026-07-01 16:30:00"),
        ("2026-07-01T18:30:05", "2026-07-01 16:30:05"),
        ("2026-10-25 02:30", "2026-10-25 00:30:00"),  # passed twice: the first one
    ],
)
def test_a_date_is_local_time(text: str, utc: str) -> None:
    """A day begins at its midnight."""
    assert str(datetime.fromtimestamp(read_instant(text, BERLIN), UTC))[:19] == utc


@pytest.mark.parametrize("text", ["", "2026-13-01", "2026-02-30", "01.12.2026", "20261201", "soon"])
def test_what_is_no_date_is_said(text: str) -> None:
    """With what to write instead."""
    with pytest.raises(PydanticCustomError) as refused:
        read_instant(text, BERLIN)
    assert "2026-12-01" in (refused.value.context or {})["hint"]
