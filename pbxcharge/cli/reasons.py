"""Reasons of refusals in the words of people, for quotes and records."""

_WORDS = {
    "unknown_account": "the endpoint is nobody's phone",
    "number_invalid": "the number fits none of the site's rules of dialling",
    "call_type_not_allowed": "the plan does not allow this kind of call",
    "destination_forbidden": "the price says forbidden, or it is a high-risk destination",
    "no_rate": "there is no price for the number",
    "price_too_high": "a block costs more than price_per_minute_max, or than the maximum charge",
    "concurrent_calls": "as many calls at once as the plan allows",
    "calls_per_minute": "as many calls in a minute as the plan allows",
    "spend_rate": "what is held and was charged would pass the plan's limit of an hour or a day",
    "not_enough_credit": "connect fee and first block do not fit",
}


def in_words(reason: str | None) -> str | None:
    """`spend_rate` with what it means; a reason that needs no words stands alone."""
    return f"{reason}: {_WORDS[reason]}" if reason in _WORDS else reason
