"""Dates in files: the instant that an admin means by a day, or a day and a time, of the site."""

import re
from datetime import UTC, date, datetime, time, tzinfo

from pbxcharge.catalog.scalars import shown, wrong

_FORM = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[ T][0-9]{2}:[0-9]{2}(?::[0-9]{2})?)?")
FORM = f"^{_FORM.pattern}$"
"""What such a text looks like."""
_HINT = "write a day, or a day and a time of the site's zone: 2026-12-01 or 2026-12-01 18:30"


def read_instant(text: str, zone: tzinfo) -> int:
    """Seconds since the epoch of a local time: 2026-12-01 in Berlin is 1796079600, its midnight.

    Of an hour that a clock passes twice in autumn, the first one is meant.

    Raises PydanticCustomError for what is no such time.
    """
    if _FORM.fullmatch(text) is None:
        raise wrong(f"{shown(text)} is not a date", _HINT)
    try:
        return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp())
    except (ValueError, OverflowError):
        raise wrong(f"{text} is not a day of the calendar", _HINT) from None


def written_instant(at_s: int, zone: tzinfo) -> str:
    """An instant as an admin writes it, in a zone: 2026-12-01, or 2026-12-01 18:30."""
    local = datetime.fromtimestamp(at_s, UTC).astimezone(zone).replace(tzinfo=None)
    if local.time() == time():
        return local.date().isoformat()
    return local.isoformat(" ", "minutes" if local.second == 0 else "seconds")


def midnight_s(day: date, zone: tzinfo) -> int:
    """The instant at which a day begins in a zone, in seconds since the epoch."""
    return int(datetime.combine(day, time(), zone).timestamp())
