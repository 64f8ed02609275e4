"""A command asks the daemon, or answers itself: the same question has the same answer both ways."""

import json
import re
from collections.abc import Awaitable
from typing import Any

from pbxcharge.api.client import Client
from pbxcharge.api.local import LocalApi
from pbxcharge.api.models import BODIES
from pbxcharge.api.table import ACTS, READS
from pbxcharge.core.account_kinds import AccountKind, AccountStatus, Suspension, WalletKind
from pbxcharge.core.billing_cycle import BillingCycle
from pbxcharge.core.disposition import Disposition
from pbxcharge.core.feature import EditedBy, Feature
from pbxcharge.errors import ActDeclined
from tests.integration.api.conftest import Served

ALICE = {"account_id": "alice"}
MONTH = {"scope": "acme", "month": "2026-11", "utc": True, "limit": 100}
BOB = ALICE | {"account_id": "bob", "kind": AccountKind.USER, "parent_id": "acme", "name": "Bob"}
ROW = {"subject": "account", "file": "a.csv", "line": 2, "cells": {"account": "c", "kind": "user"}}

READ_WITH: dict[str, dict[str, Any]] = {
    "/accounts": {"scope": "acme"},
    "/account": ALICE,
    "/dids": {"scope": "acme"},
    "/ledger": ALICE | {"below": True, "wallet": WalletKind.OUTGOING, "limit": 5},
    "/calls": {"scope": "acme"},
    "/cdrs": {"since": "2026-11-01", "disposition": Disposition.ANSWERED, "limit": 5},
    "/explain": {"call_id": "nix"},
    "/explain/xdr": {"xdr_id": "subscription:a:2026-11-01:fee"},
    "/quote": ALICE | {"number": "0049301", "seconds": 60, "incoming": True, "at": "2026-12-24"},
    "/rerate": {"plan": "plain", "limit": 5, "closed_month": True, "ratings": True},
    "/events/stored": {"since": "2026-11-01", "after": 0, "limit": 5},
    "/plan": {"name": "plain"},
    "/plan/version": {"name": "plain", "version": "0" * 12},
    "/products": {"reseller": None},
    "/product": {"name": "smartcall"},
    "/subscription": {"name": "nix"},
    "/account/products": ALICE,
    "/account/quotas": ALICE,
    "/account/subscriptions": ALICE | {"all": True},
    "/exports": {"stream": "m"},
    "/exports/content": {"stream": "m", "first_seq": 1, "last_seq": 2},
    "/billing/preview": ALICE | {"months": 2, "close": "2099-01-01"},
    "/reports/calls": MONTH | {"query_plan": True},
    "/reports/accounts": MONTH,
    "/reports/destinations": MONTH,
    "/reports/margins": MONTH | {"by": "trunk"},
    "/reports/refused": MONTH,
    "/xdrs": MONTH | {"kinds": "subscription"},
    "/statement": {"scope": "alice", "limit": 5},
}
"""With the values that commands ask with; of what is not here, nothing is asked."""

ACT_WITH: dict[str, dict[str, Any]] = {
    "/accounts": BOB,
    "/accounts/plan": ALICE | {"plan": "plain"},
    "/accounts/status": ALICE | {"status": AccountStatus.ACTIVE},
    "/accounts/time-zone": ALICE | {"time_zone": "Europe/Berlin"},
    "/accounts/product": ALICE | {"id": "p", "product": "smartcall"},
    "/accounts/expiry": ALICE | {"at": "2099-01-01"},
    "/accounts/suspension": ALICE | {"reason": Suspension.OVERDUE, "on": True},
    "/accounts/manager": {"account_id": "acme", "managed_by": None},
    "/accounts/discounts": ALICE | {"names": []},
    "/accounts/billing": {
        **{"account_id": "acme", "cycle": BillingCycle.WEEKLY, "anchor_day": 3, "anchor_month": 1},
        "begins": None,
    },
    "/addons": ALICE | {"id": "a", "product": "forwarding", "begins": None, "for_good": True},
    "/addons/unassign": ALICE | {"product": "forwarding", "ends": "2099-01-01"},
    "/features": {
        **{**ALICE, "feature": Feature.MAILBOX, "on": True, "attributes": {"limit": "20"}},
        "edited_by": EditedBy.ADMIN,
    },
    "/features/clear": ALICE | {"feature": Feature.MAILBOX, "edited_by": EditedBy.ADMIN},
    "/subscriptions": ALICE | {"id": "s", "subscription": "rental", "percent": "-20"},
    "/subscriptions/close": {"id": "s", "ends": "2099-01-01"},
    "/subscriptions/remove": {"id": "s"},
    "/extensions": ALICE | {"endpoint": "alice-1", "number": "101"},
    "/dids": ALICE | {"number": "442079460001", "context": "ivr"},
    "/dids/remove": {"number": "442079460009"},
    "/import": {"rows": [ROW], "apply": False},
    "/topups": ALICE | {"id": "t", "amount": "1.00", "wallet": WalletKind.OUTGOING},
    "/adjustments": ALICE | {"id": "x", "amount": "-1.00", "wallet": None, "note": "n"},
    "/refunds": {"id": "r", "call_id": "nix", "amount": "1.00", "closed_month": True},
    "/rerates": {"id": "r", "call_ids": ["nix"], "closed_month": True, "ratings": None},
    "/calls/hang-up": {"call_id": "nix"},
    "/exports/choose": {"stream": "m", "rows": 5},
    "/exports/written": {"stream": "m", "number": 1},
    "/plans/apply": {},
    "/billing/run": {"until": "2026-11-01T00:00:00+00:00", "place": ""},
}

NOW = re.compile(r'"20[0-9]{2}-[0-9]{2}-[0-9]{2}T[^"]*"')


async def told(ask: Awaitable[dict[str, Any]]) -> str:
    """What an answer says, whenever it was given; or why there is none."""
    try:
        answer = await ask
    except ActDeclined as declined:
        return f"{declined.reason}: {declined}"
    again = {name: value for name, value in answer.items() if name != "already"}
    return NOW.sub('"now"', json.dumps(again, sort_keys=True))


async def told_both_ways(
    first: Client | LocalApi, second: Client | LocalApi
) -> tuple[dict[str, str], dict[str, str]]:
    """What every act says, then every question, each of them given to both."""
    found: tuple[dict[str, str], dict[str, str]] = ({}, {})
    for path, body in ACT_WITH.items():
        for api, answers in zip((first, second), found, strict=True):
            answers[f"POST {path}"] = await told(api.act(path, **body))
    for path in READS:
        for api, answers in zip((first, second), found, strict=True):
            answers[f"GET {path}"] = await told(api.get(path, **READ_WITH.get(path, {})))
    return found


async def test_everything_is_answered_alike_with_and_without_the_daemon(served: Served) -> None:
    """Values come as text over the socket, and as they are from a command on its own.

    An act is done already the second time, or declined for the same reason. Seen failing with the
    sequence numbers of `/exports/content` taken as text alone.
    """
    alone = LocalApi(served.server.desk, "uid:0")
    one, other = await told_both_ways(alone, served.client)
    assert one == other


def test_every_act_is_tried() -> None:
    """And takes over the socket what a command on its own takes."""
    assert set(ACT_WITH) == set(ACTS) == {*BODIES, "/import"}
    assert set(READ_WITH) < set(READS)
