"""`bill run` and `bill preview` without a daemon: what is charged is what was foreseen."""

import sqlite3
from datetime import UTC, datetime, timedelta

from pbxcharge.core.billing_period import add_months
from pbxcharge.core.subscription_terms import Applied, MinimumTerm, PenaltyKind
from tests.fakes.subscribers import offer, subscribe
from tests.fakes.subscriptions import a_plan
from tests.integration.cli.conftest import books
from tests.site import Site

TERM = MinimumTerm(months=12, penalty=PenaltyKind.FIXED, fixed_micros=7_000_000)
PLAN = a_plan("2", applied=Applied.IN_ADVANCE, minimum_term=TERM)


async def subscribed(site: Site) -> datetime:
    """Alice, who has 5.00, has a subscription of 2.00 since the first of the last month."""
    today = datetime.now(UTC).date()
    begins = add_months(today.replace(day=1), -1)
    async with books(site) as (store, _):
        await offer(store, PLAN)
        await subscribe(store, PLAN, begins.isoformat())
    return datetime(begins.year, begins.month, 1, tzinfo=UTC)


async def test_what_is_charged_is_what_was_foreseen(site: Site) -> None:
    """Two months are owed; run again, nothing is. What does not fit is foreseen to wait."""
    begins = await subscribed(site)
    foreseen = await site.ask("bill", "preview", "--account", "alice", "--months", "2")
    past = [line for line in foreseen["lines"] if line["at"] < foreseen["from"]]
    assert [(line["what"], line["amount"]) for line in past] == [("fee", "2.00"), ("fee", "2.00")]
    assert "suspended" in [line["what"] for line in foreseen["lines"]]
    early = await site.ask("bill", "run", "--until", f"{begins + timedelta(days=3):%Y-%m-%d}")
    assert early["charged"] == [{"kind": "fee", "count": 1, "amount": "2.00"}]
    ran = await site.ask("bill", "run")
    assert (ran["charged"], ran["accounts"]) == (early["charged"], 1)
    again = await site.run("bill", "run")
    assert "nothing was owed" in again.err
    assert (await site.ask("account", "show", "alice"))["account"]["wallets"][0]["balance"] == (
        "1.00"
    )


async def test_a_preview_for_people_and_for_spreadsheets(site: Site) -> None:
    """With the penalty of a closing; nothing is written."""
    await subscribed(site)
    tomorrow = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%d}"
    words = ("bill", "preview", "--account", "alice", "--close", tomorrow)
    shown = (await site.run(*words)).out
    assert [tomorrow, "penalty"] in [line.split()[:2] for line in shown.splitlines()]
    csv = (await site.run(*words, "--csv")).out.splitlines()
    assert csv[0].startswith("at,local,what")
    assert any(",penalty," in line and ",7.00," in line for line in csv)
    with sqlite3.connect(site.database) as database:
        assert database.execute("SELECT count(*) FROM xdr").fetchone() == (0,)


async def test_nobody_charges_ahead(site: Site) -> None:
    """A day to come is refused, and the command says what shows it; so is an unknown account."""
    refused = await site.run("bill", "run", "--until", "2999-01-01", code=1)
    assert "bill preview" in refused.err
    await site.run("bill", "preview", "--account", "nobody", code=1)
