"""Call records of others: read as they write them, refused by the line where they cannot be."""

from datetime import UTC
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pbxcharge.catalog.foreign_cdrs import (
    CarrierColumns,
    plain_number,
    read_asterisk,
    read_carrier,
)

TRUNKS = frozenset({"carrier"})
# As cdr_csv wrote it, with loguniqueid.
OUT = (
    '"","101","02079460000","pbxc-out","""Alice"" <101>","PJSIP/alice-00000001",'
    '"PJSIP/carrier-00000002","Dial","PJSIP/442079460000@carrier,60,g","2026-03-01 12:00:00",'
    '"2026-03-01 12:00:05","2026-03-01 12:01:05",65,60,"ANSWERED","DOCUMENTATION","1795.1"\n'
)
MENU = OUT.replace("PJSIP/carrier-00000002", "").replace("1795.1", "1795.2")
NOON_US = 1_772_366_400_000_000


def file(folder: Path, text: str) -> Path:
    """A file of somebody else."""
    path = folder / "theirs.csv"
    path.write_text(text)
    return path


def test_asterisks_own_file_is_read(tmp_path: Path) -> None:
    """By its columns; a call over a trunk must be ours, a call to a menu need not."""
    calls, found = read_asterisk(file(tmp_path, OUT + MENU), UTC, TRUNKS)
    assert not found
    assert [(it.line, it.key, it.seconds, it.ours) for it in calls] == [
        (1, "1795.1", 60, True),
        (2, "1795.2", 60, False),
    ]
    assert calls[0].at_us == NOON_US + 5_000_000


def test_its_times_are_local_to_asterisk(tmp_path: Path) -> None:
    """12:00:05 in Berlin is 11:00:05 UTC."""
    (call,), _ = read_asterisk(file(tmp_path, OUT), ZoneInfo("Europe/Berlin"), TRUNKS)
    assert call.at_us == NOON_US + 5_000_000 - 3_600_000_000


def test_what_was_not_answered_is_left_out(tmp_path: Path) -> None:
    """Nobody compares the length of a busy signal."""
    assert read_asterisk(file(tmp_path, OUT.replace("ANSWERED", "BUSY")), UTC, TRUNKS) == ((), ())


def test_a_file_without_ids_says_what_to_set(tmp_path: Path) -> None:
    """Without them there is nothing to compare by."""
    _, found = read_asterisk(file(tmp_path, OUT.replace(',"1795.1"', "")), UTC, TRUNKS)
    assert [(it.key, it.hint) for it in found] == [
        ("uniqueid", "cdr.conf needs loguniqueid = yes below [csv]")
    ]


def test_a_table_with_a_header_is_read_by_it(tmp_path: Path) -> None:
    """As cdr_custom or a database export writes it, in any order."""
    head = "uniqueid,disposition,billsec,start,answer,channel,dstchannel\n"
    row = "1795.1,ANSWERED,7,2026-03-01 12:00:00,,SIP/a-1,PJSIP/carrier-00000002\n"
    (call,), _ = read_asterisk(file(tmp_path, head + row), UTC, TRUNKS)
    assert (call.line, call.seconds, call.at_us, call.ours) == (2, 7, NOON_US, True)


def test_a_carriers_file_is_read_by_its_usual_names(tmp_path: Path) -> None:
    """Semicolons, a plus, hours and minutes, a price of seven decimals; no second is no call."""
    text = "Start Time;Called Number;Duration;Cost\n"
    text += "2026-03-01 12:00:00;+44 20 7946 0000;00:01:05;0.0123456\n"
    text += "2026-03-01 12:00:00;004420;0;0\n"
    calls, found = read_carrier(file(tmp_path, text), CarrierColumns())
    assert not found
    (call,) = calls
    assert (call.key, call.seconds, call.cost) == ("442079460000", 65, Fraction("0.0123456"))


def test_an_instant_in_milliseconds_is_named_by_its_line(tmp_path: Path) -> None:
    """Of the year 58862 if it were seconds; none of our calls would ever be near it."""
    text = "start,number,seconds\n1795341890,4420,7\n1795341890123,4420,7\n"
    (call,), (found,) = read_carrier(file(tmp_path, text), CarrierColumns())
    assert (call.at_us, found.line) == (1_795_341_890_000_000, 3)
    assert "is no date and time" in found.message


def test_a_carriers_own_names_and_times_are_given(tmp_path: Path) -> None:
    """And a started second counts as one."""
    columns = CarrierColumns("CLD", "When", "Billed", "EUR", "%d.%m.%Y %H:%M", UTC)
    text = "When,CLD,Billed,EUR\n01.03.2026 12:00,4420,6.5,0.1\n"
    (call,), found = read_carrier(file(tmp_path, text), columns)
    assert not found
    assert (call.at_us, call.seconds, call.cost) == (NOON_US, 7, Fraction(1, 10))


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("start,number\n", 1, "there is no such column"),
        ("start,number,seconds\n2026-03-01,44\n", 2, "has 2 cells only"),
        ("start,number,seconds\nnoon,44,9\n", 2, "'noon' is no date and time"),
        ("start,number,seconds\n2026-03-01,44,nine\n", 2, "'nine' is no number of seconds"),
        ("start,number,seconds,cost\n2026-03-01,44,9,x\n", 2, "x"),
        ("", 0, "is empty"),
    ],
)
def test_what_cannot_be_read_is_named_by_its_line(
    tmp_path: Path, text: str, line: int, said: str
) -> None:
    """A comparison with half a file would name calls as missing that are not."""
    _, found = read_carrier(file(tmp_path, text), CarrierColumns())
    assert (found[0].line, said in found[0].message) == (line, True)


def test_numbers_are_their_digits() -> None:
    """However they are written."""
    assert {plain_number(text) for text in ("+44 20", "004420", "44-20", "4420")} == {"4420"}


def test_a_number_with_more_than_digits_is_kept_as_it_was_written(tmp_path: Path) -> None:
    """For whoever wonders which call it is: an asterisk or a letter may have meant something."""
    numbers = ("4420", "+4420", "44 20", "*67*4420", "4420x12")
    lines = (f"{number},2026-11-01 10:00:00,60" for number in numbers)
    file = tmp_path / "carrier.csv"
    file.write_text("\n".join(("number,start,seconds", *lines)))
    calls, found = read_carrier(file, CarrierColumns())
    assert found == ()
    assert [call.written for call in calls] == ["", "", "44 20", "*67*4420", "4420x12"]
