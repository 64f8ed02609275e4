"""What waits for credit as text, as the books keep it until it is booked."""

import json
from collections.abc import Iterable
from datetime import date
from fractions import Fraction
from typing import Any

from pbxcharge.core.billing_cycle import BillingCycle
from pbxcharge.core.billing_period import BillingPeriod
from pbxcharge.core.subscription import Lifetime, Revision
from pbxcharge.core.subscription_schedule import Owed, OwedKind

NOTHING = "[]"


def waiting_text(waiting: Iterable[Owed]) -> str:
    """As a JSON list, in order."""
    listed = [_listed(one) for one in waiting]
    return json.dumps(listed) if listed else NOTHING


def waiting_of(text: str, life: Lifetime) -> tuple[Owed, ...]:
    """What waits of a subscription, from its text.

    Raises:
        LookupError: it is charged by a version that the plan never had.
    """
    if text == NOTHING:
        return ()
    return tuple(_read(one, life.assignment.revisions) for one in json.loads(text))


def _listed(one: Owed) -> dict[str, Any]:
    return {
        "id": one.owed_id,
        "kind": one.kind.value,
        "period": _period_list(one.period),
        "stated_in": _period_list(one.stated_in),
        "at_us": one.at_us,
        "exact": str(one.exact_micros),
        "amount": one.amount_micros,
        "may_wait": one.may_wait,
        "since_us": one.terms.since_us,
        "version": one.terms.version,
    }


def _period_list(period: BillingPeriod) -> list[str | int]:
    return [period.first.isoformat(), period.until.isoformat(), period.cycle, period.full_days]


def _read(listed: dict[str, Any], revisions: Iterable[Revision]) -> Owed:
    return Owed(
        owed_id=listed["id"],
        kind=OwedKind(listed["kind"]),
        period=_period(*listed["period"]),
        at_us=listed["at_us"],
        stated_in=_period(*listed["stated_in"]),
        exact_micros=Fraction(listed["exact"]),
        amount_micros=listed["amount"],
        may_wait=listed["may_wait"],
        terms=_terms(listed["since_us"], listed["version"], revisions),
    )


def _period(first: str, until: str, cycle: str, full_days: int) -> BillingPeriod:
    return BillingPeriod(
        date.fromisoformat(first), date.fromisoformat(until), BillingCycle(cycle), full_days
    )


def _terms(since_us: int, version: str, revisions: Iterable[Revision]) -> Revision:
    of_version = [one for one in revisions if one.version == version]
    if not of_version:
        raise LookupError(f"no version {version} of the plan is known")
    return next((one for one in of_version if one.since_us == since_us), of_version[0])
