"""What `verify` finds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing in the books that is not as it must be.

    Args:
        code: names the rule, for programs.
        what: the rule that is broken, for people.
        where: the row, and what stands there.
        hint: what to do about it.
    """

    code: str
    what: str
    where: str
    hint: str
