"""Rules of the books that need the price function: every stored amount is worked out again."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any

import orjson

from pbxcharge.core.cdr import Cdr, LevelCharge
from pbxcharge.core.coverage import coverage_from_text
from pbxcharge.core.disposition import Disposition
from pbxcharge.core.price import Charge, charge_micros
from pbxcharge.core.pricing import (
    Moment,
    carrier_deck,
    charges,
    cost_micros,
    covered_prices,
    destination,
    moment,
    moment_of_record,
    quota_uses,
)
from pbxcharge.core.rating import Rating, lines_canonical, rating_from_canonical, rating_id
from pbxcharge.core.settlement import talk_seconds
from pbxcharge.store import rows
from pbxcharge.store.finding import Finding
from pbxcharge.store.verify_rule import RESTORE, TAMPERED
from pbxcharge.store.verify_slices import slice_findings

RATINGS_KEPT = 256

RATINGS = "SELECT rating_id, body FROM rating"
"""Everything that calls were priced with."""

HOLDS = """
SELECT hold.call_id, call.rating_id, through_s, call.levels, (
    SELECT json_group_array(json_array(level, wallet_id, amount_micros))
    FROM hold_line WHERE hold_line.call_id = hold.call_id
), setup_at_us, answered_at_us, trunk, hold.coverage
FROM hold JOIN call ON call.call_id = hold.call_id
"""
"""Every hold of a stored call, with its lines."""

PRICED_CDRS = f"""
SELECT {rows.CDR_COLUMNS}, (
    SELECT json_group_array(json_array(entry.wallet_id, -entry.amount_micros))
    FROM entry CROSS JOIN wallet ON wallet.wallet_id = entry.wallet_id
    WHERE entry.call_id = cdr.call_id AND wallet.kind = 'allowance'
), (
    SELECT json_group_array(json_array(
        level, account_id, wallet_id, plan, plan_version, prefix, destination,
        cdr_level.charge_micros
    ))
    FROM cdr_level WHERE cdr_level.call_id = cdr.call_id
)
FROM cdr WHERE rating_id IS NOT NULL
"""
"""Every record that was priced, with what it used of quotas, and its levels."""

REVISED_CDRS = f"""
SELECT {rows.CDR_COLUMNS}, (
    SELECT json_group_array(json_array(
        level, account_id, wallet_id, plan, plan_version, prefix, destination,
        recharge_level.charge_micros
    ))
    FROM recharge_level
    WHERE recharge_level.call_id = cdr.call_id AND recharge_level.revision = of_revision
), of_revision, of_rating, of_rule_set, of_charge, of_billed, of_lines, of_cost, of_deck,
    of_deck_version
FROM (
    SELECT call_id AS of_call, revision AS of_revision, rating_id AS of_rating,
        rule_set AS of_rule_set, charge_micros AS of_charge, billed_s AS of_billed,
        lines AS of_lines, cost_micros AS of_cost, deck AS of_deck,
        deck_version AS of_deck_version
    FROM recharge
) JOIN cdr ON cdr.call_id = of_call
"""
"""Every record as each of its corrections left it."""


def price_findings(connection: sqlite3.Connection) -> Iterator[Finding]:
    """Stored ratings, what is held by them, and what was charged by them."""
    stored = _StoredRatings(connection)
    yield from _rating_findings(connection)
    for row in connection.execute(HOLDS):
        if (rating := stored.rating(row[1])) is not None:
            yield from _hold_findings(row, rating)
    for row in connection.execute(PRICED_CDRS):
        if (rating := stored.rating(row[23])) is not None:
            levels = tuple(rows.level_charge(level[1:]) for level in _by_level(row[-1]))
            cdr = rows.cdr(row, levels)
            yield from _cdr_findings(cdr, rating)
            yield from _use_findings(cdr, rating, dict(orjson.loads(row[-2])))
            yield from slice_findings(cdr)
    for row in connection.execute(REVISED_CDRS):
        if (rating := stored.rating(row[-8])) is not None:
            yield from _cdr_findings(_revised(row), rating)


class _StoredRatings:
    """Ratings by id, the last few hundred kept; one that cannot be read is a finding elsewhere."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.rating = lru_cache(RATINGS_KEPT)(self._rating)

    def _rating(self, stored_id: str) -> Rating | None:
        sql = "SELECT body FROM rating WHERE rating_id = ?"
        row = self._connection.execute(sql, (stored_id,)).fetchone()
        return _readable(row[0]) if row else None


def _readable(body: str) -> Rating | None:
    try:
        return rating_from_canonical(body)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _rating_findings(connection: sqlite3.Connection) -> Iterator[Finding]:
    for stored_id, body in connection.execute(RATINGS):
        if rating_id(body) != stored_id:
            yield Finding(
                "rating_changed",
                "a rating is stored under the hash of its content",
                stored_id,
                TAMPERED,
            )
        if _readable(body) is None:
            yield Finding(
                "rating_unreadable",
                "what calls were priced with can be read and priced by this release",
                stored_id,
                "verify with the release that wrote it, or restore the last good copy",
            )


