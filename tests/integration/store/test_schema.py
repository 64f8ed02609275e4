"""The schema: whole or not at all, and its own guard of what must never change."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pbxcharge.core.credit import Posted
from pbxcharge.errors import LockTaken, SchemaAhead, StorageDamaged
from pbxcharge.store import WriterLock, open_store
from pbxcharge.store.migrate import Migrated, Migration, migrate, migrate_alone, migrations
from pbxcharge.store.verify import verify
from tests.fakes.granted_call import granted
from tests.fakes.recording_logger import RecordingLogger
from tests.fakes.small_site import PRICE, busy_day, open_site, talk, top_up

RELEASED = sorted((Path(__file__).parents[2] / "schemas").glob("*.db"))


def schema(database: Path) -> list[tuple[str, str]]:
    """Everything that the file defines."""
    with closing(sqlite3.connect(database)) as connection:
        found = connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name")
        return [*found, *connection.execute("PRAGMA user_version")]


def test_migrating_brings_the_newest_schema(database: Path) -> None:
    """A new file gets every migration, a second run none."""
    newest = len(migrations())
    assert migrate_alone(database) == Migrated(0, newest)
    before = schema(database)
    assert migrate_alone(database) == Migrated(newest, newest)
    assert schema(database) == before


def test_migrations_are_numbered_without_gaps() -> None:
    """Version n is the n-th file."""
    assert [step.version for step in migrations()] == list(range(1, len(migrations()) + 1))


def test_a_migration_that_dies_in_the_middle_leaves_the_old_schema(database: Path) -> None:
    """Half of its statements ran; none of them is left."""
    migrate_alone(database)
    before = schema(database)
    half = "CREATE TABLE new_one (x);\nINSERT INTO new_one VALUES (1);\nTHIS IS NOT SQL;"
    broken = (*migrations(), Migration(len(migrations()) + 1, "broken.sql", half))
    with pytest.raises(sqlite3.OperationalError):
        migrate(database, broken)
    assert schema(database) == before


def test_a_migration_that_orphans_rows_is_taken_back(database: Path) -> None:
    """References are checked as a whole before the commit."""
    migrate_alone(database)
    before = schema(database)
    orphan = "INSERT INTO extension VALUES ('x', '1', 'nobody', 0, 'test');"
    step = Migration(len(migrations()) + 1, "orphan.sql", orphan)
    with pytest.raises(StorageDamaged, match="extension"):
        migrate(database, (*migrations(), step))
    assert schema(database) == before


def test_migrating_waits_for_no_daemon(database: Path) -> None:
    """While somebody writes, nobody migrates."""
    with WriterLock.acquire(database), pytest.raises(LockTaken):
        migrate_alone(database)


def test_a_schema_ahead_is_not_migrated(database: Path) -> None:
    """An older release does not touch what a newer one wrote."""
    migrate_alone(database)
    with pytest.raises(SchemaAhead):
        migrate(database, ())


@pytest.mark.parametrize("released", RELEASED, ids=lambda path: path.stem)
async def test_every_released_schema_is_opened_and_used(released: Path, tmp_path: Path) -> None:
    """Books of an earlier release are migrated, right, and go on."""
    database = Path(shutil.copy(released, tmp_path / "site.db"))
    log = RecordingLogger()
    async with open_store(database, currency="EUR", node="pbx1", log=log, migrate=True) as store:
        assert [call.call_id for call in await store.queries.open_calls()] == ["open"]
        (topped_up,) = await store.writer.submit((top_up("today", 50 * PRICE),))
        assert isinstance(topped_up, Posted)
        await talk(store.writer, granted("today"), 25)
    assert verify(database) == []


def test_the_newest_released_schema_is_kept() -> None:
    """Each migration has a small database of its release beside it."""
    assert [path.stem for path in RELEASED] == [f"{step.version:04}" for step in migrations()]


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A shell on the books of a busy day."""
    database = Path(shutil.copy(RELEASED[-1], tmp_path / "site.db"))
    migrate_alone(database)
    with closing(sqlite3.connect(database, isolation_level=None)) as shell:
        shell.execute("PRAGMA foreign_keys = ON")
        yield shell


RECHARGED = (
    "INSERT INTO recharge SELECT call_id, {}, 'run-1', 1, 'a', '', rating_id, 1, 0, 0, '[]', NULL,"
    " NULL, NULL FROM cdr WHERE call_id = 'answered'"
)

