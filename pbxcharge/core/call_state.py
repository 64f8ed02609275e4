"""A granted call as a value: everything that decides what is done about it next."""

from dataclasses import dataclass
from enum import StrEnum

from pbxcharge.core.attempt import Granted, Leg
from pbxcharge.core.cdr import EndedBy


class Phase(StrEnum):
    """Where a call stands. `ending`: its settlement is on the way."""

    RINGING = "ringing"
    UP = "up"
    ENDING = "ending"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Call:
    """A granted call as it stands.

    Args:
        granted: what never changes.
        step: of the hold, as last confirmed.
        through_s: seconds of talk that are paid for.
        phase: see Phase.
        leg: the metered leg, once seen; of an incoming call it is the channel that asked.
        answered_ms: the answer on the call's line.
        answered_at_us: the answer by Asterisk's clock.
        settled_in: the dialplan has armed the first slice, so that later timeouts stay.
        open_step: the reservation whose outcome is awaited, part of the state before it is asked.
        asked: the last step asked for; a new question gets a new number, so that an outcome that
            comes late or twice is never taken for the answer to another one.
        whole: the open reservation is for a whole slice or nothing.
        ask_again_ms: when the open reservation is repeated, its outcome being unknown.
        raised: credit was raised while the open reservation was on its way.
        short: the last reservation got less than a whole slice: credit is near its end.
        exhausted: the last reservation got nothing; the running slice is the last.
        armed_s: paid talk up to which Asterisk's own timer is known to run.
        arming_s: the timeout that was commanded and not yet confirmed.
        arm_again_ms: when a timeout that Asterisk did not take is (or was) tried again; kept until
            one is taken.
        warned: the payer has heard that the end is near.
        stopped: why no further slice is asked for.
        hung_up_by: the first party that asked for the end.
        hung_up_ms: when it did, on the call's line; None after a restart, which takes longer than
            a hangup.
        ending_as: why the daemon itself ends the call.
        hang_up_ms: when the daemon's own hangup is (next) due.
        after_s: paid talk at whose end the payer's leg was told to go on elsewhere; 0: it was not
            told so; None: that is not known.
        after_again_ms: when it is told again, since Asterisk did not take it.
        alone_until_ms: when a call that is left alone with another trunk leg ends; None while
            somebody of the site is there. Not stored: a restart looks, and begins to count anew.
        trunk: who carries the call, once that is known.
    """

    granted: Granted
    step: int
    through_s: int
    phase: Phase = Phase.RINGING
    leg: Leg | None = None
    answered_ms: int | None = None
    answered_at_us: int | None = None
    settled_in: bool = False
    open_step: int | None = None
    asked: int = 0
    whole: bool = False
    ask_again_ms: int | None = None
    raised: bool = False
    short: bool = False
    exhausted: bool = False
    armed_s: int = 0
    arming_s: int | None = None
    arm_again_ms: int | None = None
    warned: bool = False
    stopped: EndedBy | None = None
    hung_up_by: EndedBy | None = None
    hung_up_ms: int | None = None
    ending_as: EndedBy | None = None
    hang_up_ms: int | None = None
    after_s: int | None = 0
    after_again_ms: int | None = None
    alone_until_ms: int | None = None
    trunk: str | None = None

    @property
    def call_id(self) -> str:
        """The id of the call."""
        return self.granted.attempt.call_id

    @property
    def limit_s(self) -> int:
        """The longest talk that the plan and a maximum charge with `hang_up` leave."""
        return self.granted.rating.limit_s

    @property
    def paid_ms(self) -> int:
        """The paid-through instant; while it rings, the end of its ring lease."""
        start_ms = self.answered_ms if self.answered_ms is not None else self.granted.ring_s * 1000
        return start_ms + self.through_s * 1000

    @property
    def undialled(self) -> bool:
        """Whether nothing but our own yes says that there is a metered leg.

        Its caller may have been refused after all, since the yes did not reach the dialplan.
        """
        asked_itself = self.leg == self.granted.attempt.caller
        return self.phase is Phase.RINGING and (self.leg is None or asked_itself)

    @property
    def live(self) -> bool:
        """Whether the call still runs, as far as is known."""
        return self.phase in (Phase.RINGING, Phase.UP)


def granted_call(granted: Granted, step: int, through_s: int, *, short: bool = False) -> Call:
    """A call as it begins, with the first slice that is held for it."""
    attempt = granted.attempt
    leg, trunk = (attempt.caller, attempt.endpoint) if attempt.incoming else (None, None)
    return Call(granted, step, through_s, leg=leg, short=short, trunk=trunk)


def why_cut(call: Call) -> EndedBy:
    """Why a call ends at its paid-through instant."""
    if call.stopped:
        return call.stopped
    if call.through_s >= call.limit_s:
        return EndedBy.LIMIT
    return EndedBy.CREDIT if call.exhausted else EndedBy.LEASE
