"""Revisions: what a settled call costs after a correction, beside its record, which never changes.

The talk, who pays, and by plans of which names stay as the record has them; the prices are others.
"""

from collections.abc import Iterator
from dataclasses import replace

from pbxcharge.core.cdr import Cdr, LevelCharge
from pbxcharge.core.correction_terms import Recharge
from pbxcharge.core.price import Charge
from pbxcharge.core.pricing import carrier_deck, charges, cost_micros, destination, moment_of_record
from pbxcharge.core.rating import Rating, lines_canonical, rating_id


def revised(cdr: Cdr, rating: Rating) -> Cdr:
    """The answered call of a record by another rating: for all talk that was paid for.

    Seconds that quotas took something off stay theirs, whatever blocks they are in now.

    300 s at 0.10 a minute cost 0.50; at 0.08 it is 0.40, also by a plan that would have ended
    the call before: what was talked was talked.

    Args:
        cdr: the record as it counts now, with its latest revision.
        rating: its levels are in the order of the record's.

    Raises:
        ValueError: the rating is not of these levels.
    """
    if [level.plan for level in rating.levels] != [level.plan for level in cdr.levels]:
        raise ValueError(f"call {cdr.call_id}: the rating is of other plans")
    at = moment_of_record(cdr, rating)
    priced = charges(rating, at, cdr.covered, cdr.paid_s)
    deck, deck_version = carrier_deck(rating, cdr.trunk)
    return replace(
        cdr,
        billed_s=priced[0].billed_s,
        charge_micros=priced[0].total_micros,
        levels=tuple(_levels(cdr, rating, priced)),
        lines=lines_canonical(priced[0]),
        rating_id=rating_id(rating.canonical()),
        rule_set=rating.rule_set,
        cost_micros=cost_micros(rating, cdr.trunk, cdr.paid_s),
        deck=deck,
        deck_version=deck_version,
        revision=cdr.revision + 1,
    )


def _levels(cdr: Cdr, rating: Rating, charges: tuple[Charge, ...]) -> Iterator[LevelCharge]:
    for level, rated, charged in zip(cdr.levels, rating.levels, charges, strict=True):
        yield replace(
            level,
            plan_version=rated.plan_version,
            prefix=rated.rate.prefix,
            destination=destination(rating, rated, cdr.trunk),
            charge_micros=charged.total_micros,
        )


def costs_the_same(before: Cdr, after: Cdr) -> bool:
    """Whether every level, and the carrier, gets what it got before."""
    amounts, amounts_after = (
        [*(level.charge_micros for level in cdr.levels), cdr.cost_micros] for cdr in (before, after)
    )
    return amounts == amounts_after


def recharges(before: Cdr, after: Cdr, at_us: int, actor: str, note: str) -> tuple[Recharge, ...]:
    """What is to be booked: for each level whose charge changes, in the wallet that paid.

    Raises:
        ValueError: the call has not ended.
    """
    if before.ended_at_us is None:
        raise ValueError(f"call {before.call_id} has no end")
    return tuple(
        Recharge(
            call_id=before.call_id,
            wallet_id=level.wallet_id,
            revision=after.revision,
            charge_micros=level.charge_micros,
            counts_at_us=before.ended_at_us,
            at_us=at_us,
            actor=actor,
            note=note,
        )
        for old, level in zip(before.levels, after.levels, strict=True)
        if old.charge_micros != level.charge_micros
    )
