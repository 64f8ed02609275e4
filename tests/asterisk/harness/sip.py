"""SIP messages as text in and values out: the little that two parties on one machine need."""

import re
from dataclasses import dataclass

REASONS = {100: "Trying", 180: "Ringing", 183: "Session Progress", 200: "OK", 202: "Accepted"}


class NotSip(ValueError):
    """The text is not a SIP message."""


@dataclass(frozen=True, slots=True)
class SipMessage:
    """One request or response, its headers in order."""

    start: str
    headers: tuple[tuple[str, str], ...]
    body: str

    def all(self, name: str) -> list[str]:
        """Every value of a header, in order."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def get(self, name: str) -> str:
        """The first value of a header, or nothing."""
        return next(iter(self.all(name)), "")

    @property
    def code(self) -> int | None:
        """The status of a response; None for a request."""
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0 ") else None

    @property
    def method(self) -> str:
        """The request's method, for a response the one that it answers."""
        return self.get("CSeq").split()[1]

    @property
    def cseq(self) -> int:
        """The number that pairs a response with its request."""
        return int(self.get("CSeq").split()[0])

    @property
    def what(self) -> str:
        """INVITE, BYE … or 180, 200 …."""
        return self.start.split()[0] if self.code is None else str(self.code)

    @property
    def dialled(self) -> str:
        """The user part of a request's address: `44123` of `sip:44123@192.0.2.1`."""
        return self.start.split()[1].removeprefix("sip:").split("@")[0]


def parse(raw: bytes) -> SipMessage:
    """Take a datagram apart.

    Raises:
        NotSip: there is no start line or no CSeq.
    """
    head, _, body = raw.decode(errors="replace").partition("\r\n\r\n")
    start, *lines = head.split("\r\n")
    headers = tuple(
        (name.strip(), value.strip()) for name, _, value in (line.partition(":") for line in lines)
    )
    message = SipMessage(start, headers, body)
    if "SIP/2.0" not in start or len(message.get("CSeq").split()) != 2:
        raise NotSip(start)
    return message


def compose(start: str, headers: list[tuple[str, str]], body: str = "") -> bytes:
    """Put a message together; the body is always a description of media."""
    lines = [start, *(f"{name}: {value}" for name, value in headers)]
    if body:
        lines.append("Content-Type: application/sdp")
    lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", body]).encode()


def respond(
    request: SipMessage, code: int, *, to: str, contact: str, reason: str = "", body: str = ""
) -> bytes:
    """Answer a request: its own Via, From, Call-ID and CSeq, and our side of To."""
    headers = [("Via", via) for via in request.all("Via")]
    headers += [("Record-Route", route) for route in request.all("Record-Route")]
    headers += [("From", request.get("From")), ("To", to), ("Call-ID", request.get("Call-ID"))]
    headers += [("CSeq", request.get("CSeq")), ("Contact", contact)]
    return compose(f"SIP/2.0 {code} {reason or REASONS.get(code, 'Refused')}", headers, body)


def address_in(header: str) -> str:
    """The bare address of a Contact: `sip:a@b` of `"A" <sip:a@b>;x=1`."""
    inside = header.partition("<")[2].partition(">")[0]
    return inside or header.partition(";")[0]


def tag_in(header: str) -> str:
    """The tag of a From or To: `x` of `<sip:a@b>;tag=x`."""
    return header.partition(";tag=")[2].partition(";")[0]


def media_address(message: SipMessage) -> tuple[str, int] | None:
    """Where the sender of a message wants to hear sound, if it describes that."""
    host = re.search(r"^c=IN IP4 (\S+)", message.body, re.M)
    port = re.search(r"^m=audio (\d+)", message.body, re.M)
    return (host[1], int(port[1])) if host and port else None


def media_description(host: str, port: int) -> str:
    """One audio stream, µ-law and telephone events."""
    lines = [
        "v=0",
        f"o=- 1 1 IN IP4 {host}",
        "s=-",
        f"c=IN IP4 {host}",
        "t=0 0",
        f"m=audio {port} RTP/AVP 0 101",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=sendrecv",
    ]
    return "\r\n".join([*lines, ""])
