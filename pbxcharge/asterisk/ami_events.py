"""Events of AMI from their headers."""

from collections.abc import Callable

from pbxcharge.asterisk.ami_fields import check_genuine, leg_call_id, required, stamped_at, whole
from pbxcharge.asterisk.ami_message import Headers
from pbxcharge.asterisk.events import (
    AttendedTransfer,
    BlindTransfer,
    BridgeEnter,
    Cdr,
    DialBegin,
    DialEnd,
    Event,
    FullyBooted,
    Hangup,
    HangupRequest,
    LegAnswered,
    LegCreated,
    LegEvent,
    LegRinging,
    Pickup,
    Shutdown,
    UserEvent,
)

STATE_UP = 6
"""The channel is answered. Source: `enum ast_channel_state`."""


def _leg(headers: Headers) -> tuple[int, str, str, str, str | None, int]:
    check_genuine(headers)
    return (
        stamped_at(headers),
        required(headers, "Uniqueid"),
        required(headers, "Linkedid"),
        required(headers, "Channel"),
        leg_call_id(headers),
        whole(headers, "ChannelState"),
    )


def _dial(headers: Headers) -> tuple[int, str | None, str | None, str, str, str, str | None]:
    check_genuine(headers, "Dest")
    if "Channel" in headers:
        check_genuine(headers)
    return (
        stamped_at(headers),
        headers.get("Uniqueid"),
        headers.get("Channel"),
        required(headers, "DestUniqueid"),
        required(headers, "DestLinkedid"),
        required(headers, "DestChannel"),
        leg_call_id(headers, "Dest"),
    )


def _newstate(headers: Headers) -> LegEvent:
    leg = _leg(headers)
    return LegAnswered(*leg) if leg[5] == STATE_UP else LegRinging(*leg)


def _bridge_enter(headers: Headers) -> BridgeEnter:
    bridge_id = required(headers, "BridgeUniqueid")
    return BridgeEnter(*_leg(headers), bridge_id, headers.get("SwapUniqueid"))


def _dial_begin(headers: Headers) -> DialBegin:
    return DialBegin(*_dial(headers), headers.get("DialString", ""))


def _dial_end(headers: Headers) -> DialEnd:
    status = required(headers, "DialStatus")
    return DialEnd(*_dial(headers), status, headers.get("Forward") or None)


def _cdr(headers: Headers) -> Cdr:
    return Cdr(
        stamped_at(headers),
        required(headers, "UniqueID"),
        required(headers, "Channel"),
        headers.get("DestinationChannel", ""),
        required(headers, "Disposition"),
        whole(headers, "Duration"),
        whole(headers, "BillableSeconds"),
    )


def _blind_transfer(headers: Headers) -> BlindTransfer:
    check_genuine(headers, "Transferer")
    return BlindTransfer(
        stamped_at(headers),
        required(headers, "Result"),
        required(headers, "TransfererUniqueid"),
        headers.get("TransfereeUniqueid"),
        leg_call_id(headers, "Transferee"),
        headers.get("Context", ""),
        headers.get("Extension", ""),
    )


def _attended_transfer(headers: Headers) -> AttendedTransfer:
    check_genuine(headers, "OrigTransferer")
    parties = [p for p in ("Transferee", "TransferTarget") if f"{p}Uniqueid" in headers]
    call_ids = [leg_call_id(headers, party) for party in parties]
    return AttendedTransfer(
        stamped_at(headers),
        required(headers, "Result"),
        tuple(required(headers, f"{x}TransfererUniqueid") for x in ("Orig", "Second")),
        tuple(headers[f"{party}Uniqueid"] for party in parties),
        tuple(call_id for call_id in call_ids if call_id is not None),
        headers.get("DestType", ""),
    )


def _pickup(headers: Headers) -> Pickup:
    return Pickup(
        stamped_at(headers),
        required(headers, "Uniqueid"),
        required(headers, "Channel"),
        required(headers, "TargetUniqueid"),
        leg_call_id(headers, "Target"),
    )


def _user_event(headers: Headers) -> UserEvent:
    name = required(headers, "UserEvent")
    return UserEvent(stamped_at(headers), name, headers.get("Uniqueid"), dict(headers))


_READERS: dict[str, Callable[[Headers], Event]] = {
    "Newchannel": lambda headers: LegCreated(*_leg(headers)),
    "Newstate": _newstate,
    "DialBegin": _dial_begin,
    "DialEnd": _dial_end,
    "BridgeEnter": _bridge_enter,
    "HangupRequest": lambda headers: HangupRequest(*_leg(headers), whole(headers, "Cause", 0)),
    "Hangup": lambda headers: Hangup(*_leg(headers), whole(headers, "Cause", 0)),
    "Cdr": _cdr,
    "BlindTransfer": _blind_transfer,
    "AttendedTransfer": _attended_transfer,
    "Pickup": _pickup,
    "UserEvent": _user_event,
    "FullyBooted": lambda headers: FullyBooted(whole(headers, "Uptime", 0)),
    "Shutdown": lambda h: Shutdown(stamped_at(h), h.get("Restart") == "True"),
}

EVENT_NAMES = frozenset(_READERS)
"""The events that are used; the manager user's filter lets through no others."""


def parse_event(headers: Headers) -> Event | None:
    """Event from the headers of a message; None if it is none that is used.

    Raises:
        AmiMalformed: it lacks what it must have, or a value is not what it must be.
    """
    reader = _READERS.get(headers.get("Event", ""))
    return None if reader is None else reader(headers)
