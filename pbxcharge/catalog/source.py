"""YAML files as plain nodes that know their lines and keep what was written.

Scalars stay text, so that a price of 0.10 is never a float, a prefix of 0044 keeps its zeros, and
NO is no country lost to a truth value. What could surprise an admin or stall the program
(duplicate keys, aliases, tags, several documents, deep nesting) is refused with file and line.
"""

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from pbxcharge.catalog.findings import Finding, Severity

FILE_BYTES_MAX = 5_000_000
DEPTH_MAX = 16
"""Groups within groups. No plan needs more, and the scanner's time grows with their square."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value, exactly as written; `text` is None where nothing stands after the colon."""

    line: int
    text: str | None


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    line: int
    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A key of a group with its value; `line` is that of the key."""

    line: int
    value: "Node"


@dataclass(frozen=True, slots=True)
class Group:
    """Keys with values."""

    line: int
    entries: dict[str, Entry]


Node = Scalar | Items | Group
KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """A file that was read: its name for findings, and its content."""

    file: str
    root: Group

    def line(self, path: KeyPath) -> int:
        """The line of a value, or of the nearest group around it that exists."""
        node: Node = self.root
        line = node.line
        for part in path:
            below = child(node, part)
            if below is None:
                return line
            # A group or a list begins below its key, and nothing begins anywhere: the key counts.
            alone = isinstance(below, Scalar) and below.text is not None
            keyed = node.entries[str(part)] if isinstance(node, Group) and not alone else below
            line = keyed.line
            node = below
        return line

    def at(self, path: KeyPath) -> Node | None:
        """What stands at a path; None if there is nothing."""
        node: Node | None = self.root
        for part in path:
            node = child(node, part)
        return node

    def error(self, path: KeyPath, message: str, hint: str = "") -> Finding:
        """A finding that refuses the file, at the line of a value."""
        return Finding(Severity.ERROR, self.file, self.line(path), key_text(path), message, hint)

    def warning(self, path: KeyPath, message: str, hint: str = "") -> Finding:
        """A finding that refuses nothing, at the line of a value."""
        return Finding(Severity.WARNING, self.file, self.line(path), key_text(path), message, hint)


def with_list(source: Source, path: KeyPath) -> tuple[Source, bool]:
    """A file in which a group at a path stands in a list of one, and whether it stood alone.

    So that what may be one or several is read in one way only.
    """
    found = source.at(path)
    if not isinstance(found, Group):
        return source, False
    root = _replaced(source.root, path, Items(found.line, (found,)))
    return Source(source.file, root), True


def with_group(source: Source, path: KeyPath, key: str) -> tuple[Source, bool]:
    """A file in which a list at a path stands under a key of a group, and whether it stood alone.

    So that what may be a list, or a list beside other keys, is read in one way only.
    """
    found = source.at(path)
    if not isinstance(found, Items):
        return source, False
    group = Group(found.line, {key: Entry(found.line, found)})
    return Source(source.file, _replaced(source.root, path, group)), True


def _replaced(group: Group, path: KeyPath, node: Node) -> Group:
    key, rest = str(path[0]), path[1:]
    entry = group.entries[key]
    inner = entry.value
    below = _replaced(inner, rest, node) if rest and isinstance(inner, Group) else node
    return Group(group.line, {**group.entries, key: Entry(entry.line, below)})


def read_source(path: Path) -> tuple[Source | None, tuple[Finding, ...]]:
    """The content of a YAML file, or why there is none."""
    file = str(path)
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return None, (_whole_file(file, "is not a file"),)
        with path.open("rb") as stream:
            content = stream.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        return None, (_whole_file(file, f"cannot be read: {error.strerror or error}"),)
    return parse_source(file, content)


def parse_source(file: str, content: bytes) -> tuple[Source | None, tuple[Finding, ...]]:
    """The content of a YAML text, or why there is none."""
    if len(content) > FILE_BYTES_MAX:
        return None, (_whole_file(file, f"is larger than {FILE_BYTES_MAX:,} bytes"),)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return None, (_at(file, line, "is not UTF-8 text", "save the file as UTF-8"),)
    return _Reader(file).read(text)


def child(node: Node | None, part: str | int) -> Node | None:
    """What stands under a key of a group or at a place of a list; None if there is nothing."""
    if isinstance(node, Group) and isinstance(part, str):
        entry = node.entries.get(part)
        return None if entry is None else entry.value
    if isinstance(node, Items) and isinstance(part, int) and part < len(node.items):
        return node.items[part]
    return None


def key_text(path: KeyPath) -> str:
    """A path as an admin reads it: `prices.public[2].segments`, lists counted from 1."""
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


class _Refused(Exception):
    """What is read cannot be understood beyond this point."""

    def __init__(self, line: int, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.line, self.message, self.hint = line, message, hint


class _Reader:
    """One pass over the events of a YAML text."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._found: list[Finding] = []
        self._documents = 0

    def read(self, text: str) -> tuple[Source | None, tuple[Finding, ...]]:
        try:
            root = self._document(self._events(text))
        except _Refused as refused:
            self._found.append(_at(self._file, refused.line, refused.message, refused.hint))
            root = None
        source = None if root is None else Source(self._file, root)
        return source, tuple(self._found)

    def _events(self, text: str) -> Iterator[Any]:
        """The events of a text, taken one by one so that a bad one stops the scanner in time."""
        parser = YAML(typ="safe", pure=True)
        try:
            yield from parser.parse(text)
        except MarkedYAMLError as error:
            raise _not_yaml(error) from error
        except YAMLError as error:
            raise _Refused(
                _line_of(text, error),
                "holds a character that YAML does not allow",
                "look for control characters",
            ) from error
        except (ValueError, OverflowError) as error:
            # The scanner turns an escape such as "\UFFFFFFFF" into a character without a check.
            raise _Refused(0, "holds an escape that is no character") from error

    def _document(self, events: Iterator[Any]) -> Group | None:
        root: Node | None = None
        for event in events:
            if isinstance(event, DocumentStartEvent):
                self._documents += 1
                if self._documents > 1:
                    raise _Refused(_line(event), "holds a second document", "remove the line ---")
            elif isinstance(event, NodeEvent):
                root = self._node(event, events, 1, ())
        if root is None or (isinstance(root, Scalar) and not root.text):
            raise _Refused(0, "is empty")
        if not isinstance(root, Group):
            raise _Refused(root.line, "does not begin with a key", "write `key: value` lines")
        return root

    def _node(self, event: Any, events: Iterator[Any], depth: int, path: KeyPath) -> Node:
        self._check(event, depth, path)
        if isinstance(event, SequenceStartEvent):
            return self._items(event, events, depth, path)
        if isinstance(event, MappingStartEvent):
            return self._group(event, events, depth, path)
        if isinstance(event, AliasEvent):
            return Scalar(_line(event), None)
        return Scalar(_line(event), _text(event))

    def _items(self, start: Any, events: Iterator[Any], depth: int, path: KeyPath) -> Items:
        items: list[Node] = []
        for event in events:
            if isinstance(event, SequenceEndEvent):
                break
            items.append(self._node(event, events, depth + 1, (*path, len(items))))
        return Items(_line(start), tuple(items))

    def _group(self, start: Any, events: Iterator[Any], depth: int, path: KeyPath) -> Group:
        entries: dict[str, Entry] = {}
        for event in events:
            if isinstance(event, MappingEndEvent):
                break
            key, line = self._key(event, path), _line(event)
            value = self._node(next(events), events, depth + 1, (*path, key))
            if key in entries:
                first = entries[key].line
                self._report(
                    line, (*path, key), f"stands twice, first in line {first}", "keep one of them"
                )
            else:
                entries[key] = Entry(line, value)
        return Group(_line(start), entries)

    def _key(self, event: Any, path: KeyPath) -> str:
        self._check(event, 1, path)
        if not isinstance(event, ScalarEvent):
            raise _Refused(_line(event), "has a key that is a list or a group")
        return str(event.value)

    def _check(self, event: Any, depth: int, path: KeyPath) -> None:
        """Refuses what plan files have no use for, before it can do harm."""
        if depth > DEPTH_MAX:
            raise _Refused(_line(event), f"is nested more than {DEPTH_MAX} deep")
        if getattr(event, "anchor", None) is not None:
            # Never resolved, so that ten lines cannot stand for a thousand million values.
            self._report(
                _line(event), path, "uses an anchor or alias (& or *)", "write the value out"
            )
        if getattr(event, "tag", None) is not None:
            self._report(_line(event), path, f"has a tag ({event.tag})", "remove it")
        if isinstance(event, ScalarEvent) and not _readable(str(event.value)):
            self._report(_line(event), path, "holds a control character", "remove it")

    def _report(self, line: int, path: KeyPath, message: str, hint: str) -> None:
        key = key_text(path)
        self._found.append(Finding(Severity.ERROR, self._file, line, key, message, hint))


def _text(event: Any) -> str | None:
    return None if event.value == "" and event.style is None else str(event.value)


def _readable(text: str) -> bool:
    return all(character.isprintable() or character == "\n" for character in text)


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _line_of(text: str, error: YAMLError) -> int:
    position = getattr(error, "position", 0)
    return text.count("\n", 0, position if isinstance(position, int) else 0) + 1


def _not_yaml(error: MarkedYAMLError) -> _Refused:
    mark = error.problem_mark or error.context_mark
    problem = str(error.problem or error.context or "cannot be read")
    hint = "indent with spaces" if "\\t" in problem else ""
    return _Refused(0 if mark is None else int(mark.line) + 1, f"is not YAML: {problem}", hint)


def _at(file: str, line: int, message: str, hint: str = "") -> Finding:
    return Finding(Severity.ERROR, file, line, "", message, hint)


def _whole_file(file: str, message: str) -> Finding:
    return _at(file, 0, message)
