"""Copies of the calls in made-up books, later by whole stretches of days: SQL alone, so it is fast.

A call whose price depends on the hour is not copied, since its copy would have another price.
"""

import sqlite3

from pbxcharge.core.money import MICROS

PATTERNS = """
CREATE TEMP TABLE pattern AS
SELECT cdr.call_id, setup_at_us FROM cdr LEFT JOIN rating USING (rating_id)
WHERE body IS NULL OR instr(body, '"timeline":') = 0
ORDER BY cdr.call_id
"""
"""The calls that are copied."""

LATER_ID = "(printf('%012x', (pattern.setup_at_us + :later_us) / 1000) || substr({0}, 13))"
"""The id of a copy: its millisecond, and the number of the call."""

LATER_CHANNEL = """(((pattern.setup_at_us + :later_us) / 1000000)
    || substr({0}, instr({0}, '.')))"""

CALL_ID = LATER_ID.format("pattern.call_id")
CHANGED = {
    "call_id": CALL_ID,
    "setup_at_us": "setup_at_us + :later_us",
    "answered_at_us": "answered_at_us + :later_us",
    "ended_at_us": "ended_at_us + :later_us",
    "begun_at_us": "begun_at_us + :later_us",
    "expires_at_us": "expires_at_us + :later_us",
    "at_us": "at_us + :later_us",
    **{
        name: LATER_CHANNEL.format(f"original.{name}")
        for name in ("linkedid", "caller_uniqueid", "uniqueid", "leg_uniqueid")
    },
    "entry_id": f"'charge:' || {CALL_ID} || ':' || wallet_id",
}
"""What is different in a copy, by the name of the column; all else is as it was."""

TABLES = ("call", "hold", "hold_line", "entry", "cdr_level", "cdr")

TOP_UPS = """
INSERT INTO entry (entry_id, wallet_id, kind, amount_micros, at_us, call_id, reverses, actor, note)
SELECT entry_id || '-' || :copy, wallet_id, kind, amount_micros, at_us + :later_us, NULL, NULL,
    actor, note
FROM entry WHERE kind = 'top_up' AND seq <= :last_seq
"""
"""Whoever paid in for the calls pays in again for their copies."""


def copy_calls(books: sqlite3.Connection, copies: int, apart_s: int) -> None:
    """Put every call into the books so many times more, each copy so many seconds later."""
    books.execute(PATTERNS)
    (last_seq,) = books.execute("SELECT coalesce(max(seq), 0) FROM entry").fetchone()
    for copy in range(1, copies + 1):
        later = {"copy": copy, "later_us": copy * apart_s * MICROS, "last_seq": last_seq}
        books.execute(TOP_UPS, later)
        for table in TABLES:
            books.execute(_copied(books, table), later)
    books.execute("DROP TABLE temp.pattern")
    books.execute(
        "UPDATE wallet SET balance_micros = (SELECT coalesce(sum(amount_micros), 0) FROM entry"
        " WHERE entry.wallet_id = wallet.wallet_id)"
    )


def _copied(books: sqlite3.Connection, table: str) -> str:
    names = [row[1] for row in books.execute(f"PRAGMA table_info({table})") if row[1] != "seq"]
    values = ", ".join(_value(name) for name in names)
    charges = "WHERE original.kind = 'charge'" if table == "entry" else ""
    return (
        f"INSERT INTO {table} ({', '.join(names)}) SELECT {values}"
        f" FROM pattern JOIN {table} AS original ON original.call_id = pattern.call_id"
        f" {charges} ORDER BY pattern.rowid"
    )


def _value(name: str) -> str:
    changed = CHANGED.get(name)
    if changed is None:
        return f"original.{name}"
    return changed if "." in changed else f"original.{changed}"
