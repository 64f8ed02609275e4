"""The counters of the limits: after a restart they are what they were before it."""

import asyncio
import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from pbxcharge.core.credit import Close, HoldLine, Operation, Reserve
from pbxcharge.core.limits import IDLE, Activity
from pbxcharge.core.money import MICROS
from pbxcharge.store.activities import read_months
from pbxcharge.store.books import read_accounts, read_books
from pbxcharge.store.connection import connect_reader
from tests.fakes.memory_engine import MemoryEngine
from tests.fakes.small_site import (
    ACME,
    ACTOR,
    ALICE,
    BOB,
    NOW_US,
    PRICE,
    open_site,
    reserve_for,
    top_up,
    two_levels,
    wallets,
)

NAMES = ("alice", "bob", "acme")
acts = st.lists(
    st.tuples(
        st.sampled_from(["a1", "a2", "a3", "b1", "b2"]),
        st.sampled_from([0, 1, 30, 61, 900, 3_700, 90_000]),
        st.none() | st.integers(0, 10),
    ),
    max_size=25,
)
"""Call, seconds since the act before, and None to begin it, else its charge in seconds."""


def begins(call_id: str, at_us: int) -> Reserve:
    """A call of Alice or Bob, which their organization pays for as well."""
    own = ALICE if call_id.startswith("a") else BOB
    return replace(reserve_for(two_levels(call_id, (own, ACME))), at_us=at_us)


def ends(asked: Reserve, seconds: int, at_us: int) -> Close:
    """The end of a call, charged so many seconds."""
    prices = (PRICE, PRICE // 2)
    lines = (
        HoldLine(payer.wallet_id, seconds * price)
        for payer, price in zip(asked.payers, prices, strict=True)
    )
    return Close(asked.call_id, tuple(lines), at_us, ACTOR)


def operations(does: list[tuple[str, int, int | None]]) -> tuple[list[Operation], int]:
    """What is asked of the engine, and the instant of the last of it."""
    asked: list[Operation] = [top_up(name, 10**9, name) for name in (ALICE, BOB, ACME)]
    now_us = NOW_US
    for call_id, after_s, charged_s in does:
        now_us += after_s * MICROS
        first = begins(call_id, now_us)
        asked.append(first if charged_s is None else ends(first, charged_s, now_us))
    return asked, now_us


def counts(activity: Activity, now_us: int) -> tuple[int, ...]:
    """Everything that a limit asks for, at one instant."""
    windows = (activity.starts, activity.hour, activity.day)
    return activity.calls, activity.held_micros, *(each.sum_at(now_us) for each in windows)


async def read(database: Path) -> dict[str, Activity]:
    """The counters as a daemon that starts now would know them."""
    connection = await connect_reader(database)
    try:
        books = await read_books(connection)
        await read_accounts(connection, books, NAMES)
        return books.activities
    finally:
        await connection.close()


async def counted(does: list[tuple[str, int, int | None]], later_s: int) -> None:
    """Ask both engines the same, then compare what SQLite's books say with what memory counted."""
    asked, now_us = operations(does)
    model = MemoryEngine()
    for opening in wallets():
        model.decide(opening)
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "site.db"
        async with open_site(database) as store:
            for operation in asked:
                assert await store.writer.execute(operation) == model.decide(operation)
            found = await read(database)
    at_us = now_us + later_s * MICROS
    for name in NAMES:
        assert counts(found[name], at_us) == counts(model.activities.get(name, IDLE), at_us), name


@settings(max_examples=25, deadline=None)
@given(does=acts, later_s=st.sampled_from([0, 1, 59, 3_599]))
def test_counters_after_a_restart_are_those_before_it(
    does: list[tuple[str, int, int | None]], later_s: int
) -> None:
    """Whatever began and ended when: read from the books they are what the engine counted.

    Seen failing with each line of a hold counted twice in read_activities, and without
    the spending of the last day in read_spending.
    """
    asyncio.run(counted(does, later_s))


@settings(max_examples=40, deadline=None)
@given(does=acts, months=st.lists(st.sampled_from([-1, 0, 1, 2, 26]), min_size=1, max_size=3))
def test_what_a_month_counts_is_read_back(
    does: list[tuple[str, int, int | None]], months: list[int]
) -> None:
    """For every month that is asked for, what was charged since it began, however that was written.

    Seen failing with `<` for `>=` in MONTHS.
    """
    since = [NOW_US + hours * 3600 * MICROS for hours in months]
    asked = [(name, from_us) for name in NAMES for from_us in since]
    model, found = asyncio.run(months_of(does, asked))
    assert found == {(name, us): model.charged_micros(name, us) for name, us in asked}


async def months_of(
    does: list[tuple[str, int, int | None]], asked: list[tuple[str, int]]
) -> tuple[MemoryEngine, dict[tuple[str, int], int]]:
    """What the model in memory has charged, and what the books say of it."""
    asks, _ = operations(does)
    model = MemoryEngine()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "site.db"
        async with open_site(path) as store:
            for operation in (*wallets(), *asks):
                model.decide(operation)
                await store.writer.submit((operation,))
        connection = await connect_reader(path)
        try:
            return model, await read_months(connection, asked)
        finally:
            await connection.close()
