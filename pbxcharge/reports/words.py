"""Values of an answer in the words of a report: local times, lengths of talk, shares."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pbxcharge.core.money import format_amount, parse_amount
from pbxcharge.reports.table import Chart

Document = dict[str, Any]

BARS_MAX = 12
"""More names than that nobody tells apart; what is left is one bar more."""

REST, REST_OF_CUT = "all others", "others shown here"


def local(instant: str | None, zone: str) -> str:
    """An instant by the clocks of a zone, to the second: 2026-03-01 12:00:00."""
    if instant is None:
        return ""
    at = datetime.fromisoformat(instant).astimezone(ZoneInfo(zone))
    return at.strftime("%Y-%m-%d %H:%M:%S")


def length(seconds: int) -> str:
    """Talk as people read it: 90 s is 1:30, 3,700 s is 1:01:40."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def share(part: int, whole: int) -> str:
    """A part in per cent, rounded down: 1 of 3 is 33 %; of nothing it is empty."""
    if whole <= 0:
        return ""
    sign = "-" if part < 0 else ""
    return f"{sign}{abs(part) * 100 // whole} %"


def total(rows: Iterable[Document], name: str) -> str:
    """The sum of an amount over rows, exact."""
    return format_amount(sum(parse_amount(row[name]) for row in rows))


def heading_facts(answer: Document) -> tuple[tuple[str, str], ...]:
    """What every report says of itself: whose, when, by which clocks, of which calls."""
    zone = answer["zone"]
    scope = f"{answer['name']} ({answer['scope']})" if answer["scope"] else "the whole site"
    wanted = [
        *answer["types"],
        *([answer["direction"]] if answer["direction"] else []),
        *answer["dispositions"],
        *(f"cause {cause}" for cause in answer["causes"]),
    ]
    begins, ends = local(answer["from"], zone), local(answer["until"], zone)
    return (
        ("of", scope),
        ("calls set up", f"from {begins} until before {ends} ({zone})"),
        *((("only", ", ".join(wanted)),) if wanted else ()),
        ("currency", answer["currency"]),
        ("made", f"{local(answer['made_at'], zone)} ({zone})"),
    )


def cut_note(answer: Document) -> tuple[str, ...]:
    """A sentence about rows that were left out, where some were."""
    if not answer["cut"]:
        return ()
    return (f"Cut: only {len(answer['rows'])} rows are shown; ask for more with --limit.",)


def summed_name(answer: Document) -> str:
    """What a row of sums is called: of all rows, or of those that are left after a cut."""
    return "shown here" if answer["cut"] else "all"


def lying(title: str, unit: str, pairs: Iterable[tuple[str, int]], *, cut: bool = False) -> Chart:
    """Bars by name, the longest first; the shortest ones together where there are many.

    Beside a cut these are not all: what was left out is in no bar.
    """
    sums: dict[str, int] = {}
    for name, value in pairs:
        sums[name] = sums.get(name, 0) + value
    ordered = sorted(sums.items(), key=lambda pair: (-pair[1], pair[0]))
    shown, rest = ordered[:BARS_MAX], ordered[BARS_MAX:]
    # One bar that is left over is shown by its own name, since it takes no more room.
    if len(rest) > 1:
        name = REST_OF_CUT if cut else REST
        shown.append((f"{name} ({len(rest)})", sum(value for _, value in rest)))
    else:
        shown += rest
    return Chart(title, unit, tuple(shown), upright=False)


def named(names: Sequence[str | None]) -> str:
    """The first name that there is."""
    return next((name for name in names if name), "unnamed")
