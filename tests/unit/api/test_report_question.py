"""What may be asked of a report: read once, or declined with what would be right."""

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from pbxcharge.api.report_question import question
from pbxcharge.api.report_rows import told
from pbxcharge.core.period import Period
from pbxcharge.errors import ActDeclined
from pbxcharge.store.report_selects import CALL_COLUMNS
from tests.fakes.recorded_calls import us

LONDON = ZoneInfo("Europe/London")
NOW_US = us("2026-07-15T12:00")


@pytest.mark.parametrize(
    ("asked", "period"),
    [
        ({}, ("2026-06-30T23:00", "2026-07-31T23:00")),
        ({"utc": True}, ("2026-07-01", "2026-08-01")),
        ({"month": "2026-11"}, ("2026-11-01", "2026-12-01")),
        ({"since": "2026-07-10"}, ("2026-07-09T23:00", "2026-07-31T23:00")),
        ({"since": "2026-01-01", "until": "2026-01-02T06:00"}, ("2026-01-01", "2026-01-02T06:00")),
        (
            {"since": "2026-07-10T00:00:00Z", "until": "2026-07-11"},
            ("2026-07-10", "2026-07-10T23:00"),
        ),
    ],
)
def test_a_time_is_meant_by_the_sites_clocks(
    asked: dict[str, object], period: tuple[str, str]
) -> None:
    """Of this month, if nothing is said; of UTC, if that is asked for."""
    wanted = question(dict(asked)).wanted(LONDON, NOW_US)
    assert wanted.period == Period(us(period[0]), us(period[1]))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"month": "2026-7"}, "is not a month"),
        ({"month": "2026-07", "since": "2026-07-02"}, "own beginning and end"),
        ({"since": "2026-08-01"}, "ends before it begins"),
        ({"since": "1990-01-01"}, "longer than 10 years"),
        ({"since": "soon"}, "neither a day nor an instant"),
        ({"types": "public,lokal"}, "'lokal' is no type of call; known: public, local"),
        ({"direction": "out"}, "known: outgoing, incoming"),
        ({"dispositions": "bussy"}, "known: ANSWERED, NO ANSWER, BUSY"),
        ({"causes": "16,x"}, "'x' is no hangup cause"),
        ({"causes": "300"}, "0 to 127"),
        ({"causes": "1" * 5000}, "0 to 127"),
    ],
)
def test_what_nobody_can_answer_is_declined(asked: dict[str, object], said: str) -> None:
    """With what is known; a report of a misspelled type would be empty, and believed."""
    with pytest.raises(ActDeclined, match=said):
        question(dict(asked)).wanted(UTC, NOW_US)


@pytest.mark.parametrize(
    "asked",
    [{"limit": "0"}, {"limit": "20001"}, {"limit": "x"}, {"scop": "acme"}, {"utc": "maybe"}],
)
def test_bounds_and_names_are_held(asked: dict[str, object]) -> None:
    """A filter whose name is misspelled would be none at all."""
    with pytest.raises(ActDeclined):
        question(dict(asked))


def test_columns_and_groups_are_those_that_there_are() -> None:
    """All columns unless some are named, in the order in which they are."""
    assert question({}).listed == tuple(CALL_COLUMNS)
    assert question({"columns": "charge, setup_at"}).listed == ("charge", "setup_at")
    assert (question({}).group, question({"by": "trunk"}).group) == ("account", "trunk")
    with pytest.raises(ActDeclined, match="'price' is no column"):
        assert question({"columns": "price"}).listed
    with pytest.raises(ActDeclined, match="'day' is no grouping"):
        assert question({"by": "day"}).group


def test_lists_are_read_as_they_are_written() -> None:
    """With commas between, blanks around; texts of a query are numbers too."""
    asked = {"types": "public, local", "dispositions": "no answer,BUSY", "causes": "16,17"}
    wanted = question({**asked, "limit": "5", "direction": "incoming"}).wanted(UTC, NOW_US)
    assert wanted.call_types == ("public", "local")
    assert wanted.dispositions == ("NO ANSWER", "BUSY")
    assert (wanted.causes, wanted.direction) == ((16, 17), "incoming")


@pytest.mark.parametrize(
    ("reason", "call_type", "code"),
    [
        ("not_enough_credit", "public", 402),
        ("not_enough_credit", "incoming", 480),
        ("no_rate", "local", 404),
        ("storage_down", "emergency", 503),
        ("daemon_away", "public", 503),
        ("", "", 503),
    ],
)
def test_what_the_phone_was_told(reason: str, call_type: str, code: int) -> None:
    """A carrier learns nothing of debts; what the dialplan decided by itself is 503."""
    assert told(reason, call_type) == code
