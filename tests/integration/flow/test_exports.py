"""Records for other systems: each in one file, once; a correction is a record of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pbxcharge.core.exports import ExportFile
from pbxcharge.flow.acts import Declined, Done
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.exports import Exports, NothingToExport
from pbxcharge.store import Store
from pbxcharge.store.verify import verify
from tests.fakes.small_site import NOW_US, busy_day, charge_anew, cheaper, open_site, talk

STREAM = "mediation"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """The books of a busy day."""
    async with open_site(tmp_path / "site.db") as opened:
        await busy_day(opened)
        yield opened


def exports_of(store: Store) -> Exports:
    """What a daemon that has just started knows."""
    return Exports(store.writer, store.queries.exports, Clock())


async def chosen(store: Store, rows: int = 100, stream: str = STREAM) -> ExportFile | None:
    """The next file."""
    act = await exports_of(store).choose(stream, rows, "uid:0")
    assert isinstance(act, Done)
    return None if isinstance(act.result, NothingToExport) else act.result


async def records(store: Store, file: ExportFile) -> list[tuple[int, str, int, int]]:
    """Number, call, revision and charge of each record of a file."""
    async with store.queries.reports.reading() as reading:
        rows = await reading.exported(file.stream, file.first_seq, file.last_seq)
    from pbxcharge.store.export_queries import COLUMNS

    at = [list(COLUMNS).index(name) for name in ("seq", "call_id", "revision", "charge")]
    return [(row[at[0]], row[at[1]], row[at[2]], row[at[3]]) for row in rows]


async def exported(store: Store, rows: int = 100, stream: str = STREAM) -> list[str]:
    """Write every file that is left; the calls of each record."""
    found = []
    while (file := await chosen(store, rows, stream)) is not None:
        found += [call_id for _, call_id, _, _ in await records(store, file)]
        await exports_of(store).written(stream, file.number, "uid:0")
    return found


async def all_calls(store: Store) -> set[str]:
    """Every record of the books."""
    return {cdr.call_id for cdr in await store.queries.cdrs(None, limit=1000)}


async def test_every_record_is_exported_once(store: Store, tmp_path: Path) -> None:
    """In files of two, numbered without a gap; and then there is nothing left."""
    every = await all_calls(store)
    found = await exported(store, rows=2)
    # One of them was corrected that day.
    assert sorted(found) == sorted([*every, "renewed"])
    files = (await store.queries.exports.files(STREAM, 100))[::-1]
    assert [file.number for file in files] == list(range(1, len(files) + 1))
    assert [file.first_seq for file in files[1:]] == [file.last_seq + 1 for file in files[:-1]]
    assert await chosen(store) is None
    assert verify(tmp_path / "site.db") == []


async def test_later_records_are_in_later_files(store: Store) -> None:
    """What was made since; and another stream has them all."""
    first = await exported(store)
    await talk(store.writer, cheaper("later"), 5)
    assert await exported(store) == ["later"]
    assert set(await exported(store, stream="warehouse")) == {*first, "later"}


async def test_a_file_that_may_not_have_been_written_is_chosen_again(store: Store) -> None:
    """With the same records, whatever was made, or corrected, in between."""
    file = await chosen(store)
    assert file is not None
    before = await records(store, file)
    call = cheaper("again")
    await talk(store.writer, call, 5)
    again = await chosen(store, rows=1)
    assert again == file
    assert await records(store, again) == before


async def test_a_correction_is_a_record_of_its_own(store: Store) -> None:
    """Once, behind the record that it corrects; the record keeps what it said.

    Seen failing with the view of what records say now in the place of the exported revision.
    """
    call = cheaper("dear")
    await talk(store.writer, call, 60)
    assert "dear" in await exported(store)
    await charge_anew(store, cheaper("dear"))
    file = await chosen(store)
    assert file is not None
    assert [it[1:3] for it in await records(store, file)] == [("dear", 1)]
    await exports_of(store).written(STREAM, file.number, "uid:0")
    (whole,) = [it for it in await store.queries.exports.files(STREAM, 9) if it.number == 1]
    kept = {it[1]: it[2] for it in await records(store, whole)}
    assert kept["dear"] == 0
    assert await chosen(store) is None


async def test_the_last_correction_of_a_call_is_exported_last(store: Store) -> None:
    """Also where the clock was set back between both: whoever reads the file lets the last count.

    Seen failing with the instants of the corrections alone in the order of `CORRECTIONS`.
    """
    await talk(store.writer, cheaper("dear"), 60)
    await exported(store)
    await charge_anew(store, cheaper("dear"), "run-1", NOW_US + 9)
    await charge_anew(store, cheaper("dear"), "run-2", NOW_US)
    for revision in (1, 2):
        file = await chosen(store, rows=1)
        assert file is not None
        assert [it[1:3] for it in await records(store, file)] == [("dear", revision)]
        await exports_of(store).written(STREAM, file.number, "uid:0")


async def test_books_whose_table_was_made_anew_are_exported_once(store: Store) -> None:
    """The place of the last record says nothing any more: each record is looked up."""
    await exported(store)
    last = (await store.queries.exports.files(STREAM, 1))[0]
    moved = ExportFile(STREAM, 1, 1, 1, 0, "uid:0", last.through_row, "another call")
    found = await store.queries.exports.to_export(STREAM, moved, 100)
    assert found.records == ()


async def test_what_cannot_be_is_declined(store: Store) -> None:
    """Names that are no part of a file's name, sizes that would stop the calls."""
    exports = exports_of(store)
    for stream, rows in (("../etc", 10), ("Big", 10), (STREAM, 0), (STREAM, 10_001)):
        assert isinstance(await exports.choose(stream, rows, "uid:0"), Declined)
    assert isinstance(await exports.written(STREAM, 1, "uid:0"), Declined)


def test_names_sort_as_their_records_do() -> None:
    """By the numbers of their records."""
    names = [ExportFile("m", n, n * 5, n * 5 + 4, 0, "", 0, None).name for n in (1, 2, 20)]
    assert names == sorted(names)
    assert names[0] == "cdr-m-000000005-000000009.csv"
