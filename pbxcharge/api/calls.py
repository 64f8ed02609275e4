"""Answers about calls: those that run, those that might, and the records of the past."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from pbxcharge.api.desk import Desk, declined, rows, unknown_account
from pbxcharge.api.documents import (
    Document,
    call_document,
    cdr_document,
    denial_document,
    explained_document,
    free_document,
    quote_document,
)
from pbxcharge.core.account import Account
from pbxcharge.core.authorization import Denial
from pbxcharge.core.call import Call
from pbxcharge.core.cdr import Cdr, Disposition
from pbxcharge.core.explanation import explain
from pbxcharge.core.money import MICROS
from pbxcharge.core.price import RULE_SET
from pbxcharge.core.quotation import quote
from pbxcharge.core.resolution import Route, from_number, organization_of
from pbxcharge.flow.acts import Refusal
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.meter import Meter
from pbxcharge.flow.routing import route_to
from pbxcharge.store.queries import END_OF_TIME_US

Measured = tuple[Call, int | None]
"""A call and its seconds of talk; None where nobody measures them."""

DEPTH_MAX = 100
SECONDS_MAX = 366 * 86_400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


async def list_calls(desk: Desk) -> Document:
    """The calls that run, as they are metered; without a meter as they were stored."""
    if desk.meter is not None:
        measured = sorted(_measured(desk.meter), key=lambda pair: pair[0].call_id)
        return _calls(desk, measured, metered=True)
    stored = [(call, None) for call in await desk.queries.open_calls()]
    return _calls(desk, stored, metered=False)


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


async def show_cdr(desk: Desk, call_id: str) -> Document:
    """One record, explained."""
    found = await desk.queries.cdr(call_id)
    if found is None:
        raise declined(Refusal.UNKNOWN_CALL, f"there is no record of a call {call_id!r}")
    return {"cdr": await _explained(desk, found)}


async def make_quote(
    desk: Desk, account_id: str, number: str, seconds: int, incoming: bool = False
) -> Document:
    """What a call would cost, or why it would be refused.

    `number` is dialled by a phone of the account; with `incoming` it calls the account. An
    emergency number is nobody's expense, whatever account and plan say.
    """
    if not 0 <= seconds <= SECONDS_MAX:
        raise declined(Refusal.OUT_OF_BOUNDS, f"a call lasts 0 to {SECONDS_MAX} s")
    chain = await _chain(desk, account_id)
    if not chain:
        raise unknown_account(account_id)
    if number in desk.prices.emergency and not incoming:
        return {"quote": free_document(account_id, number, seconds, desk.currency)}
    route = await _route(desk, chain[0], number, incoming=incoming)
    circumstances = desk.prices.circumstances(route, "", Clock().wall_us() // MICROS, 0)
    quoted = quote(route, seconds, chain, desk.prices.plans, circumstances)
    if isinstance(quoted, Denial):
        return {"refused": denial_document(quoted)}
    return {"quote": quote_document(quoted, account_id, number, desk.currency)}


async def _route(desk: Desk, account: Account, number: str, *, incoming: bool) -> Route:
    numbering = desk.prices.numbering
    if incoming:
        return from_number(number, numbering)
    return await route_to(number, organization_of(account), desk.queries, numbering)


def _calls(desk: Desk, calls: Sequence[Measured], *, metered: bool) -> Document:
    documents = [call_document(call, talk_s, desk.currency) for call, talk_s in calls]
    return {"metered": metered, "calls": documents}


def _measured(meter: Meter) -> Iterator[Measured]:
    for live in meter.calls():
        call = live.call
        if call.answered_ms is None:
            yield call, 0
        else:
            yield call, max(0, meter.line_ms(live) - call.answered_ms) // 1000


async def _explained(desk: Desk, cdr: Cdr) -> Document:
    rating = None
    if cdr.rating_id is not None and cdr.rule_set == RULE_SET:
        rating = await desk.queries.rating(cdr.rating_id)
    return explained_document(cdr, explain(cdr, rating))


async def _chain(desk: Desk, account_id: str) -> tuple[Account, ...]:
    """An account and those above it; empty if there is none."""
    chain: list[Account] = []
    next_id: str | None = account_id
    while next_id is not None and len(chain) < DEPTH_MAX:
        account = await desk.queries.account(next_id)
        if account is None:
            break
        chain.append(account)
        next_id = account.parent_id
    return tuple(chain)


def micros(text: str) -> int:
    """An instant (ISO 8601) as microseconds since the epoch; without a zone it is meant as UTC."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        message = f"{text!r} is not an instant such as 2026-03-01T12:00:00Z"
        raise declined(Refusal.NAME_INVALID, message) from None
    return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - _EPOCH) // timedelta(microseconds=1)


def _disposition(text: str) -> Disposition:
    try:
        return Disposition(text)
    except ValueError:
        known = ", ".join(Disposition)
        message = f"{text!r} is not a disposition; known: {known}"
        raise declined(Refusal.NAME_INVALID, message) from None
