"""What single values of the settings may look like."""

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import ValidationInfo

from pbxcharge.catalog.scalars import Reader, matching, reads, shown, whole, wrong


def _read_path(value: Any, info: ValidationInfo) -> Path:
    if isinstance(value, Path):
        return value
    if not isinstance(value, str) or not value.strip() or "\n" in value:
        raise wrong("is not a path", "write an absolute path, or one relative to this file")
    folder: Path = (info.context or {}).get("folder", Path())
    return folder / value


def _read_address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        raise wrong(f"{shown(text)} is not an IP address", "such as 127.0.0.1") from None


def _read_zone(text: str) -> str:
    try:
        return ZoneInfo(text).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        hint = "a name of the time zone database, such as Europe/Berlin or UTC"
        raise wrong(f"{shown(text)} is not a time zone", hint) from None


FilePath = Annotated[Path, Reader(_read_path)]
Address = Annotated[str, reads(_read_address)]
ZoneName = Annotated[str, reads(_read_zone)]
Host = Annotated[str, matching(r"[A-Za-z0-9.:-]{1,253}", "a host", "such as 127.0.0.1")]
Port = Annotated[int, whole(1, 65_535)]
Currency = Annotated[str, matching("[A-Z]{3}", "a currency", "three capital letters, such as EUR")]
_DIAL = r"[A-Za-z0-9]+/[A-Za-z0-9_.:@+-]*\{number\}[A-Za-z0-9_.:@+-]*"
_DIAL_HINT = "technology, {number} once and a trunk, such as PJSIP/{number}@carrier"
DialString = Annotated[str, matching(_DIAL, "a way to dial", _DIAL_HINT)]
TrunkDial = Annotated[
    str,
    matching(f"no|{_DIAL}", "a way to dial", f"{_DIAL_HINT}, or no where calls only come in"),
]
DialPrefix = Annotated[
    str,
    matching("[1-9][0-9]{0,14}", "a prefix", "leading digits of E.164 without a plus, such as 49"),
]
EmergencyNumber = Annotated[
    str, matching(r"\+?[0-9]{2,15}", "a number", "2 to 15 digits, as the users dial them")
]
OnNetPrefix = Annotated[str, matching("[0-9]{1,8}", "a prefix", "1 to 8 digits, such as 8")]
RulePrefix = Annotated[str, matching(r"\+?[0-9]{0,15}", "a prefix", 'digits, "+" or nothing ("")')]
RuleDigits = Annotated[str, matching("[0-9]{0,15}", "a prefix", 'digits, or nothing ("")')]
