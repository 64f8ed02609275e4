"""What reports read: exact sums, of the scope alone, by indexes."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pbxcharge.core.credit import Post
from pbxcharge.core.ledger import Entry, EntryKind
from pbxcharge.core.period import Period, Piece, month_period, pieces
from pbxcharge.errors import StorageDown
from pbxcharge.store import Store, open_store
from pbxcharge.store.report_queries import WAITING_MAX, Reading, Reports, Wanted
from pbxcharge.store.report_selects import CALL_COLUMNS, MARGIN_GROUPS
from tests.fakes.recorded_calls import ACTOR, grow, level, refused, talked, us, write
from tests.fakes.recording_logger import RecordingLogger
from tests.fakes.small_site import busy_day

NOVEMBER = Period(us("2026-11-01"), us("2026-12-01"))
PIECES = [Piece(NOVEMBER.from_us, NOVEMBER.until_us, 0)]
TREE = {"prov": None, "org": "prov", "ann": "org", "ben": "org", "other": None, "eve": "other"}
SITE, ORG = Wanted(None, NOVEMBER), Wanted("org", NOVEMBER)


@pytest.fixture
async def month(database: Path) -> AsyncIterator[Reports]:
    """A month of two trees: three levels pay for Ann's call, Eve's call is somebody else's."""
    log = RecordingLogger()
    async with open_store(database, currency="EUR", node="pbx1", log=log, migrate=True) as store:
        await grow(store.writer, TREE)
        await fill(store)
        yield Reports(store.path)


async def fill(store: Store) -> None:
    """The calls, a refund to Ann and a payment of hers."""
    up = [level("org", 60_000), level("prov", 40_000)]
    records = [
        talked("before", "2026-10-31T23:59:59.999999", 60, [level("ann", 900_000)]),
        talked("a1", "2026-11-01T00:00", 60, [level("ann", 100_000), *up], cost_micros=30_000),
        talked("a2", "2026-11-03T08:00", 30, [level("ann", 50_001)], call_type="local", trunk=None),
        talked("b1", "2026-11-03T09:00", 90, [level("ben", 150_000, prefix="49")]),
        talked("e1", "2026-11-04T10:00", 10, [level("eve", 7)]),
        refused("r1", "2026-11-05T10:00", "ann", "not_enough_credit", refused_by="org"),
        refused("r2", "2026-11-06T10:00", None, "unknown_account"),
        talked("after", "2026-12-01T00:00", 60, [level("ann", 900_000)]),
    ]
    await write(store.writer, records)
    wallet, charge, at_us = "ann:outgoing", "charge:a1:ann:outgoing", us("2026-11-20")
    paid = Entry("pay", wallet, EntryKind.TOP_UP, 5_000_000, at_us, ACTOR)
    await store.writer.submit(
        [
            Post(paid),
            Post(replace(paid, entry_id="pay-before", at_us=us("2026-10-01"))),
            Post(Entry(charge, wallet, EntryKind.CHARGE, -100_000, at_us, ACTOR, "a1")),
            Post(Entry("back", wallet, EntryKind.REFUND, 40_000, at_us, ACTOR, "a1", charge)),
        ]
    )


@pytest.fixture
async def reading(month: Reports) -> AsyncIterator[Reading]:
    """One report's look at that month."""
    async with month.reading() as look:
        yield look


async def test_a_list_has_the_calls_of_the_subtree_and_the_period(reading: Reading) -> None:
    """The oldest first; the first instant of the month is in it, that of the next is not."""
    of_org = await reading.calls(ORG, ["call_id", "charge", "refunded", "net"], 100)
    assert of_org[0] == ("a1", 100_000, 40_000, 60_000)
    assert [row[0] for row in of_org] == ["a1", "a2", "b1", "r1"]
    of_site = await reading.calls(SITE, ["call_id"], 100)
    assert [row[0] for row in of_site] == ["a1", "a2", "b1", "e1", "r1", "r2"]


async def test_of_many_calls_the_newest_are_listed(reading: Reading) -> None:
    """The oldest of them first."""
    assert await reading.calls(ORG, ["call_id"], 2) == [("b1",), ("r1",)]


