"""One line for one event, for people."""

from typing import Any

from rich.text import Text

from pbxcharge.cli.event_lines import event_line

AT_US = 1_790_000_000_000_000
TODAY = "2026-09-21"
SLICE: dict[str, Any] = {
    "event_id": AT_US,
    "at_us": AT_US,
    "event": "slice",
    "call_id": "019a",
    "account": "alice",
    "organization": "acme",
    "number": "4420",
    "cost": "0.10",
    "currency": "EUR",
    "paid_s": 10,
    "paid_through_us": AT_US + 4_000_000,
    "step": 2,
}


def shown(today: str = TODAY, **changed: Any) -> str:
    """The line without its colours."""
    return event_line(SLICE | changed, today).plain


def test_a_line_says_who_whom_what_it_costs_and_until_when_it_is_paid() -> None:
    """In columns; what has no column follows by name."""
    assert shown().split() == [
        *("14:13:20.000", "slice", "alice", "4420", "0.10", "EUR", "paid", "10", "s", "to"),
        *("14:13:24.000", "step=2", "019a"),
    ]


def test_an_event_of_another_day_says_which() -> None:
    """Before the time."""
    assert shown(today="2026-09-22").startswith("2026-09-21 14:13:20.000 ")


def test_what_is_not_there_leaves_its_column_empty() -> None:
    """An event without account, number, cost or call."""
    line = event_line({"event": "stored events unavailable", "message": "gone"}, TODAY)
    assert line.plain.split() == ["stored", "events", "unavailable", "-", "message=gone"]


def test_what_a_caller_dials_cannot_move_the_cursor() -> None:
    """Control characters are shown as what they are: none of ours."""
    line = shown(number=None, dialled="00\x1b[2J\n\r44")
    assert "\x1b" not in line
    assert "\n" not in line
    assert "00�[2J��44" in line


def test_an_event_has_its_colour() -> None:
    """A refusal is red; one that nobody knows is plain."""
    assert colour(event_line(SLICE | {"event": "refused"}, TODAY)) == "red"
    assert colour(event_line(SLICE | {"event": "unheard of"}, TODAY)) == ""


def colour(line: Text) -> str:
    """The style of the event's name."""
    return next((str(span.style) for span in line.spans if span.start == 13), "")
