"""What is collected as entries, and the records beside them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

from pbxcharge.core.billing import Bill, Demand, Item
from pbxcharge.core.collection_terms import Collect
from pbxcharge.core.ledger import Entry
from pbxcharge.core.month import month_start_us
from pbxcharge.core.subscription import Lifetime
from pbxcharge.core.subscription_explained import explained
from pbxcharge.core.subscription_schedule import Owed, OwedKind
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


def records(
    items: Iterable[Item], at_us: int, bills: Mapping[str, Bill], paying: Paying
) -> Iterator[Xdr]:
    """The records of what was collected.

    Args:
        items: what was booked.
        at_us: at which instant.
        bills: the subscriptions after it.
        paying: who paid it.
    """
    for item in items:
        yield _record(item, bills[item.assignment_id].life, at_us, paying)


def _record(item: Item, life: Lifetime, booked_at_us: int, paying: Paying) -> Xdr:
    one = item.owed
    fee = explained(life, one)
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
        quantity_used=fee.used_days,
        quantity_charged=fee.charged_days,
        exact_micros=one.exact_micros,
        amount_micros=one.amount_micros,
        lines=fee.lines_text,
    )
