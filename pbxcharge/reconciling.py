"""A comparison with somebody else's records, wired for the time of one command; nothing is written.

Set-up comes before the answer that both sides tell, and they may leave out parts of a second: so
our calls are read with a margin, and what they lack is named only within the time that is compared.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import tzinfo
from pathlib import Path

from pbxcharge.catalog.findings import Finding, Severity
from pbxcharge.catalog.foreign_cdrs import CarrierColumns, read_asterisk, read_carrier
from pbxcharge.core.money import MICROS
from pbxcharge.core.reconciliation import (
    Pair,
    Reconciliation,
    TheirCall,
    Tolerance,
    reconcile,
)
from pbxcharge.settings import Settings
from pbxcharge.store.answered_calls import OF_PBX, OF_TRUNK, answered_calls
from pbxcharge.store.lock import require_database

__all__ = [
    "CarrierColumns",
    "Compared",
    "Finding",
    "Pair",
    "Reconciliation",
    "Tolerance",
    "compare_asterisk",
    "compare_carrier",
]

MARGIN_US = 3600 * MICROS
"""No phone rings for so long."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What was compared, and what it showed; or why their file cannot be read."""

    from_us: int
    until_us: int
    found: Reconciliation | None
    findings: tuple[Finding, ...] = ()
    cleaned: tuple[str, ...] = ()
    """Numbers of their file out of which characters were left that are no digits."""


def compare_asterisk(
    settings: Settings,
    file: Path,
    zone: tzinfo,
    between: tuple[int | None, int | None],
    tolerance: Tolerance,
) -> Compared:
    """Our answered calls and those of Asterisk's `Master.csv`, by the channel that asked.

    Raises:
        DatabaseMissing, NotTheOwner, SchemaBehind, SchemaAhead: the books cannot be read.
    """
    theirs, found = read_asterisk(file, zone, settings.trunk_endpoints)
    return _compare(settings, file, OF_PBX, settings.pbx, theirs, found, between, tolerance)


def compare_carrier(
    settings: Settings,
    file: Path,
    columns: CarrierColumns,
    trunk: str,
    between: tuple[int | None, int | None],
    tolerance: Tolerance,
) -> Compared:
    """The calls that we gave a carrier, and those of its file, by number and time.

    Raises:
        DatabaseMissing, NotTheOwner, SchemaBehind, SchemaAhead: the books cannot be read.
    """
    theirs, found = read_carrier(file, columns)
    return _compare(settings, file, OF_TRUNK, trunk, theirs, found, between, tolerance)


def _compare(
    settings: Settings,
    file: Path,
    statement: str,
    of: str,
    theirs: Iterable[TheirCall],
    found: tuple[Finding, ...],
    between: tuple[int | None, int | None],
    tolerance: Tolerance,
) -> Compared:
    require_database(settings.database)
    calls = tuple(theirs)
    from_us, until_us = _time(calls, between)
    found = found or _nothing_told(file, calls, between)
    if found:
        return Compared(from_us, until_us, None, found)
    near_us = tolerance.within_us or 0
    reach = from_us - MARGIN_US - near_us, until_us + MARGIN_US + near_us
    ours = answered_calls(settings.database, statement, of, *reach)
    # A call of theirs outside of the time may be the other half of one of ours at its edge.
    whole = reconcile(ours, calls, tolerance)
    within = replace(
        whole,
        missing_here=tuple(it for it in whole.missing_here if from_us <= it.at_us < until_us),
        missing_there=tuple(it for it in whole.missing_there if from_us <= it.at_us < until_us),
    )
    cleaned = tuple(call.written for call in calls if call.written)
    return Compared(from_us, until_us, within, cleaned=cleaned)


def _nothing_told(
    file: Path, calls: tuple[TheirCall, ...], between: tuple[int | None, int | None]
) -> tuple[Finding, ...]:
    """A file without a call says nothing of any time, so it agrees with nothing."""
    if calls or None not in between:
        return ()
    message, hint = "has no answered call", "say which time it is for: --from and --to"
    return (Finding(Severity.ERROR, str(file), 0, "", message, hint),)


def _time(calls: tuple[TheirCall, ...], between: tuple[int | None, int | None]) -> tuple[int, int]:
    """The time that is compared: as asked for, else from their first call to their last one."""
    first = min((call.at_us for call in calls), default=0)
    last = max((call.at_us for call in calls), default=0) + 1
    from_us, until_us = between
    return first if from_us is None else from_us, last if until_us is None else until_us
