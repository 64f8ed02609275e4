"""Checking the books: right ones pass, and each kind of damage is named."""

import asyncio
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from pbxcharge.errors import NotTheOwner
from pbxcharge.store.migrate import newest_version
from pbxcharge.store.verify import FINDINGS_MAX, verify
from tests.fakes.small_site import busy_day, open_site

# Each damage with the rule that must name it. `answered` was talked 8 s and held 10 s in Alice's
# wallet; `renewed` 25 s, by Alice and her organization; `open` still holds.
DAMAGES = {
    "entry_missing": "DELETE FROM entry WHERE entry_id = 'payment-1'",
    "balance_differs": "UPDATE wallet SET balance_micros = balance_micros + 1",
    "entry_sign": "UPDATE entry SET amount_micros = -1 WHERE entry_id = 'payment-1'",
    "entry_kind": "UPDATE entry SET kind = 'gift' WHERE entry_id = 'payment-1'",
    "initial_twice": (
        "DROP INDEX entry_initial_once;"
        "UPDATE entry SET kind = 'initial', entry_id = 'again' WHERE entry_id = 'payment-1'"
    ),
    "reversal_differs": "UPDATE entry SET amount_micros = 99 WHERE entry_id = 'undo'",
    "reversed_twice": (
        "DROP INDEX entry_reversed_once;"
        "INSERT INTO entry SELECT NULL, 'undo-2', wallet_id, kind, amount_micros, at_us, call_id,"
        " reverses, actor, note, counts_at_us FROM entry WHERE entry_id = 'undo'"
    ),
    "refund_too_high": "UPDATE entry SET amount_micros = 250001 WHERE entry_id = 'back-1'",
    "currency_differs": "UPDATE wallet SET currency = 'USD' WHERE wallet_id = 'bob:outgoing'",
    "hold_missing": "UPDATE hold SET state = 'voided' WHERE call_id = 'open'",
    "hold_reopened": "UPDATE hold SET state = 'pending' WHERE call_id = 'answered'",
    "hold_without_charge": "UPDATE hold SET state = 'posted' WHERE call_id = 'unanswered'",
    "charge_without_hold": "UPDATE hold SET state = 'voided' WHERE call_id = 'answered'",
    "charge_above_hold": "UPDATE hold_line SET amount_micros = 1 WHERE call_id = 'answered'",
    "hold_line_differs": "UPDATE hold_line SET amount_micros = 100001 WHERE call_id = 'open'",
    "cdr_missing": "DELETE FROM cdr WHERE call_id = 'unanswered'",
    "cdr_too_early": "UPDATE cdr SET call_id = 'open' WHERE call_id = 'refused'",
    "cdr_without_call": (
        "CREATE TEMP TABLE double AS SELECT * FROM cdr WHERE call_id = 'answered';"
        "UPDATE double SET call_id = 'twin', uniqueid = 'other';"
        "INSERT INTO cdr SELECT * FROM double"
    ),
    "leg_twice": (
        "UPDATE cdr SET uniqueid = (SELECT uniqueid FROM cdr WHERE call_id = 'answered')"
        " WHERE call_id = 'renewed'"
    ),
    "cdr_entry_differs": (
        "UPDATE entry SET amount_micros = -70000 WHERE entry_id = 'charge:answered:alice:outgoing'"
    ),
    "cdr_charge_differs": "UPDATE cdr SET charge_micros = 1 WHERE call_id = 'answered'",
    "cdr_account_differs": "UPDATE cdr_level SET account_id = 'bob' WHERE call_id = 'answered'",
    "cdr_times": "UPDATE cdr SET answered_at_us = NULL WHERE call_id = 'answered'",
    "account_unreachable": "UPDATE account SET parent_id = 'bob' WHERE account_id = 'acme'",
    "number_twice": "UPDATE extension SET number = '101' WHERE endpoint = 'bob'",
    "account_audit_differs": "UPDATE account SET status = 'active' WHERE account_id = 'bob'",
    "did_audit_differs": "UPDATE did SET account_id = 'bob' WHERE number = '442079460101'",
    "did_elsewhere": "UPDATE account SET parent_id = 'globex' WHERE account_id = 'bob';"
    "UPDATE did SET account_id = 'bob' WHERE number = '442079460101'",
    "code_ambiguous": "UPDATE account SET code = '2' WHERE account_id = 'acme'",
    "wallet_missing": "DELETE FROM wallet WHERE wallet_id = 'bob:incoming'",
    "closed_wallet_used": "UPDATE wallet SET closed = 1 WHERE wallet_id = 'alice:incoming'",
    "conversion_differs": "UPDATE entry SET entry_id = 'convert:typo' WHERE entry_id = 'typo'",
    "cdr_wallet_differs": "UPDATE wallet SET kind = 'outgoing' WHERE wallet_id = 'alice:incoming'",
    "cdr_direction_differs": "UPDATE cdr SET direction = 'outgoing' WHERE call_id = 'came-in'",
    "extension_audit_differs": "UPDATE extension SET account_id = 'alice' WHERE endpoint = 'bob'",
    "rating_changed": "UPDATE rating SET body = replace(body, '3/5', '1/2')",
    "rating_unreadable": "UPDATE rating SET body = '{}'",
    "price_differs": "UPDATE cdr_level SET charge_micros = 1 WHERE call_id = 'renewed'",
    "level_differs": "UPDATE cdr_level SET prefix = '1' WHERE call_id = 'answered'",
    "billed_differs": "UPDATE cdr SET billed_s = 9 WHERE call_id = 'answered'",
    "lines_differ": "UPDATE cdr SET lines = '[]' WHERE call_id = 'answered'",
    "cost_differs": "UPDATE cdr SET cost_micros = 1, deck = 'carrier' WHERE call_id = 'answered'",
    "rule_set_differs": "UPDATE cdr SET rule_set = 2 WHERE call_id = 'answered'",
    "talk_differs": "UPDATE cdr SET ended_at_us = ended_at_us + 1000000 WHERE call_id = 'answered'",
    "slices_differ": "UPDATE cdr SET slices = '[[10,1,null]]' WHERE call_id = 'answered'",
    "recharge_missing": "UPDATE recharge SET revision = 2; UPDATE recharge_level SET revision = 2",
    "recharge_level_differs": "UPDATE recharge_level SET plan = 'other' WHERE level = 1",
    "recharge_charge_differs": "UPDATE recharge SET charge_micros = 1",
    "recharge_entry_differs": "UPDATE entry SET amount_micros = -199999"
    " WHERE entry_id = 'charge:renewed:alice:outgoing:1'",
    "recharge_sum_differs": "DELETE FROM entry WHERE entry_id = "
    "'reversal:charge:renewed:alice:outgoing'",
    "charge_counts_elsewhere": "UPDATE entry SET counts_at_us = 1 WHERE kind = 'reversal'",
    "plan_version_changed": "UPDATE plan_version SET body = '{}'",
    "plan_step_missing": "DELETE FROM plan_history WHERE what = 'ended'",
    "plan_history_differs": "UPDATE plan_history SET what = 'planned' WHERE what = 'ended'",
    "xdr_entry_differs": "DELETE FROM xdr",
    "xdr_subscription_differs": "UPDATE subscription_assignment SET account_id = 'alice'",
    "xdr_version_missing": "UPDATE xdr SET version = 'other'",
    "bill_missing": "DELETE FROM bill",
    "via_differs": "UPDATE product_assignment SET account_id = 'alice'",
    "main_product_differs": "UPDATE account SET product = NULL",
    "account_life_differs": "UPDATE account SET expires_at_us = 1 WHERE account_id = 'alice'",
    "assignment_audit_differs": "DELETE FROM feature_override",
    "subscription_version_changed": """UPDATE subscription_version SET body = '{"name":"x"}'""",
    "reference_missing": "DELETE FROM wallet WHERE wallet_id = 'bob:outgoing'",
    "schema_missing": "DROP INDEX cdr_setup",
    "schema_added": "CREATE TABLE extra (x)",
    "schema_changed": "DROP INDEX cdr_setup; CREATE INDEX cdr_setup ON cdr (ended_at_us)",
    "schema_version": f"PRAGMA user_version = {newest_version() + 1}",
}


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The books of a busy day, closed."""
    database = tmp_path_factory.mktemp("good") / "site.db"

    async def a_day() -> None:
        async with open_site(database) as store:
            await busy_day(store)

    asyncio.run(a_day())
    return database


@pytest.fixture
def copy(good: Path, tmp_path: Path) -> Path:
    """The same books, to be damaged."""
    return Path(shutil.copy(good, tmp_path / "site.db"))


def damage(database: Path, script: str) -> None:
    """Change what the database itself would not let change: its triggers stand aside meanwhile."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        guards = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall()
        for name, _ in guards:
            connection.execute(f"DROP TRIGGER {name}")
        connection.executescript(script)
        for _, sql in guards:
            connection.execute(sql)


