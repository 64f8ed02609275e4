"""Typed values from the headers of one AMI message; whatever is odd raises AmiMalformed."""

import re

from pbxcharge.asterisk.ami_message import Headers, variable_value
from pbxcharge.errors import AmiMalformed

LEG_VARIABLE = "PBXC_LEG"
"""Variable that names the call on its metered leg, and on no other channel."""
_BEGINNING = ("Channel", "ChannelState", "ChannelStateDesc", "CallerIDNum", "CallerIDName")
_TIME = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,6}))?")
_WHOLE = re.compile(r"[0-9]{1,18}")


def check_genuine(headers: Headers, prefix: str = "") -> None:
    """Refuse an event whose account of a channel is not in the order in which Asterisk writes it.

    Asterisk writes the caller's number as it came, line ends too. So a phone can put whatever it
    likes into the middle of an event, 79 bytes of it: enough for a short event of its own, but not
    for one that begins like this, which takes 95.

    Raises:
        AmiMalformed: it is not in that order.
    """
    names = tuple(headers)
    wanted = tuple(prefix + name for name in _BEGINNING)
    begins = names.index(wanted[0]) if wanted[0] in headers else 0
    if names[begins : begins + len(wanted)] != wanted:
        raise AmiMalformed(f"{wanted[0]} and what follows it are not as Asterisk writes them")
    variables, ids = f"{prefix}ChanVariable", f"{prefix}Linkedid"
    if variables in headers and ids in names[names.index(variables) :]:
        raise AmiMalformed(f"{variables} comes before {ids}")


def required(headers: Headers, name: str) -> str:
    """Header that must be there and must not be empty."""
    if not (value := headers.get(name)):
        raise AmiMalformed(f"{name} is missing")
    return value


def whole(headers: Headers, name: str, default: int | None = None) -> int:
    """Header that is a whole number, 0 or more; the default if it is absent or empty."""
    text = headers.get(name)
    if not text and default is not None:
        return default
    if text is None or not _WHOLE.fullmatch(text):
        raise AmiMalformed(f"{name} is no number: {text and text[:30]!r}")
    return int(text)


def microseconds(text: str, name: str = "Timestamp") -> int:
    """Microseconds since the epoch, exact: 1795299460.234737 gives 1795299460234737.

    Raises:
        AmiMalformed: not seconds with at most six decimals.
    """
    if not (match := _TIME.fullmatch(text)):
        raise AmiMalformed(f"{name} is no time: {text[:40]!r}")
    seconds, fraction = match.groups("")
    return int(seconds + fraction.ljust(6, "0"))


def stamped_at(headers: Headers) -> int:
    """Time stamp of an event.

    Raises:
        AmiMalformed: none, because manager.conf lacks `timestampevents = yes`, or a bad one.
    """
    text = headers.get("Timestamp")
    if text is None:
        raise AmiMalformed("an event without Timestamp: set timestampevents = yes in manager.conf")
    return microseconds(text)


def leg_call_id(headers: Headers, prefix: str = "") -> str | None:
    """Call id on the channel that the headers with this prefix describe."""
    text = headers.get(prefix + "ChanVariable")
    return None if text is None else variable_value(text, LEG_VARIABLE)
