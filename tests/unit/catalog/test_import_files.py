"""Files of accounts, phones and numbers: their rows, and every finding with its line and column."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbxcharge.catalog.import_files import read_import
from pbxcharge.core.imported import ImportRow, Subject

EXAMPLES = Path(__file__).parents[3] / "config" / "import"

Read = tuple[tuple[ImportRow, ...], list[tuple[int, str, str]]]


def read(folder: Path, name: str, text: str | bytes) -> Read:
    """The rows of a file, and line, key and message of each finding."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    rows, found = read_import([path])
    return rows, [(each.line, each.key, each.message) for each in found]


def test_the_examples_have_no_findings() -> None:
    """Tables and YAML, read as one whole."""
    rows, found = read_import(sorted(EXAMPLES.iterdir()))
    assert not found
    assert len(rows) == 5 + 3 + 4 + 9
    assert {row.subject for row in rows} == set(Subject)


def test_a_table_says_its_subject_by_its_name_and_its_line_for_each_row(tmp_path: Path) -> None:
    """Comments and blank lines count as lines; blank cells say nothing."""
    rows, found = read(
        tmp_path, "accounts-may.csv", "# people\naccount,plan,name\n\nalice,,Alice\n"
    )
    assert not found
    assert rows == (
        ImportRow(
            Subject.ACCOUNT,
            str(tmp_path / "accounts-may.csv"),
            4,
            {"account": "alice", "name": "Alice"},
        ),
    )


def test_one_table_may_hold_everything_by_its_kinds(tmp_path: Path) -> None:
    """With semicolons and a mark at its beginning, as spreadsheets write it."""
    header = "\ufeffkind;account;parent;endpoint;number"
    text = f"{header}\r\nuser;alice;acme;;\r\nextension;alice;;a;101\r\n"
    rows, found = read(tmp_path, "all.csv", text)
    assert not found
    assert [(row.subject, row.line, row.cells) for row in rows] == [
        (Subject.ACCOUNT, 2, {"account": "alice", "kind": "user", "parent": "acme"}),
        (Subject.EXTENSION, 3, {"account": "alice", "endpoint": "a", "number": "101"}),
    ]


def test_yaml_keeps_the_line_of_every_value(tmp_path: Path) -> None:
    """And the place in its list."""
    text = "accounts:\n  - account: alice\n    name: Alice\n    plan: retail\n"
    rows, found = read(tmp_path, "house.yaml", text)
    assert not found
    (row,) = rows
    assert (row.line_of("plan"), row.key_of("plan"), row.line) == (4, "accounts[1].plan", 2)


@pytest.mark.parametrize(
    ("name", "text", "finding"),
    [
        ("accounts.csv", "", (1, "", "is empty")),
        ("accounts.csv", "account,plann\n", (1, "plann", "is no known column")),
        ("accounts.csv", "account,account\n", (1, "account", "stands twice")),
        ("accounts.csv", "plan\nretail\n", (2, "account", "is missing")),
        ("accounts.csv", "account\na,b\n", (2, "", "has 2 cells under 1 columns")),
        ("accounts.csv", "account,status\na,asleep\n", (2, "status", "'asleep' is not known here")),
        ("all.csv", "account\nalice\n", (1, "kind", "is missing")),
        ("accounts.csv", 'account,name\na,"x"y\n', (2, "", "is no table: ',' expected after '\"'")),
        ("accounts.csv", b"account\n\xff\n", (2, "", "is not UTF-8 text")),
        ("accounts.txt", "account\n", (0, "", "is neither a table nor YAML")),
        ("a.yaml", "accounts:\n  - name: Al\n", (2, "accounts[1].account", "is missing")),
        ("a.yaml", "people:\n  - name: Al\n", (1, "people", "is not known here")),
        (
            "a.yaml",
            "accounts:\n  - {account: a, b: c}\n",
            (2, "accounts[1].b", "is not known here"),
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_place(
    tmp_path: Path, name: str, text: str | bytes, finding: tuple[int, str, str]
) -> None:
    """Line, column or key, and what it is."""
    assert read(tmp_path, name, text)[1] == [finding]


@given(st.text() | st.text("account,;\n\"'#kind \t", max_size=60))
def test_no_text_at_all_breaks_the_reader(text: str) -> None:
    """It is rows, or findings."""
    from pbxcharge.catalog.import_table import parse_table

    source, found = parse_table("a.csv", "a", text)
    assert source is not None or found


def test_a_file_that_is_not_there_is_a_finding(tmp_path: Path) -> None:
    """Both kinds."""
    _, found = read_import([tmp_path / "a.csv", tmp_path / "a.yaml"])
    assert [each.message for each in found] == ["cannot be read: No such file or directory"] * 2


def test_a_kind_is_written_as_on_the_command_line_too(tmp_path: Path) -> None:
    """With a dash, or with an underscore as it is listed."""
    rows, found = read(
        tmp_path, "accounts.csv", "account,kind\na,service-provider\nb,service_provider\n"
    )
    assert not found
    assert {row.cells["kind"] for row in rows} == {"service_provider"}
