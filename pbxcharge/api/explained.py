"""A call that is explained, as a document: money as decimal text, instants in UTC."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from pbxcharge.api.documents import Document, cdr_document, entry_document, instant
from pbxcharge.api.plan_document import terms_document
from pbxcharge.core.cdr import Cdr, Revision
from pbxcharge.core.credit import Hold
from pbxcharge.core.explanation import ExplainedCost, ExplainedLevel, Explanation
from pbxcharge.core.ledger import Entry
from pbxcharge.core.margin import Margin, margins, refunded_micros
from pbxcharge.core.money import format_amount
from pbxcharge.core.price import Rate, RelativeTerms
from pbxcharge.core.provenance import meaning, payer_rule
from pbxcharge.core.shown_lines import decimal_amounts, line_document, percent_text
from pbxcharge.core.slices import slices_from_text
from pbxcharge.core.split import Part


@dataclass(frozen=True, slots=True)
class Told:
    """Everything that the books have about one call.

    Args:
        cdr: its record.
        explanation: of the record.
        hold: what was held at last; None if nothing ever was.
        entries: of the ledger, the first one first.
        corrections: each with its own explanation, the first one first.
    """

    cdr: Cdr
    explanation: Explanation
    hold: Hold | None
    entries: Sequence[Entry]
    corrections: Sequence[tuple[Revision, Explanation]]


def explained_call(told: Told) -> Document:
    """The record, why it is so, what was held and booked, and what was corrected since."""
    cdr, now = told.cdr, _now(told)
    return {
        "cdr": {
            **cdr_document(cdr),
            "lines": [line_document(line) for line in told.explanation.lines],
            "priced_again": str(told.explanation.verdict),
            "differences": list(told.explanation.differences),
        },
        "payer": {
            "rule": str(payer_rule(cdr)),
            "levels": [level.account_id for level in cdr.levels],
        },
        "meaning": str(meaning(cdr)),
        **_priced(cdr, told.explanation),
        "slices": _slices(cdr),
        "wallets": list(_wallets(told)),
        "margins": [_margin(each) for each in margins(now, told.entries)],
        "entries": [entry_document(entry, cdr.currency) for entry in told.entries],
        "refunded": format_amount(sum(refunded_micros(now, told.entries)[:1])),
        "charge_now": format_amount(now.charge_micros),
        "corrections": [_correction(*each) for each in told.corrections],
    }


def _now(told: Told) -> Cdr:
    """The record with its last correction."""
    return told.corrections[-1][0].cdr if told.corrections else told.cdr


def _priced(cdr: Cdr, explanation: Explanation) -> Document:
    return {
        "levels": [_level(level) for level in explanation.levels],
        "carrier": _carrier(cdr, explanation.cost),
    }


def _level(level: ExplainedLevel) -> Document:
    charged, rated = level.charged, level.rated
    parts = [_part(part, amount) for part, amount in _amounts(level.parts)]
    return {
        "account_id": charged.account_id,
        "wallet_id": charged.wallet_id,
        "plan": charged.plan,
        "plan_version": charged.plan_version,
        "prefix": charged.prefix,
        "destination": charged.destination,
        "charge": format_amount(charged.charge_micros),
        "billed_s": level.billed_s,
        "terms": rated and _terms(rated.rate),
        "windows": [{"from_s": from_s, "window": name} for from_s, name in level.windows],
        "lines": [line_document(line) for line in level.lines],
        **({"parts": parts} if parts else {}),
    }


def _amounts(parts: Sequence[Part]) -> Iterator[tuple[Part, str]]:
    return zip(parts, decimal_amounts([part.amount for part in parts]), strict=True)


def _part(part: Part, amount: str) -> Document:
    return {
        "from_s": part.from_s,
        "to_s": part.until_s,
        "quota": part.quota or None,
        "discount_percent": percent_text(part.discount),
        "amount": amount,
    }


def _terms(rate: Rate | RelativeTerms) -> Document:
    rounding = {"method": rate.rounding.value, "decimals": rate.rounding_decimals}
    return {**terms_document(rate), "rounding": rounding}


def _carrier(cdr: Cdr, cost: ExplainedCost | None) -> Document | None:
    if cdr.deck is None or cdr.cost_micros is None:
        return None
    return {
        "trunk": cdr.trunk,
        "deck": cdr.deck,
        "deck_version": cdr.deck_version,
        "cost": format_amount(cdr.cost_micros),
        "prefix": cost and cost.rate.prefix,
        "destination": cost and cost.rate.destination,
        "terms": cost and _terms(cost.rate),
        "lines": [line_document(line) for line in cost.lines] if cost else [],
    }


def _slices(cdr: Cdr) -> list[Document]:
    # What was changed by hand explains nothing; `verify` names it.
    with suppress(ValueError, TypeError, LookupError):
        return [
            {
                "at_ms": one.at_ms,
                "through_s": one.through_s,
                "held": [format_amount(held) for held in one.held_micros],
            }
            for one in slices_from_text(cdr.slices)
        ]
    return []


def _wallets(told: Told) -> Iterator[Document]:
    """What the call held at last in each wallet, what it was charged at its end, what went back."""
    if told.hold is None:
        return
    for level in told.cdr.levels:
        held = told.hold.held_micros(level.wallet_id)
        yield {
            "wallet_id": level.wallet_id,
            "held": format_amount(held),
            "charged": format_amount(level.charge_micros),
            "given_back": format_amount(held - level.charge_micros),
        }


def _margin(margin: Margin) -> Document:
    return {
        "account_id": margin.seller,
        "receives": format_amount(margin.receives_micros),
        "pays": format_amount(margin.pays_micros),
        "keeps": format_amount(margin.keeps_micros),
    }


def _correction(revision: Revision, explanation: Explanation) -> Document:
    return {
        "revision": revision.revision,
        "at": instant(revision.at_us),
        "actor": revision.actor,
        "note": revision.note,
        "charge": format_amount(revision.cdr.charge_micros),
        "billed_s": revision.cdr.billed_s,
        **_priced(revision.cdr, explanation),
        "priced_again": str(explanation.verdict),
        "differences": list(explanation.differences),
    }