@pytest.mark.parametrize(
    ("wanted", "call_ids"),
    [
        (replace(ORG, call_types=("local",)), ["a2"]),
        (replace(ORG, call_types=("local", "public")), ["a1", "a2", "b1", "r1"]),
        (replace(ORG, direction="incoming"), []),
        (replace(ORG, dispositions=("NOT ALLOWED",)), ["r1"]),
        (replace(ORG, causes=(16,)), ["a1", "a2", "b1"]),
        (replace(ORG, causes=(17, 21)), []),
    ],
)
async def test_calls_are_those_that_are_wanted(
    reading: Reading, wanted: Wanted, call_ids: list[str]
) -> None:
    """By type, direction, disposition and hangup cause."""
    assert [row[0] for row in await reading.calls(wanted, ["call_id"], 9)] == call_ids
    summed = await reading.totals(wanted, PIECES)
    assert sum(row[4] for row in summed) == len(call_ids)


async def test_what_was_given_back_is_of_the_charge_that_is_shown(tmp_path: Path) -> None:
    """Ann has no plan and her organization pays for her call, and gets a part of it back.

    Seen failing with the refunds of the account that called.
    """
    log, path = RecordingLogger(), tmp_path / "other.db"
    async with open_store(path, currency="EUR", node="pbx1", log=log, migrate=True) as store:
        await grow(store.writer, TREE)
        record = talked("c1", "2026-11-02T10:00", 60, [level("org", 100_000)], account_id="ann")
        await write(store.writer, [record])
        charge, at_us = "charge:c1:org:outgoing", us("2026-11-20")
        paid = Entry(charge, "org:outgoing", EntryKind.CHARGE, -100_000, at_us, ACTOR, "c1")
        back = Entry("back", "org:outgoing", EntryKind.REFUND, 40_000, at_us, ACTOR, "c1", charge)
        await store.writer.submit([Post(paid), Post(back)])
        async with Reports(path).reading() as look:
            listed = await look.calls(SITE, ["charge", "refunded", "net"], 9)
            (summed,), (there,) = await look.totals(SITE, PIECES), await look.destinations(SITE, 9)
    assert listed == [(100_000, 40_000, 60_000)]
    assert summed[8:] == there[6:] == (100_000, 40_000)


async def test_every_column_can_be_read(reading: Reading) -> None:
    """The upper levels stand in their order, the payer's own plan beside them."""
    names = list(CALL_COLUMNS)
    row = dict(zip(names, (await reading.calls(ORG, names, 100))[0], strict=True))
    assert (row["destination"], row["prefix"], row["plan"]) == ("United Kingdom", "44", "basic")
    assert row["upper_levels"].index('"org"') < row["upper_levels"].index('"prov"')
    assert (row["cost"], row["wallet_id"]) == (30_000, "ann:outgoing")


async def test_sums_are_exact_by_day_type_and_disposition(reading: Reading) -> None:
    """Talk, charge and what was given back."""
    summed = {row[:4]: row[4:] for row in await reading.totals(ORG, PIECES)}
    first = NOVEMBER.from_us // 86_400_000_000
    assert summed[first, "public", "outgoing", "ANSWERED"] == (1, 60, 60, 0, 100_000, 40_000)
    assert summed[first + 2, "local", "outgoing", "ANSWERED"] == (1, 30, 30, 0, 50_001, 0)
    assert summed[first + 4, "public", "outgoing", "NOT ALLOWED"] == (1, 0, 0, 0, 0, 0)


async def test_destinations_are_those_of_granted_calls(reading: Reading) -> None:
    """By the payer's plan, the dearest first; refused attempts have none."""
    assert await reading.destinations(ORG, 10) == [
        ("United Kingdom", "44", 2, 2, 90, 90, 150_001, 40_000),
        ("United Kingdom", "49", 1, 1, 90, 90, 150_000, 0),
    ]


async def test_accounts_have_what_each_paid_and_has(reading: Reading) -> None:
    """An organization what it paid for others' calls; a payment of another month is not here."""
    rows = {row[0]: row[5:] for row in await reading.accounts(ORG, 10)}
    assert rows["ann"] == (3, 2, 90, 150_001, 40_000, 0, 0, 5_000_000, 9_940_000, 0)
    assert rows["org"] == (0, 0, 0, 60_000, 0, 0, 0, 0, 0, 0)
    assert set(rows) == {"org", "ann", "ben"}


