"""Prices of a plan that are below what the carriers of its calls ask, each with its line."""

from collections.abc import Iterator, Mapping
from datetime import tzinfo
from heapq import nlargest
from typing import Final

from pbxcharge.catalog.cost_losses import (
    OWN_DECK,
    OWN_TERMS,
    Buying,
    Losses,
    LostOn,
    PricedBy,
    losses,
)
from pbxcharge.catalog.findings import Finding
from pbxcharge.catalog.instants import written_instant
from pbxcharge.catalog.row_places import OF_DECK, OF_MARGIN, Place, price_of, row_places
from pbxcharge.catalog.source import KeyPath, Source
from pbxcharge.core.money import format_amount
from pbxcharge.core.plan import CallType, Plan

CHANGES_MAX: Final = 2
"""So many of the changes to come are looked at beside what counts now."""
TOLD_MAX: Final = 20
"""So many prices of a plan are named, those that lose most; the others are counted."""
MINUTE_S: Final = 60

_KINDS: Final = (CallType.PUBLIC, CallType.INCOMING)


def cost_findings(
    source: Source, plan: Plan, buying: Buying, zone: tzinfo, at_s: int
) -> Iterator[Finding]:
    """Prices that are below cost at an instant, or from one of the next changes on.

    Args:
        source: the file of the plan.
        plan: a plan that is charged to those whom nobody stands above.
        buying: by which trunks calls go, and what that costs.
        zone: of the dates in the file.
        at_s: UTC second.
    """
    rows = row_places(source, zone)
    for call_type in _KINDS:
        if call_type not in plan.allowed:
            continue
        found: dict[KeyPath, tuple[Losses, int]] = {}
        for instant_s in _instants(plan, call_type, buying, at_s):
            by_place: dict[KeyPath, Losses] = {}
            for priced_by, lost in losses(plan, call_type, buying, instant_s).items():
                _add(by_place.setdefault(_place(priced_by, rows, source), Losses()), lost)
            for at, lost in by_place.items():
                found.setdefault(at, (lost, instant_s))
        worst = nlargest(TOLD_MAX, found, key=lambda at: found[at][0].worst[0].loss)
        for at in worst:
            lost, instant_s = found[at]
            since = "" if instant_s <= at_s else f" from {written_instant(instant_s, zone)} on"
            yield source.warning(at, _message(lost, buying) + since, _hint(at))
        if len(found) > len(worst):
            message = f"hold {len(found):,} below cost; the {len(worst)} worst of them are named"
            yield source.warning(("prices",), message, "compare them with what the trunks cost")


def _instants(plan: Plan, call_type: CallType, buying: Buying, at_s: int) -> list[int]:
    """Now, or when the plan begins, and the next instants at which a price or a cost changes."""
    first_s, until_s = max(at_s, plan.effective_from_s), plan.effective_until_s
    changes: set[int] = set()
    for deck in buying.decks.values():
        changes.update(deck.beginnings_after(first_s))
    for tariffs in (plan.exceptions, plan.tariffs):
        if call_type in tariffs:
            changes.update(row.from_s for row in tariffs[call_type].dated)
    later = sorted(change for change in changes if change > first_s)[:CHANGES_MAX]
    return [it for it in (first_s, *later) if until_s is None or it < until_s]


def _add(together: Losses, one: Losses) -> None:
    """Several prefixes of one row of the file as one."""
    before = together.prefixes
    for lost in one.worst:
        together.add(lost)
    together.prefixes = before + one.prefixes


def _message(lost: Losses, buying: Buying) -> str:
    worst, *others = lost.worst
    loss = worst.loss
    minute = "for the first minute" if loss.talk_s == MINUTE_S else "a minute"
    window = f" in {loss.window}" if loss.window else ""
    prices = f"{format_amount(loss.price_micros)} {minute}{window}"
    message = f"is below cost: {prices} against {format_amount(loss.cost_micros)}"
    message += f" over {worst.trunk}, for {_named(worst, buying)}"
    if lost.prefixes == 1:
        return message
    named = "; ".join(_named(one, buying) for one in others)
    if lost.prefixes == len(lost.worst):
        return f"{message}; also {named}"
    return f"{message}; also {named} and {lost.prefixes - len(lost.worst):,} more prefixes"


def _named(lost: LostOn, buying: Buying) -> str:
    destination = buying.decks[lost.deck].destination(lost.prefix, lost.place)
    prefix = lost.prefix.removeprefix("@")
    return f"{destination} ({prefix})" if destination else prefix


def _hint(at: KeyPath) -> str:
    if at[-1] == "deck":
        return "raise these prices in the deck, or give their prefixes rows of the plan"
    if at[-1] == "multiplier":
        return "a multiplier below 1 needs an adjustment that makes up for it"
    return "raise the price, or give these numbers a row of their own"


def _place(priced_by: PricedBy, rows: Mapping[Place, KeyPath], source: Source) -> KeyPath:
    """Where a price stands in the file; of one that is not found, where prices do."""
    if priced_by in (OWN_DECK, OWN_TERMS):
        return OF_DECK if priced_by == OWN_DECK else OF_MARGIN
    is_exception = priced_by.table == "exceptions"
    at = rows.get((is_exception, priced_by.prefix, priced_by.from_s))
    return ("prices",) if at is None else price_of(source, at)
