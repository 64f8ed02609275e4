"""A rule of the books that one statement can check."""

from dataclasses import dataclass

RESTORE = "restore the last good copy, or correct the balance by an adjustment that says why"
SETTLE = "restart the daemon: it settles what is open; if this stays, report it"
TAMPERED = "somebody wrote beside pbxcharge; compare with the last good copy"


@dataclass(frozen=True, slots=True)
class Rule:
    """A statement whose rows break a rule; its columns, joined, say where."""

    code: str
    what: str
    hint: str
    sql: str
