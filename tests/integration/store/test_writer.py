"""The writer: what it answers is on the disk, what it does not answer never was."""

import asyncio
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pbxcharge.core.account import Extension
from pbxcharge.core.call import Call
from pbxcharge.core.credit import HoldLine, Outcome, Posted, Refused, Reserved, Shortage
from pbxcharge.core.effects import CallSaved, Effect, ExtensionSaved, PbxSeen
from pbxcharge.core.slices import Slices, slices_to_text, with_slice
from pbxcharge.errors import Overloaded, StorageDown, WriteRefused
from pbxcharge.store import Store
from pbxcharge.store.bookkeeper import Booked, Work
from pbxcharge.store.connection import connect_writer
from pbxcharge.store.writer import Writer
from tests.fakes.granted_call import granted
from tests.fakes.recording_logger import RecordingLogger
from tests.fakes.small_site import (
    ALICE,
    BOB,
    NOW_US,
    PRICE,
    answered,
    begin,
    close,
    open_site,
    reserve,
    talk,
    top_up,
)
from tests.fakes.until import until


def rows(database: Path, sql: str) -> list[Any]:
    """What another process would read now."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        found = connection.execute(sql).fetchall()
    connection.close()
    return found


async def test_an_answer_is_on_the_disk(database: Path, writer: Writer) -> None:
    """When the answer is there, any other process reads what it says."""
    await writer.submit((top_up("t1", 5_000_000),))
    assert rows(database, "SELECT amount_micros FROM entry") == [(5_000_000,)]
    assert rows(database, f"SELECT balance_micros FROM wallet WHERE wallet_id = '{ALICE}'") == [
        (5_000_000,)
    ]


async def test_a_group_shares_one_commit(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits together is written together, each answered by its own outcome."""
    commits = count_commits(store.writer, monkeypatch)
    answers = [store.writer.submit((top_up(f"t{n}", 1),)) for n in range(100)]
    outcomes = await asyncio.gather(*answers)
    balances = [outcome.balance_micros for (outcome,) in outcomes if isinstance(outcome, Posted)]
    assert balances == list(range(1, 101))
    assert commits == [100]


async def test_no_more_than_a_bounded_group_is_written_at_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand waiting submissions make four groups of at most 256."""
    commits = count_commits(store.writer, monkeypatch)
    await asyncio.gather(*[store.writer.submit((top_up(f"t{n}", 1),)) for n in range(1000)])
    assert commits == [256, 256, 256, 232]


def count_commits(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many works each commit had."""
    commits: list[int] = []
    book = writer._keeper.book

    async def counted(group: Sequence[Work], alone: bool = False) -> Booked:
        commits.append(len(group))
        return await book(group, alone)

    monkeypatch.setattr(writer._keeper, "book", counted)
    return commits


async def test_sixty_four_at_once_on_credit_for_ten_slices_allow_ten(writer: Writer) -> None:
    """What a grant depends on is decided in one step, however many ask at once."""
    await writer.submit((top_up("t1", 10 * 10 * PRICE),))
    outcomes = await asyncio.gather(*[writer.execute(reserve(f"c{n}")) for n in range(64)])
    assert sum(isinstance(outcome, Reserved) for outcome in outcomes) == 10
    refused = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert {outcome.why for outcome in refused} == {Shortage.NOT_ENOUGH_CREDIT}


async def test_effects_follow_from_outcomes_in_the_same_transaction(
    database: Path, writer: Writer
) -> None:
    """A refused call is not stored; a granted one is stored with its hold."""
    await writer.submit((top_up("t1", 10 * PRICE),))
    assert isinstance(await begin(writer, granted("a")), Reserved)
    assert isinstance(await begin(writer, granted("b")), Refused)
    assert rows(database, "SELECT call_id FROM call") == [("a",)]
    assert rows(database, "SELECT call_id, state FROM hold") == [("a", "pending")]


