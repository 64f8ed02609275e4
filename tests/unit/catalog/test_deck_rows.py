"""Rows of a rate deck: every mistake is named by line and column, and right rows are read."""

from pathlib import Path

import pytest

from pbxcharge.catalog.deck_rows import FINDINGS_MAX, read_deck
from pbxcharge.catalog.findings import Finding
from tests.fakes.decks import UTC

HEAD = "prefix,destination,price_per_minute"


def findings(text: str | bytes) -> tuple[Finding, ...]:
    """Everything that is wrong with a deck."""
    content = text.encode() if isinstance(text, str) else text
    return read_deck("carrier.csv", content, UTC)[1].all()


def one(text: str | bytes) -> Finding:
    """The only thing that is wrong with it."""
    (found,) = findings(text)
    return found


@pytest.mark.parametrize(
    ("row", "column", "said"),
    [
        ("+44,UK,0.01", "prefix", "without plus or zeros"),
        ("0044,UK,0.01", "prefix", "without plus or zeros"),
        (",UK,0.01", "prefix", "is missing"),
        ("4.42E+11,UK,0.01", "prefix", "make the column text"),
        ("@internal,x,0.01", "prefix", "@extended_local"),
        ("1234567890123456,x,0.01", "prefix", "is not a prefix"),
        ("44,UK,-0.01", "price_per_minute", "is below zero"),
        ("44,UK,cheap", "price_per_minute", "such as 0.025"),
        ("44,UK,", "price_per_minute", "0 is free"),
        ("44,UK\x07,0.01", "destination", "is not a name"),
        ('44,"UK,0.01', "", "a quote that does not end"),
        ("44,UK", "", "has 2 cells, the header names 3 columns"),
        ('44,UK,"0,01"', "price_per_minute", "write a point"),
    ],
)
def test_each_wrong_cell_is_named(row: str, column: str, said: str) -> None:
    """With line, column and what to write; the rows around it do not matter."""
    found = one(f"{HEAD}\n49,Germany,0.02\n{row}\n33,France,0.03\n")
    assert (found.line, found.key) == (3, column)
    assert said in f"{found.message} → {found.hint}"


@pytest.mark.parametrize(
    ("header", "row", "column", "said"),
    [
        ("first_s", "60", "next_s", "is missing beside first_s"),
        ("first_s,next_s", "60,0", "next_s", "out of bounds"),
        ("status", "closed", "status", "open or forbidden"),
        ("minimum_charge,maximum_charge", "2,1", "minimum_charge", "above the maximum charge 1"),
        (
            "maximum_charge,maximum_then",
            "0.001,hang_up",
            "maximum_charge",
            "ends each call at once",
        ),
        ("first_amount,first_price_per_minute", "1,1", "first_amount", "keep one of them"),
        ("effective_from", "tomorrow", "effective_from", "2026-12-01"),
        ("effective_from,effective_until", "2026-01-01,2026-01-01", "effective_until", "not after"),
        ("rounding", "up", "rounding", "away_from_zero"),
    ],
)
def test_terms_that_make_no_price_are_named(header: str, row: str, column: str, said: str) -> None:
    """The same rules as for a price of a plan."""
    found = one(f"{HEAD},{header}\n44,UK,0.01,{row}\n")
    assert (found.line, found.key) == (2, column)
    assert said in f"{found.message} → {found.hint}"


@pytest.mark.parametrize(
    ("header", "column", "said"),
    [
        ("prefix,price_per_minut", "price_per_minut", "did you mean price_per_minute?"),
        ("prefix,rate,price_per_minute", "rate", "did you mean price_per_minute?"),
        ("prefix,price_per_minute,colour", "colour", "columns are prefix"),
        ("prefix,price_per_minute,prefix", "prefix", "named twice"),
    ],
)
def test_unknown_columns_are_named_with_the_right_one(header: str, column: str, said: str) -> None:
    """And no row is read by a header that is not understood."""
    found = findings(f"{header}\n+44,x,y\n")
    assert {finding.line for finding in found} == {1}
    assert said in next(f"{it.message} → {it.hint}" for it in found if it.key == column)


