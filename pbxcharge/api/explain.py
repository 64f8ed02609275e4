"""The answer to "why was this call charged so": everything that the books have about one call."""

from contextlib import suppress

from pbxcharge.api.desk import Desk, declined
from pbxcharge.api.documents import Document
from pbxcharge.api.explained import Told, explained_call
from pbxcharge.core.cdr import Cdr
from pbxcharge.core.explanation import Explanation, explain
from pbxcharge.core.price import RULE_SET
from pbxcharge.errors import ActDeclined
from pbxcharge.flow.acts import Refusal


async def explain_call(desk: Desk, call_id: str) -> Document:
    """Who paid and why, by which lines, what was held for it, and whether it still comes out so."""
    cdr = await desk.queries.cdr(call_id)
    if cdr is None:
        raise _unknown(desk, call_id)
    revisions = await desk.queries.calls.revisions(cdr)
    corrected = [(each, await _explained(desk, each.cdr)) for each in revisions]
    told = Told(
        cdr=cdr,
        explanation=await _explained(desk, cdr),
        hold=await desk.queries.hold(call_id),
        entries=await desk.queries.recharges.entries([call_id]),
        corrections=corrected,
    )
    return {**explained_call(told), "zone": str(desk.prices.zone)}


def _unknown(desk: Desk, call_id: str) -> ActDeclined:
    if desk.meter is not None and desk.meter.get(call_id) is not None:
        message = f"{call_id} still runs, see `pbxcharge calls`: it has a record when it has ended"
        return declined(Refusal.UNKNOWN_CALL, message)
    return declined(Refusal.UNKNOWN_CALL, f"there is no record of a call {call_id!r}")


async def _explained(desk: Desk, cdr: Cdr) -> Explanation:
    rating = None
    if cdr.rating_id is not None and cdr.rule_set == RULE_SET:
        # What was changed by hand explains nothing; `verify` names it.
        with suppress(ValueError, KeyError, TypeError):
            rating = await desk.queries.rating(cdr.rating_id)
    return explain(cdr, rating)
