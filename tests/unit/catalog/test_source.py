"""YAML files as nodes: text kept, lines known, and nothing that stalls or surprises let in."""

import os
import time
from pathlib import Path

import pytest

from pbxcharge.catalog.source import (
    DEPTH_MAX,
    FILE_BYTES_MAX,
    Items,
    Scalar,
    parse_source,
    read_source,
)


@pytest.mark.parametrize(
    "text", ["0.10", "0044", "no", "60/10", "1e3", "0x1F", "12:30", "2026-01-01"]
)
def test_a_value_stays_as_it_was_written(text: str) -> None:
    """No float, no octal number, no truth value, no date: what the admin typed."""
    source, findings = parse_source("f.yaml", f"price: {text}".encode())
    assert source is not None
    assert not findings
    assert source.at(("price",)) == Scalar(1, text)


def test_every_value_knows_its_line() -> None:
    """A group has the line of its key; what is missing, that of the group around it."""
    text = b"a:\n  b:\n    - 1\n    - c: 2\n  empty:\nz: 1\n"
    source, _ = parse_source("f.yaml", text)
    assert source is not None
    lines = {
        ("a",): 1,
        ("a", "b", 0): 3,
        ("a", "b", 1, "c"): 4,
        ("a", "empty"): 5,
        ("a", "missing"): 1,
        ("a", "b", 9): 2,
        ("z",): 6,
    }
    assert {path: source.line(path) for path in lines} == lines


def test_a_finding_shows_lists_counted_from_one() -> None:
    """People count rows from 1."""
    source, _ = parse_source("f.yaml", b"prices:\n  public:\n    - a: 1\n    - a: 2\n")
    assert source is not None
    finding = source.error(("prices", "public", 1, "a"), "is wrong")
    assert (finding.file, finding.line, finding.key) == ("f.yaml", 4, "prices.public[2].a")


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        (b"a: 1\nb:\n\tc: 2\n", 3, "is not YAML"),
        (b"a: 1\nb: [1, 2\n", 3, "is not YAML"),
        (b"a: 1\nb: c: d\n", 2, "is not YAML"),
        (b"a: 1\nb: \x00\n", 2, "character that YAML does not allow"),
        (b"a: 1\nb: \xff\n", 2, "is not UTF-8"),
        (b'a: 1\nb: "\\UFFFFFFFF"\n', 0, "escape that is no character"),
        (b"", 0, "is empty"),
        (b"# only a comment\n", 0, "is empty"),
        (b"~\n", 1, "does not begin with a key"),
        (b"- a\n", 1, "does not begin with a key"),
        (b"a: 1\n---\nb: 1\n", 2, "second document"),
        (b"? [a, b]\n: 1\n", 1, "key that is a list"),
    ],
)
def test_what_cannot_be_read_is_a_finding(content: bytes, line: int, message: str) -> None:
    """A file that is no YAML of ours says where and why, and gives nothing."""
    source, findings = parse_source("f.yaml", content)
    assert source is None
    assert [(found.file, found.line) for found in findings] == [("f.yaml", line)]
    assert message in findings[0].message


def test_tabs_are_named_with_what_to_do() -> None:
    """The most common slip in YAML gets its remedy."""
    _, findings = parse_source("f.yaml", b"a:\n\tb: 1\n")
    assert findings[0].hint == "indent with spaces"


def test_all_that_is_readable_but_unwanted_is_found_at_once() -> None:
    """Duplicate keys, aliases, tags and control characters; and the rest is still read."""
    text = b'a: &x 1\nb: *x\na: 2\nc: !!int 3\nd: "\\u0007"\ne: 5\n'
    source, findings = parse_source("f.yaml", text)
    assert source is not None
    assert [(found.line, found.key) for found in findings] == [
        *((1, "a"), (2, "b"), (3, "a"), (4, "c"), (5, "d"))
    ]
    assert findings[2].message == "stands twice, first in line 1"
    assert source.at(("e",)) == Scalar(6, "5")


def test_an_alias_bomb_stays_small() -> None:
    """Ten lines that would stand for 10^9 values are ten findings; aliases are never resolved."""
    lines = ["a0: &a0 [1, 1]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    source, findings = parse_source("f.yaml", "\n".join(lines).encode())
    assert source is not None
    items = source.at(("a9",))
    assert isinstance(items, Items)
    assert items.items == (Scalar(10, None),) * 10
    assert findings


@pytest.mark.parametrize("opening", [b"[", b"{a: ", b"- "])
def test_deep_nesting_is_refused_before_it_takes_long(opening: bytes) -> None:
    """100,000 open brackets would keep the scanner busy for minutes."""
    began = time.monotonic()
    source, findings = parse_source("f.yaml", b"k:\n  " + opening * 100_000)
    assert source is None
    assert f"more than {DEPTH_MAX} deep" in findings[0].message
    assert time.monotonic() - began < 5


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    """The limit counts before anything is parsed."""
    path = tmp_path / "huge.yaml"
    with path.open("wb") as stream:
        stream.truncate(FILE_BYTES_MAX + 1)
    source, findings = read_source(path)
    assert source is None
    assert findings[0].message == "is larger than 5,000,000 bytes"


def test_a_file_that_cannot_be_read_is_a_finding(tmp_path: Path) -> None:
    """Missing, a folder, a pipe that nobody writes to: named, and never waited for."""
    os.mkfifo(tmp_path / "pipe.yaml")
    messages = [
        read_source(path)[1][0].message
        for path in (tmp_path / "missing.yaml", tmp_path, tmp_path / "pipe.yaml")
    ]
    assert messages == ["cannot be read: No such file or directory", *["is not a file"] * 2]


def test_a_byte_order_mark_is_no_part_of_the_first_key() -> None:
    """Editors on Windows write one."""
    source, findings = parse_source("f.yaml", b"\xef\xbb\xbfname: retail\n")
    assert source is not None
    assert source.at(("name",)) == Scalar(1, "retail")
    assert not findings
