"""An attempt as the flow comes to know it: its id, its parties, its route, its refusal."""

import secrets
from dataclasses import replace

from pbxcharge.core.attempt import Attempt
from pbxcharge.core.cdr import Cdr
from pbxcharge.core.denial import Denial
from pbxcharge.core.disposition import Disposition
from pbxcharge.core.settlement import blank_cdr
from pbxcharge.flow.routing import Resolved


def parties(attempt: Attempt) -> dict[str, str]:
    """Who calls from outside, and who is called inside the house: what only such calls have."""
    found = {
        "caller_number": attempt.caller_number,
        "callee_endpoint": attempt.callee_endpoint,
        "callee_context": attempt.callee_context,
    }
    return {name: value for name, value in found.items() if value}


def new_call_id(now_us: int) -> str:
    """A call id: 12 hexadecimal digits of the millisecond, so that ids sort by time, and chance."""
    return f"{now_us // 1000:012x}{secrets.token_hex(5)}"


def refused_cdr(
    attempt: Attempt,
    reason: str,
    currency: str,
    refused_by: str | None = None,
    feature: str | None = None,
) -> Cdr:
    """The record of an attempt that was not allowed, at the level of this account."""
    blank = blank_cdr(attempt, currency, Disposition.NOT_ALLOWED)
    return replace(
        blank,
        reason=reason,
        refused_by=refused_by,
        feature=feature,
        ended_at_us=attempt.setup_at_us,
    )


def with_route(attempt: Attempt, resolved: Resolved) -> Attempt:
    """The attempt with who pays for it and where it goes, as far as that is known."""
    chain, route = resolved.chain, resolved.route
    if chain:
        account_id, organization_id = chain[0].account_id, chain[0].parent_id
        attempt = replace(attempt, account_id=account_id, organization_id=organization_id)
    if route is None:
        return attempt
    return replace(
        attempt,
        call_type=route.call_type,
        number=route.number,
        caller_number=route.caller_number or attempt.caller_number,
        callee_endpoint=route.endpoint,
        callee_context=route.context,
    )


def missing(denial: Denial) -> dict[str, str]:
    """The feature that was missing, and which product or override says no, where one does."""
    found = {"feature": denial.feature, "product": denial.source}
    return {name: str(value) for name, value in found.items() if value is not None}