REFUSED = {
    "an entry is edited": "UPDATE entry SET amount_micros = 1",
    "an entry is deleted": "DELETE FROM entry",
    "an entry is replaced": (
        "INSERT OR REPLACE INTO entry SELECT * FROM entry WHERE entry_id = 'payment-1'"
    ),
    "an entry is replaced by its number": (
        "INSERT OR REPLACE INTO entry SELECT seq, 'x', wallet_id, kind, amount_micros, at_us,"
        " call_id, reverses, actor, note, counts_at_us FROM entry WHERE entry_id = 'payment-1'"
    ),
    "a change is replaced": "INSERT OR REPLACE INTO audit SELECT * FROM audit",
    "the audit trail is edited": "UPDATE audit SET actor = 'nobody'",
    "the audit trail is shortened": "DELETE FROM audit",
    "a hold is reopened": "UPDATE hold SET state = 'pending' WHERE call_id = 'answered'",
    "an amount is a fraction": "UPDATE wallet SET balance_micros = 0.5",
    "an amount is a text": "UPDATE wallet SET balance_micros = 'much'",
    "a balance leaves the range": "UPDATE wallet SET balance_micros = 9000000000000000000",
    "a kind is unknown": "INSERT INTO entry SELECT NULL, 'x', wallet_id, 'gift', 1, 1, NULL, NULL,"
    " 'a', '', NULL FROM wallet",
    "a charge adds": "INSERT INTO entry SELECT NULL, 'x', wallet_id, 'charge', 1, 1, 'c', NULL,"
    " 'a', '', NULL FROM wallet",
    "initial credit is given twice": "INSERT INTO entry SELECT NULL, 'x', 'alice:outgoing',"
    " 'initial', 1, 1, NULL, NULL, 'a', '', NULL",
    "an entry is reversed twice": "INSERT INTO entry SELECT NULL, 'x', 'alice:outgoing',"
    " 'reversal', 100, 1, NULL, 'typo', 'a', '', NULL",
    "a top-up counts at another instant": "INSERT INTO entry SELECT NULL, 'x', 'alice:outgoing',"
    " 'top_up', 1, 1, NULL, NULL, 'a', '', 1",
    "a revision is left out": RECHARGED.format(2),
    "a revision is replaced": f"{RECHARGED.format(1)}; INSERT OR REPLACE INTO recharge"
    " SELECT * FROM recharge",
    "a revision is edited": f"{RECHARGED.format(1)}; UPDATE recharge SET charge_micros = 0",
    "a revision is deleted": f"{RECHARGED.format(1)}; DELETE FROM recharge",
    "a run charges a call twice": f"{RECHARGED.format(1)}; {RECHARGED.format(2)}",
    "a status is unknown": "UPDATE account SET status = 'tired'",
    "an account has no parent": "UPDATE account SET parent_id = 'nobody'",
    "a number is taken": "INSERT INTO extension VALUES ('x', '101', 'bob', 0, 'test')",
    "a code is taken": "UPDATE account SET code = '20' WHERE account_id = 'acme'",
    "a code is no number": "UPDATE account SET code = 'x' WHERE account_id = 'acme'",
    "a DID is no number": "UPDATE did SET number = '0442079460101'",
    "a DID reaches two things": "UPDATE did SET context = 'menu', endpoint = 'bob'",
    "a DID reaches nothing": "UPDATE did SET context = NULL, endpoint = NULL",
    "a call goes both ways": "UPDATE call SET direction = 'both'",
    "a plan's version is edited": "UPDATE plan_version SET body = '{}'",
    "a plan's version is deleted": "DELETE FROM plan_version",
    "a plan's version is replaced": (
        "INSERT OR REPLACE INTO plan_version SELECT * FROM plan_version"
    ),
    "a plan's version has no content": "INSERT INTO plan_version VALUES ('x', 'y', 'z')",
    "the history of plans is edited": "UPDATE plan_history SET actor = 'nobody'",
    "the history of plans is shortened": "DELETE FROM plan_history",
    "the history of plans is replaced": (
        "INSERT OR REPLACE INTO plan_history SELECT * FROM plan_history"
    ),
    "a version is in force that is not kept": (
        "INSERT INTO plan_history VALUES (NULL, 1, 'test', 'x', 'y', 0, 'began', 'start')"
    ),
    "a record is doubled": "INSERT INTO cdr SELECT * FROM cdr",
    "an assigned product begins at another time": "UPDATE product_assignment SET from_us = 1",
    "an assigned product ends before it begins": "UPDATE product_assignment SET until_us = 1",
    "an assigned product is deleted": "DELETE FROM product_assignment",
    "an assigned subscription costs otherwise": (
        "UPDATE subscription_assignment SET adjustment_micros = -1"
    ),
    "a subscription is cheaper in two ways": (
        "INSERT INTO subscription_assignment SELECT 's-2', account_id, subscription, via, 1, '1',"
        " 1, 1, NULL, NULL, NULL, 0, 1, 'a' FROM subscription_assignment"
    ),
    "a subscription is first used twice": (
        "UPDATE subscription_assignment SET first_used_at_us = 1;"
        " UPDATE subscription_assignment SET first_used_at_us = 2"
    ),
    "a removed subscription comes back": (
        "UPDATE subscription_assignment SET removed = 1;"
        " UPDATE subscription_assignment SET removed = 0"
    ),
    "an assigned subscription is deleted": "DELETE FROM subscription_assignment",
    "a billing period is edited": "UPDATE billing_rule SET cycle = 'daily'",
    "a billing period is unknown": (
        "INSERT INTO billing_rule"
        " VALUES (NULL, 'acme', '2026-01-01', 'hourly', '2026-01-01', 1, 'a')"
    ),
    "the life of an account is edited": "UPDATE account_life SET at_us = 1",
    "the life of an account is shortened": "DELETE FROM account_life",
    "a fee's record is edited": "UPDATE xdr SET amount_micros = 0",
    "a fee's record is deleted": "DELETE FROM xdr",
    "a fee's record is replaced": "INSERT OR REPLACE INTO xdr SELECT * FROM xdr",
    "a subscription plan's version is edited": "UPDATE subscription_version SET body = '{}'",
    "a subscription plan's version is replaced": (
        "INSERT OR REPLACE INTO subscription_version SELECT * FROM subscription_version"
    ),
    "the history of subscription plans is shortened": "DELETE FROM subscription_history",
    "an account is suspended for nothing": "UPDATE account SET suspensions = 'tired'",
}