async def test_a_programmers_error_fails_its_submission_alone(
    database: Path, writer: Writer
) -> None:
    """A wrong charge, an unknown wallet, a failing function: their neighbours are written."""

    def broken(_: tuple[Outcome, ...]) -> Iterable[Effect]:
        raise LookupError("a defect")

    await writer.submit((top_up("t0", PRICE), reserve("a", want_s=1)))
    answers = [
        writer.submit((top_up("t1", 1),)),
        writer.submit((top_up("t2", 1), close("a", 2 * PRICE))),
        writer.submit((top_up("t3", 1, wallet="nobody"),)),
        writer.submit((top_up("t4", 1),), broken),
        writer.submit((top_up("t5", 1),)),
    ]
    outcomes = await asyncio.gather(*answers, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [
        *(tuple, ValueError, KeyError, LookupError, tuple),
    ]
    assert rows(database, "SELECT entry_id FROM entry") == [("t0",), ("t1",), ("t5",)]
    balance = rows(database, f"SELECT balance_micros FROM wallet WHERE wallet_id = '{ALICE}'")
    assert balance == [(PRICE + 2,)]


async def test_what_the_tables_refuse_fails_alone(database: Path, writer: Writer) -> None:
    """A number that is taken refuses its own submission; the group is written without it."""
    taken = ExtensionSaved(Extension("alice-2", "102", "alice"), NOW_US, "test")
    free = ExtensionSaved(Extension("alice-3", "103", "alice"), NOW_US, "test")
    answers = [
        writer.submit((top_up("t1", 1),)),
        writer.submit((top_up("t2", 1),), [taken]),
        writer.submit((), [free]),
    ]
    outcomes = await asyncio.gather(*answers, return_exceptions=True)
    assert isinstance(outcomes[1], WriteRefused)
    assert rows(database, "SELECT entry_id FROM entry") == [("t1",)]
    assert rows(database, "SELECT endpoint FROM extension WHERE number = '103'") == [("alice-3",)]
    assert rows(database, "SELECT endpoint FROM extension WHERE number = '102'") == [("bob",)]
    (outcome,) = await writer.submit((top_up("t3", 1),))
    assert isinstance(outcome, Posted)
    assert outcome.balance_micros == 2


async def test_an_amount_no_column_holds_fails_alone(writer: Writer) -> None:
    """A value that SQLite cannot store is its own submission's failure."""
    bad = writer.submit((), [PbxSeen("pbx1", 2**70)])
    good = writer.submit((top_up("t1", 1),))
    with pytest.raises(OverflowError):
        await bad
    assert isinstance((await good)[0], Posted)


async def test_the_last_of_two_states_of_a_call_wins(database: Path, writer: Writer) -> None:
    """The same call saved twice in one group is stored as it was saved last."""
    call = granted("a")
    await writer.submit((top_up("t1", 10 * PRICE),))
    await begin(writer, call)
    up = answered(call, 10)
    first = writer.submit((), [CallSaved(up)])
    second = writer.submit((), [CallSaved(up), CallSaved(up)])
    await asyncio.gather(first, second)
    assert rows(database, "SELECT phase, answered_ms FROM call") == [("up", 5000)]


async def test_a_state_from_before_a_slice_does_not_take_it_away(
    database: Path, writer: Writer
) -> None:
    """Saved while the slice was on its way, and decided after it: the slice stays in the book."""
    call = granted("a")
    await writer.submit((top_up("t1", 90 * PRICE),))
    await begin(writer, call)
    assert rows(database, "SELECT slices FROM call") == [("[[10,100000,null]]",)]
    await writer.submit((), [CallSaved(answered(call, 10))])
    assert rows(database, "SELECT phase, slices FROM call") == [("up", "[[10,100000,null]]")]


async def test_nor_does_it_of_a_long_call_whose_middle_is_not_kept(
    database: Path, writer: Writer
) -> None:
    """The 151st slice takes the place of an earlier one: both texts are equally long.

    Seen failing with the lengths of the texts alone in `PUT_CALL`.
    """
    call, slices = granted("a"), list[Slices]([()])
    await writer.submit((top_up("t1", 90 * PRICE),))
    await begin(writer, call)
    for through_s in range(1_000, 1_151):
        held = Reserved(
            "a", through_s, through_s, (HoldLine(ALICE, 10_000 * through_s),), short=False
        )
        slices.append(with_slice(slices[-1], held, 1_000 * through_s))
    *_, earlier, last = slices
    assert len(slices_to_text(earlier)) == len(slices_to_text(last))
    for known in (last, earlier):
        await writer.submit((), [CallSaved(replace(answered(call, 10), slices=known))])
        assert rows(database, "SELECT slices FROM call") == [(slices_to_text(last),)]


async def test_a_closed_call_stays_as_it_was(database: Path, writer: Writer) -> None:
    """A state that comes after the end changes nothing."""
    await writer.submit((top_up("t1", 10 * PRICE),))
    await talk(writer, granted("a"), 3)
    await writer.submit((), [CallSaved(Call(granted("a"), 1, 10))])
    assert rows(database, "SELECT state, phase FROM call") == [("closed", "up")]


async def test_a_rating_is_stored_once_for_each_content(database: Path, store: Store) -> None:
    """Ten calls at one price keep what they are priced with once, also after a restart."""
    await store.writer.submit((top_up("t1", 100 * PRICE),))
    for number in range(5):
        await talk(store.writer, granted(f"a{number}"), 2)
    assert rows(database, "SELECT count(*) FROM rating") == [(1,)]


async def test_who_stops_waiting_withdraws_nothing(database: Path, writer: Writer) -> None:
    """A cancelled waiter's submission is written all the same, and nobody else's suffers."""
    first = writer.submit((top_up("t1", 1),))
    second = writer.submit((top_up("t2", 1),))
    first.cancel()
    assert await second == (Posted(top_up("t2", 1).entry, 2),)
    assert rows(database, "SELECT entry_id FROM entry") == [("t1",), ("t2",)]


async def test_credit_that_rises_is_told_after_the_answers(writer: Writer) -> None:
    """A top-up and a call that gives back raise a wallet; a hold and a full charge do not."""
    told: list[tuple[frozenset[str], bool]] = []
    writer.on_credit(lambda risen: told.append((risen, payment.done())))
    payment = writer.submit((top_up("t1", 20 * PRICE), top_up("t2", 1, wallet=BOB)))
    await payment
    await writer.submit((reserve("a"), reserve("b")))
    await writer.submit((close("a", 10 * PRICE),))
    await writer.submit((close("b", 1 * PRICE),))
    assert told == [(frozenset({ALICE, BOB}), True), (frozenset({ALICE}), True)]


async def test_credit_given_back_and_taken_in_one_group_is_told(writer: Writer) -> None:
    """What a call gave back may lengthen another, also if the group as a whole took more."""
    await writer.submit((top_up("t1", 20 * PRICE), reserve("a")))
    told: list[frozenset[str]] = []
    writer.on_credit(told.append)
    await asyncio.gather(writer.submit((reserve("b"),)), writer.submit((close("a", 6 * PRICE),)))
    assert told == [frozenset({ALICE})]


async def test_a_failing_listener_is_not_the_writers_failure(database: Path) -> None:
    """The commit is done, the others are told, and the log names the defect."""
    log = RecordingLogger()
    told: list[frozenset[str]] = []

    def broken(_: frozenset[str]) -> None:
        raise LookupError("a defect")

    async with open_site(database, log) as store:
        store.writer.on_credit(broken)
        store.writer.on_credit(told.append)
        await store.writer.submit((top_up("t1", 1),))
        await store.writer.heartbeat()
    assert told == [frozenset({ALICE})]
    assert log.named("listener failed") == [{"error": "LookupError('a defect')"}]


async def test_too_many_waiting_are_refused_at_once(database: Path) -> None:
    """What cannot wait is told so; what waits is written."""
    async with open_site(database):
        pass
    writer = Writer(await connect_writer(database), "EUR", RecordingLogger(), waiting_max=2)
    await writer.start()
    try:
        answers = [writer.submit((top_up(f"t{n}", 1),)) for n in range(4)]
        outcomes = await asyncio.gather(*answers, return_exceptions=True)
    finally:
        await writer.close()
    assert [type(outcome) for outcome in outcomes] == [tuple, tuple, Overloaded, Overloaded]


async def test_closing_writes_what_waits_and_takes_no_more(database: Path) -> None:
    """What was submitted before the end is durable; later it is refused."""
    async with open_site(database) as store:
        waiting = [store.writer.submit((top_up(f"t{n}", 1),)) for n in range(300)]
    await asyncio.gather(*waiting)
    with pytest.raises(StorageDown):
        await store.writer.submit()
    assert not database.with_name("site.db-wal").exists()
    assert rows(database, "SELECT count(*) FROM entry") == [(300,)]


async def test_a_quiet_moment_moves_commits_into_the_file(
    database: Path, tmp_path: Path, writer: Writer
) -> None:
    """The log is carried over without anybody's asking, and nobody waits for it."""
    await writer.submit((top_up("t1", 1),))
    copy = tmp_path / "copy.db"

    def carried_over() -> bool:
        # Without the log beside it, the copy has what was carried over and no more.
        copy.write_bytes(database.read_bytes())
        return rows(copy, "SELECT entry_id FROM entry") == [("t1",)]

    assert not carried_over()
    await until(carried_over)
