"""Answers of the API about reports, made up: as small or as large as a test wants."""

from typing import Any

from pbxcharge.core.statement import Group
from pbxcharge.store.movement_selects import MOVEMENT_COLUMNS

Answer = dict[str, Any]

HEAD: Answer = {
    "scope": "ann",
    "name": "Ann & Co",
    "from": "2026-11-01T00:00:00.000000Z",
    "until": "2026-12-01T00:00:00.000000Z",
    "month": "2026-11",
    "zone": "UTC",
    "types": [],
    "direction": None,
    "dispositions": [],
    "causes": [],
    "currency": "EUR",
    "made_at": "2026-12-02T08:00:00.000000Z",
    "cut": False,
}
SUMS = {
    **{"calls": 2, "answered": 1, "talk_s": 3700, "billed_s": 3720, "unpaid_s": 0},
    **{"charge": "1.3001", "refunded": "0.30", "net": "1.0001"},
}
CALL = {
    "call_id": "c1",
    "setup_at": "2026-11-03T09:00:00.500000Z",
    "account_id": "ann",
    "call_type": "public",
    "direction": "outgoing",
    "endpoint": "ext100",
    "caller_number": "",
    "dialled": "02079460000",
    "number": "442079460000",
    "destination": "United Kingdom",
    "talk_s": 3700,
    "billed_s": 3720,
    "charge": "1.3001",
    "refunded": "0.30",
    "disposition": "ANSWERED",
    "hangup_cause": 16,
    "ended_by": "caller",
    "reason": None,
    "revision": 1,
}


def calls(rows: list[Answer] | None = None, **changes: Any) -> Answer:
    """A month with one call and one that was refused."""
    listed = [CALL] if rows is None else rows
    answer = {
        **HEAD,
        "report": "calls",
        "totals": SUMS,
        "by_type": [{"call_type": "public", "direction": "outgoing", **SUMS}],
        "by_disposition": [{"disposition": "ANSWERED", **SUMS}],
        "by_day": [{"day": "2026-11-03", **SUMS}],
        "destinations_cut": False,
        "by_destination": [destination("United Kingdom", "44", "1.3001")],
        "columns": list(CALL),
        "rows": listed,
    }
    return answer | changes


def destination(name: str, prefix: str, charge: str) -> Answer:
    """A row of the report `destinations`."""
    return {"destination": name, "prefix": prefix, **SUMS, "charge": charge}


def listed(report: str, rows: list[Answer], **changes: Any) -> Answer:
    """A report that is one list."""
    columns = list(rows[0]) if rows else []
    return {**HEAD, "report": report, "columns": columns, "rows": rows} | changes


def account(account_id: str, charge: str, kind: str = "user") -> Answer:
    """A row of the report `accounts`."""
    return {
        **{"account_id": account_id, "name": account_id.title(), "kind": kind, "plan": "kiosk"},
        **{"status": "active", "calls": 2, "answered": 1, "talk_s": 60, "charge": charge},
        **{"refunded": "0.00", "fees": "2.99", "credits": "0.10", "topped_up": "5.00"},
        **{"balance": "3.50", "held": "0.06"},
    }


def margin(account_id: str | None, income: str, paid: str, value: str, group: str = "") -> Answer:
    """A row of the report `margins`."""
    return {
        **{"account_id": account_id, "group": group, "calls": 3, "talk_s": 90, "income": income},
        **{"paid": paid, "margin": value},
        **{"calls_without_cost": 0, "income_without_cost": "0.00"},
    }


def refusal(reason: str, calls: int) -> Answer:
    """A row of the report `refused`."""
    at = "2026-11-05T10:00:00.000000Z"
    return {
        **{"reason": reason, "account_id": None, "call_type": "public", "refused_by": None},
        **{"calls": calls, "sip_code": 403, "first_at": at, "last_at": at},
    }


FEE: Answer = {
    **dict.fromkeys(MOVEMENT_COLUMNS),
    "at": "2026-11-04T10:00:00.000000Z",
    "account_id": "ann",
    "name": "Ann & Co",
    "wallet_id": "ann:outgoing",
    "kind": "fee",
    "amount": "-30.00",
    "balance": "20.00",
    "plan": "smartcall-basic",
    "shown_name": "SmartCall Basic",
    "assignment_id": "s1",
    "period_first": "2026-11-01",
    "period_until": "2026-12-01",
    "stated_first": "2026-10-01",
    "owed_at": "2026-11-01T00:00:00.000000Z",
    "quantity_used": 30,
    "quantity_charged": 30,
    "quantity_unit": "days",
    "note": "smartcall-basic",
    "xdr_id": "subscription:s1:2026-11-01:fee",
}
MOVED_CALL: Answer = {
    **dict.fromkeys(MOVEMENT_COLUMNS),
    **{name: value for name, value in CALL.items() if name in MOVEMENT_COLUMNS},
    "at": "2026-11-03T10:02:00.000000Z",
    "name": "Ann & Co",
    "kind": "call",
    "amount": "-1.25",
    "balance": "18.75",
    "quantity_used": 3700,
    "quantity_charged": 3720,
    "quantity_unit": "seconds",
    "included_s": 0,
    "note": "",
    "xdr_id": "charge:c1:ann:outgoing",
}


def statement(
    shown_name: str = "SmartCall Basic", number: str = "442079460000", **changes: Any
) -> Answer:
    """November of one account: a call, and a fee that waited."""
    sums = {
        **dict.fromkeys(map(str, Group), "0.00"),
        **{"opening": "50.00", "calls": "-1.25", "subscriptions": "-30.00", "closing": "18.75"},
    }
    return {
        **HEAD,
        "report": "statement",
        "kind": "organization",
        "cycle": "monthly",
        "period_first": "2026-11-01",
        "period_until": "2026-12-01",
        "over": True,
        "charged": True,
        "waiting": "0.00",
        "totals": sums,
        "accounts": [{"account_id": "ann", "name": "Ann & Co", "kind": "organization", **sums}],
        "by_type": [
            {
                **{"call_type": "public", "direction": "outgoing", "calls": 1, "talk_s": 3700},
                **{"billed_s": 3720, "included_s": 0, "amount": "-1.25"},
            }
        ],
        "columns": tuple(MOVEMENT_COLUMNS),
        "rows": [{**MOVED_CALL, "number": number}, {**FEE, "shown_name": shown_name}],
        **changes,
    }
