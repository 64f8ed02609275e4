"""Past calls in their order, read for a replay: one snapshot, beside a running daemon."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from pbxcharge.core.account import Account
from pbxcharge.core.coverage import coverage_from_text
from pbxcharge.core.plan import CallType
from pbxcharge.core.replay import DECIDED_BY_FILES, PastAttempt, Recorded
from pbxcharge.core.repricing import PastCall, PastLevel
from pbxcharge.core.resolution import Route
from pbxcharge.store import rows, selects
from pbxcharge.store.snapshot import snapshot
from pbxcharge.store.tables import json_list

CHAINS_KEPT = 20_000
LEVELS_KEPT = 50_000

CALLS = """
SELECT call_id, account_id, call_type, number, endpoint, callee_endpoint, callee_context,
    caller_number, reason, setup_at_us, answered_at_us, talk_s - unpaid_s, trunk, cost_micros, (
        SELECT json_group_array(json_array(level, account_id, plan, destination, charge_micros))
        FROM cdr_level_now AS level WHERE level.call_id = cdr_now.call_id
    ), coverage
FROM cdr_now
WHERE setup_at_us >= :from_us AND setup_at_us < :until_us {scope}
ORDER BY setup_at_us
"""
"""Every attempt of a time, with what its levels pay now."""

IN_SCOPE = "AND account_id IN (SELECT value FROM json_each(:accounts))"
"""Only those of these accounts."""

SUBTREE = f"{selects.SCOPE} SELECT account_id FROM scope"
"""An account and everything below it."""

_TYPES = {str(kind): kind for kind in CallType}
_BY_FILES = frozenset(map(str, DECIDED_BY_FILES))


class PastCalls:
    """The books as they were at one instant; made by `past_calls`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._chain = lru_cache(CHAINS_KEPT)(self._read_chain)
        self._level = lru_cache(LEVELS_KEPT)(self._read_level)

    def attempts(
        self, from_us: int, until_us: int, scope: frozenset[str] | None = None
    ) -> Iterator[PastAttempt]:
        """The attempts that were set up from one instant on and before another, in order.

        Args:
            from_us: microseconds since the epoch.
            until_us: the same.
            scope: only calls of these accounts; None is everybody's.
        """
        asked: dict[str, Any] = {"from_us": from_us, "until_us": until_us}
        if scope is not None:
            asked["accounts"] = json_list(scope)
        sql = CALLS.format(scope="" if scope is None else IN_SCOPE)
        for row in self._connection.execute(sql, asked):
            yield PastAttempt(self._recorded(row), row[4])

    def scope(self, account_id: str) -> frozenset[str]:
        """An account and everything below it; empty if there is none of this id."""
        found = self._connection.execute(SUBTREE, {"scope": account_id})
        return frozenset(name for (name,) in found)

    def kinds(self) -> Iterator[tuple[str, str]]:
        """Every account, and what it is."""
        yield from self._connection.execute("SELECT account_id, kind FROM account")

    def currency(self) -> str | None:
        """In which everything is charged; None in books that nothing was written into."""
        found = self._connection.execute(selects.CURRENCY).fetchone()
        return found[0] if found else None

    def _recorded(self, row: rows.Row) -> Recorded | None:
        kind, reason = _TYPES.get(row[2]), row[8]
        if kind is None or (reason is not None and reason not in _BY_FILES):
            return None
        paid = sorted(orjson.loads(row[14]))
        levels = self._levels(paid) if reason is None else self._levels_today(row[1])
        if not levels:
            return None
        route = Route(kind, row[3], row[5], row[6], row[7])
        covered = coverage_from_text(row[15])
        return Recorded(
            call_id=row[0],
            call=PastCall(route, levels, row[9], row[10], row[11], row[12], covered),
            account_id=row[1],
            destination=(paid[0][3] if paid else "") or f"@{kind}",
            charges_micros=tuple(level[4] for level in paid),
            cost_micros=row[13],
            reason=reason,
        )

    def _levels(self, paid: list[Any]) -> tuple[PastLevel, ...]:
        return tuple(self._level(name, plan) for _, name, plan, _, _ in paid)

    def _levels_today(self, account_id: str | None) -> tuple[PastLevel, ...]:
        chain = self._chain(account_id) if account_id else ()
        return tuple(self._level(one.account_id, one.plan) for one in chain if one.plan is not None)

    def _read_level(self, account_id: str, plan: str) -> PastLevel:
        """A level by the clocks of its account, else of the nearest one above that has its own."""
        zones = (one.time_zone for one in self._chain(account_id) if one.time_zone)
        return PastLevel(account_id, plan, next(zones, None))

    def _read_chain(self, account_id: str) -> tuple[Account, ...]:
        found = self._connection.execute(selects.CHAIN, {"account_id": account_id})
        return tuple(map(rows.account, found))


@contextmanager
def past_calls(database: Path) -> Iterator[PastCalls]:
    """The books, opened for reading alone; nothing can be written through it.

    Raises:
        NotTheOwner: reading would leave files that the owner cannot use.
        SchemaBehind, SchemaAhead: they are another release's.
    """
    with snapshot(database) as connection:
        yield PastCalls(connection)
