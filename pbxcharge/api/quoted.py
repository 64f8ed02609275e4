"""A call that is quoted, as a document."""

from collections.abc import Sequence

from pbxcharge.api.documents import Document, money
from pbxcharge.core.cdr import EMERGENCY
from pbxcharge.core.money import format_amount
from pbxcharge.core.plan import UNLIMITED_S
from pbxcharge.core.quotation import (
    Credit,
    Quote,
    QuotedCost,
    QuotedLevel,
    level_talk_for,
    talk_for,
)
from pbxcharge.core.shown_lines import charge_lines, line_document


def quote_document(
    quote: Quote, credits: Sequence[Credit], account_id: str, dialled: str, currency: str
) -> Document:
    """What a call would cost, level by level, line by line, and how long it could last."""
    return {
        "account_id": account_id,
        "dialled": dialled,
        "call_type": str(quote.route.call_type),
        "number": quote.route.number,
        "caller_number": quote.route.caller_number,
        "currency": currency,
        "talk_s": quote.talk_s,
        "limit_s": _bounded(quote.limit_s),
        "needed_to_begin": format_amount(quote.least_micros),
        "levels": [_quoted_level(level) for level in quote.levels],
        "cost": quote.cost and _quoted_cost(quote.cost),
        "credit": {
            "talk_s": _bounded(talk_for(quote, [credit.micros for credit in credits])),
            "levels": [_credit(quote, place, credit) for place, credit in enumerate(credits)],
        },
    }


def free_document(account_id: str, dialled: str, talk_s: int, currency: str) -> Document:
    """An emergency call: it is always connected, and no level pays for it."""
    return {
        "account_id": account_id,
        "dialled": dialled,
        "call_type": EMERGENCY,
        "number": dialled,
        "caller_number": "",
        "currency": currency,
        "talk_s": talk_s,
        "limit_s": None,
        "needed_to_begin": format_amount(0),
        "levels": [],
        "cost": None,
        "credit": None,
        "at": None,
    }


def _bounded(seconds: int) -> int | None:
    return seconds if seconds < UNLIMITED_S else None


def _credit(quote: Quote, place: int, credit: Credit) -> Document:
    level = quote.levels[place]
    return {
        "account_id": level.account_id,
        "wallet_id": level.wallet_id,
        "credit": money(credit.micros),
        "source": str(credit.source),
        "needed_to_begin": format_amount(level.least_micros),
        "talk_s": _bounded(level_talk_for(quote, place, credit.micros)),
    }


def _quoted_level(level: QuotedLevel) -> Document:
    rated, charge = level.rated, level.charge
    return {
        "account_id": level.account_id,
        "plan": rated.plan,
        "plan_version": rated.plan_version,
        "destination": rated.rate.destination,
        "prefix": rated.rate.prefix,
        "billed_s": charge.billed_s,
        "charge": format_amount(charge.total_micros),
        "lines": [line_document(line) for line in charge_lines(charge)],
    }


def _quoted_cost(cost: QuotedCost) -> Document:
    return {
        "trunk": cost.trunk,
        "deck": cost.deck,
        "cost": format_amount(cost.cost_micros),
        "lines": [line_document(line) for line in charge_lines(cost.charge)],
    }
