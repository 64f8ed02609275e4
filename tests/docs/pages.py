"""What the hand-written pages tell people to type, and where they lead."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.docs.commands_page import Known, known
from tests.site import REPOSITORY

WRITTEN = tuple(
    REPOSITORY / name
    for name in ("README.md", "docs/admin.md", "docs/products.md", "docs/support.md")
)
LOG_LINES = frozenset({"cdr differs"})
"""Words that look like a command, and are something that the log says."""
EVERYWHERE = frozenset({"--json", "--config", "-c", "--help", "-h", "--version"})

_FENCE = re.compile(r"^ {0,3}```.*?^ {0,3}```", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
_TYPED = re.compile(r"^\s*(?:[$#] )?(?:runuser -u \w+ -- )?(?:\S*/)?pbxcharge (.+)$", re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_COMMANDS = {one.words: one for one in known()}


@dataclass(frozen=True, slots=True)
class Typed:
    """A command as a page shows it.

    Args:
        page: the file.
        text: the words behind `pbxcharge`.
    """

    page: str
    text: str

    def mistakes(self) -> list[str]:
        """Words that are no command, and options that the command does not have."""
        words = list(self._words())
        command = _found(words)
        if command is None:
            return [f"{self.page}: no command: {self.text}"]
        options = [word.partition("=")[0] for word in words if re.match("--?[a-z]", word)]
        unknown = [name for name in options if name not in command.options | EVERYWHERE]
        return [f"{self.page}: {self.text}: no option {name}" for name in unknown]

    def _words(self) -> Iterator[str]:
        """The words up to a pipe, a redirection or a comment, without the global options."""
        words = iter(shlex.split(self.text.replace("…", "x"), comments=True))
        for word in words:
            if word in ("|", ">", "&&", ";"):
                return
            if word in ("-c", "--config"):
                next(words, None)
            elif word != "--json":
                yield word


def _found(words: list[str]) -> Known | None:
    """The command that the words begin with: the longest name that fits."""
    for length in range(min(len(words), 2), 0, -1):
        found = _COMMANDS.get(tuple(words[:length]))
        if found is not None:
            whole = not found.is_group or length == len(words) or words[length][0] in "-["
            return found if whole else None
    return _COMMANDS[()] if words and words[0] in ("COMMAND", *EVERYWHERE) else None


def typed(page: Path) -> Iterator[Typed]:
    """Every command of a page: in blocks to be typed, and in the text."""
    text = page.read_text()
    for block in _FENCE.findall(text):
        yield from (Typed(page.name, found) for found in _TYPED.findall(block))
    for code in _CODE.findall(_FENCE.sub("", text)):
        if code.startswith("pbxcharge "):
            yield Typed(page.name, code.removeprefix("pbxcharge "))
        elif " " in code and (code.split()[0],) in _COMMANDS and code not in LOG_LINES:
            yield Typed(page.name, code)


def options_in_text(page: Path) -> Iterator[str]:
    """Options that stand alone in the text, such as `--apply`."""
    for code in _CODE.findall(_FENCE.sub("", page.read_text())):
        if re.match("--[a-z]", code):
            yield code.split()[0].partition("=")[0]


def every_option() -> frozenset[str]:
    """Every option of every command."""
    return EVERYWHERE.union(*(one.options for one in _COMMANDS.values()))


def dead_links(page: Path) -> list[str]:
    """Links to files, or to headings, that are not there."""
    links = _LINK.findall(_FENCE.sub("", page.read_text()))
    found = (link for link in links if "://" not in link)
    return [link for link in found if not _is_there(page, *link.partition("#")[::2])]


def _is_there(page: Path, file: str, heading: str) -> bool:
    target = (page.parent / file).resolve() if file else page
    if not target.exists():
        return False
    return not heading or heading in set(map(_anchor, _HEADING.findall(target.read_text())))


def _anchor(heading: str) -> str:
    """The name that a heading gets in a link."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@dataclass(frozen=True, slots=True)
class Shown:
    """A command of a page with what the page says that it prints.

    Args:
        page: the file.
        typed: the words behind `pbxcharge`.
        lines: what it prints; of a long answer a part.
    """

    page: str
    typed: str
    lines: tuple[str, ...]


def shown(page: Path) -> Iterator[Shown]:
    """Every command of a page that is shown with its answer."""
    for block in _FENCE.findall(page.read_text()):
        for part in block.split("\n$ ")[1:]:
            typed, _, answer = part.partition("\n")
            lines = [line for line in answer.splitlines() if line.strip(" `.…")]
            if typed.startswith("pbxcharge ") and lines:
                yield Shown(page.name, typed.removeprefix("pbxcharge "), tuple(lines))


def shape(line: str) -> str:
    """A line without what differs from day to day: ids, times, numbers, and room between them."""
    line = re.sub(r"\b(?:[0-9a-f]{12,}|[a-z]+-[0-9a-f]{12,})\b", "#", line)
    line = re.sub(r"[+-]?\d[\d.,:/-]*", "#", line)
    return " ".join(line.split())
