"""What becomes of attempts to call."""

from enum import StrEnum


class Disposition(StrEnum):
    """What became of the attempt, in the words of Asterisk's own records."""

    ANSWERED = "ANSWERED"
    """Talked, and charged as the plan says."""
    NO_ANSWER = "NO ANSWER"
    """It rang, and nobody answered in time, or the caller gave up."""
    BUSY = "BUSY"
    """The other side was busy."""
    FAILED = "FAILED"
    """The call was rejected, or nobody could be reached."""
    NOT_ALLOWED = "NOT ALLOWED"
    """Refused; `reason` says why."""
