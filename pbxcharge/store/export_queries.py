"""Reading what was exported, and what was not yet.

Records are only added, so the next ones of a stream lie behind those of its last file. Only where
the table was rewritten (books restored from a copy) is every record looked up.
"""

from dataclasses import replace

import aiosqlite

from pbxcharge.core.exports import ExportFile, ToExport
from pbxcharge.store.connection import fetch
from pbxcharge.store.report_selects import CALL_COLUMNS, LEVELS_LISTED

FILES = """
SELECT file.stream, file.number, first_seq, last_seq, file.at_us, file.actor, through_row,
    through_call_id, done.number IS NOT NULL
FROM export_file AS file
LEFT JOIN export_written AS done ON done.stream = file.stream AND done.number = file.number
WHERE file.stream = :stream
ORDER BY file.number DESC LIMIT :limit
"""
"""The newest files of a stream."""

STANDS = "SELECT 1 FROM cdr WHERE rowid = :row AND call_id = :call_id"
"""Whether a record still stands where it did."""

RECORDS = """
SELECT cdr.rowid, cdr.call_id FROM cdr
WHERE cdr.rowid > :row AND NOT EXISTS (
    SELECT 1 FROM exported
    WHERE exported.stream = :stream AND exported.call_id = cdr.call_id AND exported.revision = 0
)
ORDER BY cdr.rowid LIMIT :limit
"""
"""The next records."""

CORRECTIONS = """
SELECT call_id, revision, max(at_us) OVER (PARTITION BY call_id ORDER BY revision) AS by_us
FROM recharge
WHERE EXISTS (
    SELECT 1 FROM exported
    WHERE exported.stream = :stream AND exported.call_id = recharge.call_id
      AND exported.revision = 0
) AND NOT EXISTS (
    SELECT 1 FROM exported
    WHERE exported.stream = :stream AND exported.call_id = recharge.call_id
      AND exported.revision = recharge.revision
)
ORDER BY by_us, call_id, revision LIMIT :limit
"""
"""The next corrections of records that were exported: those of a call in their order, also where
the clock was set back between them, since the last one counts."""


def _of_revision(column: str, *, nullable: bool = False) -> str:
    """A column that a correction may change."""
    if nullable:
        return f"CASE WHEN anew.call_id IS NULL THEN call.{column} ELSE anew.{column} END"
    return f"coalesce(anew.{column}, call.{column})"


def _of_levels(selected: str, which: str) -> str:
    """What the levels say, as the exported revision has them."""
    of_call = f"FROM {{}} AS paid WHERE paid.call_id = call.call_id AND {which}"
    first, later = of_call.format("cdr_level"), of_call.format("recharge_level")
    return f"""CASE WHEN exported.revision = 0 THEN (SELECT {selected} {first}) ELSE (
        SELECT {selected} {later} AND paid.revision = exported.revision
    ) END"""


_OWN = ("destination", "prefix", "plan", "plan_version", "wallet_id")
# What changes after a file was written is none of a file's business: refunds are entries.
_LATER = ("refunded", "net")

COLUMNS: dict[str, str] = {
    "seq": "exported.seq",
    **{name: sql for name, sql in CALL_COLUMNS.items() if name not in _LATER},
    **{name: _of_levels(name, "paid.level = 0") for name in _OWN},
    "upper_levels": _of_levels(LEVELS_LISTED, "paid.level > 0"),
    "charge": _of_revision("charge_micros"),
    "billed_s": _of_revision("billed_s"),
    "lines": _of_revision("lines"),
    "cost": _of_revision("cost_micros", nullable=True),
    "deck": _of_revision("deck", nullable=True),
    "deck_version": _of_revision("deck_version", nullable=True),
    "rating_id": _of_revision("rating_id"),
    "rule_set": _of_revision("rule_set"),
    "revision": "exported.revision",
}
"""Every column of a file, and where it stands."""

CONTENT = f"""
SELECT {", ".join(COLUMNS.values())}
FROM exported
CROSS JOIN cdr AS call ON call.call_id = exported.call_id
LEFT JOIN recharge AS anew
    ON anew.call_id = exported.call_id AND anew.revision = exported.revision
WHERE exported.stream = :stream AND exported.seq BETWEEN :first_seq AND :last_seq
ORDER BY exported.seq
"""
"""The records of a file, as they were when they were chosen."""


class ExportQueries:
    """What may be asked about exports.

    Args:
        listing: a connection that can only read.
    """

    def __init__(self, listing: aiosqlite.Connection) -> None:
        self._listing = listing

    async def files(self, stream: str, limit: int) -> list[ExportFile]:
        """The newest files of a stream, the newest one first."""
        found = await fetch(self._listing, FILES, {"stream": stream, "limit": limit})
        return [replace(ExportFile(*row[:8]), written=bool(row[8])) for row in found]

    async def to_export(self, stream: str, last: ExportFile | None, limit: int) -> ToExport:
        """The next records of a stream: those not exported, then corrections of those that were."""
        row, call_id = (last.through_row, last.through_call_id) if last else (0, None)
        if not await fetch(self._listing, STANDS, {"row": row, "call_id": call_id}):
            row, call_id = 0, None
        asked = {"stream": stream, "row": row, "limit": limit}
        records = [(place[0], place[1]) for place in await fetch(self._listing, RECORDS, asked)]
        if records:
            row, call_id = records[-1]
        left = {"stream": stream, "limit": limit - len(records)}
        corrections = await fetch(self._listing, CORRECTIONS, left) if left["limit"] else []
        every = [(name, 0) for _, name in records] + [(it[0], it[1]) for it in corrections]
        return ToExport(tuple(every), row, call_id)
