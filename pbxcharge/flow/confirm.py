"""Asterisk's own records beside what was settled: they decide nothing, a difference is told."""

import asyncio

from pbxcharge.asterisk.events import Cdr as AsteriskCdr
from pbxcharge.core.call import Call
from pbxcharge.core.cdr import Cdr
from pbxcharge.logger import Logger

TOLERANCE_S = 2
WAIT_S = 2.0
"""Asterisk writes up to three records for an attempt, the last one a moment after the end."""
LEGS_MAX = 10_000


class Confirmation:
    """Adds up what Asterisk's records say of each metered leg, and compares it with the talk.

    A leg that was transferred is in one record as the dialled channel, in the next one as the
    caller: 20 s and 10 s confirm 30 s of talk. A leg that is in no record is not spoken of, as the
    daemon may have been away.
    """

    def __init__(self, log: Logger) -> None:
        self._log = log
        self._billable_s: dict[str, int] = {}

    def hear(self, record: AsteriskCdr) -> None:
        """Keep what a record says, for the two channels that it names."""
        for channel in {record.channel, record.dest_channel} - {""}:
            if len(self._billable_s) >= LEGS_MAX:
                self._billable_s.pop(next(iter(self._billable_s)))
            known_s = self._billable_s.get(channel, 0)
            self._billable_s[channel] = known_s + record.billable_s

    def settled(self, call: Call, cdr: Cdr) -> None:
        """Compare in a moment."""
        if call.leg is not None:
            asyncio.get_running_loop().call_later(WAIT_S, self._compare, call.leg.channel, cdr)

    def forget(self) -> None:
        """Asterisk was lost: when it was restarted, its names of channels begin again."""
        self._billable_s.clear()

    def _compare(self, channel: str, cdr: Cdr) -> None:
        billable_s = self._billable_s.pop(channel, None)
        if billable_s is not None and abs(billable_s - cdr.talk_s) > TOLERANCE_S:
            self._log.warning(
                "cdr differs",
                call_id=cdr.call_id,
                talk_s=cdr.talk_s,
                asterisk_s=billable_s,
                end_source=str(cdr.end_source),
            )
