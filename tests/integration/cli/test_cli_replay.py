"""`replay` on books with some hundred calls of every kind, made as a daemon would have."""

import csv
import hashlib
import io
import shutil
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bench.books import make_books
from pbxcharge.replaying import Asked, read_other_files, replay_books
from pbxcharge.reports.replay_document import replay_document, tables
from pbxcharge.settings import load_settings
from tests.site import Answer, Site

JANUARY = ("--from", "2026-01", "--to", "2026-01")
JANUARY_US = (1_767_225_600_000_000, 1_769_904_000_000_000)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site with past calls in January; nothing here writes into its books."""
    return make_books(tmp_path_factory.mktemp("site"), 600, users=30, organizations=4)


@pytest.fixture
def other(site: Site, tmp_path: Path) -> Path:
    """A copy of the site's plan files, to be changed."""
    return Path(shutil.copytree(site.folder / "plans", tmp_path / "plans"))


def change(folder: Path, plan: str, before: str, after: str) -> None:
    """Another text in a plan file."""
    path = folder / f"{plan}.yaml"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def rows(site: Site, sql: str) -> list[Any]:
    """What the books say."""
    with closing(sqlite3.connect(f"file:{site.database}?mode=ro", uri=True)) as books:
        return books.execute(sql).fetchall()


def micros(amount: str) -> int:
    """Decimal text as micro-units."""
    return int(Decimal(amount) * 1_000_000)


def told(
    site: Site, plans: Path | None = None, decks: Path | None = None, scope: str | None = None
) -> dict[str, Any]:
    """January by other files, replayed in this process."""
    settings, _ = load_settings(site.config)
    assert settings is not None
    files, found = read_other_files(settings, plans, decks)
    assert files is not None, found
    replayed = replay_books(settings, files, Asked(*JANUARY_US, scope, None))
    return replay_document(replayed.replay, tables(replayed.replay, replayed.kinds.items()))


async def replay(site: Site, *words: str, code: int = 0) -> Answer:
    """The same by the command."""
    return await site.run("replay", *JANUARY, *words, code=code)


async def test_the_books_that_are_made_are_right(site: Site) -> None:
    """Whatever is measured or tested on them, `verify` finds nothing in them."""
    assert (await site.run("verify")).out == "the books are right\n"


async def test_by_its_own_files_every_call_costs_what_it_did(site: Site) -> None:
    """All levels, windows, carriers: no difference at all, so not even 0.00 is passed."""
    found = (await replay(site, "--json", "--fail-above", "0")).json
    (charged,) = rows(site, "SELECT sum(charge_micros), sum(cost_micros) FROM cdr")
    assert (micros(found["callers"]["after"]), micros(found["carriers"]["after"])) == charged
    assert (found["calls_changed"], found["would_be_refused"], found["beyond"]) == (0, {}, [])
    by_account = {row["name"]: micros(row["before"]) for row in found["by_account"]}
    per_account = "SELECT account_id, sum(charge_micros) FROM cdr_level GROUP BY 1"
    assert by_account == dict(rows(site, per_account))


async def test_nothing_is_written(site: Site, other: Path) -> None:
    """Neither the books nor the files change, nor does anything appear beside them."""

    def state() -> dict[str, str]:
        files = [path for path in site.folder.rglob("*") if path.is_file()]
        return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    await replay(site)
    before = state()
    change(other, "retail", "price_per_minute: 0.10", "price_per_minute: 0.20")
    await replay(site, "--plans", str(other), "--decks", str(site.folder / "rates"))
    assert state() == before


def test_a_dearer_price_shows_where_it_is_paid(site: Site, other: Path) -> None:
    """Germany of `retail` for those who have that plan; nobody else's charge moves."""
    change(other, "retail", "connect_fee: 0.02", "connect_fee: 0.12")
    found = told(site, other)
    (calls,) = rows(
        site,
        "SELECT count(*) FROM cdr_level JOIN cdr USING (call_id) WHERE level = 0"
        " AND plan = 'retail' AND destination = 'Germany' AND talk_s > 0",
    )
    assert micros(found["callers"]["difference"]) == calls[0] * 100_000
    moved = [row["name"] for row in found["by_destination"] if row["difference"] != "0.00"]
    assert moved == ["Germany"]
    assert [row["difference"] == "0.00" for row in found["by_level"]] == [False, True, True]
    assert found["calls_changed"] == calls[0]


