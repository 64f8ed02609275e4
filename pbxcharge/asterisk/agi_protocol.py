"""FastAGI on the wire as pure functions: what Asterisk asks, what we command, what it answers.

Asterisk writes the values of its header unescaped, so a line break that was smuggled into a value
would be another header. Therefore a header is read strictly: anything odd refuses the session.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType

from pbxcharge.errors import AgiError

COMMAND_BYTES_MAX = 8191
"""Asterisk cuts a longer command line. Source: `res_agi.c`, `AGI_BUF_LEN`."""
USAGE_LINES_MAX = 200
"""The longest usage text of Asterisk 22 has about 30 lines."""

WAYS = ("outgoing", "incoming")
FORWARDED = "forwarded"
_FORWARDS = ("", "dialled", FORWARDED)
_ARGUMENTS = (4, 5, 7)
"""Of `authorize`: an Asterisk whose dialplan is older than the daemon tells less."""

_HEADER_BLOCK = re.compile(r"(?:agi_[a-z0-9_]+: [^\x00-\x1f\x7f]*(?:\n|\Z))+")
_VERB = re.compile(r"[A-Z]+(?: [A-Z]+)*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_REPLY = re.compile(r"(\d{3})([ -])(.*)")
_RESULT = re.compile(r"result=(-?\d*)(?: ?\((.*)\))?(?: endpos=\d+)?\s*")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")
_PHONE = re.compile(r"PJSIP/(.+)-[0-9a-f]{8}")
_VALUES = re.compile(r"[A-Za-z0-9_.:/@+*#-]*")


@dataclass(frozen=True, slots=True)
class AgiRequest:
    """What Asterisk says about the channel that asks, at the start of a session.

    Args:
        script: the path of the agi:// address, without its query.
        args: the arguments of the dialplan's `AGI()`, in order.
        channel: name of the channel that asks.
        uniqueid: its id, never used again by this Asterisk.
        headers: every header as it came.
    """

    script: str
    args: tuple[str, ...]
    channel: str
    uniqueid: str
    headers: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class AuthorizeRequest:
    """Asks before a paid Dial whether this call may be made.

    Args:
        channel: name of the caller's channel.
        uniqueid: id of the caller's channel.
        endpoint: whose call it is: `CHANNEL(endpoint)`, which the caller cannot forge, or who
            transferred or forwarded the call.
        number: the dialled digits, filtered by the dialplan; the DID as the trunk sent it.
        way: `outgoing` from a phone, `incoming` from a trunk.
        linkedid: `CHANNEL(linkedid)`.
        caller_number: who calls in, as the trunk says; empty if it does not.
        access: the context of the dialplan, or the access code, by which the call came; empty where
            a dialplan of old does not say.
        forwarded: whether an extension is asked for that has not dialled, in its absence.
    """

    channel: str
    uniqueid: str
    endpoint: str
    number: str
    way: str
    linkedid: str
    caller_number: str = ""
    access: str = ""
    forwarded: bool = False


@dataclass(frozen=True, slots=True)
class BalanceRequest:
    """Asks what the owner of a phone has, and could talk.

    Args:
        endpoint: the phone that asks, and can ask for nobody else; empty if no phone asks.
        number: to which number; empty if that is not asked.
    """

    endpoint: str
    number: str


@dataclass(frozen=True, slots=True)
class AgiReply:
    """One answer: `200 result=1 (+44123)` has code 200, result "1" and value "+44123".

    Args:
        code: 200 done, 510 unknown command, 511 not on a dead channel, 520 wrong usage.
        result: the digits after `result=`; may be empty.
        value: what stands in brackets; None without brackets.
        text: the line after the code.
    """

    code: int
    result: str
    value: str | None
    text: str


def parse_request(block: bytes) -> AgiRequest:
    r"""Request from the header block, the blank line excluded.

    Raises:
        AgiError: a header comes twice, a line is no `agi_…: value`, a value has a control
            character, or script, channel or uniqueid is missing.
    """
    text = block.decode("utf-8", "replace")
    if not _HEADER_BLOCK.fullmatch(text):
        raise AgiError("malformed AGI header")
    lines = text.removesuffix("\n").split("\n")
    headers = dict([line.split(": ", 1) for line in lines])
    if len(headers) != len(lines):
        raise AgiError("an AGI header comes twice")
    return AgiRequest(
        script=_required(headers, "agi_network_script").partition("?")[0],
        args=_arguments(headers),
        channel=_required(headers, "agi_channel"),
        uniqueid=_required(headers, "agi_uniqueid"),
        headers=MappingProxyType(headers),
    )


def _required(headers: Mapping[str, str], name: str) -> str:
    if not (value := headers.get(name)):
        raise AgiError(f"AGI header {name} is missing")
    return value


def _arguments(headers: Mapping[str, str]) -> tuple[str, ...]:
    args: list[str] = []
    while (value := headers.get(f"agi_arg_{len(args) + 1}")) is not None:
        args.append(value)
    return tuple(args)


def parse_authorize(request: AgiRequest) -> AuthorizeRequest:
    """Read the arguments of `authorize`: who, number, way, linkedid, who calls in, access, forward.

    The last one is `dialled` or `forwarded`.

    Raises:
        AgiError: not four, five or seven, a way or a last word that is none, an empty endpoint or
            linkedid. A comma in the dialled number shows here, since Asterisk splits arguments at
            commas.
    """
    if len(request.args) not in _ARGUMENTS:
        raise AgiError(f"authorize takes 4, 5 or 7 arguments, not {len(request.args)}")
    endpoint, number, way, linkedid, *more = request.args
    caller_number, access, forward = (*more, "", "", "")[:3]
    if way not in WAYS:
        raise AgiError(f"authorize knows the ways {' and '.join(WAYS)}")
    if not (endpoint and linkedid):
        raise AgiError("authorize needs endpoint and linkedid")
    if forward not in _FORWARDS:
        raise AgiError("authorize knows calls that are dialled or forwarded")
    return AuthorizeRequest(
        request.channel,
        request.uniqueid,
        endpoint,
        number,
        way,
        linkedid,
        caller_number,
        access,
        forward == FORWARDED,
    )


def parse_balance(request: AgiRequest) -> BalanceRequest:
    """Read the argument of `balance`: a number, or none. Who asks is told by the channel's name.

    `PJSIP/alice-0000001a` is alice's phone; Asterisk makes that name, and nobody else can.

    Raises:
        AgiError: more than one argument, such as a name.
    """
    if len(request.args) > 1:
        raise AgiError(f"balance takes one argument, not {len(request.args)}")
    phone = _PHONE.fullmatch(request.channel)
    return BalanceRequest(phone[1] if phone else "", "".join(request.args))


class ReplyParser:
    """Lines of Asterisk in, whole answers out.

    `HANGUP` lines come between answers and are none: they only set `hungup`. A usage text
    (`520-…` to `520 …`) is one answer of several lines.
    """

    __slots__ = ("_usage", "hungup")

    def __init__(self) -> None:
        self.hungup = False
        self._usage: list[str] | None = None

    def feed(self, line: str) -> AgiReply | None:
        """Answer that this line completes, if any.

        Raises:
            AgiError: the line is no part of an answer.
        """
        if self._usage is not None:
            return self._feed_usage(line)
        if line == "HANGUP":
            self.hungup = True
            return None
        if not (match := _REPLY.fullmatch(line)):
            raise AgiError("unreadable AGI answer")
        code, separator, rest = int(match[1]), match[2], match[3]
        if separator == "-":
            self._usage = [rest]
            return None
        return None if code == 100 else _reply(code, rest)  # 100 says “trying”: the answer follows

    def _feed_usage(self, line: str) -> AgiReply | None:
        usage = self._usage
        assert usage is not None  # noqa: S101 - feed() looked
        if line.startswith("520 "):
            self._usage = None
            return AgiReply(520, "", None, " ".join(usage))
        usage.append(line)
        if len(usage) > USAGE_LINES_MAX:
            raise AgiError("endless AGI usage text")
        return None


def _reply(code: int, rest: str) -> AgiReply:
    if code != 200:
        return AgiReply(code, "", None, rest)
    if not (match := _RESULT.fullmatch(rest)):
        raise AgiError("unreadable AGI result")
    return AgiReply(code, match[1], match[2], rest)


def quote(argument: str) -> str:
    r"""Argument in quotes, as Asterisk takes them apart: `a"b` becomes `"a\"b"`.

    Raises:
        AgiError: a control character, which could start a second command.
    """
    if _CONTROL.search(argument):
        raise AgiError("control character in an AGI argument")
    return '"' + argument.replace("\\", "\\\\").replace('"', '\\"') + '"'


def format_command(verb: str, *args: str) -> str:
    """Command line without its line end: `DATABASE DEL "pbxcharge" "1.2"`.

    Raises:
        AgiError: the verb is not upper-case words, or an argument has a control character.
    """
    if not _VERB.fullmatch(verb):
        raise AgiError("malformed AGI verb")
    return " ".join([verb, *map(quote, args)])


def encode_command(line: str) -> bytes:
    """Bytes to send for one command line.

    Raises:
        AgiError: a control character, or longer than Asterisk reads.
    """
    if _CONTROL.search(line):
        raise AgiError("control character in an AGI command")
    encoded = line.encode() + b"\n"
    if len(encoded) > COMMAND_BYTES_MAX:
        raise AgiError("AGI command too long")
    return encoded


def verdict_command(variables: Mapping[str, str]) -> str:
    """Set all variables in one command, all or nothing, in the order given.

    {"A": "1", "PBXC_VERDICT": "ALLOW"} gives `SET VARIABLE "ARRAY(A,PBXC_VERDICT)" "1,ALLOW"`.
    Several commands would leave a verdict without its lease when the session breaks between them.
    Values are numbers and identifiers, since `ARRAY` takes commas, quotes and brackets apart.

    Raises:
        AgiError: no variable, a bad name, or a character that a value must not have.
    """
    if not all(map(_VALUES.fullmatch, variables.values())):
        raise AgiError("character in a variable's value that could change the verdict")
    return f'{_array(tuple(variables))} "{",".join(variables.values())}"'


@lru_cache(maxsize=64)
def _array(names: tuple[str, ...]) -> str:
    if not names or not all(map(_VARIABLE.fullmatch, names)):
        raise AgiError("malformed variable name")
    return f'SET VARIABLE "ARRAY({",".join(names)})"'