async def test_a_margin_is_income_less_what_was_paid_above(reading: Reading) -> None:
    """Calls that no trunk carries cost the site nothing; without a deck the cost is unknown."""
    rows = {row[0]: row[2:] for row in await reading.margins(SITE, "account", 10)}
    assert rows["org"] == (1, 60, 60_000, 60_000, 0, 0)
    assert rows["prov"] == (1, 60, 60_000, 40_000, 0, 0)
    # The site sold a1 to prov, a2 (inside the house) to Ann, b1 and e1 at an unknown cost.
    assert rows[""] == (4, 190, 240_008, 30_000, 2, 150_007)


async def test_a_scope_sees_no_margin_above_it(reading: Reading) -> None:
    """Neither the provider's nor the site's."""
    for group in MARGIN_GROUPS:
        assert {row[0] for row in await reading.margins(ORG, group, 10)} == {"org"}
    assert {row[1] for row in await reading.margins(ORG, "destination", 10)} == {"United Kingdom"}
    assert await reading.margins(Wanted("ann", NOVEMBER), "trunk", 10) == []


async def test_refusals_are_counted_by_reason_and_level(reading: Reading) -> None:
    """The site's also for attempts that are nobody's."""
    assert [row[:5] for row in await reading.refused(SITE, 10)] == [
        ("not_enough_credit", "ann", "public", "org", 1),
        ("unknown_account", None, "public", None, 1),
    ]
    assert [row[1] for row in await reading.refused(ORG, 10)] == ["ann"]


async def test_days_are_local_also_when_clocks_change(store: Store) -> None:
    """29 March 2026 in Berlin begins at 23:00 UTC and ends at 22:00 UTC."""
    from zoneinfo import ZoneInfo

    berlin = ZoneInfo("Europe/Berlin")
    times = ["2026-03-28T22:59", "2026-03-28T23:00", "2026-03-29T21:59", "2026-03-29T22:00"]
    calls = [talked(at, at, 1, [level("alice", 1)]) for at in times]
    await write(store.writer, calls)
    march = Wanted("alice", month_period("2026-03", berlin))
    async with Reports(store.path).reading() as reading:
        summed = await reading.totals(march, pieces(march.period, berlin))
    assert [(row[0] - 20_540, row[4]) for row in summed] == [(0, 1), (1, 2), (2, 1)]


async def test_a_corrected_call_has_its_latest_charge(store: Store) -> None:
    """In lists and in sums."""
    await busy_day(store)
    always = Wanted(None, Period(0, us("2030-01-01")))
    with closing(sqlite3.connect(store.path)) as books:
        now = books.execute("SELECT call_id, charge_micros, revision FROM cdr_now").fetchall()
    assert any(revision for _, _, revision in now)
    async with Reports(store.path).reading() as reading:
        listed = await reading.calls(always, ["call_id", "charge", "revision"], 100)
        summed = await reading.totals(always, [Piece(0, us("2030-01-01"), 0)])
    assert sorted(listed) == sorted(now)
    assert sum(row[8] for row in summed) == sum(row[1] for row in now)


@pytest.mark.parametrize("scope", [None, "ann", "org"])
async def test_no_report_reads_calls_but_by_an_index(month: Reports, scope: str | None) -> None:
    """Of its accounts and its time; what belongs to a call is found by its id."""
    wanted = Wanted(scope, NOVEMBER)
    async with month.reading(planning=True) as reading:
        await reading.calls(wanted, list(CALL_COLUMNS), 100)
        await reading.totals(wanted, PIECES)
        await reading.destinations(wanted, 100)
        await reading.accounts(wanted, 100)
        for group in MARGIN_GROUPS:
            await reading.margins(wanted, group, 100)
            check(reading.plans["margins"], scope)
        await reading.refused(wanted, 100)
    assert len(reading.plans) == 6
    for steps in reading.plans.values():
        check(steps, scope)


def check(steps: list[str], scope: str | None) -> None:
    """Of the tables that grow with each call none is read from end to end."""
    found = [step.strip() for step in steps]
    index = "cdr_account (account_id=? AND setup" if scope else "cdr_setup (setup_at_us>"
    assert any(index in step for step in found), found
    large = ("cdr", "call", "paid", "below", "above", "latest", "entry", "hold", "hold_line")
    scans = [step for step in found if step.split()[0] == "SCAN" and step.split()[1] in large]
    # Pending holds are those of live calls, found by the index of the pending ones alone.
    assert all("hold_pending" in step for step in scans), scans