def test_calls_that_would_be_refused_or_ended_are_told(site: Site, other: Path) -> None:
    """No price for France any more, and no call longer than 5 s by `kiosk`."""
    change(other, "kiosk", "call_max_s: 3600", "call_max_s: 10")
    change(other, "kiosk", "prefixes: [33]", "prefixes: [999]")
    found = told(site, other)
    level = "FROM cdr_level JOIN cdr USING (call_id) WHERE level = 0 AND plan = 'kiosk'"
    (france,) = rows(site, f"SELECT count(*) {level} AND destination = 'France'")
    (long,) = rows(site, f"SELECT count(*) {level} AND destination <> 'France' AND talk_s > 10")
    assert (found["would_be_refused"], found["would_end_earlier"]) == (
        {"no_rate": france[0]},
        *long,
    )
    ended = [row for row in found["changes"] if row["ends_after_s"] is not None]
    assert {row["ends_after_s"] for row in ended} == {10}
    assert len(ended) == long[0]
    refused = {row["refused_by"] for row in found["changes"] if row["refused"]}
    accounts = rows(site, "SELECT account_id FROM account WHERE plan = 'kiosk'")
    assert refused <= {name for (name,) in accounts}


def test_attempts_that_would_be_let_through_are_counted(site: Site, other: Path) -> None:
    """Premium numbers of `retail` were forbidden; at a price that it may ask they are calls."""
    (before,) = rows(
        site,
        "SELECT count(*) FROM cdr JOIN account USING (account_id) WHERE number GLOB '449*'"
        " AND plan = 'retail' AND reason = 'destination_forbidden'",
    )
    assert before[0] > 0
    own = told(site)["would_be_allowed"]
    change(other, "retail", "status: forbidden", "price_per_minute: 0.20")
    decks = other.parent / "rates"
    shutil.copytree(site.folder / "rates", decks)
    deck = decks / "carrier.csv"
    deck.write_text(deck.read_text().replace('449,"United Kingdom, premium",,,,,,,forbidden\n', ""))
    found = told(site, other, decks)
    assert found["would_be_allowed"] == own + before[0]


def test_plans_with_dates_count_from_their_day_on(site: Site, other: Path) -> None:
    """A second `retail` from the 16th: only calls that were set up since then cost more."""
    text = (other / "retail.yaml").read_text()
    later = text.replace("connect_fee: 0.02", "connect_fee: 0.12")
    dated = later.replace("name: retail", "name: retail\neffective_from: 2026-01-16")
    (other / "retail-dearer.yaml").write_text(dated)
    found = told(site, other)
    (calls,) = rows(
        site,
        "SELECT count(*) FROM cdr_level JOIN cdr USING (call_id) WHERE level = 0 AND talk_s > 0"
        " AND plan = 'retail' AND destination = 'Germany' AND setup_at_us >= 1768521600000000",
    )
    assert 0 < calls[0] == found["calls_changed"]
    assert micros(found["callers"]["difference"]) == calls[0] * 100_000


RECHARGE = """
INSERT INTO recharge (
    call_id, revision, run_id, at_us, actor, note, rating_id, rule_set, charge_micros, billed_s,
    lines, cost_micros
)
SELECT call_id, 1, 'run', 0, 'test', '', rating_id, rule_set, 7, billed_s, lines, cost_micros
FROM cdr WHERE call_id = ?
"""
RECHARGE_LEVEL = """
INSERT INTO recharge_level
SELECT call_id, 1, level, account_id, wallet_id, plan, plan_version, prefix, destination, 7
FROM cdr_level WHERE call_id = ?
"""


def test_before_is_what_a_corrected_record_says_now(site: Site, tmp_path: Path) -> None:
    """A call that was charged anew at 0.000007 for each level would cost what it did at first."""
    corrected = Site(Path(shutil.copytree(site.folder, tmp_path / "site")))
    one = "SELECT call_id, charge_micros FROM cdr WHERE charge_micros > 7 ORDER BY 1 LIMIT 1"
    ((call_id, charged),) = rows(site, one)
    with closing(sqlite3.connect(corrected.database)) as books, books:
        books.execute(RECHARGE, (call_id,))
        books.execute(RECHARGE_LEVEL, (call_id,))
    found = told(corrected)
    assert [row["call_id"] for row in found["changes"]] == [call_id]
    assert micros(found["callers"]["difference"]) == charged - 7


async def test_a_threshold_decides_the_exit_code(site: Site, other: Path) -> None:
    """Passed it is 1, and whoever passes it is named; not passed it is 0."""
    change(other, "retail", "connect_fee: 0.02", "connect_fee: 0.52")
    words = ("--plans", str(other), "--fail-above")
    passed = await replay(site, *words, "5%", "--json", code=1)
    assert "total callers: a difference of +" in passed.err
    assert {"total", "level", "account"} == {row["by"] for row in passed.json["beyond"]}
    await replay(site, *words, "1000000")


