"""Routes of calls: those that run, their event stream, quotes, and the records of the past."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse, Response, StreamingResponse

from pbxcharge.api.desk import Desk, actor, declined
from pbxcharge.api.documents import (
    Document,
    call_document,
    cdr_document,
    denial_document,
    explained_document,
    quote_document,
)
from pbxcharge.api.models import CallBody
from pbxcharge.core.account import Account
from pbxcharge.core.authorization import Asked, Denial
from pbxcharge.core.call import Call
from pbxcharge.core.cdr import Cdr, Disposition
from pbxcharge.core.explanation import explain
from pbxcharge.core.plan import CallType
from pbxcharge.core.quotation import quote
from pbxcharge.core.rate import RULE_SET
from pbxcharge.flow.acts import Declined, Refusal
from pbxcharge.flow.identity import unknown_account
from pbxcharge.store.queries import END_OF_TIME_US

Actor = Annotated[str, Depends(actor)]
Limit = Annotated[int, Query(ge=1, le=1_000_000)]
Seconds = Annotated[int, Query(ge=0, le=366 * 86_400)]

Measured = tuple[Call, int | None]
"""A call and its seconds of talk; None where nobody measures them."""

DEPTH_MAX = 100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def reading(desk: Desk) -> APIRouter:
    """What runs, what was, and what it would cost."""
    routes = APIRouter()

    @routes.get("/calls")
    async def calls() -> Document:
        if desk.meter is None:
            stored = [(call, None) for call in await desk.queries.open_calls()]
            return _calls(desk, stored, metered=False)
        return _calls(desk, _live(desk), metered=True)

    @routes.get("/cdrs")
    async def cdrs(
        scope: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        disposition: Disposition | None = None,
        limit: Limit = 50,
    ) -> Response:
        if scope is not None and await desk.queries.account(scope) is None:
            return declined(unknown_account(scope))
        found = await desk.queries.cdrs(
            scope,
            since_us=0 if since is None else _micros(since),
            until_us=END_OF_TIME_US if until is None else _micros(until),
            disposition=disposition,
            limit=limit,
        )
        return JSONResponse({"cdrs": [cdr_document(cdr) for cdr in found]})

    @routes.get("/cdr")
    async def cdr(call_id: str) -> Response:
        found = await desk.queries.cdr(call_id)
        if found is None:
            return declined(
                Declined(Refusal.UNKNOWN_CALL, f"there is no record of a call {call_id!r}")
            )
        return JSONResponse({"cdr": await _explained(desk, found)})

    @routes.get("/quote")
    async def get_quote(account_id: str, number: str, seconds: Seconds) -> Response:
        chain = await _chain(desk, account_id)
        if not chain:
            return declined(unknown_account(account_id))
        asked = Asked(account_id, number, CallType.PUBLIC)
        quoted = quote(asked, seconds, chain, desk.prices.plans, desk.prices.rules)
        if isinstance(quoted, Denial):
            return JSONResponse({"refused": denial_document(quoted)})
        return JSONResponse({"quote": quote_document(quoted, account_id, number, desk.currency)})

    return routes


def acting(desk: Desk) -> APIRouter:
    """Ending calls, and reading along; only where calls are metered."""
    routes = APIRouter()

    @routes.post("/calls/hang-up")
    async def hang_up(body: CallBody, by: Actor) -> JSONResponse:
        if desk.meter is None or desk.meter.get(body.call_id) is None:
            return declined(Declined(Refusal.CALL_NOT_LIVE, f"no live call {body.call_id!r}"))
        desk.tell("hang_up", call_id=body.call_id, actor=by)
        desk.meter.hang_up(body.call_id)
        return JSONResponse({"done": True, "call_id": body.call_id})

    @routes.get("/events")
    async def events() -> Response:
        if desk.journal is None or desk.streams.full:
            return JSONResponse({"message": "the event stream has no room"}, status_code=503)
        return StreamingResponse(
            desk.streams.lines(desk.journal), media_type="application/x-ndjson"
        )

    return routes


def _calls(desk: Desk, calls: Sequence[Measured], *, metered: bool) -> Document:
    documents = [call_document(call, talk_s, desk.currency) for call, talk_s in calls]
    return {"metered": metered, "calls": documents}


def _live(desk: Desk) -> list[Measured]:
    return sorted(_measured(desk), key=lambda pair: pair[0].call_id)


def _measured(desk: Desk) -> Iterator[Measured]:
    assert desk.meter is not None  # noqa: S101 - asked for only where calls are metered
    for live in desk.meter.calls():
        call = live.call
        if call.answered_ms is None:
            yield call, 0
        else:
            yield call, max(0, desk.meter.line_ms(live) - call.answered_ms) // 1000


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


def _micros(at: datetime) -> int:
    """An instant as microseconds since the epoch; without a zone it is meant as UTC."""
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(microseconds=1)
