"""The dialplan of this release as Asterisk would list it, read from its files."""

import re
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "asterisk-dialplan"
METERED = ("extensions", "forwards", "incoming")
"""The files that no site changes."""

_SECTION = re.compile(r"\[([\w-]+)\]")
_EXTEN = re.compile(r"exten => ([^,]+),1,(.*)")
_SAME = re.compile(r"same => n(\(\w+\))?,(.*)")


def contexts() -> dict[str, tuple[str, ...]]:
    """Each context with its lines: `s,2(dial),Dial(PJSIP/100,20)`."""
    found: dict[str, list[str]] = {}
    for name in METERED:
        lines: list[str] = []
        extension, priority = "", 0
        for line in _lines(FOLDER / f"pbxcharge-{name}.conf"):
            if section := _SECTION.fullmatch(line):
                lines = found.setdefault(section[1], [])
            elif begun := _EXTEN.fullmatch(line):
                extension, priority = begun[1], 1
                lines.append(f"{extension},1,{_application(begun[2])}")
            elif same := _SAME.fullmatch(line):
                priority += 1
                lines.append(f"{extension},{priority}{same[1] or ''},{_application(same[2])}")
            else:
                lines.append(line)
    return {name: tuple(lines) for name, lines in found.items()}


def _lines(path: Path) -> list[str]:
    text = (line.strip() for line in path.read_text().splitlines())
    return [line for line in text if line and not line.startswith(";")]


def _application(written: str) -> str:
    """Without parentheses it has no arguments: `Answer` is `Answer()`."""
    return written if written.endswith(")") else f"{written}()"
