"""Answers to who wants a report: calls, accounts, destinations, margins, refusals of a period.

Sums are made by SQL; nothing here walks through the calls of a site. What may be asked is the same
for every report, see `report_question.Question`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from pbxcharge.api import report_rows
from pbxcharge.api.desk import Desk, unknown_account
from pbxcharge.api.documents import Document, instant
from pbxcharge.api.report_question import Question, question
from pbxcharge.api.report_rows import Listing
from pbxcharge.core.account import Account
from pbxcharge.core.period import pieces
from pbxcharge.flow.clock import Clock
from pbxcharge.store.report_queries import Reading, Rows, Wanted

Read = Callable[[Reading, Wanted, int], Awaitable[Rows]]

DESTINATIONS_MAX = 1000
"""Of a list of calls; `report destinations` tells of more."""


async def calls(desk: Desk, **asked: Any) -> Document:
    """Each call with its cost, and the sums by type, disposition, day and destination."""
    asks = question(asked)
    head, wanted = await _begun(desk, "calls", asks)
    columns = asks.listed
    async with desk.queries.reports.reading(planning=asks.query_plan) as reading:
        totals = await reading.totals(wanted, pieces(wanted.period, asks.zone(desk.prices.zone)))
        places = await reading.destinations(wanted, DESTINATIONS_MAX + 1)
        found = await reading.calls(wanted, columns, asks.limit)
    if asks.query_plan:
        return _planned(head, reading)
    # Some thousand groups of some years: the loop has others to look after meanwhile.
    summed = await asyncio.to_thread(_summed, totals)
    return {
        **head,
        **summed,
        "by_destination": report_rows.DESTINATIONS.documents(places[:DESTINATIONS_MAX]),
        "destinations_cut": len(places) > DESTINATIONS_MAX,
        "columns": columns,
        "cut": summed["totals"]["calls"] > len(found),
        "rows": await report_rows.row_documents(found, columns),
    }


def _summed(totals: Rows) -> Document:
    return {
        "totals": report_rows.sums(totals),
        "by_type": report_rows.sums_by(totals, "call_type", "direction"),
        "by_disposition": report_rows.sums_by(totals, "disposition"),
        "by_day": report_rows.sums_by(totals, "day"),
    }


async def accounts(desk: Desk, **asked: Any) -> Document:
    """What each account called, was charged and topped up, and what it has now."""
    return await _listed(desk, "accounts", asked, Reading.accounts, report_rows.ACCOUNTS)


async def destinations(desk: Desk, **asked: Any) -> Document:
    """Where the calls went, by destination and prefix."""
    places = report_rows.DESTINATIONS
    return await _listed(desk, "destinations", asked, Reading.destinations, places)


async def margins(desk: Desk, **asked: Any) -> Document:
    """What each level earned: from the one below, less what it paid above or to the carrier."""
    group = question(asked).group

    def read(reading: Reading, wanted: Wanted, limit: int) -> Awaitable[Rows]:
        return reading.margins(wanted, group, limit)

    return await _listed(desk, "margins", asked, read, report_rows.MARGINS, by=group)


async def refused(desk: Desk, **asked: Any) -> Document:
    """Attempts that were refused, by reason and account, with what the phone was told."""
    return await _listed(desk, "refused", asked, Reading.refused, report_rows.REFUSED)


async def _listed(
    desk: Desk,
    name: str,
    asked: dict[str, Any],
    read: Read,
    listing: Listing,
    **more: Any,
) -> Document:
    """The answer of a report that is one list."""
    asks = question(asked)
    head, wanted = await _begun(desk, name, asks)
    async with desk.queries.reports.reading(planning=asks.query_plan) as reading:
        # One more than is shown tells whether there are more.
        found = await read(reading, wanted, asks.limit + 1)
    if asks.query_plan:
        return _planned(head, reading)
    rows = listing.documents(found[: asks.limit])
    cut = len(found) > asks.limit
    return {**head, **more, "columns": listing.columns, "cut": cut, "rows": rows}


async def _begun(desk: Desk, name: str, asks: Question) -> tuple[Document, Wanted]:
    """What stands at the top of an answer, and which calls it is about."""
    now_us = Clock().wall_us()
    wanted = asks.wanted(desk.prices.zone, now_us)
    account = await _account(desk, asks.scope)
    head = {
        "report": name,
        "scope": asks.scope,
        "name": account and account.name,
        "from": instant(wanted.period.from_us),
        "until": instant(wanted.period.until_us),
        "month": asks.month,
        "zone": str(asks.zone(desk.prices.zone)),
        "types": list(wanted.call_types),
        "direction": wanted.direction,
        "dispositions": list(wanted.dispositions),
        "causes": list(wanted.causes),
        "currency": desk.currency,
        "made_at": instant(now_us),
    }
    return head, wanted


async def _account(desk: Desk, scope: str | None) -> Account | None:
    if scope is None:
        return None
    account = await desk.queries.account(scope)
    if account is None:
        raise unknown_account(scope)
    return account


def _planned(head: Document, reading: Reading) -> Document:
    """In place of an answer the way in which SQLite would find it."""
    return {**head, "query_plans": reading.plans, "rows": []}
