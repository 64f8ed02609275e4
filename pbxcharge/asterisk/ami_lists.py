"""What Asterisk lists when asked: its live channels (Status) and the spool (DBGetTree)."""

import re
from dataclasses import dataclass

from pbxcharge.asterisk.ami_fields import LEG_VARIABLE, leg_call_id, microseconds, required, whole
from pbxcharge.asterisk.ami_message import Headers, variable_value
from pbxcharge.errors import AmiMalformed

SPOOL_FAMILY = "pbxcharge"
ANSWERED_VARIABLE = "PBXC_ANSWERED"
"""Set on the metered leg by the dialplan at the answer."""
TRANSFER_VARIABLE = "BLINDTRANSFER"
"""Set by Asterisk on a channel that was sent elsewhere: who sent it."""
STATUS_VARIABLES = f"{LEG_VARIABLE},{ANSWERED_VARIABLE},{TRANSFER_VARIABLE}"
_CODE = re.compile(r"[0-9]{1,3}")


@dataclass(frozen=True, slots=True)
class StatusEntry:
    """A channel that lives now.

    Args:
        uniqueid: its id.
        linkedid: what ties the channels of one conversation together.
        channel: its name.
        channel_state: 0 down, 4 ring, 5 ringing, 6 up.
        call_id: of the call whose metered leg it is; None for other channels.
        hangs_up_at_s: epoch second at which its timeout ends it; None without timeout.
        answered_at_us: when the dialplan saw the answer, microseconds since the epoch; None before.
        bridge_id: the bridge in which it talks; None if it talks to nobody.
        transferred: somebody has sent it where it is.
    """

    uniqueid: str
    linkedid: str
    channel: str
    channel_state: int
    call_id: str | None
    hangs_up_at_s: int | None
    answered_at_us: int | None = None
    bridge_id: str | None = None
    transferred: bool = False


@dataclass(frozen=True, slots=True)
class SpoolEnd:
    """A metered leg ended; its hangup handler wrote this.

    Args:
        uniqueid: of the leg, the key of the entry.
        call_id: the call, or `emergency`.
        answered_at_us: microseconds since the epoch; None if it was not answered.
        ended_at_us: likewise.
        cause: Q.850.
        hangup_source: name of the channel that hung up; empty if none did.
        channel: name of the leg's own channel; empty if an older dialplan wrote it.
    """

    uniqueid: str
    call_id: str
    answered_at_us: int | None
    ended_at_us: int
    cause: int
    hangup_source: str
    channel: str = ""


@dataclass(frozen=True, slots=True)
class SpoolDeny:
    """The dialplan refused an attempt, since the daemon gave no verdict.

    Args:
        uniqueid: of the caller's channel, the key of the entry.
        endpoint: who called.
        number: as dialled.
        at_us: when, microseconds since the epoch.
        sip_code: what the caller was answered.
    """

    uniqueid: str
    endpoint: str
    number: str
    at_us: int
    sip_code: int


@dataclass(frozen=True, slots=True)
class SpoolEmergency:
    """An emergency call was made, free and without the daemon.

    Args:
        uniqueid: of the caller's channel, the key of the entry.
        endpoint: who called.
        number: as dialled.
        setup_at_us: microseconds since the epoch.
        answered_at_us: likewise; None if it was not answered.
        ended_at_us: likewise.
        cause: Q.850.
    """

    uniqueid: str
    endpoint: str
    number: str
    setup_at_us: int
    answered_at_us: int | None
    ended_at_us: int
    cause: int


@dataclass(frozen=True, slots=True)
class SpoolUnreadable:
    """An entry that is none of the three; it stays where it is until somebody looks.

    Args:
        uniqueid: the key of the entry.
        text: its value.
        reason: what is wrong with it.
    """

    uniqueid: str
    text: str
    reason: str


SpoolEntry = SpoolEnd | SpoolDeny | SpoolEmergency | SpoolUnreadable


def parse_status(headers: Headers) -> StatusEntry:
    """Entry of the list that Status gives, asked with STATUS_VARIABLES.

    Raises:
        AmiMalformed: a required header is absent, doubled or no number.
    """
    variables = headers.get("Variable", "")
    call_id = leg_call_id(headers) or variable_value(variables, LEG_VARIABLE)
    return StatusEntry(
        uniqueid=required(headers, "Uniqueid"),
        linkedid=headers.get("Linkedid", ""),
        channel=required(headers, "Channel"),
        channel_state=whole(headers, "ChannelState"),
        call_id=call_id,
        hangs_up_at_s=whole(headers, "TimeToHangup", 0) or None,
        answered_at_us=_maybe(variable_value(variables, ANSWERED_VARIABLE) or ""),
        bridge_id=headers.get("BridgeID") or None,
        transferred=variable_value(variables, TRANSFER_VARIABLE) is not None,
    )


def application_in(line: Headers) -> str:
    """What a line of the dialplan does, as it is written in a file: `Dial(PJSIP/100,20)`."""
    return f"{line.get('Application', '')}({line.get('AppData', '')})"


def dialplan_line(line: Headers) -> str:
    """A line of the list that ShowDialPlan gives: `s,2(dial),Dial(PJSIP/100,20)`."""
    if "Priority" not in line:
        return f"include => {line.get('IncludeContext', '')}"
    label = line.get("ExtensionLabel")
    place = f"{line.get('Extension', '')},{line['Priority']}{f'({label})' if label else ''}"
    return f"{place},{application_in(line)}"


def parse_spool(key: str, text: str) -> SpoolEntry:
    """Entry of the spool: key `/pbxcharge/<uniqueid>`, value split by `|`.

    `end|<call id>|<answered or empty>|<ended>|<cause>|<hangup source>|<channel>`,
    `deny|<endpoint>|<number>|<at>|<sip code>` or
    `emergency|<endpoint>|<number>|<setup>|<answered or empty>|<ended>|<cause>`.
    """
    uniqueid = key.rpartition("/")[2]
    fields = text.split("|")
    try:
        match fields:
            case ["end", call_id, answered, ended, cause, source, *rest] if (
                call_id and not rest[1:]
            ):
                times = _maybe(answered), _time(ended)
                return SpoolEnd(uniqueid, call_id, *times, _code(cause), source, *rest)
            case ["deny", endpoint, number, at, sip_code]:
                return SpoolDeny(uniqueid, endpoint, number, _time(at), _code(sip_code))
            case ["emergency", endpoint, number, setup, answered, ended, cause]:
                return SpoolEmergency(
                    uniqueid,
                    endpoint,
                    number,
                    _time(setup),
                    _maybe(answered),
                    _time(ended),
                    _code(cause),
                )
    except AmiMalformed as error:
        return SpoolUnreadable(uniqueid, text, str(error))
    return SpoolUnreadable(uniqueid, text, f"{fields[0][:30]!r} with {len(fields)} fields")


def _time(text: str) -> int:
    return microseconds(text, "time")


def _maybe(text: str) -> int | None:
    return _time(text) if text else None


def _code(text: str) -> int:
    """Read a cause or a SIP code; Asterisk leaves it empty where it knows none."""
    if text and not _CODE.fullmatch(text):
        raise AmiMalformed(f"no code: {text[:30]!r}")
    return int(text or 0)