async def test_reports_are_made_one_at_a_time_and_few_may_wait(month: Reports) -> None:
    """Whoever comes too many is told so, and nobody after the others are gone."""
    async with month.reading():
        waiting = [asyncio.create_task(looked(month)) for _ in range(WAITING_MAX)]
        await asyncio.sleep(0)
        with pytest.raises(StorageDown, match="too many reports"):
            await looked(month)
        assert not any(task.done() for task in waiting)
    assert await asyncio.gather(*waiting) == [4] * WAITING_MAX


async def looked(reports: Reports) -> int:
    """How many calls of the organization a report sees."""
    async with reports.reading() as reading:
        return len(await reading.calls(ORG, ["call_id"], 100))


async def test_a_report_that_takes_too_long_is_given_up(month: Reports) -> None:
    """Whatever it is doing then; the next one is made."""
    endless = """WITH RECURSIVE n (x) AS (VALUES (0) UNION ALL SELECT x + 1 FROM n)
        SELECT count(*) FROM n"""
    with pytest.raises(StorageDown, match="given up after 0 s"):
        async with month.reading(within_s=0.05) as reading:
            await reading._rows("endless", endless, {})
    assert await looked(month) == 4


async def test_a_report_that_is_late_between_two_questions_is_given_up_at_the_next_one(
    month: Reports,
) -> None:
    """There was nothing to interrupt when its time was over.

    Seen failing without another timer in `interrupt`.
    """
    endless = """WITH RECURSIVE n (x) AS (VALUES (0) UNION ALL SELECT x + 1 FROM n LIMIT 30000000)
        SELECT count(*) FROM n"""
    with pytest.raises(StorageDown, match="given up after 0 s"):
        async with month.reading(within_s=0.01) as reading:
            await asyncio.sleep(0.1)
            await reading._rows("endless", endless, {})


async def test_a_report_sees_one_state_of_the_books(month: Reports, database: Path) -> None:
    """A call that ends while it is made is in none of its parts."""
    async with month.reading() as reading:
        before = await reading.calls(SITE, ["call_id"], 100)
        with closing(sqlite3.connect(database)) as books, books:
            books.execute("UPDATE cdr SET setup_at_us = 0 WHERE call_id = 'a1'")
        assert await reading.calls(SITE, ["call_id"], 100) == before
    async with month.reading() as reading:
        assert len(await reading.calls(SITE, ["call_id"], 100)) == len(before) - 1


PARENTS = st.lists(st.integers(-1, 5), min_size=1, max_size=6)
PAYERS = st.lists(st.integers(-1, 5), max_size=12)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parents=PARENTS, payers=PAYERS)
async def test_a_scope_has_exactly_the_calls_of_its_subtree(
    tmp_path_factory: pytest.TempPathFactory, parents: list[int], payers: list[int]
) -> None:
    """Whatever the tree. Seen failing with `UNION` made one step only."""
    tree = grown(parents)
    names = list(tree)
    path = tmp_path_factory.mktemp("tree") / "site.db"
    async with open_store(
        path, currency="EUR", node="pbx1", log=RecordingLogger(), migrate=True
    ) as store:
        await grow(store.writer, tree)
        calls = {f"c{n}": names[payer % len(names)] for n, payer in enumerate(payers)}
        await write(
            store.writer,
            [talked(one, "2026-11-05", 1, [level(payer, 1)]) for one, payer in calls.items()],
        )
        for scope in names:
            expected = {one for one, payer in calls.items() if scope in above(tree, payer)}
            wanted = Wanted(scope, NOVEMBER)
            async with Reports(path).reading() as reading:
                listed = {row[0] for row in await reading.calls(wanted, ["call_id"], 100)}
                summed = sum(row[4] for row in await reading.totals(wanted, PIECES))
                shown = {row[0] for row in await reading.accounts(wanted, 100)}
            assert (listed, summed) == (expected, len(expected))
            assert shown == {name for name in names if scope in above(tree, name)}


def grown(parents: list[int]) -> dict[str, str | None]:
    """A tree in which each account hangs below one before it, or at the top."""
    return {
        f"p{n}": None if parent < 0 or n == 0 else f"p{parent % n}"
        for n, parent in enumerate(parents)
    }


def above(tree: dict[str, str | None], name: str | None) -> list[str]:
    """An account and those above it."""
    return [] if name is None else [name, *above(tree, tree[name])]
