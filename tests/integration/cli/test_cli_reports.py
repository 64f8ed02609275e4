"""`report` by the installed command, alone and through the daemon."""

import csv
import io
from pathlib import Path

import pytest

from pbxcharge.reports.call_report import COLUMNS
from pbxcharge.store.report_selects import CALL_COLUMNS
from tests.fakes.recorded_calls import level, refused, talked, write
from tests.integration.cli.conftest import books
from tests.site import Site

MONTH = ("--account", "alice", "--month", "2026-11")


async def fill(site: Site) -> None:
    """Two calls of alice in November, by the clocks of London."""
    async with books(site) as (store, _):
        up = [level("alice", 100_000), level("acme", 60_000)]
        await write(
            store.writer,
            [
                talked("a1", "2026-11-03T08:00", 60, up, cost_micros=30_000),
                refused("r1", "2026-11-05T10:00", "alice", "=no_rate"),
                talked("summer", "2026-06-30T23:30", 60, [level("alice", 7)]),
            ],
        )


@pytest.fixture
async def filled(site: Site) -> Site:
    """A site with these calls and no daemon."""
    await fill(site)
    return site


async def test_a_month_is_shown_with_its_sums(filled: Site) -> None:
    """For people: local times, lengths, why not."""
    shown = await filled.run("report", "calls", *MONTH)
    lines = shown.out.splitlines()
    assert lines[0].split() == ["of", "Alice", "(alice)"]
    assert "(Europe/London)" in lines[1]
    (call,) = (line for line in lines if line.endswith("a1"))
    assert call.startswith("2026-11-03 08:00:00  alice    public  ")
    assert "1:00  " in call and "0.10" in call
    assert any(line.startswith("all") and "50 %" in line for line in lines)


async def test_months_are_those_of_the_site_unless_utc_is_asked_for(filled: Site) -> None:
    """1 July at 00:30 in London is 30 June in UTC."""
    for options, rows in (((), 1), (("--utc",), 0)):
        answer = await filled.ask("report", "calls", "--month", "2026-07", *options)
        assert len(answer["rows"]) == rows


async def test_csv_has_every_column_and_no_formula(filled: Site) -> None:
    """Under stable names; --columns takes some of them."""
    whole = (await filled.run("report", "calls", *MONTH, "--csv")).out
    header, *rows = csv.reader(io.StringIO(whole))
    assert header == list(CALL_COLUMNS)
    assert set(COLUMNS) <= set(header)
    first, second = (dict(zip(header, row, strict=True)) for row in rows)
    assert (first["upper_levels"], first["charge"], first["cost"]) == ("acme 0.06", "0.10", "0.03")
    assert second["reason"] == "'=no_rate"
    some = await filled.run("report", "calls", *MONTH, "--csv", "--columns", "call_id,charge")
    assert some.out == "call_id,charge\na1,0.10\nr1,0.00\n"


async def test_a_cut_list_is_said_beside_the_csv(filled: Site) -> None:
    """On standard error, so that the table stays one."""
    cut = await filled.run("report", "calls", *MONTH, "--csv", "--limit", "1")
    assert len(cut.out.splitlines()) == 2
    assert "cut: only 1 rows" in cut.err


async def test_a_page_is_written_where_it_is_asked_for(filled: Site, tmp_path: Path) -> None:
    """Or to standard output."""
    file = tmp_path / "alice.html"
    said = await filled.run("report", "calls", *MONTH, "--html", str(file))
    assert str(file) in said.out
    page = file.read_text("utf-8")
    assert page.count("<svg") == 2
    assert "=no_<wbr>rate" in page
    assert (await filled.run("report", "refused", *MONTH, "--html", "-")).out.endswith("</html>\n")


async def test_a_page_that_cannot_be_written_is_refused(filled: Site, tmp_path: Path) -> None:
    """In a sentence."""
    answer = await filled.run(
        "report", "calls", *MONTH, "--html", str(tmp_path / "no" / "x.html"), code=69
    )
    assert "cannot be written" in answer.err


async def test_two_forms_at_once_are_refused(filled: Site) -> None:
    """Else one of them would be missing without a word."""
    answer = await filled.run("report", "calls", *MONTH, "--csv", "--html", "x.html", code=2)
    assert "one of --csv and --html" in answer.err


@pytest.mark.parametrize("name", ["accounts", "destinations", "margins", "refused"])
async def test_every_report_has_every_form(filled: Site, name: str) -> None:
    """A table, CSV with the columns of the JSON, JSON."""
    words = ("report", name, "--month", "2026-11")
    assert "the whole site" in (await filled.run(*words)).out
    answer = await filled.ask(*words)
    header, *rows = csv.reader(io.StringIO((await filled.run(*words, "--csv")).out))
    assert header == answer["columns"] == list(answer["rows"][0])
    assert len(rows) == len(answer["rows"])


async def test_through_the_daemon_it_is_the_same(served: Site) -> None:
    """Support staff have the socket alone; margins may be told apart, plans of queries be seen."""
    await served.stop()
    await fill(served)
    alone = await served.run("report", "calls", *MONTH, "--csv")
    await served.serve()
    assert (await served.run("report", "calls", *MONTH, "--csv")).out == alone.out
    by = await served.ask("report", "margins", "--month", "2026-11", "--by", "destination")
    assert [(row["account_id"], row["group"], row["margin"]) for row in by["rows"]] == [
        (None, "United Kingdom", "0.03"),
        ("acme", "United Kingdom", "0.04"),
    ]
    plan = await served.run("report", "calls", *MONTH, "--query-plan")
    assert "USING INDEX cdr_account (account_id=? AND setup_at_us>?" in plan.out
    wrong = await served.run("report", "calls", "--type", "lokal", code=1)
    assert "'lokal' is no type of call" in wrong.err
