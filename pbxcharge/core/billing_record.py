"""What is collected as entries, and their records: quantities and the lines that explain them."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, tzinfo
from functools import lru_cache
from typing import Final

from pbxcharge.core.billing import Bill, Demand, Item
from pbxcharge.core.collection_terms import Collect
from pbxcharge.core.ledger import Entry
from pbxcharge.core.month import month_start_us
from pbxcharge.core.subscription import Lifetime
from pbxcharge.core.subscription_fees import counted_days, full_fee_micros, promotional_row
from pbxcharge.core.subscription_schedule import Owed, OwedKind
from pbxcharge.core.subscription_terms import Applied
from pbxcharge.core.xdr import Xdr, XdrKind

ACTOR: Final = "billing"

_KINDS: Final = {kind: XdrKind(kind.value) for kind in OwedKind}


@dataclass(frozen=True, slots=True)
class Paying:
    """Who pays for subscriptions, and from what.

    Args:
        account_id: whose they are.
        wallet_id: the shared wallet, else the outgoing one.
        zone: whose clocks tell the month of a postpaid account.
        monthly_limit_micros: of a postpaid account.
    """

    account_id: str
    wallet_id: str
    zone: tzinfo
    monthly_limit_micros: int | None = None


def collecting(demand: Demand, paying: Paying) -> Collect:
    """A demand as an operation of the credit engine."""
    month_us = None
    if paying.monthly_limit_micros is not None:
        month_us = month_start_us(paying.zone, demand.at_us)
    return Collect(
        tuple(_entry(item.owed, demand.at_us, paying.wallet_id) for item in demand.items),
        demand.needs_micros,
        demand.may_wait,
        paying.monthly_limit_micros,
        month_us,
    )


def _entry(one: Owed, at_us: int, wallet_id: str) -> Entry:
    return Entry(
        entry_id=one.owed_id,
        wallet_id=wallet_id,
        kind=_KINDS[one.kind].entry_kind,
        amount_micros=-one.amount_micros,
        at_us=at_us,
        actor=ACTOR,
        note=one.terms.plan.name,
    )


def records(demand: Demand, bills: Mapping[str, Bill], paying: Paying) -> Iterator[Xdr]:
    """The records of what was collected.

    Args:
        demand: what was booked.
        bills: the subscriptions as they were when it was decided.
        paying: who paid it.
    """
    for item in demand.items:
        yield _record(item, bills[item.assignment_id].life, demand.at_us, paying)


def _record(item: Item, life: Lifetime, booked_at_us: int, paying: Paying) -> Xdr:
    one = item.owed
    used, charged = _quantities(one, life)
    return Xdr(
        xdr_id=one.owed_id,
        assignment_id=item.assignment_id,
        account_id=paying.account_id,
        wallet_id=paying.wallet_id,
        kind=_KINDS[one.kind],
        subscription=one.terms.plan.name,
        version=one.terms.version,
        period_first=one.period.first,
        period_until=one.period.until,
        stated_first=one.stated_in.first,
        at_us=one.at_us,
        booked_at_us=booked_at_us,
        quantity_used=used,
        quantity_charged=charged,
        exact_micros=one.exact_micros,
        amount_micros=one.amount_micros,
        lines=_lines(one, life, charged),
    )


def _quantities(one: Owed, life: Lifetime) -> tuple[int, int]:
    """Days of service, and days that are charged, or given back; 1 of what has no days."""
    if one.kind in (OwedKind.ACTIVATION, OwedKind.PENALTY):
        return 1, 1
    full = full_fee_micros(life, one.period, one.terms)
    if one.kind is not OwedKind.FEE or life.agreed.applied is Applied.PROGRESSIVE:
        # A day of a progressive fee, dead days, days that were paid and not used: by their price.
        parts = abs(one.exact_micros) * one.period.full_days
        count = int(-(-parts // full)) if full else 0
        return count, count
    last_on = life.last_known(one.at_us)
    first, until = counted_days(life, one.period, last_on)
    return _used_days(life, one.period.first, one.period.until, last_on), (until - first).days


def _used_days(life: Lifetime, first: date, until: date, last_on: date | None) -> int:
    first = max(first, life.activated_on)
    last = until if last_on is None else min(until, date.fromordinal(last_on.toordinal() + 1))
    return max(0, (last - first).days)


def _lines(one: Owed, life: Lifetime, days: int) -> str:
    """How an amount came about: the fee, a promotion, the discount, the share, the rounding."""
    if one.kind in (OwedKind.ACTIVATION, OwedKind.PENALTY):
        return "{}"
    row = promotional_row(life, one.period, one.terms)
    plan = one.terms.plan
    fee_micros = (row or plan).fee_micros(one.period.cycle)
    promotion = 0 if row is None else plan.promotions.index(row) + 1
    adjustment = life.assignment.adjustment
    return _lines_text(
        one.period.cycle.value,
        fee_micros,
        promotion,
        adjustment.amount_micros,
        str(adjustment.percent),
        days,
        one.period.full_days,
    )


@lru_cache(maxsize=4096)
def _lines_text(
    cycle: str,
    fee_micros: int,
    promotion: int,
    amount_micros: int,
    percent: str,
    days: int,
    full_days: int,
) -> str:
    facts: dict[str, object] = {"cycle": cycle, "fee_micros": fee_micros}
    if promotion:
        facts["promotion"] = promotion
    if amount_micros:
        facts["adjustment_micros"] = amount_micros
    if percent != "0":
        facts["adjustment_percent"] = percent
    return json.dumps({**facts, "days": days, "full_days": full_days})


def collected_micros(items: Iterable[Item]) -> int:
    """What items come to together: charges less what is given back."""
    return sum(item.owed.amount_micros for item in items)
