"""Findings in the site's files, as people read them: where, what, and what to write instead."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pbxcharge.cli.output import console

if TYPE_CHECKING:
    from pbxcharge.alone import Finding

Document = dict[str, Any]


def complain_of(findings: Iterable["Finding"]) -> None:
    """All findings on standard error."""
    complain_of_documents(map(document, findings))


def complain_of_documents(findings: Iterable[Document]) -> None:
    """The same for findings that somebody else made, such as the daemon."""
    _print(findings, error=True)


def show(findings: Iterable["Finding"]) -> None:
    """All findings on standard output."""
    _print(map(document, findings), error=False)


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
        style = "bold red" if finding["severity"] == "error" else "yellow"
        line = Text.assemble((finding["severity"], style), f" {_place(finding)}")
        out.print(line)
        out.print(Text(f"  {_sentence(finding)}"))
        if finding["hint"]:
            out.print(Text(f"  → {finding['hint']}", style="dim"))


def _place(finding: Document) -> str:
    file, line = finding["file"], finding["line"]
    return f"{file}:{line}" if line else str(file)


def _sentence(finding: Document) -> str:
    key, message = finding["key"], finding["message"]
    return f"{key}: {message}" if key else str(message)
