"""`xdr list`, `statement` and `explain` of a fee by the installed command, alone and by socket."""

import csv
import io
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pbxcharge.core.billing_period import add_months
from pbxcharge.store.movement_selects import MOVEMENT_COLUMNS
from tests.fakes.statements import AHEAD
from tests.fakes.subscribers import offer, pay_in, subscribe
from tests.integration.cli.conftest import books
from tests.site import Site

BEGINS = add_months(datetime.now(UTC).date().replace(day=1), -1)
MONTH = f"{BEGINS:%Y-%m}"
FEE = f"subscription:s1:{BEGINS}:fee"


@pytest.fixture
async def charged(site: Site) -> Site:
    """Alice has paid in 60.00, and has a subscription of 30.00 since the last month began."""
    async with books(site) as (store, _):
        await offer(store, AHEAD)
        await pay_in(store, "60", BEGINS.isoformat())
        await subscribe(store, AHEAD, BEGINS.isoformat())
    await site.run("bill", "run")
    return site


async def test_the_history_is_shown_and_is_the_same_as_csv(charged: Site) -> None:
    """Fees by the name that users see, top-ups, the balance after each."""
    words = ("xdr", "list", "--account", "acme", "--since", BEGINS.isoformat())
    (fee,) = (line for line in (await charged.run(*words)).out.splitlines() if line.endswith(FEE))
    assert "subscription fee" in fee and "SmartCall Basic" in fee and "-30.00" in fee
    only = (await charged.run(*words, "--kind", "subscription", "--csv")).out
    header, *rows = csv.reader(io.StringIO(only))
    assert header == list(MOVEMENT_COLUMNS)
    assert {row[header.index("amount")] for row in rows} == {"-30.00"}
    await charged.run(*words, "--kind", "fees", code=1)


async def test_a_statement_is_shown_and_written(charged: Site, tmp_path: Path) -> None:
    """As tables; as a page and its PDF at once; the last period where none is named."""
    words = ("statement", "--account", "acme", "--period", MONTH)
    lines = (await charged.run(*words)).out.splitlines()
    assert "closing balance" in " ".join(lines)
    page, pdf = tmp_path / "acme.html", tmp_path / "acme.pdf"
    said = await charged.run(*words, "--html", str(page), "--pdf", str(pdf))
    assert str(page) in said.out and str(pdf) in said.out
    assert "SmartCall Basic" in page.read_text("utf-8")
    assert pdf.read_bytes().startswith(b"%PDF-")
    last = await charged.ask("statement", "--account", "acme")
    assert last["totals"] == (await charged.ask(*words))["totals"]
    await charged.run(*words, "--csv", "--pdf", str(pdf), code=2)


async def test_a_fee_is_explained_by_its_id(charged: Site) -> None:
    """With the same word as a call; one that was changed by hand is told, by the exit code too."""
    shown = (await charged.run("explain", FEE)).out
    assert "fee of a whole billing period" in shown
    assert "Its lines add up to what was booked" in shown
    with sqlite3.connect(charged.database) as database:
        database.execute("DROP TRIGGER xdr_never_changed")
        database.execute("UPDATE xdr SET lines = replace(lines, '30000000', '29000000')")
    differs = await charged.run("explain", FEE, code=1)
    assert "It DIFFERS" in differs.out and "add up to 29.00" in differs.out
    assert "no record" in (await charged.run("explain", "subscription:no:x:fee", code=1)).err


async def test_through_the_daemon_it_is_the_same(served: Site) -> None:
    """An account without a movement has a statement, too."""
    statement = await served.ask("statement", "--account", "alice", "--period", MONTH)
    assert statement["totals"]["opening"] == statement["totals"]["closing"]
    assert (await served.ask("xdr", "list", "--account", "alice"))["report"] == "xdrs"