def _hold_findings(row: rows.Row, rating: Rating) -> Iterator[Finding]:
    call_id, _, through_s, levels, stored = row[:5]
    wallets = [wallet_id for _, wallet_id, *_ in orjson.loads(levels)]
    held = {wallet_id: amount for _, wallet_id, amount in _by_level(stored) if amount}
    coverage = coverage_from_text(row[-1])
    may_hold = []
    for at in _moments_of_hold(row, rating):
        amounts = [
            charge_micros(price, through_s) for price in covered_prices(rating, at, coverage)
        ]
        of_levels = dict(zip(wallets, amounts, strict=False))
        may_hold.append(of_levels | quota_uses(rating, at, coverage, through_s))
    if not any(held == {name: most for name, most in may.items() if most} for may in may_hold):
        amounts = list(may_hold[-1].values())
        yield Finding(
            "hold_line_differs",
            "every level holds the charge for all talk that is paid for",
            f"call {call_id}: held {held}, {through_s} s cost {amounts} in {wallets}",
            RESTORE,
        )


def _moments_of_hold(row: rows.Row, rating: Rating) -> Iterator[Moment]:
    """When it may have been held: before the answer, after it, and before the trunk was known."""
    setup_at_us, answered_at_us, trunk = row[5:8]
    for answer_us in dict.fromkeys((None, answered_at_us)):
        for carrier in dict.fromkeys((None, trunk)):
            yield moment(rating, setup_at_us, answer_us, carrier)


def _by_level(text: str) -> list[Any]:
    """SQLite promises no order within a group."""
    return sorted(orjson.loads(text))


def _cdr_findings(cdr: Cdr, rating: Rating) -> Iterator[Finding]:
    answered = cdr.disposition is Disposition.ANSWERED
    at = moment_of_record(cdr, rating)
    priced = charges(rating, at, cdr.covered, cdr.paid_s) if answered else ()
    for code, what, stored, again in _comparisons(cdr, rating, priced):
        if stored != again:
            yield Finding(code, what, f"call {cdr.call_id}: {stored}, should be {again}", RESTORE)


def _use_findings(cdr: Cdr, rating: Rating, booked: dict[str, int]) -> Iterator[Finding]:
    at = moment_of_record(cdr, rating)
    used = quota_uses(rating, at, cdr.covered, cdr.paid_s)
    if booked != used:
        yield Finding(
            "allowance_differs",
            "a call uses of quotas what its record says, and its entries book it",
            f"call {cdr.call_id}: booked {booked}, should be {used}",
            RESTORE,
        )


def _revised(row: rows.Row) -> Cdr:
    """The record as a correction left it, from REVISED_CDRS."""
    of_levels, revision, rating_id, rule_set, charge_micros, billed_s, lines = row[-10:-3]
    cost_micros, deck, deck_version = row[-3:]
    levels = tuple(rows.level_charge(level[1:]) for level in _by_level(of_levels))
    return replace(
        rows.cdr(row, levels),
        revision=revision,
        rating_id=rating_id,
        rule_set=rule_set,
        charge_micros=charge_micros,
        billed_s=billed_s,
        lines=lines,
        cost_micros=cost_micros,
        deck=deck,
        deck_version=deck_version,
    )


def _comparisons(
    cdr: Cdr, rating: Rating, charges: tuple[Charge, ...]
) -> Iterator[tuple[str, str, object, object]]:
    """Code, rule, what is stored, and what comes out of the stored rating today."""
    totals = [each.total_micros for each in charges] or [0] * len(rating.levels)
    yield (
        "price_differs",
        "a call costs what its stored rating says",
        [level.charge_micros for level in cdr.levels],
        totals,
    )
    yield (
        "level_differs",
        "a record names the plans and rates that it was priced by",
        [_named(level) for level in cdr.levels],
        [
            (rated.plan, rated.plan_version, rated.rate.prefix, _destination(cdr, place, rating))
            for place, rated in enumerate(rating.levels)
        ],
    )
    own = charges[0] if charges else None
    yield (
        "billed_differs",
        "talk is billed in whole blocks",
        cdr.billed_s,
        own.billed_s if own else 0,
    )
    yield (
        "lines_differ",
        "the stored lines explain the charge",
        cdr.lines,
        lines_canonical(own) if own else "[]",
    )
    yield (
        "cost_differs",
        "a record names what its carrier asks, by its stored rating",
        (cdr.cost_micros, cdr.deck, cdr.deck_version),
        (cost_micros(rating, cdr.trunk, cdr.paid_s), *carrier_deck(rating, cdr.trunk)),
    )
    yield "rule_set_differs", "a record names its rules", cdr.rule_set, rating.rule_set
    yield "talk_differs", "talk runs from answer to end", cdr.talk_s, _talk_s(cdr, rating)


def _destination(cdr: Cdr, place: int, rating: Rating) -> str:
    """What a level calls the place; older records do not name it for a margin on all numbers."""
    rated = rating.levels[place]
    unnamed = cdr.levels[place : place + 1] and not cdr.levels[place].destination
    return rated.rate.destination if unnamed else destination(rating, rated, cdr.trunk)


def _named(level: LevelCharge) -> tuple[str, str, str, str]:
    return (level.plan, level.plan_version, level.prefix, level.destination)


def _talk_s(cdr: Cdr, rating: Rating) -> int:
    """Talk by the stored instants; if the clock was corrected, only the record knows."""
    if cdr.answered_at_us is None or cdr.ended_at_us is None:
        return 0
    # A correction prices the talk that there was, whatever the tolerance is by then.
    if cdr.clock != "ok" or cdr.revision:
        return cdr.talk_s
    return talk_seconds(cdr.ended_at_us - cdr.answered_at_us, rating.terms.tolerance_ms)
