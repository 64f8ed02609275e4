"""Some months of alice's money in real books: subscriptions, calls, payments, corrections."""

from datetime import UTC

from pbxcharge.core.assigned import AssignedSubscription
from pbxcharge.core.credit import Post
from pbxcharge.core.ledger import Entry, EntryKind
from pbxcharge.core.money import parse_amount
from pbxcharge.core.period import instant_us
from pbxcharge.core.subscription_terms import Applied
from pbxcharge.store import Store
from tests.fakes.recorded_calls import level, talked, write
from tests.fakes.subscribers import ACTOR, offer, subscribe
from tests.fakes.subscriptions import a_plan

AHEAD = a_plan(applied=Applied.IN_ADVANCE, shown_name="SmartCall Basic")


async def moved(
    store: Store,
    kind: EntryKind,
    amount: str,
    at: str,
    *,
    name: str | None = None,
    call_id: str | None = None,
    reverses: str | None = None,
) -> None:
    """An entry of alice's wallet at an instant."""
    entry = Entry(
        entry_id=name or f"{kind}-{at}",
        wallet_id="alice:outgoing",
        kind=kind,
        amount_micros=parse_amount(amount),
        at_us=instant_us(at, UTC),
        actor=ACTOR,
        call_id=call_id,
        reverses=reverses,
        note="" if kind is EntryKind.CHARGE else "by hand",
    )
    await store.writer.submit([Post(entry)])


async def called(store: Store, call_id: str, at: str, amount: str, included_s: int = 0) -> None:
    """A call of alice that took a minute, charged at its set-up."""
    paid = level("alice", parse_amount(amount))
    await write(store.writer, [talked(call_id, at, 60, [paid], included_s=included_s)])
    if parse_amount(amount):
        of = {"name": charge_of(call_id), "call_id": call_id}
        await moved(store, EntryKind.CHARGE, f"-{amount}", at, **of)


async def refunded(store: Store, call_id: str, amount: str, at: str) -> None:
    """A part of a charge, given back."""
    of = {"call_id": call_id, "reverses": charge_of(call_id)}
    await moved(store, EntryKind.REFUND, amount, at, **of)


async def subscribed(store: Store, starts: str = "2026-09-01") -> AssignedSubscription:
    """30 a month in advance."""
    await offer(store, AHEAD)
    return await subscribe(store, AHEAD, starts)


def charge_of(call_id: str) -> str:
    """The id of the entry that charged a call."""
    return f"charge:{call_id}:alice:outgoing"