@pytest.mark.parametrize("what", REFUSED)
def test_the_tables_refuse(connection: sqlite3.Connection, what: str) -> None:
    """Also a shell beside pbxcharge cannot do this without taking a guard away first."""
    *before, refused = REFUSED[what].split("; ")
    for statement in before:
        connection.execute(statement)
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute(refused)


def test_changes_of_accounts_leave_a_trail(connection: sqlite3.Connection) -> None:
    """Who, when, how it was before and after; saving it as it is leaves none."""
    trail = connection.execute(
        "SELECT actor, before ->> 'status', after ->> 'status' FROM audit"
        " WHERE subject_id = 'bob' AND subject = 'account' ORDER BY seq"
    ).fetchall()
    assert trail[:2] == [("test", None, "active"), ("test", "active", "suspended")]


def test_the_life_of_an_account_is_written_by_itself(connection: sqlite3.Connection) -> None:
    """Whoever changes it: suspended by hand, then by its fees, then for good at some instant."""
    connection.execute("UPDATE account SET suspensions = 'overdue' WHERE account_id = 'bob'")
    life = connection.execute(
        "SELECT what, reason FROM account_life WHERE account_id = 'bob' ORDER BY seq"
    ).fetchall()
    began = [("became", "suspended"), ("suspended", "no_funds"), ("expires", "")]
    assert sorted(life[:3]) == sorted(began)
    assert sorted(life[3:]) == [("resumed", "no_funds"), ("suspended", "overdue")]


async def test_a_busy_day_is_what_the_generator_keeps(database: Path) -> None:
    """The kept databases hold a little of everything; so does one made now."""
    async with open_site(database) as store:
        await busy_day(store)
    assert verify(database) == []


def test_changes_of_numbers_leave_a_trail(connection: sqlite3.Connection) -> None:
    """Added and removed, by whom; there is nothing after a removal."""
    trail = connection.execute(
        "SELECT actor, before ->> 'endpoint', after ->> 'endpoint' FROM audit"
        " WHERE subject = 'did' AND subject_id = '442079460103' ORDER BY seq"
    ).fetchall()
    assert trail == [("test", None, "bob"), ("test", "bob", None)]


def test_accounts_of_an_earlier_release_get_an_incoming_wallet(tmp_path: Path) -> None:
    """Empty, without a credit limit, one for each outgoing one."""
    database = Path(shutil.copy(RELEASED[0], tmp_path / "site.db"))
    migrate_alone(database)
    with closing(sqlite3.connect(database)) as books:
        kinds = "SELECT account_id FROM wallet WHERE kind = ? ORDER BY account_id"
        outgoing, incoming = (
            books.execute(kinds, (kind,)).fetchall() for kind in ("outgoing", "incoming")
        )
        sums = books.execute(
            "SELECT sum(balance_micros), sum(floor_micros) FROM wallet WHERE kind = 'incoming'"
        )
        assert sums.fetchone() == (0, 0)
    assert outgoing == incoming
