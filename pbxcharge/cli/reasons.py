"""Reasons of refusals and ends in the words of people, for quotes, records and the documents."""

REASONS = {
    "storage_down": "credit could not be held on disk",
    "overloaded": "the daemon had more to do than it can",
    "stopping": "the daemon was about to end",
    "daemon_away": "the daemon was not there, or did not answer within 3 s",
    "unknown_account": "the endpoint is nobody's phone",
    "account_suspended": "the payer, or an account above, is suspended",
    "account_blocked": "the payer, or an account above, is blocked",
    "account_expired": "the payer, or an account above, has expired",
    "account_closed": "the payer, or an account above, is closed",
    "number_invalid": "no rule of dialling fits the number; from outside: it is nobody's",
    "access_point_not_allowed": "no product of the payer has this PBX or access code",
    "call_type_not_allowed": "the plan does not allow this kind of call",
    "feature_missing": "the payer's products do not grant what the call needs",
    "destination_forbidden": "the price says forbidden, or it is a high-risk destination",
    "no_rate": "there is no price for the number",
    "price_too_high": "a block costs more than price_per_minute_max, or than the maximum charge",
    "concurrent_calls": "as many calls at once as the plan, or the product, allows",
    "calls_per_minute": "as many calls in a minute as the plan allows",
    "spend_rate": "what is held and was charged would pass the plan's limit of an hour or a day",
    "not_enough_credit": "connect fee and first block do not fit",
}


def in_words(reason: str | None) -> str | None:
    """`spend_rate` with what it means; a reason that is not known stands alone."""
    return f"{reason}: {REASONS[reason]}" if reason in REASONS else reason


ENDED_BY = {
    "caller": "the caller hung up",
    "callee": "the called side hung up",
    "credit": "the credit was used up",
    "limit": "the plan's longest call, maximum charge or limit of spending",
    "lease": "its paid time was over before more could be held",
    "operator": "somebody ended it by `calls hang-up`",
    "account_status": "an account that pays was suspended, blocked, expired or closed",
    "orphan": "only legs over trunks were left, with nobody of the site",
    "plan": "the plan did not allow it any more",
    "product": "the payer's products did not allow it any more",
    "unknown": "nobody said who ended it",
}
WITNESSES = {
    "event": "Asterisk told of the hangup at once",
    "spool": "Asterisk had written the hangup down, and it was read later",
    "last_seen": "the hangup was missed; until this instant the call was proved to live",
    "paid_through": "the hangup was missed; this is the end of the paid time",
    "none": "there was no call whose end could be seen",
}
CAUSES = {
    1: "no such number",
    16: "a normal end",
    17: "busy",
    18: "the phone did not answer the network",
    19: "no answer",
    20: "the phone is not there",
    21: "rejected",
    26: "answered elsewhere",
    27: "the destination is out of order",
    28: "the number is malformed",
    31: "a normal end, no more said",
    34: "no free line",
    38: "the network is out of order",
    41: "a temporary failure",
    42: "the network is congested",
    44: "the line is not there",
    127: "no more said",
}


def ended_in_words(ended_by: str | None) -> str | None:
    """`credit` with what it means."""
    return ended_by and f"{ended_by}: {ENDED_BY.get(ended_by, '')}".removesuffix(": ")


def witness_in_words(end_source: str) -> str | None:
    """Which witness said when the call ended; None where there was none."""
    if end_source not in WITNESSES or end_source == "none":
        return None
    return f"{end_source}: {WITNESSES[end_source]}"


def cause_in_words(cause: int | None) -> str | None:
    """A hangup cause of Q.850 with what it means: 17 is busy."""
    return None if cause is None else f"{cause}: {CAUSES.get(cause, 'see Q.850')}"
