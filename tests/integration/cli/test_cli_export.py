"""`pbxcharge cdr export`: files that other systems read, beside a running daemon and without."""

import asyncio
import csv
import os
from pathlib import Path

from tests.exchange import exchange
from tests.fakes.until import until
from tests.integration.daemon.test_reload import hang_up


def rows(folder: Path) -> list[dict[str, str]]:
    """The records of all files, in order."""
    found: list[dict[str, str]] = []
    for path in sorted(folder.iterdir()):
        with path.open(newline="") as file:
            found += csv.DictReader(file)
    return found


async def test_records_are_written_once_with_and_without_the_daemon() -> None:
    """Two calls, then a third one; a file that was lost on the way is written again, the same."""
    async with exchange({"alice": "9.00"}) as x:
        folder = x.site.folder / "out"
        folder.mkdir()
        words = ("cdr", "export", "--to", str(folder), "--rows", "1")
        for _ in range(2):
            await hang_up(x, "alice")
        said = (await x.site.run(*words)).out
        assert said.startswith("2 records in 2 files")
        await hang_up(x, "alice")
        await x.site.stop()
        assert (await x.site.run(*words)).out.startswith("1 record in 1 file")
        assert (await x.site.run(*words)).out.startswith("no records in no files")
        found = rows(folder)
        assert [row["seq"] for row in found] == ["1", "2", "3"]
        assert len({row["call_id"] for row in found}) == 3
        assert {row["charge"] for row in found} == {"0.01"}
        assert {row["destination"] for row in found} == {"United Kingdom"}
        listed = (await x.site.run("cdr", "export", "--list")).out
        assert listed.count("cdr-mediation-") == 3


async def test_two_exports_of_a_stream_never_run_at_once() -> None:
    """Whatever their folders: the second one writes nothing and says so, another stream's goes on.

    Seen failing (the file lay in both folders) without `_alone`.
    """
    async with exchange({"alice": "9.00"}) as x:
        await hang_up(x, "alice")
        first, second = x.site.folder / "first", x.site.folder / "second"
        for folder in (first, second):
            folder.mkdir()
        # The first one waits until it is told what lies there already.
        os.mkfifo(first / "cdr-mediation-000000001-000000001.csv")
        words = ("cdr", "export", "--to", str(second))
        waits = asyncio.create_task(x.site.run("cdr", "export", "--to", str(first), code=1))
        await until(lambda: x.rows("SELECT 1 FROM export_file"))
        answer = await x.site.run(*words, code=1)
        assert "another export of the stream mediation is at work" in answer.err
        assert (await x.site.run(*words, "--stream", "other")).out.startswith("1 record")
        await asyncio.to_thread((first / "cdr-mediation-000000001-000000001.csv").write_text, "")
        assert "has other records" in (await waits).err
        assert [path.name[:9] for path in second.iterdir()] == ["cdr-other"]


async def test_a_file_with_other_records_is_never_replaced() -> None:
    """Books that were restored from an older copy count their files anew.

    Seen failing without `_refuse_to_replace`.
    """
    async with exchange({"alice": "9.00"}) as x:
        await hang_up(x, "alice")
        folder = x.site.folder / "out"
        folder.mkdir()
        earlier = folder / "cdr-mediation-000000001-000000001.csv"
        earlier.write_text("seq\n1\n")
        answer = await x.site.run("cdr", "export", "--to", str(folder), code=1)
        assert "has other records" in answer.err
        assert earlier.read_text() == "seq\n1\n"
        earlier.unlink()
        said = (await x.site.run("cdr", "export", "--to", str(folder))).out
        assert said.startswith("1 record in 1 file")


async def test_a_folder_that_is_not_there_chooses_nothing() -> None:
    """What was not written was not exported."""
    async with exchange({"alice": "9.00"}) as x:
        await hang_up(x, "alice")
        folder = x.site.folder / "out"
        answer = await x.site.run("cdr", "export", "--to", str(folder), code=78)
        assert "is no folder" in answer.err
        folder.mkdir()
        assert "1 record in 1 file" in (await x.site.run("cdr", "export", "--to", str(folder))).out
