"""`pbxcharge reconcile` beside a running daemon: what both sides tell, and what they do not."""

import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.exchange import Exchange, exchange
from tests.integration.daemon.test_reload import hang_up


def theirs(cdr: dict[str, Any], **change: Any) -> dict[str, Any]:
    """A carrier's row of one of our calls, with what it tells otherwise."""
    row = {
        "start": cdr["answered_at"],
        "number": cdr["number"],
        "seconds": cdr["talk_s"],
    }
    return row | change


def write(folder: Path, *rows: dict[str, Any]) -> str:
    """Their file."""
    text = io.StringIO()
    table = csv.DictWriter(text, ["start", "number", "seconds"])
    table.writeheader()
    table.writerows(rows)
    path = folder / "carrier.csv"
    path.write_text(text.getvalue())
    return str(path)


async def two_calls(x: Exchange) -> list[dict[str, Any]]:
    """Alice calls twice; the records, the first one first."""
    for _ in range(2):
        await hang_up(x, "alice")
    return list((await x.site.ask("cdr", "list", "alice"))["cdrs"])


async def test_both_sides_agree_or_every_difference_is_named() -> None:
    """The whole file; then one call less, one that is longer, and one that nobody made."""
    async with exchange({"alice": "9.00"}) as x:
        first, second = await two_calls(x)
        words = ("reconcile", "carrier", "--trunk", "carrier", "--within-s", "3")
        file = write(x.site.folder, theirs(first), theirs(second))
        said = await x.site.ask(*words, file)
        assert (said["agrees"], said["paired"]) == (True, 2)
        wrong = theirs(second, seconds=second["talk_s"] + 9)
        assert said["numbers_cleaned"] == 0
        ghost = theirs(second, number="49-30-123456")
        file = write(x.site.folder, wrong, ghost)
        day = datetime.now(UTC).date().isoformat()
        said = (await x.site.run("--json", *words, file, "--from", day, code=1)).json
        told = {(it["difference"], it["call_id"], it["line"]) for it in said["differences"]}
        assert told == {
            ("missing_here", None, 3),
            ("missing_there", first["call_id"], None),
            ("seconds", second["call_id"], 2),
        }
        assert (said["numbers_cleaned"], said["number_cleaned"]) == (1, "49-30-123456")
        text = (await x.site.run(*words, file, "--from", day, code=1)).out
        assert "had more than digits, which alone were compared" in text


async def test_a_file_without_a_call_agrees_with_nothing() -> None:
    """Unless it is said which time it is for; then what is missing in it is named.

    Seen failing, "both sides agree" and exit code 0, without `reconciling._nothing_told`.
    """
    async with exchange({"alice": "9.00"}) as x:
        await hang_up(x, "alice")
        words = ("reconcile", "carrier", write(x.site.folder), "--trunk", "carrier")
        answer = await x.site.run(*words, code=78)
        assert "has no answered call" in answer.err
        day = datetime.now(UTC).date()
        between = ("--from", str(day - timedelta(1)), "--to", str(day + timedelta(1)))
        said = (await x.site.run("--json", *words, *between, code=1)).json
        assert [it["difference"] for it in said["differences"]] == ["missing_there"]
        await x.site.run(*words, "--from", "2026-03", "--to", "2026-02", code=2)


async def test_a_file_that_cannot_be_read_is_named_by_line() -> None:
    """And nothing is said of calls."""
    async with exchange({"alice": "1.00"}) as x:
        file = write(x.site.folder, {"start": "soon", "number": "44", "seconds": 3})
        answer = await x.site.run("reconcile", "carrier", file, "--trunk", "carrier", code=78)
        assert f"{file}:2" in answer.err
        answer = await x.site.run("reconcile", "carrier", file, "--trunk", "nobody", code=2)
        assert "there is no trunk 'nobody'" in answer.err
