"""The desk: what answers are made from, in the daemon or in a command on its own."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pbxcharge.api.documents import Document
from pbxcharge.api.stream import Streams
from pbxcharge.core.call import Call
from pbxcharge.errors import ActDeclined
from pbxcharge.flow.acts import Declined, Done, Refusal
from pbxcharge.flow.archive import Archive
from pbxcharge.flow.billing import Billing
from pbxcharge.flow.journal import Journal
from pbxcharge.flow.meter import Meter
from pbxcharge.flow.office import Office
from pbxcharge.flow.plan_record import PlanRecord
from pbxcharge.flow.prices import Prices
from pbxcharge.flow.reload import Reload
from pbxcharge.store import Queries

Result = TypeVar("Result")

ROWS_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class Desk:
    """What answers are made from.

    Args:
        queries: reads the books.
        prices: the plans in force and the number rules.
        currency: of the site.
        office: the admin acts; None where the books may only be read.
        meter: the live calls; None in a command on its own.
        journal: the live cost log; None in a command on its own.
        archive: what of it is being stored; None in a command on its own.
        streams: the readers of the event stream.
        reload: puts changed plans into force; None in a command on its own.
        plan_record: writes the history of plans; None where a reload does, and where the books may
            only be read.
        billing: charges what subscriptions owe; None where the books may only be read.
    """

    queries: Queries
    prices: Prices
    currency: str
    office: Office | None = None
    meter: Meter | None = None
    journal: Journal | None = None
    archive: Archive | None = None
    streams: Streams = field(default_factory=Streams)
    reload: Reload | None = None
    plan_record: PlanRecord | None = None
    billing: Billing | None = None

    @property
    def acting(self) -> Office:
        """The office.

        Raises:
            ActDeclined: the books may only be read here.
        """
        if self.office is None:
            raise declined(Refusal.NOT_ALLOWED, "the books are only read here")
        return self.office

    def tell(self, event: str, call: Call | None = None, **fields: Any) -> None:
        """Write a line into the live cost log, where there is one."""
        if self.journal is not None:
            self.journal.tell(event, call, **fields)


def done(act: Done[Result] | Declined, document: Callable[[Result], Document]) -> Document:
    """What an act answers that was done.

    Raises:
        ActDeclined: it was not.
    """
    return {"done": True, "already": was_done(act).already, **document(was_done(act).result)}


def was_done(act: Done[Result] | Declined) -> Done[Result]:
    """The act, if it was done.

    Raises:
        ActDeclined: it was not.
    """
    if isinstance(act, Declined):
        raise declined(act.refusal, str(act))
    return act


def declined(refusal: Refusal, message: str) -> ActDeclined:
    """The reason against an act, as an error."""
    return ActDeclined(str(refusal), message)


def unknown_account(account_id: str) -> ActDeclined:
    """There is no such account."""
    return declined(Refusal.UNKNOWN_ACCOUNT, f"there is no account {account_id!r}")


async def accounts_of(desk: Desk, scope: str) -> frozenset[str]:
    """An account and everybody below it.

    Raises:
        ActDeclined: there is no such account.
    """
    found = frozenset(account.account_id for account in await desk.queries.accounts(scope))
    if not found:
        raise unknown_account(scope)
    return found


def listed(text: str | None) -> list[str]:
    """The names in a text, with commas between: `public, local` are two."""
    return [name for name in map(str.strip, (text or "").split(",")) if name]


def rows(limit: int) -> int:
    """How many rows a list may have.

    Raises:
        ActDeclined: not 1 to a million.
    """
    if not 1 <= limit <= ROWS_MAX:
        raise declined(Refusal.OUT_OF_BOUNDS, f"a list has 1 to {ROWS_MAX} rows, not {limit}")
    return limit