def test_right_books_have_no_findings(good: Path) -> None:
    """Every kind of entry, call and record passes."""
    assert verify(good) == []


REVISIONS = {
    "price_differs": "UPDATE recharge_level SET charge_micros = 1 WHERE level = 1",
    "level_differs": "UPDATE recharge_level SET prefix = '1'",
    "billed_differs": "UPDATE recharge SET billed_s = 9",
    "lines_differ": "UPDATE recharge SET lines = '[]'",
    "cost_differs": "UPDATE recharge SET cost_micros = 1",
    "rule_set_differs": "UPDATE recharge SET rule_set = 2",
    "refund_too_high": "UPDATE entry SET amount_micros = 200001 WHERE entry_id = 'back-1'",
    "recharge_entry_differs": "UPDATE entry SET entry_id = 'charge:renewed:alice:outgoing:2'"
    " WHERE entry_id = 'charge:renewed:alice:outgoing:1'",
    "charge_counts_elsewhere": "UPDATE entry SET counts_at_us = NULL WHERE kind = 'reversal'",
}
"""The same damages, and others, to what a call costs since it was charged anew."""


@pytest.mark.parametrize("code", REVISIONS)
def test_damage_to_a_correction_is_named(copy: Path, code: str) -> None:
    """`renewed` was charged 0.25, of which 0.05 was given back, then 0.20."""
    damage(copy, REVISIONS[code])
    assert code in {finding.code for finding in verify(copy)}


