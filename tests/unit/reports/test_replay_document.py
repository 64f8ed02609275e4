"""A replay as a document and as CSV: the same rows, with amounts as decimal text."""

import csv
import io
from fractions import Fraction
from typing import Any

import pytest

from pbxcharge.core.denial import Denial, Reason
from pbxcharge.core.plan import CallType
from pbxcharge.core.replay import Recorded, Replay, Threshold
from pbxcharge.core.repricing import PastCall, PastLevel
from pbxcharge.core.resolution import Route
from pbxcharge.reports.replay_document import (
    CHANGE_COLUMNS,
    SUM_COLUMNS,
    Tables,
    passed,
    percent_text,
    replay_csv,
    replay_document,
    tables,
)
from tests.fakes.granted_call import SETUP_AT_US

ROUTE = Route(CallType.PUBLIC, "4930123456")
LEVELS = (PastLevel("alice", "retail"), PastLevel("acme", "wholesale"))


def a_replay() -> tuple[Replay, Tables]:
    """One call of alice to a destination with a dangerous name, which would be refused."""
    call = PastCall(ROUTE, LEVELS, SETUP_AT_US, SETUP_AT_US, 60)
    recorded = Recorded("c1", call, "alice", "=Germany", (1_500_000, 400_000), 300_000)
    replay = Replay()
    replay.take(recorded, Denial(Reason.NO_RATE, "acme"))
    return replay, tables(replay, [("alice", "user"), ("acme", "organization")])


def read(by: str | None) -> list[dict[str, Any]]:
    """The records of the CSV file."""
    return list(csv.DictReader(io.StringIO("".join(replay_csv(*a_replay(), by)), newline="")))


def test_the_document_has_every_table() -> None:
    """Callers, carriers, levels by the kind of account, accounts, destinations, calls."""
    document = replay_document(*a_replay())
    assert document["callers"] == {
        "name": "callers",
        "calls": 1,
        "before": "1.50",
        "after": "0.00",
        "difference": "-1.50",
        "percent": "-100.00",
        "refused": 1,
        "ended_earlier": 0,
    }
    assert document["carriers"]["difference"] == "-0.30"
    assert [row["name"] for row in document["by_level"]] == ["user", "organization"]
    assert [row["name"] for row in document["by_account"]] == ["alice", "acme"]
    assert document["would_be_refused"] == {"no_rate": 1}
    assert (document["changes"][0]["refused_by"], document["changes"][0]["ends_after_s"]) == (
        "acme",
        None,
    )


def test_the_file_has_one_header_and_all_tables() -> None:
    """Every row says which table it is of; the name of a destination becomes no formula."""
    rows = read(None)
    assert list(rows[0]) == list(SUM_COLUMNS)
    named = [(row["by"], row["name"]) for row in rows]
    assert named[:4] == [
        ("total", "callers"),
        ("total", "carriers"),
        ("level", "user"),
        ("level", "organization"),
    ]
    assert named[-1] == ("destination", "'=Germany")
    assert [row["name"] for row in read("account")] == ["alice", "acme"]


def test_the_file_of_calls_has_columns_of_its_own() -> None:
    """When, who, whom, how much, and what would have been."""
    (row,) = read("call")
    assert list(row) == list(CHANGE_COLUMNS)
    assert (row["call_id"], row["number"], row["refused"]) == ("c1", "4930123456", "no_rate")
    assert (row["before"], row["after"], row["difference"]) == ("1.50", "0.00", "-1.50")


def test_whatever_passes_the_threshold_is_named() -> None:
    """1.00 is passed by the callers, their level and alice; 0.35 by acme, too."""
    _, found = a_replay()
    one, less = Threshold(amount_micros=1_000_000), Threshold(amount_micros=350_000)
    assert [row["name"] for row in passed(found, one)] == ["callers", "user", "alice"]
    assert [row["name"] for row in passed(found, less)][-1] == "acme"
    assert passed(found, None) == []


@pytest.mark.parametrize(
    ("percent", "text"),
    [
        (Fraction(5, 2), "2.50"),
        (Fraction(-1, 3), "-0.33"),
        (Fraction(2, 3), "0.67"),
        (Fraction(1, 1000), "0.00"),
        (None, None),
    ],
)
def test_a_percentage_has_two_decimals(percent: Fraction | None, text: str | None) -> None:
    """Rounded to the nearer one."""
    assert percent_text(percent) == text
