"""Movements of money in the words of lists and statements: what for, which days, how much of it."""

from datetime import date, timedelta

from pbxcharge.reports.call_report import callee, caller
from pbxcharge.reports.words import Document, length, local

KINDS = {
    "call": "call",
    "activation": "activation fee",
    "fee": "subscription fee",
    "credit": "credit for days without service",
    "unused": "credit for days paid and not used",
    "penalty": "penalty for early cancellation",
    "initial": "initial credit",
    "top_up": "top-up",
    "refund": "refund",
    "adjustment": "adjustment",
    "reversal": "charge taken back",
}
"""Each kind of movement, for people."""

TYPES = {"extended_local": "other organization"}


def plan_name(row: Document) -> str:
    """The name of a subscription plan that users see, else its own."""
    return str(row["shown_name"] or row["plan"])


def what(row: Document) -> str:
    """What a movement was for: a number, a subscription, a note."""
    if row["assignment_id"]:
        return plan_name(row)
    parts = (called(row), row["destination"]) if row["call_type"] else ()
    return ", ".join(str(part) for part in (*parts, row["note"]) if part)


def called(row: Document) -> str:
    """Who was called; of a call from outside, who called."""
    return caller(row) if row["direction"] == "incoming" else callee(row)


def call_type(row: Document) -> str:
    """The type of a call, for people."""
    return TYPES.get(row["call_type"], str(row["call_type"]))


def service_days(row: Document) -> str:
    """The days that a charge is for, both of them included: 2026-11-01 to 2026-11-30."""
    if row["period_first"] is None:
        return ""
    return days(row["period_first"], row["period_until"])


def days(first: str, until: str) -> str:
    """From a day to the one before another: 2026-11-01 to 2026-11-30."""
    last = date.fromisoformat(until) - timedelta(days=1)
    return first if last.isoformat() == first else f"{first} to {last}"


def quantity(row: Document, name: str) -> str:
    """Days of service, or talk; nothing where a movement is of neither."""
    count = row[f"quantity_{name}"]
    if row["quantity_unit"] == "seconds":
        return length(count)
    if row["quantity_unit"] is None or row["kind"] in ("activation", "penalty"):
        return ""
    return f"{count} d"


def late(row: Document, zone: str) -> str:
    """When a charge was owed that was booked later, since it waited for credit."""
    if row["owed_at"] is None or row["owed_at"] == row["at"]:
        return ""
    return f"owed {local(row['owed_at'], zone)[:10]}"
