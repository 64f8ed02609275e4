"""A week of time windows, stretch by stretch, and how its stretches are told.

Holidays are left out: they come to some weeks, and each plan says what they are to it.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final

from pbxcharge.catalog.window_form import day_name
from pbxcharge.core.windows import DAY_S, Day, Window

WEEK: Final = tuple(day for day in Day if day is not Day.HOLIDAY)

_WEEK_S: Final = len(WEEK) * DAY_S

Stretch = tuple[int, int]
"""From which second of the week, Monday 00:00 being 0, until which; it may pass Sunday."""


def stretches(windows: Sequence[Window]) -> Iterator[tuple[Stretch, tuple[Window, ...]]]:
    """The week in pieces in which no window begins or ends, each with all that hold it."""
    edges = sorted({0, *(edge for one in windows for edge in (one.from_s, one.to_s))} - {DAY_S})
    spans = [*pairwise(edges), (edges[-1], DAY_S)]
    for place, day in enumerate(WEEK):
        for from_s, until_s in spans:
            holding = tuple(one for one in windows if one.holds(from_s, day, WEEK[place - 1]))
            yield (place * DAY_S + from_s, place * DAY_S + until_s), holding


def joined(pieces: Iterable[Stretch]) -> list[Stretch]:
    """Pieces in their order as stretches: Sunday 22:00 to 24:00 goes on with Monday's 00:00."""
    found: list[Stretch] = []
    for piece in pieces:
        goes_on = bool(found) and found[-1][1] == piece[0]
        found.append((found.pop()[0], piece[1]) if goes_on else piece)
    if len(found) > 1 and found[0][0] == 0 and found[-1][1] == _WEEK_S:
        found[-1] = (found[-1][0], _WEEK_S + found.pop(0)[1])
    return found


def by_hours(found: Iterable[Stretch]) -> Iterator[tuple[Stretch, str]]:
    """Stretches of the same hours on several days as one, the first; and when all of them are.

    Monday and Tuesday 17:59 to 18:00 are "on mon, tue from 17:59 to 18:00".
    """
    alike: dict[tuple[int, int], list[Stretch]] = {}
    for from_s, until_s in found:
        alike.setdefault((from_s % DAY_S, until_s - from_s), []).append((from_s, until_s))
    for same in alike.values():
        days = ", ".join(day_name(WEEK[from_s // DAY_S]) for from_s, _ in same)
        yield same[0], f"on {days} {_when(*same[0], several=len(same) > 1)}"


def _when(from_s: int, until_s: int, *, several: bool) -> str:
    """Hours of a day, or until an hour of another one: from 17:59 to 18:00, until mon 08:00."""
    last_day, clock_s = divmod(until_s - 1, DAY_S)
    begins, ends = f"from {_clock(from_s % DAY_S)}", _clock(clock_s + 1)
    later = last_day - from_s // DAY_S
    if later == 0:
        return f"{begins} to {ends}"
    if several:
        return f"{begins} until {ends} {'the next day' if later == 1 else f'{later} days later'}"
    return f"{begins} until {day_name(WEEK[last_day % len(WEEK)])} {ends}"


def _clock(clock_s: int) -> str:
    return f"{clock_s // 3600:02}:{clock_s // 60 % 60:02}"
