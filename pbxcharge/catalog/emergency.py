"""The emergency numbers as the dialplan knows them, written from the site's list and compared.

The dialplan decides emergency calls without asking the daemon, so it holds the list a second time.
A number that is missing there would be refused with everything else when the daemon is away; one
too many would be a free call for everybody.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pbxcharge.catalog.findings import Finding, Severity

CONTEXT = "pbxc-emergency"

_HEAD = f"""\
; The emergency numbers of this site, in every form that is dialled, and what each of them dials.
; Written by "pbxcharge dialplan emergency" from the site's list: change the list, write this file \
anew, reload the dialplan.
[{CONTEXT}]
"""
_DIALS = re.compile(r"Gosub\(pbxc-emergency-call,s,1\([^,()]*,([^,()]+)\)\)")
_EXTENSION = re.compile(r"exten\s*=>?\s*([^,\s]+)\s*,\s*1\s*,\s*(.*)")


@dataclass(frozen=True, slots=True)
class EmergencyRoute:
    """An emergency number as users dial it, and what Asterisk dials for it."""

    dialled: str
    dials: str


def emergency_context(routes: tuple[EmergencyRoute, ...]) -> str:
    """The text of `pbxcharge-emergency.conf`: one extension for each number on the list."""
    lines = (f"exten => {number},1,{does}\n" for number, does in _extensions(routes).items())
    return _HEAD + "".join(lines)


def read_context(text: str) -> dict[str, str]:
    """The extensions of the emergency context in a dialplan file, with what each of them does.

    A line of the context that is no extension stands for itself, so that it shows as a difference.
    """
    found: dict[str, str] = {}
    inside = False
    for line in text.splitlines():
        content = line.split(";", 1)[0].strip()
        if content.startswith("["):
            inside = content.startswith(f"[{CONTEXT}]")
        elif content and inside:
            extension = _EXTENSION.fullmatch(content)
            number, does = extension.groups() if extension else (content, "")
            found[number] = does
    return found


def compare(routes: tuple[EmergencyRoute, ...], text: str, file: str) -> Finding | None:
    """How the text of a dialplan file differs from the list; None if it does not."""
    return compare_loaded(routes, read_context(text), file)


def compare_loaded(
    routes: tuple[EmergencyRoute, ...], loaded: Mapping[str, str], where: str
) -> Finding | None:
    """The same for a dialplan that Asterisk has loaded.

    Args:
        routes: the site's list.
        loaded: extensions of the context with the application of priority 1, written as in a file:
            `{"112": "Gosub(pbxc-emergency-call,s,1(112,PJSIP/112@carrier))"}`.
        where: what the finding calls the dialplan.
    """
    differences = "; ".join(_differences(_extensions(routes), loaded))
    if not differences:
        return None
    message = f"the emergency numbers of the dialplan differ from the site's list: {differences}"
    hint = 'write the file anew with "pbxcharge dialplan emergency", then "dialplan reload"'
    return Finding(Severity.ERROR, where, 0, CONTEXT, message, hint)


def dialled_by(loaded: Mapping[str, str]) -> tuple[str, ...]:
    """What a loaded context dials: `PJSIP/112@carrier` of the example of `compare_loaded`."""
    found = (_DIALS.fullmatch(does) for does in loaded.values())
    return tuple(each[1] for each in found if each)


def _extensions(routes: tuple[EmergencyRoute, ...]) -> dict[str, str]:
    return {
        route.dialled: f"Gosub(pbxc-emergency-call,s,1({route.dialled},{route.dials}))"
        for route in routes
    }


def _differences(wanted: Mapping[str, str], loaded: Mapping[str, str]) -> Iterator[str]:
    for number, does in wanted.items():
        if number not in loaded:
            yield f"{number} is missing"
        elif loaded[number] != does:
            yield f"{number} does {loaded[number]} instead of {does}"
    for number in sorted(loaded.keys() - wanted.keys()):
        yield f"{number} is not on the list"
