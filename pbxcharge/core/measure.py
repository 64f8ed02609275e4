"""What a quota counts."""

from enum import StrEnum


class Measure(StrEnum):
    """What a quota counts: seconds of billed talk, or what they cost before any discount."""

    SECONDS = "seconds"
    AMOUNT = "amount"
