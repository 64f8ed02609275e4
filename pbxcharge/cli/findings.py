"""Findings in the site's files, as people read them: where, what, and what to write instead."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pbxcharge.cli.output import console

if TYPE_CHECKING:
    from pbxcharge.alone import Finding


def complain_of(findings: Iterable["Finding"]) -> None:
    """All findings on standard error."""
    _print(findings, error=True)


def show(findings: Iterable["Finding"]) -> None:
    """All findings on standard output."""
    _print(findings, error=False)


def document(finding: "Finding") -> dict[str, Any]:
    """A finding for programs."""
    return {
        "severity": str(finding.severity),
        "file": finding.file,
        "line": finding.line,
        "key": finding.key,
        "message": finding.message,
        "hint": finding.hint,
    }


def _print(findings: Iterable["Finding"], *, error: bool) -> None:
    from rich.text import Text

    out = console(error=error)
    for finding in findings:
        style = "bold red" if finding.severity == "error" else "yellow"
        line = Text.assemble((str(finding.severity), style), f" {_place(finding)}")
        out.print(line)
        out.print(Text(f"  {_sentence(finding)}"))
        if finding.hint:
            out.print(Text(f"  → {finding.hint}", style="dim"))


def _place(finding: "Finding") -> str:
    return f"{finding.file}:{finding.line}" if finding.line else finding.file


def _sentence(finding: "Finding") -> str:
    return f"{finding.key}: {finding.message}" if finding.key else finding.message
