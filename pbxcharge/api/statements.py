"""Answers with statements: an account's or a customer's money in one of its billing periods."""

from datetime import tzinfo
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from pbxcharge.api.desk import Desk, declined, unknown_account
from pbxcharge.api.documents import Document, instant
from pbxcharge.api.report_question import ROWS_MAX, asked_for
from pbxcharge.api.report_rows import Row, row_documents
from pbxcharge.core.billing_period import BillingPeriod
from pbxcharge.core.money import format_amount
from pbxcharge.core.period import local_day
from pbxcharge.core.statement import NOTHING, Group, Sums, all_sums, ended_period, named_period
from pbxcharge.flow.acts import Refusal
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.lives import Customer, Lives
from pbxcharge.store.movement_selects import MOVEMENT_COLUMNS
from pbxcharge.store.report_queries import Moved, Rows


class Statement(BaseModel):
    """Whose statement, and of which billing period."""

    model_config = ConfigDict(extra="forbid")

    scope: str
    period: str | None = None
    limit: int = Field(ROWS_MAX, ge=1, le=ROWS_MAX)
    query_plan: bool = False


async def statement(desk: Desk, **asked: Any) -> Document:
    """What was there, what moved and why, what is left: of an account and those below it.

    What a subscription was charged at the midnight that ends the period stands on it, as its record
    says; everything else by the instant at which it was booked. So each closing balance is the next
    opening balance, and both are sums of the ledger.
    """
    asks = asked_for(Statement, asked)
    customer = await Lives(desk.queries, desk.prices).customer(asks.scope)
    if not customer.chain:
        raise unknown_account(asks.scope)
    now_us = Clock().wall_us()
    period = _period(customer, asks.period, now_us)
    moved = _moved(asks.scope, period, customer.zone)
    async with desk.queries.reports.reading(planning=asks.query_plan) as reading:
        sums = await reading.movement_sums(moved)
        calls = await reading.charged_calls(moved)
        late, waiting_micros = await reading.unbilled(moved)
        found = await reading.movements(moved, asks.limit + 1)
    head = _head(customer, period, moved, desk.currency)
    if asks.query_plan:
        return {**head, "query_plans": reading.plans, "rows": []}
    over = moved.period.until_us <= now_us
    columns = tuple(MOVEMENT_COLUMNS)
    return {
        **head,
        "made_at": instant(now_us),
        "over": over,
        "charged": over and not late,
        "waiting": format_amount(waiting_micros),
        **_sums(sums),
        "by_type": [_calls(row) for row in calls],
        "columns": columns,
        "cut": len(found) > asks.limit,
        "rows": await row_documents(found[-asks.limit :], columns),
    }


def _period(customer: Customer, text: str | None, now_us: int) -> BillingPeriod:
    if text is None:
        return ended_period(customer.calendar, local_day(now_us, customer.zone))
    try:
        return named_period(customer.calendar, text)
    except ValueError as error:
        raise declined(Refusal.NAME_INVALID, str(error)) from None


def _moved(scope: str, period: BillingPeriod, zone: tzinfo) -> Moved:
    bounds = period.instants(zone)
    return Moved(scope, bounds, period.first.isoformat(), period.until.isoformat())


def _head(customer: Customer, period: BillingPeriod, moved: Moved, currency: str) -> Document:
    account = customer.chain[0]
    return {
        "report": "statement",
        "scope": account.account_id,
        "name": account.name,
        "kind": str(account.kind),
        "cycle": str(period.cycle),
        "period_first": moved.from_day,
        "period_until": moved.until_day,
        "from": instant(moved.period.from_us),
        "until": instant(moved.period.until_us),
        "zone": str(customer.zone),
        "currency": currency,
    }


def _sums(rows: Rows) -> Document:
    """The sums of each account that ever had an entry, and of all of them."""
    named: dict[str, Row] = {}
    found: dict[str, Sums] = {}
    for row in rows:
        account_id, _, _, kind, _, micros = row
        named[account_id] = row
        found[account_id] = found.get(account_id, NOTHING).plus(kind, micros)
    accounts = [
        {"account_id": each, "name": named[each][1], "kind": named[each][2], **sums_document(sums)}
        for each, sums in found.items()
    ]
    return {"totals": sums_document(all_sums(found.values())), "accounts": accounts}


def sums_document(sums: Sums) -> Document:
    """Opening balance, what moved by group, closing balance; what is charged is below zero."""
    return {
        "opening": format_amount(sums.opening_micros),
        **{str(group): format_amount(sums.of(group)) for group in Group},
        "closing": format_amount(sums.closing_micros),
    }


def _calls(row: Row) -> Document:
    names = ("call_type", "direction", "calls", "talk_s", "billed_s", "included_s")
    return {**dict(zip(names, row[:6], strict=True)), "amount": format_amount(row[6])}
