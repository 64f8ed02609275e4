"""Statements and histories of real books: exact, at every bound, whatever was booked when."""

from itertools import pairwise
from typing import Any

import pytest

from pbxcharge.api.desk import Desk
from pbxcharge.api.local import LocalApi
from pbxcharge.core.ledger import EntryKind
from pbxcharge.core.money import parse_amount
from pbxcharge.core.statement import Group
from pbxcharge.core.xdr import XdrKind
from pbxcharge.errors import ActDeclined
from pbxcharge.flow.office import Office
from pbxcharge.flow.prices import Prices
from pbxcharge.store import Store
from tests.fakes.plans import NUMBERING, PLANS
from tests.fakes.statements import called, moved, refunded, subscribed
from tests.fakes.subscribers import pay_in
from tests.integration.office.test_billing import charged

MONTHS = ("2026-08", "2026-09", "2026-10", "2026-11")
LONG = {"since": "2026-08-01", "until": "2026-12-01", "utc": True}


@pytest.fixture
async def months(office: Office, store: Store) -> LocalApi:
    """August to November: paid in twice, called, refunded; a fee that waited four days."""
    await pay_in(store, "65", "2026-08-31T10:00:00")
    await subscribed(store)
    await charged(store, "2026-09-01")
    await called(store, "c1", "2026-09-03T08:00", "1.25")
    await called(store, "c2", "2026-09-04T08:00", "0", included_s=60)
    await charged(store, "2026-10-01")
    await refunded(store, "c1", "0.25", "2026-10-02")
    for day in range(1, 5):
        await charged(store, f"2026-11-{day:02}")
    await pay_in(store, "30", "2026-11-04T10:00:00")
    await charged(store, "2026-11-04T10:00:00")
    await moved(store, EntryKind.ADJUSTMENT, "-0.50", "2026-11-05")
    return LocalApi(Desk(store.queries, Prices(PLANS, NUMBERING), "EUR"), "uid:0")


async def statement(api: LocalApi, period: str, scope: str = "alice") -> Any:
    """Of a billing period."""
    return await api.get("/statement", scope=scope, period=period)


def micros(amounts: Any) -> int:
    """The sum of amounts."""
    return sum(map(parse_amount, amounts))


async def test_what_is_charged_when_a_month_ends_stands_on_its_statement(months: LocalApi) -> None:
    """October's fee, booked at its first midnight, on September's; the activation on its own."""
    september = await statement(months, "2026-09")
    fees = [row["period_first"] for row in september["rows"] if row["kind"] == "fee"]
    assert fees == ["2026-09-01", "2026-10-01"]
    assert september["totals"] == {
        **dict.fromkeys(map(str, Group), "0.00"),
        "opening": "65.00",
        "calls": "-1.25",
        "subscriptions": "-60.00",
        "closing": "3.75",
    }
    assert (september["over"], september["charged"]) == (True, True)


async def test_a_fee_that_waited_stands_where_it_was_booked(months: LocalApi) -> None:
    """November's, owed when October ended, on November's, with the day on which it was owed."""
    assert (await statement(months, "2026-10"))["totals"]["subscriptions"] == "0.00"
    november = await statement(months, "2026-11")
    (fee,) = (row for row in november["rows"] if row["kind"] == "fee")
    assert (fee["owed_at"][:10], fee["at"][:10]) == ("2026-11-01", "2026-11-04")
    assert november["totals"]["credits"] == "3.00"


async def test_every_statement_begins_where_the_one_before_ended(
    months: LocalApi, store: Store
) -> None:
    """The last one with the balance of the wallet; rows and groups add up to what lies between.

    Seen failing with the charges of a midnight left to the instants alone at one of the bounds.
    """
    found = [await statement(months, period) for period in MONTHS]
    for before, after in pairwise(found):
        assert before["totals"]["closing"] == after["totals"]["opening"]
    for each in found:
        totals = each["totals"]
        between = parse_amount(totals["closing"]) - parse_amount(totals["opening"])
        assert micros(row["amount"] for row in each["rows"]) == between
        assert micros(row["amount"] for row in each["by_type"]) == parse_amount(totals["calls"])
    balance_micros = sum(one.balance_micros for one in await store.queries.wallets(["alice"]))
    assert parse_amount(found[-1]["totals"]["closing"]) == balance_micros


