"""What commands print: for people, whole; for programs, JSON."""

import io
import json

import pytest

from pbxcharge.cli import output


class Terminal(io.StringIO):
    """Standard output that is a terminal."""

    def isatty(self) -> bool:
        """Whoever asks is told so."""
        return True


def test_a_table_in_a_pipe_is_one_line_for_each_row(capsys: pytest.CaptureFixture[str]) -> None:
    """However long the cells are; the columns stand below each other."""
    output.table([("name", "<"), ("sum", ">")], [("x" * 300, "1.00"), ("y", "20.00")], "none")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[1].split() == ["x" * 300, "1.00"]
    assert lines[1].index("1.00") == lines[2].index("20.00") + 1


def test_amounts_stand_point_under_point(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever their decimals; a cell without an amount stays empty."""
    rows = [("a", "0.0332", "x"), ("b", "12.10", "y"), ("c", None, "z")]
    output.table([("id", "<"), ("sum", "."), ("note", "<")], rows, "none")
    assert capsys.readouterr().out.splitlines() == [
        "id      sum  note",
        "a    0.0332  x",
        "b   12.10    y",
        "c            z",
    ]


def test_a_narrow_terminal_cuts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It wraps lines by itself, so that an id can be copied; only headings are coloured."""
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    monkeypatch.setenv("COLUMNS", "30")
    monkeypatch.setenv("TERM", "xterm")
    output.table([("call", "<"), ("note", "<")], [("c" * 22, "n" * 50)], "none")
    heading, row = terminal.getvalue().splitlines()
    assert "\x1b[1m" in heading
    assert row == f"{'c' * 22}  {'n' * 50}"


def test_no_line_ends_with_blanks(capsys: pytest.CaptureFixture[str]) -> None:
    """The last column is as wide as its widest cell, lines are not."""
    output.table([("id", "<"), ("note", "<")], [("1", "n" * 9), ("2", "")], "none")
    assert capsys.readouterr().out.splitlines()[2] == "2"


def test_what_looks_like_markup_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    """Names and notes are other people's words."""
    output.table([("note", "<")], [("[red]50% [/] off[",)], "none")
    output.say("[bold]x[/bold] 3:30")
    printed = capsys.readouterr().out
    assert "[red]50% [/] off[" in printed
    assert "[bold]x[/bold] 3:30\n" in printed


def test_a_cell_neither_moves_the_cursor_nor_begins_a_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Whatever a trunk says of its caller; letters that take two columns are counted so."""
    output.table([("name", "<"), ("sum", ">")], [("\x1b[2J\n=", "1"), ("東京", "2")], "none")
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["name    sum", "�[2J�=    1", "東京      2"]


def test_an_empty_table_says_so_beside_the_output(capsys: pytest.CaptureFixture[str]) -> None:
    """A pipe gets nothing at all."""
    output.table([("name", "<")], [], "no names")
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "no names\n")


def test_json_keeps_what_people_write(capsys: pytest.CaptureFixture[str]) -> None:
    """Letters of every alphabet, and no colours."""
    output.print_json({"name": "Zoë 東京"})
    printed = capsys.readouterr().out
    assert "Zoë 東京" in printed
    assert json.loads(printed) == {"name": "Zoë 東京"}


def test_facts_stand_below_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    """What is not known is left out."""
    output.facts({"a": 1, "long name": True, "b": None})
    assert capsys.readouterr().out == "a          1\nlong name  yes\n"


def test_instants_are_shown_to_the_second_and_events_to_the_millisecond() -> None:
    """In UTC, both."""
    assert output.at("2026-03-01T12:00:00.123456Z") == "2026-03-01 12:00:00"
    assert output.clock(1_000_000 * 3_661 + 5_999) == "01:01:01.005"
    assert (output.at(None), output.clock(None)) == ("", "")


def test_a_terse_table_has_no_empty_columns(capsys: pytest.CaptureFixture[str]) -> None:
    """What nobody has is not told."""
    columns = [("name", "<"), ("until", "<"), ("sum", ".")]
    output.table(columns, [("a", None, "1.00"), ("b", "", "12.50")], "none", terse=True)
    assert capsys.readouterr().out.splitlines() == ["name    sum", "a      1.00", "b     12.50"]


def test_a_terse_table_on_a_narrow_terminal_is_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each row in lines of its own, and nothing wrapped."""
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    monkeypatch.setenv("COLUMNS", "20")
    columns = [("name", "<"), ("until", "<"), ("id", "<")]
    output.table(columns, [("a", "2027-04-15", "x" * 9), ("b", "", "y")], "none", terse=True)
    assert terminal.getvalue() == (
        "name   a\nuntil  2027-04-15\nid     xxxxxxxxx\n\nname   b\nid     y\n"
    )


def test_an_instant_is_told_by_the_clocks_of_an_account() -> None:
    """A midnight is a day."""
    assert output.moment("2027-04-14T23:00:00.000000Z", "Europe/London") == "2027-04-15"
    assert output.moment("2027-04-15T08:30:59.000000Z", "Europe/London") == "2027-04-15 09:30"
    assert output.moment(None, "Europe/London") == ""
