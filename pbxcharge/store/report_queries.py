"""Reading the books for reports: on a connection of their own, so that no call waits for them.

Every report takes a scope: the id of the account whose subtree may be seen, None for the site. It
sees one state of the books, however many statements it takes.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiosqlite
import orjson

from pbxcharge.core.period import Period, Piece
from pbxcharge.errors import StorageDown
from pbxcharge.store import movement_selects as moving
from pbxcharge.store import report_selects as selects
from pbxcharge.store.connection import connect_reader
from pbxcharge.store.export_queries import CONTENT
from pbxcharge.store.tables import json_list

Rows = Sequence[tuple[Any, ...]]

WAITING_MAX = 4
"""So many reports may wait for the one that is being made."""

WITHIN_S = 45.0
"""A report that takes longer is given up: while it reads, the log of the books cannot shrink."""

AGAIN_S = 0.5


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which calls a report is about; what is empty or None does not count.

    Args:
        scope: the account whose subtree may be seen, None for the site.
        period: in which the calls were set up.
        call_types: see CallType; or emergency.
        direction: outgoing or incoming.
        dispositions: what became of them.
        causes: hangup causes, Q.850.
    """

    scope: str | None
    period: Period
    call_types: tuple[str, ...] = ()
    direction: str | None = None
    dispositions: tuple[str, ...] = ()
    causes: tuple[int, ...] = ()

    @property
    def parameters(self) -> dict[str, Any]:
        """What the statements are given."""
        return {
            "scope": self.scope,
            "from_us": self.period.from_us,
            "until_us": self.period.until_us,
            "call_types": json_list(self.call_types) if self.call_types else None,
            "direction": self.direction,
            "dispositions": json_list(self.dispositions) if self.dispositions else None,
            "causes": orjson.dumps(self.causes).decode() if self.causes else None,
        }


@dataclass(frozen=True, slots=True)
class Moved:
    """Which movements of money a history is about.

    Args:
        scope: the account whose subtree may be seen, None for the site.
        period: in which they were booked.
        from_day: the day that begins with the period, where charges at a bound belong to what it
            ends; see movement_selects.
        until_day: the day that begins where the period ends.
        kinds: see movement_selects; empty for all.
    """

    scope: str | None
    period: Period
    from_day: str | None = None
    until_day: str | None = None
    kinds: tuple[str, ...] = ()

    @property
    def parameters(self) -> dict[str, Any]:
        """What the statements are given."""
        return {
            "scope": self.scope,
            "from_us": self.period.from_us,
            "until_us": self.period.until_us,
            "from_day": self.from_day,
            "until_day": self.until_day,
        }


