"""Findings in the site's files, as people read them: where, what, and what to write instead."""

from collections.abc import Iterable
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from pbxcharge.cli.output import console

if TYPE_CHECKING:
    from rich.console import Console

    from pbxcharge.alone import Finding

Document = dict[str, Any]

_STYLES = {"error": "bold red", "warning": "yellow"}
"""Each severity with its colour, the gravest first."""


def complain_of(findings: Iterable["Finding"]) -> None:
    """All findings on standard error."""
    complain_of_documents(map(document, findings))


def complain_of_documents(findings: Iterable[Document]) -> None:
    """The same for findings that somebody else made, such as the daemon."""
    _print(findings, error=True)


def show_apart(findings: Iterable["Finding"]) -> None:
    """Errors first, then warnings; of each, those of one file together.

    A line begins with the place, as editors and terminals know it: `plans/kiosk.yaml:19`.
    """
    from rich.text import Text

    out, known = console(), [document(finding) for finding in findings]
    for severity, style in _STYLES.items():
        those = [finding for finding in known if finding["severity"] == severity]
        if those:
            out.print(Text(f"{severity}s", style=style))
        for _, together in groupby(those, key=itemgetter("file")):
            for finding in together:
                out.print(Text(f"{_place(finding)} {_sentence(finding)}"))
                _print_hint(out, finding)
            out.print()


def document(finding: "Finding") -> Document:
    """A finding for programs."""
    return {
        "severity": str(finding.severity),
        "file": finding.file,
        "line": finding.line,
        "key": finding.key,
        "message": finding.message,
        "hint": finding.hint,
    }


def _print(findings: Iterable[Document], *, error: bool) -> None:
    from rich.text import Text

    out = console(error=error)
    for finding in findings:
        severity = finding["severity"]
        out.print(Text.assemble((severity, _STYLES[severity]), f" {_place(finding)}"))
        out.print(Text(f"  {_sentence(finding)}"))
        _print_hint(out, finding)


def _print_hint(out: "Console", finding: Document) -> None:
    from rich.text import Text

    if finding["hint"]:
        out.print(Text(f"  → {finding['hint']}", style="dim"))


def _place(finding: Document) -> str:
    file, line = finding["file"], finding["line"]
    return f"{file}:{line}" if line else str(file)


def _sentence(finding: Document) -> str:
    key, message = finding["key"], finding["message"]
    return f"{key}: {message}" if key else str(message)
