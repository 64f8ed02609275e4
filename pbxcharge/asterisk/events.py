"""What Asterisk tells about channels, as frozen values.

Every `at_us` is Asterisk's time stamp in microseconds since the epoch. `call_id` is the call whose
metered leg the event is about (`emergency` on the legs of emergency calls), else None.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LegEvent:
    """What happened to one channel.

    Args:
        at_us: when.
        uniqueid: id of the channel, never used again by this Asterisk.
        linkedid: what ties the channels of one conversation together; it changes in transfers.
        channel: its name, used again after a restart.
        call_id: see above.
        channel_state: 0 down, 4 ring, 5 ringing, 6 up.
    """

    at_us: int
    uniqueid: str
    linkedid: str
    channel: str
    call_id: str | None
    channel_state: int


@dataclass(frozen=True, slots=True)
class LegCreated(LegEvent):
    """A channel that somebody calls from here exists (`Newchannel`); its call id is not set yet."""


@dataclass(frozen=True, slots=True)
class LegRinging(LegEvent):
    """A channel changed its state, but not to up (`Newstate`)."""


@dataclass(frozen=True, slots=True)
class LegAnswered(LegEvent):
    """A channel is up (`Newstate` 6): talk begins, if it is a metered leg."""


@dataclass(frozen=True, slots=True)
class BridgeEnter(LegEvent):
    """A channel joined a bridge.

    Args:
        bridge_id: the bridge.
        swap_uniqueid: the channel whose place it took, in a transfer.
    """

    bridge_id: str
    swap_uniqueid: str | None


@dataclass(frozen=True, slots=True)
class HangupRequest(LegEvent):
    """A party of this channel asked to end it: the first one names who hung up.

    Args:
        cause: Q.850.
    """

    cause: int


@dataclass(frozen=True, slots=True)
class Hangup(LegEvent):
    """A channel is gone.

    Args:
        cause: Q.850; 0 unknown.
    """

    cause: int


@dataclass(frozen=True, slots=True)
class DialEvent:
    """What Dial did with a channel that it called; `call_id` is that of the dialled one.

    Args:
        at_us: when.
        uniqueid: the caller's channel; None without caller (Originate).
        channel: its name.
        dest_uniqueid: the dialled channel.
        dest_linkedid: its linkedid.
        dest_channel: its name.
        call_id: see above.
    """

    at_us: int
    uniqueid: str | None
    channel: str | None
    dest_uniqueid: str
    dest_linkedid: str
    dest_channel: str
    call_id: str | None


@dataclass(frozen=True, slots=True)
class DialBegin(DialEvent):
    """Dial called a channel.

    Args:
        dial_string: what it was given after the technology, such as `442079460000@carrier`.
    """

    dial_string: str


@dataclass(frozen=True, slots=True)
class DialEnd(DialEvent):
    """A dialled channel answered or failed.

    Args:
        dial_status: ANSWER, BUSY, CANCEL, NOANSWER, CONGESTION, CHANUNAVAIL, ….
        forward: where the far end wanted to divert to; None without diversion.
    """

    dial_status: str
    forward: str | None


@dataclass(frozen=True, slots=True)
class Cdr:
    """Asterisk's own record, one to three for an attempt: it confirms and decides nothing.

    Args:
        at_us: when it was written.
        uniqueid: the caller's channel.
        channel: its name.
        dest_channel: name of the dialled channel; empty if none.
        disposition: ANSWERED, NO ANSWER, BUSY, FAILED, ….
        duration_s: from set-up, whole seconds.
        billable_s: from answer, whole seconds.
    """

    at_us: int
    uniqueid: str
    channel: str
    dest_channel: str
    disposition: str
    duration_s: int
    billable_s: int


@dataclass(frozen=True, slots=True)
class BlindTransfer:
    """A party left its bridge and sent the other one into the dialplan.

    Args:
        at_us: when.
        result: `Success` or why not.
        transferer_uniqueid: who leaves.
        transferee_uniqueid: who goes on; None if it was a whole bridge.
        transferee_call_id: its call id.
        context: where to.
        extension: where to.
    """

    at_us: int
    result: str
    transferer_uniqueid: str
    transferee_uniqueid: str | None
    transferee_call_id: str | None
    context: str
    extension: str


@dataclass(frozen=True, slots=True)
class AttendedTransfer:
    """A party connected its two calls with each other and leaves.

    Args:
        at_us: when.
        result: `Success` or why not.
        transferer_uniqueids: its two channels.
        party_uniqueids: the channels that stay, as far as named.
        party_call_ids: their call ids.
        dest_type: Bridge, App, Link, Threeway, Fail.
    """

    at_us: int
    result: str
    transferer_uniqueids: tuple[str, ...]
    party_uniqueids: tuple[str, ...]
    party_call_ids: tuple[str, ...]
    dest_type: str


@dataclass(frozen=True, slots=True)
class Pickup:
    """A ringing call was taken by another channel, which loses a timeout that was set.

    Args:
        at_us: when.
        uniqueid: who picked up.
        channel: its name.
        target_uniqueid: the channel that was ringing.
        call_id: of the channel that was ringing.
    """

    at_us: int
    uniqueid: str
    channel: str
    target_uniqueid: str
    call_id: str | None


@dataclass(frozen=True, slots=True)
class UserEvent:
    """The dialplan said something.

    Args:
        at_us: when.
        name: of the event.
        uniqueid: the channel; None without one.
        headers: all of them.
    """

    at_us: int
    name: str
    uniqueid: str | None
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FullyBooted:
    """Asterisk is up; follows each login at once or when it has booted.

    Args:
        uptime_s: since its start.
    """

    uptime_s: int


@dataclass(frozen=True, slots=True)
class Shutdown:
    """Asterisk is going down.

    Args:
        at_us: when.
        restart: it will come back by itself.
    """

    at_us: int
    restart: bool


Event = (
    LegEvent
    | DialEvent
    | Cdr
    | BlindTransfer
    | AttendedTransfer
    | Pickup
    | UserEvent
    | FullyBooted
    | Shutdown
)