class Reading:
    """One state of the books, while a report is made of it.

    With `planning` nothing is read: instead of rows each question is remembered in `plans` with
    the way in which SQLite would answer it.
    """

    def __init__(self, connection: aiosqlite.Connection, *, planning: bool = False) -> None:
        self._connection = connection
        self._planning = planning
        self.plans: dict[str, list[str]] = {}

    async def calls(self, wanted: Wanted, columns: Sequence[str], limit: int) -> Rows:
        """The newest calls, the oldest of them first; see CALL_COLUMNS."""
        sql = selects.calls(selects.form_of(wanted.scope), list(columns))
        return await self._rows("calls", sql, {**wanted.parameters, "limit": limit})

    async def totals(self, wanted: Wanted, pieces: Sequence[Piece]) -> Rows:
        """Sums by local day, type, direction and disposition; see `selects.totals`."""
        cut = [(piece.from_us, piece.until_us, piece.offset_us) for piece in pieces]
        sql = selects.totals(selects.form_of(wanted.scope))
        asked = {**wanted.parameters, "pieces": orjson.dumps(cut).decode()}
        return await self._rows("totals", sql, asked)

    async def destinations(self, wanted: Wanted, limit: int) -> Rows:
        """Sums by destination and prefix."""
        sql = selects.destinations(selects.form_of(wanted.scope))
        return await self._rows("destinations", sql, {**wanted.parameters, "limit": limit})

    async def accounts(self, wanted: Wanted, limit: int) -> Rows:
        """Sums and balances by account."""
        sql = selects.accounts(selects.form_of(wanted.scope))
        return await self._rows("accounts", sql, {**wanted.parameters, "limit": limit})

    async def margins(self, wanted: Wanted, group: str, limit: int) -> Rows:
        """Income, payments and margin by seller and one of MARGIN_GROUPS."""
        sql = selects.margins(selects.form_of(wanted.scope), group)
        return await self._rows("margins", sql, {**wanted.parameters, "limit": limit})

    async def refused(self, wanted: Wanted, limit: int) -> Rows:
        """Refused attempts by reason, account and type."""
        sql = selects.refused(selects.form_of(wanted.scope))
        return await self._rows("refused", sql, {**wanted.parameters, "limit": limit})

    async def movements(self, moved: Moved, limit: int) -> Rows:
        """The newest movements, the oldest of them first; see MOVEMENT_COLUMNS."""
        sql = moving.movements(selects.form_of(moved.scope))
        kinds = json_list(moved.kinds) if moved.kinds else None
        return await self._rows("rows", sql, {**moved.parameters, "kinds": kinds, "limit": limit})

    async def movement_sums(self, moved: Moved) -> Rows:
        """What moved, and what was there before, by account and kind."""
        sql = moving.movement_sums(selects.form_of(moved.scope))
        return await self._rows("sums", sql, moved.parameters)

    async def charged_calls(self, moved: Moved) -> Rows:
        """Calls that were charged, by type."""
        sql = moving.charged_calls(selects.form_of(moved.scope))
        return await self._rows("calls", sql, moved.parameters)

    async def unbilled(self, moved: Moved) -> tuple[int, int]:
        """How many subscriptions are not charged to the period's end yet; what waits, in micros."""
        sql = moving.unbilled(selects.form_of(moved.scope))
        found = await self._rows("unbilled", sql, moved.parameters)
        return (found[0][0], found[0][1]) if found else (0, 0)

    async def exported(self, stream: str, first_seq: int, last_seq: int) -> Rows:
        """The records of a file of a stream, under the names of `export_queries.COLUMNS`."""
        asked = {"stream": stream, "first_seq": first_seq, "last_seq": last_seq}
        return await self._rows("exported", CONTENT, asked)

    async def _rows(self, name: str, sql: str, asked: dict[str, Any]) -> Rows:
        if not self._planning:
            return list(await self._connection.execute_fetchall(sql, asked))  # type: ignore[arg-type]
        steps = list(await self._connection.execute_fetchall(f"EXPLAIN QUERY PLAN {sql}", asked))
        self.plans[name] = _indented(steps)
        return ()


class Reports:
    """Lets one report at a time read the books.

    Args:
        database: the books.
    """

    def __init__(self, database: Path) -> None:
        self._database = database
        self._turn = asyncio.Lock()
        self._waiting = 0

    @asynccontextmanager
    async def reading(
        self, *, planning: bool = False, within_s: float = WITHIN_S
    ) -> AsyncIterator[Reading]:
        """One state of the books, on a connection opened for this report.

        Raises:
            StorageDown: they cannot be read, too many reports wait, or it took too long.
        """
        if self._waiting > WAITING_MAX:
            raise StorageDown("too many reports are being made; ask again later")
        self._waiting += 1
        try:
            async with self._turn:
                connection = await connect_reader(self._database)
                try:
                    async with _limited(connection, within_s):
                        yield Reading(connection, planning=planning)
                finally:
                    await connection.close()
        finally:
            self._waiting -= 1


@asynccontextmanager
async def _limited(connection: aiosqlite.Connection, within_s: float) -> AsyncIterator[None]:
    """A read transaction that is interrupted when its time is over."""
    late = asyncio.Event()
    interrupting = asyncio.create_task(_interrupt(connection, within_s, late))
    try:
        await connection.execute_fetchall("BEGIN")
        yield
        await connection.execute_fetchall("COMMIT")
    except sqlite3.Error as error:
        if late.is_set():
            message = f"the report was given up after {within_s:.0f} s: ask for a shorter time"
            raise StorageDown(message) from error
        raise StorageDown(f"the books cannot be read: {error}") from error
    finally:
        interrupting.cancel()
        await asyncio.wait([interrupting])


async def _interrupt(
    connection: aiosqlite.Connection, within_s: float, late: asyncio.Event
) -> None:
    await asyncio.sleep(within_s)
    late.set()
    while True:
        await connection.interrupt()
        # Between two questions there was nothing to interrupt: then the next one is.
        await asyncio.sleep(AGAIN_S)


def _indented(steps: Sequence[Any]) -> list[str]:
    """The steps of a query plan, each as deep as it lies in the tree."""
    depths = {0: -1}
    lines = []
    for number, parent, _, text in steps:
        depths[number] = depths.get(parent, -1) + 1
        lines.append("  " * depths[number] + text)
    return lines