async def test_a_customers_statement_has_that_of_each_account(months: LocalApi) -> None:
    """With their sum, which is all of alice's here."""
    acme, alice = await statement(months, "2026-11", "acme"), await statement(months, "2026-11")
    assert acme["totals"] == alice["totals"]
    assert [each["account_id"] for each in acme["accounts"]] == ["alice"]


async def test_a_statement_says_what_is_still_to_come(months: LocalApi, store: Store) -> None:
    """The period runs, a fee waits; or the engine has not been there yet."""
    december = await statement(months, "2026-12")
    assert (december["over"], december["charged"], december["waiting"]) == (False, False, "0.00")
    await charged(store, "2026-12-01")
    assert (await statement(months, "2026-11"))["waiting"] == "30.00"
    with pytest.raises(ActDeclined, match="neither a day nor a month"):
        await statement(months, "soon")
    with pytest.raises(ActDeclined, match="no account"):
        await statement(months, "2026-11", "nobody")


async def test_the_history_has_everything_in_order_with_the_balance_after_it(
    months: LocalApi,
) -> None:
    """Also a call that cost nothing; the balance is true whatever is left out."""
    answer = await months.get("/xdrs", scope="alice", **LONG)
    balances = [row["balance"] for row in answer["rows"] if row["xdr_id"]]
    assert balances == ["65.00", "35.00", "33.75", "3.75", "4.00", "34.00", "4.00", "7.00", "6.50"]
    (free,) = (row for row in answer["rows"] if not row["xdr_id"])
    assert (free["call_id"], free["amount"], free["included_s"]) == ("c2", "0.00", 60)
    only = await months.get("/xdrs", scope="alice", kinds="subscription", **LONG)
    assert {row["kind"] for row in only["rows"]} == {"fee", "credit"}
    assert [row["balance"] for row in only["rows"]] == ["35.00", "3.75", "4.00", "7.00"]


async def test_a_cut_history_has_the_newest_rows(months: LocalApi) -> None:
    """And says that it is cut."""
    answer = await months.get("/xdrs", scope="alice", limit=1, **LONG)
    assert (answer["cut"], [row["kind"] for row in answer["rows"]]) == (True, ["adjustment"])


@pytest.mark.parametrize("asked", [{"kinds": "fees"}, {"types": "local"}, {"month": "2026-1"}])
async def test_a_history_declines_what_there_is_not(months: LocalApi, asked: Any) -> None:
    """A kind, a filter, a month."""
    with pytest.raises(ActDeclined):
        await months.get("/xdrs", **asked)


async def test_each_charge_of_a_subscription_is_explained(months: LocalApi) -> None:
    """By its plan, its lines, its entry; they add up."""
    answer = await months.get("/xdrs", scope="alice", kinds=",".join(XdrKind), **LONG)
    for row in answer["rows"]:
        explained = await months.get("/explain/xdr", xdr_id=row["xdr_id"])
        assert explained["adds_up"], explained["differences"]
        assert explained["entry"]["amount"] == row["amount"]
        assert explained["plan"]["shown_name"] == "SmartCall Basic"
    with pytest.raises(ActDeclined, match="no record"):
        await months.get("/explain/xdr", xdr_id="subscription:s1:2030-01-01:fee")


async def test_no_question_reads_all_records(months: LocalApi) -> None:
    """Of an account with few calls, among millions of others'. Seen failing with a joined view."""
    for path, asked in (("/statement", {"period": "2026-11"}), ("/xdrs", {})):
        answer = await months.get(path, scope="alice", query_plan=True, **asked)
        steps = [step for plan in answer["query_plans"].values() for step in plan]
        assert not [step for step in steps if "SCAN cdr" in step or "SCAN entry" in step]


async def test_the_report_of_accounts_has_fees_and_credits(months: LocalApi) -> None:
    """Of the time in which they were booked, beside what calls cost."""
    answer = await months.get("/reports/accounts", scope="alice", month="2026-11", utc=True)
    (row,) = answer["rows"]
    assert (row["fees"], row["credits"], row["charge"]) == ("30.00", "3.00", "0.00")
    assert (row["topped_up"], row["balance"]) == ("30.00", "6.50")