def test_a_scope_is_an_account_and_those_below_it(site: Site) -> None:
    """Of org00001 its users' calls, and what they and it pay; not what its provider does."""
    found = told(site, scope="org00001")
    inside = "SELECT account_id FROM account WHERE 'org00001' IN (account_id, parent_id)"
    assert {row["name"] for row in found["by_account"]} <= {name for (name,) in rows(site, inside)}
    (charged,) = rows(site, f"SELECT sum(charge_micros) FROM cdr WHERE account_id IN ({inside})")
    assert micros(found["callers"]["before"]) == charged[0]


async def test_the_last_day_counts(site: Site) -> None:
    """Days are those of the site's clocks."""
    some = await site.ask("replay", "--from", "2026-01-10", "--to", "2026-01-15", "--by", "level")
    (calls,) = rows(
        site,
        "SELECT count(*) FROM cdr WHERE disposition <> 'NOT ALLOWED' AND"
        " date(setup_at_us / 1000000, 'unixepoch') BETWEEN '2026-01-10' AND '2026-01-15'",
    )
    assert (some["callers"]["calls"],) == calls
    assert (some["until"], some["time_zone"]) == ("2026-01-16T00:00:00+00:00", "Europe/London")


async def test_csv_has_every_row(site: Site, other: Path, tmp_path: Path) -> None:
    """As a file beside the tables, or alone on standard output."""
    change(other, "retail", "connect_fee: 0.02", "connect_fee: 0.52")
    words, place = ("--plans", str(other), "--csv"), tmp_path / "out.csv"
    assert "by account (20 of " in (await replay(site, *words, str(place))).out
    found = list(csv.DictReader(io.StringIO(place.read_text(), newline="")))
    document = told(site, other)
    accounts = [row["name"] for row in found if row["by"] == "account"]
    assert accounts == [row["name"] for row in document["by_account"]]
    calls = await replay(site, *words, "-", "--by", "call")
    changed = list(csv.DictReader(io.StringIO(calls.out, newline="")))
    assert [row["call_id"] for row in changed] == [row["call_id"] for row in document["changes"]]


async def test_people_see_the_rows_that_change_most(site: Site, other: Path) -> None:
    """Twenty of each table, or all; or one table alone."""
    change(other, "retail", "price_per_minute: 0.01", "price_per_minute: 0.09")
    words = ("--plans", str(other))
    some = (await replay(site, *words)).out
    assert "by account (20 of " in some
    assert "calls that change most (20 of " in some
    every = (await replay(site, *words, "--by", "account", "--all")).out
    assert len(every.splitlines()) > 25
    assert "by destination" not in every


async def test_a_plan_that_is_not_there_is_named(site: Site, other: Path) -> None:
    """Its calls would be refused, which may not be what was meant."""
    (other / "kiosk.yaml").unlink()
    assert told(site, other)["missing_plans"].keys() == {"kiosk"}
    assert "plan kiosk is not among the files" in (await replay(site, "--plans", str(other))).out


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--account", "nobody"), 1, "there is no account 'nobody'"),
        (("--fail-above", "much"), 2, "--fail-above"),
        (("--from", "2026-02"), 2, "is before"),
        (("--plans", "/nowhere"), 78, "cannot be read"),
        (("--csv", "/nowhere/out.csv"), 78, "cannot be written"),
    ],
)
async def test_what_cannot_be_asked_is_said(
    site: Site, words: tuple[str, ...], code: int, told: str
) -> None:
    """With the exit code of its kind."""
    assert told in (await replay(site, *words, code=code)).err


async def test_an_error_in_the_other_files_is_a_finding(site: Site, other: Path) -> None:
    """With file and line, and nothing is replayed."""
    change(other, "retail", "price_per_minute: 0.10", "price_per_minute: cheap")
    answer = await replay(site, "--plans", str(other), code=78)
    assert f"{other}/retail.yaml:" in answer.err
    assert answer.out == ""


async def test_a_trunk_without_its_deck_is_an_error(site: Site, tmp_path: Path) -> None:
    """A folder of decks must have all that the trunks name: else calls would seem to cost less."""
    (tmp_path / "other.csv").write_text("prefix,price_per_minute\n49,0.01\n")
    answer = await replay(site, "--decks", str(tmp_path), code=78)
    assert "there is no rate deck carrier" in answer.err