def test_prefixes_are_unique_at_any_time() -> None:
    """Two rows at once are an error; one after the other is a price that changes."""
    head = "prefix,price_per_minute,effective_from,effective_until\n"
    assert one(head + "44,1,,\n33,1,,\n44,2,,\n").line == 4
    assert one(head + "44,1,,2026-12-31\n44,2,2026-12-01,\n").key == "effective_until"
    assert not findings(head + "44,2,2026-12-01,\n44,1,,\n44,3,2027-01-01,\n")
    assert not findings(head + "44,2,2026-12-01,\n44,1,,2026-11-01\n")


def test_thousands_of_errors_are_counted_and_the_first_are_shown() -> None:
    """200 of 5,000, in the order of the file."""
    found = findings(HEAD + "\n" + "0,x,-1\n" * 2_500)
    assert len(found) == FINDINGS_MAX + 1
    assert found[-1].message == "has 5,000 errors: the first 200 are shown"
    assert [finding.line for finding in found[:4]] == [2, 2, 3, 3]


def test_blanks_around_a_cell_say_nothing_whichever_way_comes_first() -> None:
    """Three prefixes with one price, one destination and one span between them."""
    head = "prefix,destination,price_per_minute,effective_from,effective_until"
    plain = "UK,0.01,2026-12-01,2027-01-01"
    blank = " UK\t, 0.01 ,2026-12-01 , 2027-01-01"
    rows, found = read_deck(
        "x.csv", f"{head}\n44,{plain}\n 445 ,{blank}\n446,{plain}\n".encode(), UTC
    )
    assert not found.total
    assert list(rows.by_prefix) == ["44", "445", "446"]
    assert len({row._replace(line=0) for (row,) in rows.by_prefix.values()}) == 1
    assert (len(rows.destinations), len(rows.terms)) == (1, 1)


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("UK\x07,0.01,,", "destination"),
        ("UK,cheap,,", "price_per_minute"),
        ("UK,0.01,soon,", "effective_from"),
        ("UK,0.01,2027-01-01,2026-12-01", "effective_until"),
    ],
)
def test_the_same_mistake_is_named_in_each_row(row: str, column: str) -> None:
    """What is known of a cell already is known only if it is right."""
    head = "prefix,destination,price_per_minute,effective_from,effective_until"
    found = findings(f"{head}\n44,{row}\n45,{row}\n46,UK,0.01,,\n")
    assert [(each.line, each.key) for each in found] == [(2, column), (3, column)]


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + f"{HEAD}\r\n44,UK,0.01\r\n".encode(),
        f'# ours\n\n{HEAD.replace(",", ";")}\n  \n44;"UK; Jersey";0.01'.encode(),
        f"{HEAD.upper().replace('_', ' ')}\n 44 , UK , 0.01 \n# the end\n".encode(),
    ],
)
def test_files_of_all_kinds_of_programs_are_read(content: bytes) -> None:
    """Byte order mark, line ends of Windows, semicolons, blanks, quotes, comments."""
    rows, found = read_deck("x.csv", content, UTC)
    assert found.all() == ()
    assert list(rows.by_prefix) == ["44"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "holds no row"),
        (HEAD.encode(), "holds no row"),
        (f"{HEAD}\n44,M\xfcnchen,1".encode("latin-1"), "is not UTF-8 text"),
        (f"{HEAD}\n44,UK,1\n".encode("utf-16"), "is not UTF-8 text"),
        (f"{HEAD}\n44,{'x' * 2_000},1\n49,y,1".encode(), "is longer than 1,000 characters"),
    ],
)
def test_what_cannot_be_read_at_all_is_said(content: bytes, said: str) -> None:
    """One finding, whatever the file is."""
    assert said in one(content).message


def test_a_folder_of_findings_names_the_file(tmp_path: Path) -> None:
    """As it was given."""
    found = read_deck(str(tmp_path / "a.csv"), b"prefix\n44", UTC)[1].all()
    assert {finding.file for finding in found} == {str(tmp_path / "a.csv")}
