"""Reading settled calls for corrections: the records as they count now, and what moved for them."""

from collections.abc import Sequence
from typing import Any

import aiosqlite

from pbxcharge.core.cdr import Cdr
from pbxcharge.core.ledger import Entry
from pbxcharge.store import rows, selects
from pbxcharge.store.call_queries import levels_of
from pbxcharge.store.connection import fetch
from pbxcharge.store.tables import json_list

Place = tuple[int, str]
"""Where a list goes on: after the call of this set-up instant and id."""

FIRST: Place = (-1, "")

CALLS_OF_PLAN = f"""
{selects.SCOPE}
SELECT setup_at_us, call_id FROM cdr
WHERE (setup_at_us, call_id) > (:after_us, :after_id)
  AND setup_at_us >= :since_us AND setup_at_us < :until_us
  AND answered_at_us IS NOT NULL
  AND (:scope IS NULL OR account_id IN (SELECT account_id FROM scope))
  AND EXISTS (
      SELECT 1 FROM cdr_level WHERE cdr_level.call_id = cdr.call_id AND plan = :plan
  )
ORDER BY setup_at_us, call_id LIMIT :limit
"""
"""The next answered calls of a subtree for which some level pays by a plan, the first one first."""

RECORDS = f"""
SELECT {rows.CDR_COLUMNS}, revision FROM cdr_now AS cdr
WHERE call_id IN (SELECT value FROM json_each(:call_ids))
"""
"""Records with what their latest revision says."""

ENTRIES = f"""
SELECT {rows.ENTRY_COLUMNS} FROM entry
WHERE call_id IN (SELECT value FROM json_each(:call_ids))
  AND (SELECT kind FROM wallet WHERE wallet.wallet_id = entry.wallet_id) <> 'allowance'
ORDER BY seq
"""
"""What money moved for calls, the first one first."""

OF_RUN = """
SELECT call_id FROM recharge
WHERE run_id = :run_id AND call_id IN (SELECT value FROM json_each(:call_ids))
"""
"""Which calls a run has charged anew."""


class RechargeQueries:
    """What corrections ask of the books.

    Args:
        listing: a connection that can only read.
    """

    def __init__(self, listing: aiosqlite.Connection) -> None:
        self._listing = listing

    async def calls_of_plan(
        self, plan: str, since_us: int, until_us: int, scope: str | None, after: Place, limit: int
    ) -> list[Place]:
        """Answered calls that a level pays for by this plan, set up in a time, in their order."""
        # The index looks for instants alone, and need not look again at what was listed before.
        since_us = max(since_us, after[0])
        asked = {"plan": plan, "since_us": since_us, "until_us": until_us, "scope": scope}
        place = {"after_us": after[0], "after_id": after[1], "limit": limit}
        return [(row[0], row[1]) for row in await self._all(CALLS_OF_PLAN, **asked, **place)]

    async def records(self, call_ids: Sequence[str]) -> dict[str, Cdr]:
        """Records as they count now, by call; of those that there are."""
        levels = await levels_of(self._listing, selects.CDR_LEVELS_NOW, call_ids)
        found = await self._all(RECORDS, call_ids=json_list(call_ids))
        return {row[0]: rows.cdr_now(row, levels.get(row[0], ())) for row in found}

    async def entries(self, call_ids: Sequence[str]) -> list[Entry]:
        """What calls were charged, and what took it back, in the order in which it was booked."""
        found = await self._all(ENTRIES, call_ids=json_list(call_ids))
        return [rows.entry(row) for row in found]

    async def charged_by(self, run_id: str, call_ids: Sequence[str]) -> frozenset[str]:
        """Which of these calls a run has charged anew."""
        found = await self._all(OF_RUN, run_id=run_id, call_ids=json_list(call_ids))
        return frozenset(row[0] for row in found)

    async def _all(self, sql: str, **parameters: Any) -> list[Any]:
        return await fetch(self._listing, sql, parameters)
