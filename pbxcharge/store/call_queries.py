"""What the books have about calls beside their records: what each level paid, corrections."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from operator import itemgetter

import aiosqlite

from pbxcharge.core.cdr import Cdr, LevelCharge, Revision
from pbxcharge.store import rows
from pbxcharge.store.connection import fetch
from pbxcharge.store.tables import json_list

REVISIONS = """
SELECT
    recharge.revision, at_us, actor, note,
    rating_id, rule_set, recharge.charge_micros, billed_s, lines, cost_micros, deck, deck_version,
    run_id, account_id, wallet_id, plan, plan_version, prefix, destination,
    recharge_level.charge_micros
FROM recharge
JOIN recharge_level
    ON recharge_level.call_id = recharge.call_id
    AND recharge_level.revision = recharge.revision
WHERE recharge.call_id = :call_id
ORDER BY recharge.revision, level
"""
"""Every correction of a call, one row for each level."""


class CallQueries:
    """What may be asked about one call.

    Args:
        listing: a connection that can only read.
    """

    def __init__(self, listing: aiosqlite.Connection) -> None:
        self._listing = listing

    async def revisions(self, cdr: Cdr) -> list[Revision]:
        """The corrections of a record, the first one first."""
        found = await fetch(self._listing, REVISIONS, {"call_id": cdr.call_id})
        return [_revision(cdr, list(levels)) for _, levels in groupby(found, key=itemgetter(0))]


async def levels_of(
    connection: aiosqlite.Connection, sql: str, call_ids: Sequence[str]
) -> dict[str, tuple[LevelCharge, ...]]:
    """What each level pays of calls, the caller's own first; of calls that have levels.

    Args:
        connection: any reader.
        sql: selects.CDR_LEVELS or selects.CDR_LEVELS_NOW.
        call_ids: the calls.
    """
    found = await fetch(connection, sql, {"call_ids": json_list(call_ids)})
    by_call = groupby(found, key=itemgetter(0))
    return {name: tuple(rows.level_charge(row[1:]) for row in levels) for name, levels in by_call}


def _revision(cdr: Cdr, levels: list[rows.Row]) -> Revision:
    row = levels[0]
    corrected = replace(
        cdr,
        rating_id=row[4],
        rule_set=row[5],
        charge_micros=row[6],
        billed_s=row[7],
        lines=row[8],
        cost_micros=row[9],
        deck=row[10],
        deck_version=row[11],
        levels=tuple(rows.level_charge(level[13:]) for level in levels),
        revision=row[0],
    )
    return Revision(row[0], row[1], row[2], row[3], corrected, row[12])
