"""Answers about settled calls that are priced again, and charged anew."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from pbxcharge.api.calls import micros
from pbxcharge.api.desk import Desk, declined, unknown_account
from pbxcharge.api.documents import Document, instant, money
from pbxcharge.core.cdr import Cdr, LevelCharge
from pbxcharge.core.money import format_amount
from pbxcharge.core.rating import Rating, rating_from_canonical
from pbxcharge.flow.acts import Refusal
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.closed_months import ClosedMonths
from pbxcharge.flow.rerate_judge import Judge, Rerated, Wanted
from pbxcharge.flow.till import malformed
from pbxcharge.store.queries import END_OF_TIME_US
from pbxcharge.store.recharge_queries import FIRST, Place

CALLS_MAX = 100
"""So many calls are priced for one answer; whoever wants more asks again."""
INSTANT_DIGITS_MAX = 18


async def look(
    desk: Desk,
    call_id: str | None = None,
    plan: str | None = None,
    since: str | None = None,
    until: str | None = None,
    scope: str | None = None,
    after: str | None = None,
    limit: int = 50,
    run: str = "",
    closed_month: bool = False,
    ratings: bool = False,
) -> Document:
    """What one call would cost by the plans in force; or the next calls that a plan charges.

    `after` is what the answer before gave as `next`; with `ratings` each call that changes says
    what it would be priced with.
    """
    if call_id is not None:
        places = [(0, call_id)]
    else:
        places = await _places(desk, plan or "", since, until, scope, after, _bounded(limit))
        if not places and after is None:
            await _refuse_unknown(desk, plan or "")
    wanted = Wanted([name for _, name in places], run, closed_month)
    judge = Judge(desk.queries, desk.prices, ClosedMonths(desk.prices, Clock()))
    judged = await judge.all(wanted)
    more = call_id is None and len(places) == limit
    return {
        "calls": [_document(each, with_rating=ratings) for each in judged],
        "currency": desk.currency,
        "next": _written(places[-1]) if more else None,
    }


async def rerate(
    desk: Desk,
    by: str,
    *,
    id: str,
    call_ids: list[str],
    note: str = "",
    closed_month: bool = False,
    ratings: Mapping[str, Any] | None = None,
) -> Document:
    """Charge calls anew that cost something else by the plans in force, or by these ratings."""
    if wrong := malformed(id, note):
        raise declined(wrong.refusal, str(wrong))
    _bounded(len(call_ids))
    given = {name: _rating(name, content) for name, content in (ratings or {}).items()}
    wanted = Wanted(call_ids, id, closed_month, given, note)
    try:
        booked = await desk.acting.rerating.book(wanted, by)
    except ValueError as error:
        raise declined(Refusal.NAME_INVALID, str(error)) from None
    for each in booked:
        _tell(desk, each, id, by)
    documents = [_document(each) for each in booked]
    return {"done": True, "id": id, "currency": desk.currency, "calls": documents}


async def _places(
    desk: Desk,
    plan: str,
    since: str | None,
    until: str | None,
    scope: str | None,
    after: str | None,
    limit: int,
) -> list[Place]:
    if scope is not None and await desk.queries.account(scope) is None:
        raise unknown_account(scope)
    since_us = 0 if since is None else micros(since)
    until_us = END_OF_TIME_US if until is None else micros(until)
    place = FIRST if after is None else _place(after)
    return await desk.queries.recharges.calls_of_plan(plan, since_us, until_us, scope, place, limit)


async def _refuse_unknown(desk: Desk, plan: str) -> None:
    """A plan without calls may have none; one that never was is misspelled."""
    earlier = (step.plan for step in await desk.queries.plans.steps(None))
    known = sorted({*desk.prices.plans, *earlier})
    if plan not in known:
        message = f"there is no plan {plan[:40]!r}; known: {', '.join(known) or 'none'}"
        raise declined(Refusal.UNKNOWN_PLAN, message)


def _bounded(calls: int) -> int:
    if not 1 <= calls <= CALLS_MAX:
        raise declined(Refusal.OUT_OF_BOUNDS, f"1 to {CALLS_MAX} calls at once, not {calls}")
    return calls


def _written(place: Place) -> str:
    return f"{place[0]}/{place[1]}"


def _place(text: str) -> Place:
    at_us, _, call_id = text.partition("/")
    if not (at_us.isascii() and at_us.isdigit() and len(at_us) <= INSTANT_DIGITS_MAX):
        raise declined(Refusal.NAME_INVALID, f"{text[:40]!r} is no place to go on from")
    return int(at_us), call_id


def _rating(call_id: str, content: Any) -> Rating:
    try:
        return rating_from_canonical(json.dumps(content))
    except (ValueError, KeyError, TypeError, AttributeError):
        message = f"the rating of call {call_id} cannot be read by this release"
        raise declined(Refusal.NAME_INVALID, message) from None


def _document(call: Rerated, *, with_rating: bool = False) -> Document:
    before, after = call.before, call.after
    found = {
        "call_id": call.call_id,
        "verdict": str(call.verdict),
        "why": call.why,
        "ends_after_s": call.ends_after_s,
        **(_of_record(before) if before else {}),
        "levels": list(_levels(before, after or before)) if before else [],
    }
    if before:
        found["cost_before"] = money(before.cost_micros)
        found["cost_after"] = money((after or before).cost_micros)
    if with_rating and call.rating is not None:
        found["rating"] = json.loads(call.rating.canonical())
    return found


def _of_record(cdr: Cdr) -> Document:
    return {
        "setup_at": instant(cdr.setup_at_us),
        "account_id": cdr.account_id,
        "number": cdr.number,
        "talk_s": cdr.talk_s,
        "revision": cdr.revision,
    }


def _levels(before: Cdr, after: Cdr) -> Iterable[Document]:
    for old, new in zip(before.levels, after.levels, strict=True):
        yield _level(old, new)


def _level(old: LevelCharge, new: LevelCharge) -> Document:
    return {
        "account_id": old.account_id,
        "wallet_id": old.wallet_id,
        "plan": old.plan,
        "version_before": old.plan_version,
        "version_after": new.plan_version,
        "destination": new.destination,
        "before": format_amount(old.charge_micros),
        "after": format_amount(new.charge_micros),
        "difference": format_amount(new.charge_micros - old.charge_micros),
    }


def _tell(desk: Desk, call: Rerated, run_id: str, by: str) -> None:
    """A line of the live cost log for each level of a call that was charged anew."""
    if call.verdict != "changed" or call.before is None or call.after is None:
        return
    for level in _levels(call.before, call.after):
        if level["before"] == level["after"]:
            continue
        desk.tell(
            "rerated",
            account=level["account_id"],
            number=call.before.number,
            call_id=call.call_id,
            before=level["before"],
            after=level["after"],
            currency=desk.currency,
            id=run_id,
            actor=by,
        )
