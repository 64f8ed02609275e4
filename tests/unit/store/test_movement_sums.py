"""Statements over any ledger: nothing is lost between two of them, nothing counts twice."""

import sqlite3
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pbxcharge.core.ledger import EntryKind
from pbxcharge.core.statement import NOTHING, Sums
from pbxcharge.store.movement_selects import movement_sums
from pbxcharge.store.report_selects import SITE

TABLES = """
CREATE TABLE account (account_id, name, kind);
CREATE TABLE wallet (wallet_id, account_id, kind);
CREATE TABLE entry (entry_id, wallet_id, kind, amount_micros, at_us);
CREATE TABLE xdr (xdr_id, stated_first);
INSERT INTO account VALUES ('alice', 'Alice', 'user');
INSERT INTO wallet VALUES ('money', 'alice', 'outgoing'), ('minutes', 'alice', 'allowance');
"""
BOUNDS = [(0, "2026-01-01"), (10, "2026-02-01"), (20, "2026-03-01"), (30, "2026-04-01")]
"""Where billing periods begin: the instant, and the local day."""

ENTRY = st.tuples(
    st.sampled_from(["money", "money", "minutes"]),
    st.sampled_from(EntryKind),
    st.integers(-(10**9), 10**9),
    # Often just at a bound, where it is decided by the day on which it is stated.
    st.integers(0, 29) | st.sampled_from([10, 20]),
    st.none() | st.sampled_from([day for _, day in BOUNDS]),
)


def books(entries: list[Any]) -> sqlite3.Connection:
    """Books with these entries."""
    found = sqlite3.connect(":memory:")
    found.executescript(TABLES)
    for number, (wallet, kind, micros, at_us, stated) in enumerate(entries):
        row = (f"e{number}", wallet, str(kind), micros, at_us)
        found.execute("INSERT INTO entry VALUES (?, ?, ?, ?, ?)", row)
        if stated is not None:
            found.execute("INSERT INTO xdr VALUES (?, ?)", (f"e{number}", stated))
    return found


def sums(connection: sqlite3.Connection, begin: Any, end: Any) -> Sums:
    """Of the statement between two bounds."""
    asked = {"from_us": begin[0], "from_day": begin[1], "until_us": end[0], "until_day": end[1]}
    found = NOTHING
    for *_, kind, _, micros in connection.execute(movement_sums(SITE), asked):
        found = found.plus(kind, micros)
    return found


@given(st.lists(ENTRY, max_size=12))
def test_statements_follow_one_another_and_end_with_the_balance(entries: list[Any]) -> None:
    """Each opens with what the one before closed with; the last closes with all that there is.

    Seen failing with `<=` in the place of `<` at one of the bounds.
    """
    connection = books(entries)
    found = [sums(connection, begin, end) for begin, end in pairwise(BOUNDS)]
    connection.close()
    for before, after in pairwise(found):
        assert before.closing_micros == after.opening_micros
    balance = sum(micros for wallet, _, micros, *_ in entries if wallet == "money")
    assert found[0].opening_micros == 0
    assert found[-1].closing_micros == balance