@pytest.mark.parametrize("code", DAMAGES)
def test_damage_is_named(copy: Path, code: str) -> None:
    """Each kind of damage is found by the rule that it breaks, with a place and a hint."""
    damage(copy, DAMAGES[code])
    found = {finding.code: finding for finding in verify(copy)}
    assert code in found
    assert found[code].what
    assert found[code].where
    assert found[code].hint


FEES = {
    "a fee is none": "UPDATE entry SET kind = 'credit', amount_micros = 290000 WHERE kind = 'fee';"
    "UPDATE xdr SET amount_micros = -290000",
    "a record says another amount": "UPDATE xdr SET amount_micros = 1",
    "a fee has no record": "UPDATE entry SET kind = 'fee' WHERE entry_id = 'typo'",
}
"""Ways in which a fee and its record disagree."""


@pytest.mark.parametrize("how", FEES)
def test_a_fee_that_is_not_what_its_record_says_is_named(copy: Path, how: str) -> None:
    """Kind, amount and wallet are those of the record; neither stands alone."""
    damage(copy, FEES[how])
    assert "xdr_entry_differs" in {finding.code for finding in verify(copy)}


@pytest.mark.parametrize(("kind", "micros"), [("fee", 1), ("penalty", 1), ("credit", -1)])
def test_fees_and_penalties_take_and_credits_give(copy: Path, kind: str, micros: int) -> None:
    """The other way round it is damage."""
    change = f"UPDATE entry SET kind = '{kind}', amount_micros = {micros} WHERE kind = 'fee'"
    damage(copy, change)
    assert "entry_sign" in {finding.code for finding in verify(copy)}


@pytest.mark.parametrize("trigger", ["entry_never_changed", "entry_never_deleted"])
def test_a_ledger_without_its_guards_is_named(copy: Path, trigger: str) -> None:
    """Whoever wants to edit entries must drop a trigger first; that shows."""
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute(f"DROP TRIGGER {trigger}")
    assert [(each.code, each.where) for each in verify(copy)] == [
        ("schema_missing", f"trigger {trigger}")
    ]


@pytest.mark.parametrize("schema", ["0001", "0007"])
def test_books_of_an_older_release_are_not_told_as_damaged(tmp_path: Path, schema: str) -> None:
    """Whoever is told to restore a copy after an update would lose what was booked since."""
    kept = Path(__file__).resolve().parents[2] / "schemas" / f"{schema}.db"
    (found,) = verify(Path(shutil.copy(kept, tmp_path / "site.db")))
    assert (found.code, found.hint) == ("schema_version", "run `pbxcharge db migrate`")


def test_a_damaged_file_is_named(copy: Path) -> None:
    """Pages overwritten with other bytes are found by SQLite's own check."""
    with copy.open("r+b") as file:
        file.seek(8 * 4096)
        file.write(b"\x00" * 4096 * 8)
    assert {"file_damaged", "unreadable"} & {finding.code for finding in verify(copy)}


def test_no_database_at_all_is_named(tmp_path: Path) -> None:
    """A file that is not SQLite's is a finding, a missing one an error."""
    (tmp_path / "site.db").write_bytes(b"not a database" * 1000)
    assert [finding.code for finding in verify(tmp_path / "site.db")] == ["unreadable"]
    with pytest.raises(FileNotFoundError):
        verify(tmp_path / "none.db")


def test_endless_findings_end(copy: Path) -> None:
    """Books that are wrong all over do not fill the memory."""
    script = (
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
        "INSERT INTO wallet SELECT 'w' || i, 'bob', 'outgoing', 'micros', 'EUR', 1, 0, 0 FROM n"
    )
    damage(copy, script)
    assert len(verify(copy)) == FINDINGS_MAX


async def test_books_in_use_can_be_verified(tmp_path: Path) -> None:
    """Beside a daemon that writes, one moment of the books is checked."""
    database = tmp_path / "site.db"
    async with open_site(database) as store:
        day = asyncio.create_task(busy_day(store))
        while not day.done():
            assert await asyncio.to_thread(verify, database) == []
        await day


def test_somebody_elses_books_are_not_read(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading would leave side files that the owner's daemon could not open."""
    monkeypatch.setattr("os.geteuid", lambda: 12345)
    with pytest.raises(NotTheOwner):
        verify(copy)
