"""The file of high-risk destinations: prefixes that plans bar unless they say otherwise.

One prefix a line, leading digits of the full international number; `#` begins a comment.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from pbxcharge.catalog.findings import Finding, Severity
from pbxcharge.catalog.scalars import shown
from pbxcharge.core.number import E164_DIGITS_MAX
from pbxcharge.core.tariff import NO_PREFIXES, Prefixes

BYTES_MAX = 1_000_000
_PREFIX = re.compile(f"[1-9][0-9]{{0,{E164_DIGITS_MAX - 1}}}")
_HINT = "write one prefix a line, leading digits without plus or zeros, such as 870"


def read_high_risk(path: Path | None) -> tuple[Prefixes, list[Finding]]:
    """The prefixes of the file, and every line that is none; without a file nothing is barred."""
    if path is None:
        return NO_PREFIXES, []
    try:
        content = path.read_bytes()
        text = content.decode()
    except OSError as error:
        return NO_PREFIXES, [_of_line(path, 0, f"cannot be read: {error.strerror or error}")]
    except UnicodeDecodeError:
        return NO_PREFIXES, [_of_line(path, 0, "is no text in UTF-8", "save it as UTF-8")]
    if len(content) > BYTES_MAX:
        return NO_PREFIXES, [_of_line(path, 0, f"is longer than {BYTES_MAX} bytes")]
    lines = dict(_lines(text))
    found = [
        _of_line(path, line, f"{shown(prefix)} is not a prefix", _HINT)
        for line, prefix in lines.items()
        if _PREFIX.fullmatch(prefix) is None
    ]
    return Prefixes(frozenset(lines.values())), found


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), start=1):
        content = line.partition("#")[0].strip()
        if content:
            yield number, content


def _of_line(path: Path, line: int, message: str, hint: str = "") -> Finding:
    return Finding(Severity.ERROR, str(path), line, "", message, hint)
