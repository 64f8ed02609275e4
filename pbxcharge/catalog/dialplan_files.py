"""The dialplan files of this machine as Asterisk would list them, to find what was not reloaded.

Asterisk reads more ways of writing a dialplan than are read here. A context that uses another one
is not compared, so that no difference is named that is none.
"""

import re
from collections.abc import Iterator
from pathlib import Path

FILES = "pbxcharge-*.conf"

_SECTION = re.compile(r"\[([\w-]+)\]")
_EXTENSION = re.compile(r"exten\s*=>?\s*([^,\s/]+)\s*,\s*(1|n)(\(\w+\))?\s*,\s*(\w+(?:\(.*\))?)")
_SAME = re.compile(r"same\s*=>?\s*(n)(\(\w+\))?\s*,\s*(\w+(?:\(.*\))?)")
_INCLUDE = re.compile(r"include\s*=>?\s*([\w-]+)")
_BLOCK_COMMENT = ";--"

Lines = tuple[str, ...]


def installed_contexts(folder: Path) -> dict[Path, dict[str, Lines]]:
    """The contexts of each of our files in a folder, with their lines: `s,2(dial),Dial(X,20)`.

    A folder or a file that is not there, or not to be read by whoever asks, has none.
    """
    found = {}
    for path in sorted(folder.glob(FILES)):
        try:
            contexts = contexts_in(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            continue
        if contexts:
            found[path] = contexts
    return found


def contexts_in(text: str) -> dict[str, Lines]:
    """The contexts of a dialplan file, without those that are written in another way.

    Sections of other files (a manager's user) are no extensions, and so not among them.
    """
    if _BLOCK_COMMENT in text:
        return {}
    sections: dict[str, list[str]] = {}
    name = ""
    for line in filter(None, map(_content, text.splitlines())):
        section = _SECTION.fullmatch(line)
        if section:
            name = section[1]
            sections.setdefault(name, [])
        else:
            sections.setdefault(name, []).append(line)
    read = {name: _listed(lines) for name, lines in sections.items()}
    return {name: lines for name, lines in read.items() if name and lines}


def _content(line: str) -> str:
    """A line without its comment; a semicolon behind a backslash begins none."""
    return re.split(r"(?<!\\);", line, maxsplit=1)[0].replace(r"\;", ";").strip()


def _listed(written: list[str]) -> Lines:
    """Lines as Asterisk lists them; none if one of them is written in another way."""
    try:
        return tuple(_each(written))
    except ValueError:
        return ()


def _each(written: list[str]) -> Iterator[str]:
    extension, priority = "", 0
    for line in written:
        if include := _INCLUDE.fullmatch(line):
            yield f"include => {include[1]}"
            continue
        if begun := _EXTENSION.fullmatch(line):
            extension, place, label, does = begun.groups()
        elif same := _SAME.fullmatch(line):
            place, label, does = same.groups()
        else:
            raise ValueError(line)
        priority = 1 if place == "1" else priority + 1
        # Without parentheses an application has no arguments: `Answer` is `Answer()`.
        yield f"{extension},{priority}{label or ''},{does if '(' in does else f'{does}()'}"
