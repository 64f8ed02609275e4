"""What the call machine is told, and what it asks for."""

from dataclasses import dataclass

from pbxcharge.core.attempt import Leg
from pbxcharge.core.cdr import EndedBy, EndSource
from pbxcharge.core.credit import Refused, Reserved

# Events: what has happened.


@dataclass(frozen=True, slots=True)
class LegDialled:
    """The metered leg exists."""

    leg: Leg


@dataclass(frozen=True, slots=True)
class LegMoved:
    """Another channel has taken the metered leg's place, with its timer: a call was picked up."""

    leg: Leg


@dataclass(frozen=True, slots=True)
class Answered:
    """The metered leg was answered at `at_ms` (on the call's line), `at_us` by Asterisk's clock."""

    leg: Leg
    at_ms: int
    at_us: int


@dataclass(frozen=True, slots=True)
class Bridged:
    """The metered leg talks: the dialplan's part of the answer is over."""


@dataclass(frozen=True, slots=True)
class HangupRequested:
    """A party hung up, the end itself follows."""

    by: EndedBy


@dataclass(frozen=True, slots=True)
class CallerGone:
    """The channel that asked is no more: nothing else will be dialled for this call."""


@dataclass(frozen=True, slots=True)
class HungUp:
    """The metered leg ended, or it is known that there will be none.

    Args:
        at_us: by Asterisk's clock, or by the operator's rule for lost ends.
        source: the witness.
        cause: Q.850, if known.
        elapsed_ms: answer to end by the daemon's monotonic clock, if it saw both.
        answered_at_us: the answer, if this witness knows it.
        by: who hung up, if this witness knows it.
        was_up: the leg had been answered.
        uniqueid: of the leg, if it is known to be one leg's end; without it, it is the call's.
    """

    at_us: int
    source: EndSource
    cause: int | None = None
    elapsed_ms: int | None = None
    answered_at_us: int | None = None
    by: EndedBy | None = None
    was_up: bool = False
    uniqueid: str | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """It is not known whether the reservation was made; the same one is asked for again."""

    step: int


@dataclass(frozen=True, slots=True)
class Armed:
    """Asterisk's timer runs up to this much paid talk."""

    through_s: int


@dataclass(frozen=True, slots=True)
class ArmFailed:
    """Asterisk could not be told."""

    through_s: int


@dataclass(frozen=True, slots=True)
class AfterFailed:
    """Asterisk could not be told where the payer goes on after this much paid talk, or nowhere."""

    through_s: int


@dataclass(frozen=True, slots=True)
class Seen:
    """A `Status` shows the metered leg and the milliseconds left on its timer (None: no timer)."""

    leg: Leg
    left_ms: int | None


@dataclass(frozen=True, slots=True)
class CreditRaised:
    """A wallet that pays for this call has more to give than before."""


@dataclass(frozen=True, slots=True)
class RenewalStopped:
    """No further slice (`by` names why), or again allowed (None)."""

    by: EndedBy | None


@dataclass(frozen=True, slots=True)
class EndOrdered:
    """The call is to end now, charged to that moment."""

    by: EndedBy


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """Only trunk legs are left where somebody of the site has talked; the call may go on a while.

    Args:
        for_ms: so long.
    """

    for_ms: int


@dataclass(frozen=True, slots=True)
class Accompanied:
    """The metered leg is no more left alone with other trunk legs."""


@dataclass(frozen=True, slots=True)
class Tick:
    """The call's deadline has come."""


@dataclass(frozen=True, slots=True)
class Settled:
    """The record and the charge are durable."""


Event = (
    LegDialled | LegMoved | Answered | Bridged | HangupRequested | CallerGone | HungUp | Reserved
    | Refused | Unknown | Armed | ArmFailed | AfterFailed | Seen | CreditRaised | RenewalStopped
    | EndOrdered
    | LeftAlone | Accompanied | Tick | Settled
)  # fmt: skip


# Commands: what the machine wants done.


@dataclass(frozen=True, slots=True)
class AskSlice:
    """Ask the credit engine for paid talk of `least_s` to `want_s`, as this step."""

    step: int
    least_s: int
    want_s: int


@dataclass(frozen=True, slots=True)
class ArmTimeout:
    """Asterisk's timer on this leg shall end it at `at_ms`, when `through_s` of talk is over."""

    leg: Leg
    at_ms: int
    through_s: int


@dataclass(frozen=True, slots=True)
class Warn:
    """The payer alone hears that `left_ms` of talk are left."""

    left_ms: int


@dataclass(frozen=True, slots=True)
class SetAfter:
    """After `through_s` of paid talk the payer's leg goes on in this context; empty: nowhere.

    `at_us` is that instant by Asterisk's clock: an earlier end sends nobody anywhere.
    """

    leg: Leg
    context: str
    through_s: int
    at_us: int


@dataclass(frozen=True, slots=True)
class HangUp:
    """End this leg."""

    leg: Leg
    by: EndedBy


@dataclass(frozen=True, slots=True)
class Record:
    """What a restart needs to know has changed."""


@dataclass(frozen=True, slots=True)
class Investigate:
    """The end of this call is not certain: look at Asterisk's channels and at the spool."""


@dataclass(frozen=True, slots=True)
class Settle:
    """Book the call as this end says."""

    end: HungUp


Command = AskSlice | ArmTimeout | Warn | SetAfter | HangUp | Record | Investigate | Settle
