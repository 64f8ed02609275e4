"""Answered calls of a time, read for a comparison with somebody else's records."""

from collections.abc import Iterator
from pathlib import Path

from pbxcharge.core.reconciliation import OurCall
from pbxcharge.store.snapshot import snapshot

_ANSWERED = """
SELECT call_id, {key}, answered_at_us, talk_s, cost_micros, account_id, coalesce(number, dialled),
  trunk IS NOT NULL
FROM cdr_now
WHERE setup_at_us >= :from_us AND setup_at_us < :until_us AND disposition = 'ANSWERED'
  AND {which}
"""
OF_PBX = _ANSWERED.format(key="caller_uniqueid", which="pbx = :of")
"""Every call of a PBX, by Asterisk's id of the channel that asked."""

OF_TRUNK = _ANSWERED.format(
    key="coalesce(number, dialled)", which="trunk = :of AND direction = 'outgoing'"
)
"""The calls that a carrier was given, by the number that was called."""


def answered_calls(
    database: Path, statement: str, of: str, from_us: int, until_us: int
) -> Iterator[OurCall]:
    """The calls that were set up in a time, also beside a running daemon.

    Args:
        database: the books.
        statement: OF_PBX or OF_TRUNK.
        of: the name of the PBX, or of the trunk.
        from_us: microseconds since the epoch.
        until_us: the same; not in the time itself.

    Raises:
        NotTheOwner: reading would leave files that the owner cannot use.
        SchemaBehind, SchemaAhead: they are another release's.
    """
    asked = {"of": of, "from_us": from_us, "until_us": until_us}
    with snapshot(database) as connection:
        for call_id, key, at_us, talk_s, cost, payer, number, trunk in connection.execute(
            statement, asked
        ):
            yield OurCall(call_id, key, at_us, talk_s, cost, payer, number, bool(trunk))
