"""Answers about what accounts were charged and credited: the history, and one charge explained."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pbxcharge.api.desk import Desk, declined, unknown_account
from pbxcharge.api.documents import Document, entry_document, instant
from pbxcharge.api.report_question import Movements, asked_for
from pbxcharge.api.report_rows import row_documents
from pbxcharge.core.account import Account
from pbxcharge.core.assigned import AssignedSubscription
from pbxcharge.core.fee_lines import FeeLine
from pbxcharge.core.ledger import Entry
from pbxcharge.core.money import MICROS, format_amount
from pbxcharge.core.shown_lines import decimal_amounts, percent_text
from pbxcharge.core.subscription_terms import SubscriptionPlan
from pbxcharge.core.subscription_text import subscription_of
from pbxcharge.core.xdr import Xdr
from pbxcharge.core.xdr_check import differences, lines_of
from pbxcharge.flow.acts import Refusal
from pbxcharge.flow.clock import Clock
from pbxcharge.store.movement_selects import MOVEMENT_COLUMNS


async def history(desk: Desk, **asked: Any) -> Document:
    """Every movement of money in a time, with what it was for and the balance after it."""
    asks = asked_for(Movements, asked)
    now_us = Clock().wall_us()
    zone = asks.zone(desk.prices.zone)
    moved = asks.moved(desk.prices.zone, now_us)
    account = None if asks.scope is None else await _account(desk, asks.scope)
    head = {
        "report": "xdrs",
        "scope": asks.scope,
        "name": account and account.name,
        "from": instant(moved.period.from_us),
        "until": instant(moved.period.until_us),
        "zone": str(zone),
        "kinds": list(moved.kinds),
        "currency": desk.currency,
        "made_at": instant(now_us),
    }
    async with desk.queries.reports.reading(planning=asks.query_plan) as reading:
        # One more than is shown tells whether there are more; the newest are shown.
        found = await reading.movements(moved, asks.limit + 1)
    if asks.query_plan:
        return {**head, "query_plans": reading.plans, "rows": []}
    columns = tuple(MOVEMENT_COLUMNS)
    rows = await row_documents(found[-asks.limit :], columns)
    return {**head, "columns": columns, "cut": len(found) > asks.limit, "rows": rows}


async def _account(desk: Desk, scope: str) -> Account:
    account = await desk.queries.account(scope)
    if account is None:
        raise unknown_account(scope)
    return account


@dataclass(frozen=True, slots=True)
class _Told:
    """Everything that the books have about a charge of a subscription."""

    xdr: Xdr
    entry: Entry | None
    assigned: AssignedSubscription | None
    plan: SubscriptionPlan | None


async def explain_xdr(desk: Desk, xdr_id: str) -> Document:
    """How a charge or a credit of a subscription came about, by what is stored alone."""
    subscriptions = desk.queries.subscriptions
    xdr = await subscriptions.xdr(xdr_id)
    if xdr is None:
        message = f"there is no record {xdr_id!r} of a subscription, see `pbxcharge xdr list`"
        raise declined(Refusal.UNKNOWN_ENTRY, message)
    entries = await desk.queries.entries_named([xdr_id])
    assigned = await subscriptions.named([xdr.assignment_id])
    bodies = await subscriptions.subscription_bodies(xdr.subscription)
    plan = None
    # What was changed by hand explains nothing; the answer says that it is missing.
    with suppress(ValueError, KeyError, TypeError):
        plan = subscription_of(bodies[xdr.version])
    told = _Told(xdr, next(iter(entries), None), next(iter(assigned), None), plan)
    return {**_explained(told, desk.currency), "zone": str(desk.prices.zone)}


def _explained(told: _Told, currency: str) -> Document:
    xdr, lines = told.xdr, lines_of(told.xdr)
    found = differences(xdr, told.entry, told.plan)
    return {
        "xdr": xdr_document(xdr, currency),
        "plan": told.plan and _plan_document(told.plan, xdr.version),
        "subscription": told.assigned and _assigned_document(told.assigned),
        "lines": _lines(lines),
        "entry": told.entry and entry_document(told.entry, currency),
        "adds_up": not found,
        "differences": list(found),
    }


def xdr_document(xdr: Xdr, currency: str) -> Document:
    """A charge or a credit of a subscription; a charge is above 0."""
    return {
        "xdr_id": xdr.xdr_id,
        "assignment_id": xdr.assignment_id,
        "account_id": xdr.account_id,
        "wallet_id": xdr.wallet_id,
        "kind": str(xdr.kind),
        "plan": xdr.subscription,
        "plan_version": xdr.version,
        "period_first": xdr.period_first.isoformat(),
        "period_until": xdr.period_until.isoformat(),
        "stated_first": xdr.stated_first.isoformat(),
        "owed_at": instant(xdr.at_us),
        "booked_at": instant(xdr.booked_at_us),
        "quantity_used": xdr.quantity_used,
        "quantity_charged": xdr.quantity_charged,
        "exact": str(xdr.exact_micros / MICROS),
        "amount": format_amount(xdr.amount_micros),
        "currency": currency,
    }


def _plan_document(plan: SubscriptionPlan, version: str) -> Document:
    return {
        "name": plan.name,
        "shown_name": plan.shown_name,
        "version": version,
        "applied": str(plan.applied),
        "monthly_fee": format_amount(plan.monthly_fee_micros),
        "rounding": {"method": str(plan.rounding), "decimals": plan.rounding_decimals},
    }


def _assigned_document(assigned: AssignedSubscription) -> Document:
    adjustment = assigned.adjustment
    return {
        "assignment_id": assigned.assignment_id,
        "via": assigned.via,
        "assigned_at": instant(assigned.assigned_at_us),
        "starts_at": instant(assigned.starts_at_us),
        "first_used_at": instant(assigned.first_used_at_us),
        "closed_at": instant(assigned.closed_at_us),
        "adjustment": format_amount(adjustment.amount_micros),
        "adjustment_percent": percent_text(adjustment.percent / 100),
    }


def _lines(lines: tuple[FeeLine, ...]) -> list[Document]:
    amounts = decimal_amounts([line.amount_micros for line in lines])
    return [
        {
            "kind": str(line.kind),
            "amount": amount,
            "exact": str(line.amount_micros / MICROS),
            "days": line.days if line.of_days else None,
            "of_days": line.of_days or None,
            "first": line.first and line.first.isoformat(),
        }
        for line, amount in zip(lines, amounts, strict=True)
    ]
