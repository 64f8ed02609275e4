"""A call that runs on this machine, and what waits to be told to it."""

from collections import deque

from pbxcharge.core.call import Call
from pbxcharge.core.call_events import Event

PHONES = "PJSIP/"
"""What the names of phones begin with; those of Local channels and applications do not."""


class LiveCall:
    """A call on this machine, and where its line lies on the monotonic clock."""

    __slots__ = ("busy", "call", "continuous", "gapless", "payer_channel", "queue", "zero_ms")

    def __init__(self, call: Call, zero_ms: int, *, continuous: bool, gapless: bool) -> None:
        self.call = call
        self.zero_ms = zero_ms
        self.continuous = continuous
        """Whether this process has measured the call from its start by the monotonic clock."""
        self.gapless = gapless
        """Whether every event since the call's start was heard, so that what was not, was not."""
        self.queue: deque[Event] = deque()
        self.busy = False
        attempt = call.granted.attempt
        self.payer_channel = None if attempt.incoming else attempt.caller.uniqueid
        """Whose phone may be played the warning: of a call that came in, who talks with it."""

    def joined(self, uniqueid: str, channel: str) -> None:
        """Another channel of the conversation has begun to talk."""
        if self.call.granted.attempt.incoming and channel.startswith(PHONES):
            self.payer_channel = uniqueid
