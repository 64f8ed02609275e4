"""Every question and every act of the API, by its path."""

import os
from collections.abc import Awaitable, Callable
from importlib.metadata import version

from pbxcharge.api import (
    accounts,
    assigned,
    billing,
    calls,
    check,
    dids,
    events,
    explain,
    exports,
    imports,
    money,
    offers,
    plan_versions,
    plans,
    quotas,
    quotes,
    reports,
    rerates,
    statements,
    xdrs,
)
from pbxcharge.api.desk import Desk
from pbxcharge.api.documents import Document

Answer = Callable[..., Awaitable[Document]]


async def health(desk: Desk) -> Document:
    """Who answers here."""
    return {
        "version": version("pbxcharge"),
        "pid": os.getpid(),
        "currency": desk.currency,
        "live_calls": None if desk.meter is None else len(desk.meter),
    }


REPORTS: dict[str, Answer] = {
    "/reports/calls": reports.calls,
    "/reports/accounts": reports.accounts,
    "/reports/destinations": reports.destinations,
    "/reports/margins": reports.margins,
    "/reports/refused": reports.refused,
    "/xdrs": xdrs.history,
    "/statement": statements.statement,
    "/exports/content": exports.content,
}
"""Answers a desk and what is asked for, in rows that may be many."""

READS: dict[str, Answer] = {
    "/health": health,
    "/accounts": accounts.list_accounts,
    "/account": accounts.show_account,
    "/dids": dids.list_dids,
    "/ledger": money.ledger,
    "/calls": calls.list_calls,
    "/cdrs": calls.list_cdrs,
    "/explain": explain.explain_call,
    "/explain/xdr": xdrs.explain_xdr,
    "/quote": quotes.make_quote,
    "/rerate": rerates.look,
    "/events/stored": events.stored_events,
    "/plans": plans.list_plans,
    "/plan": plans.show_plan,
    "/plans/history": plan_versions.history,
    "/plans/places": plan_versions.places,
    "/plan/version": plan_versions.version,
    "/products": offers.list_products,
    "/product": offers.show_product,
    "/subscriptions": offers.list_subscriptions,
    "/subscription": offers.show_subscription,
    "/account/products": offers.account_products,
    "/account/quotas": quotas.account_quotas,
    "/account/subscriptions": offers.account_subscriptions,
    "/check": check.facts,
    "/exports": exports.files,
    "/billing/preview": billing.foresee,
    **REPORTS,
}
"""Answers a desk and what is asked for."""

ACTS: dict[str, Answer] = {
    "/accounts": accounts.add_account,
    "/accounts/plan": accounts.set_plan,
    "/accounts/status": accounts.set_status,
    "/accounts/time-zone": accounts.set_time_zone,
    "/accounts/product": assigned.set_product,
    "/accounts/expiry": assigned.expire,
    "/accounts/suspension": assigned.suspend,
    "/accounts/manager": assigned.set_manager,
    "/accounts/discounts": assigned.set_discounts,
    "/accounts/billing": assigned.set_billing,
    "/addons": assigned.assign_add_on,
    "/addons/unassign": assigned.unassign_add_on,
    "/features": assigned.set_feature,
    "/features/clear": assigned.clear_feature,
    "/subscriptions": assigned.assign_subscription,
    "/subscriptions/close": assigned.close_subscription,
    "/subscriptions/remove": assigned.remove_subscription,
    "/extensions": accounts.add_extension,
    "/dids": dids.add_did,
    "/dids/remove": dids.remove_did,
    "/import": imports.import_rows,
    "/topups": money.top_up,
    "/adjustments": money.adjust,
    "/refunds": money.refund,
    "/rerates": rerates.rerate,
    "/calls/hang-up": calls.hang_up,
    "/exports/choose": exports.choose,
    "/exports/written": exports.written,
    "/plans/apply": plans.apply_plans,
    "/billing/run": billing.run,
}
"""Answers a desk, an actor, and what is to be done."""
