"""AMI messages as pure functions: a block of headers in, an action out.

A header of an event that comes twice is refused, since Asterisk writes some values unescaped and a
line break in one of them would forge another header.
"""

import re
from collections.abc import Mapping

from pbxcharge.errors import AmiMalformed, AmiRefused

Headers = Mapping[str, str]
"""Headers by name. The lines of one that may repeat are joined by a line end, in their order."""

LINE_BYTES_MAX = 1000
"""Asterisk refuses a line of more than 1,024 bytes. Source: `manager.c`, `inbuf`."""
MESSAGE_BYTES_MAX = 1 << 16
"""Asterisk's longest messages have some thousand bytes; more is not taken apart."""
EOL = "\r\n"

_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]*: [^\x00-\x1f\x7f]*")
_EMPTY = frozenset({"", "(null)"})
_CHANNEL = re.compile(r"[A-Za-z0-9_]+/[^\x00-\x1f\x7f\s]+|(?:[^\x00-\x1f\x7f\s/]+-)?\d+\.\d+")


def parse_message(block: bytes) -> Headers:
    """Headers of one message, which is what stands before the blank line.

    Raises:
        AmiMalformed: a line is no header, one comes twice that must not, or it is too long.
    """
    if len(block) > MESSAGE_BYTES_MAX:
        raise AmiMalformed("message too long")
    lines = block.decode("utf-8", "replace").split(EOL)
    try:
        headers = dict([line.split(": ", 1) for line in lines])
    except ValueError:
        return _parse_carefully(lines)
    return headers if len(headers) == len(lines) else _parse_carefully(lines)


def _parse_carefully(lines: list[str]) -> Headers:
    headers: dict[str, list[str]] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise AmiMalformed(f"no header: {line[:60]!r}")
        values = headers.setdefault(name, [])
        if values and not _may_repeat(name):
            raise AmiMalformed(f"header {name[:60]!r} comes twice")
        values.append(value.removeprefix(" "))
    return {name: EOL.join(values) for name, values in headers.items()}


def _may_repeat(name: str) -> bool:
    """One line for each variable: `ChanVariable`, `DestChanVariable`, `Variable` …."""
    return name.endswith("Variable")


def format_action(action: Mapping[str, object], action_id: str) -> bytes:
    """Bytes of an action, its ActionID added.

    Raises:
        AmiRefused: a name or a value would not arrive as one header. A bare line feed is enough
            to smuggle in a second action.
    """
    lines = [f"ActionID: {action_id}\r\n"]
    for name, value in action.items():
        line = f"{name}: {value}"
        if not _HEADER.fullmatch(line) or len(line.encode()) > LINE_BYTES_MAX:
            raise AmiRefused(f"header {name[:60]!r} too long, or it could start another action")
        lines.append(line + EOL)
    lines.append(EOL)
    return "".join(lines).encode()


def channel_id(channel: str) -> str:
    """Name or uniqueid of one channel, checked.

    Asterisk takes both. A uniqueid is never used again; names start at 0 after each restart.

    Raises:
        AmiRefused: empty, or a pattern (`/…/` makes Hangup end every channel that matches).
    """
    if not _CHANNEL.fullmatch(channel):
        raise AmiRefused(f"not one channel: {channel[:60]!r}")
    return channel


def variable_value(text: str, name: str) -> str | None:
    """Value of one variable in a `ChanVariable` or `Variable` header, None if empty or absent.

    `PBXC_LEG=`, `PBXC_LEG=(null)` and no line at all mean the same.

    Raises:
        AmiMalformed: it is there twice with two values.
    """
    value = None
    for line in text.split(EOL):
        variable, _, found = line.partition("=")
        if variable == name and found not in _EMPTY:
            if value not in (None, found):
                raise AmiMalformed(f"{name} has two values")
            value = found
    return value
