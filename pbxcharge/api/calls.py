"""Answers about calls: those that run, and the records of the past."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from pbxcharge.api.desk import Desk, accounts_of, declined, rows, unknown_account
from pbxcharge.api.documents import (
    Document,
    call_document,
    cdr_document,
)
from pbxcharge.core.call import Call
from pbxcharge.core.disposition import Disposition
from pbxcharge.core.instant import since_epoch_us
from pbxcharge.flow.acts import Refusal
from pbxcharge.flow.meter import Meter
from pbxcharge.store.queries import END_OF_TIME_US

Measured = tuple[Call, int | None]
"""A call and its seconds of talk; None where nobody measures them."""


async def list_calls(desk: Desk, scope: str | None = None) -> Document:
    """The running calls of an account and everything below it, else of the whole site.

    As they are metered; without a meter as they were stored.
    """
    payers = None if scope is None else await accounts_of(desk, scope)
    if desk.meter is not None:
        measured = sorted(_measured(desk.meter), key=lambda pair: pair[0].call_id)
        return _calls(desk, measured, payers, metered=True)
    stored = [(call, None) for call in await desk.queries.open_calls()]
    return _calls(desk, stored, payers, metered=False)


async def hang_up(desk: Desk, by: str, *, call_id: str) -> Document:
    """End a running call now."""
    live = desk.meter.get(call_id) if desk.meter else None
    if desk.meter is None or live is None:
        raise declined(Refusal.CALL_NOT_LIVE, f"no live call {call_id!r}")
    desk.tell("hang_up", live.call, actor=by)
    desk.meter.hang_up(call_id)
    return {"done": True, "call_id": call_id}


async def list_cdrs(
    desk: Desk,
    scope: str | None = None,
    since: str | None = None,
    until: str | None = None,
    disposition: str | None = None,
    limit: int = 50,
) -> Document:
    """The newest records of an account and everything below it, set up within a time."""
    if scope is not None and await desk.queries.account(scope) is None:
        raise unknown_account(scope)
    found = await desk.queries.cdrs(
        scope,
        since_us=0 if since is None else micros(since),
        until_us=END_OF_TIME_US if until is None else micros(until),
        disposition=None if disposition is None else _disposition(disposition),
        limit=rows(limit),
    )
    return {"cdrs": [cdr_document(cdr) for cdr in found]}


def _calls(
    desk: Desk, calls: Sequence[Measured], payers: frozenset[str] | None, *, metered: bool
) -> Document:
    documents = [
        call_document(call, talk_s, desk.currency)
        for call, talk_s in calls
        if payers is None or call.granted.attempt.account_id in payers
    ]
    return {"metered": metered, "calls": documents}


def _measured(meter: Meter) -> Iterator[Measured]:
    for live in meter.calls():
        call = live.call
        if call.answered_ms is None:
            yield call, 0
        else:
            yield call, max(0, meter.line_ms(live) - call.answered_ms) // 1000


def micros(text: str) -> int:
    """An instant (ISO 8601) as microseconds since the epoch; without a zone it is meant as UTC."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        message = f"{text!r} is not an instant such as 2026-03-01T12:00:00Z"
        raise declined(Refusal.NAME_INVALID, message) from None
    return since_epoch_us(at if at.tzinfo else at.replace(tzinfo=UTC))


def _disposition(text: str) -> Disposition:
    try:
        return Disposition(text)
    except ValueError:
        known = ", ".join(Disposition)
        message = f"{text!r} is not a disposition; known: {known}"
        raise declined(Refusal.NAME_INVALID, message) from None
