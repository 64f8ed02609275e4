"""Findings: what is wrong in a file that an admin wrote, where, and how to put it right."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """An error refuses everything that was read with it; a warning refuses nothing."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to put right.

    Args:
        severity: see Severity.
        file: the path as the reader was given it.
        line: counted from 1; 0 is the file as a whole.
        key: where in the file, such as `prices.public[2].segments`; empty is the file as a whole.
        message: what is wrong, in one sentence without a full stop.
        hint: what to write instead; empty when the message says it all.
    """

    severity: Severity
    file: str
    line: int
    key: str
    message: str
    hint: str = ""


def has_errors(findings: Iterable[Finding]) -> bool:
    """Whether anything is refused: warnings alone do not refuse."""
    return any(finding.severity is Severity.ERROR for finding in findings)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings as a reader meets them: by file, line and key, each once."""
    unique = dict.fromkeys(findings)
    return tuple(sorted(unique, key=lambda found: (found.file, found.line, found.key)))
