"""Time windows that share hours of which nobody can have meant both.

The first window that holds an instant counts, and most plans use that: a holiday or a weekend
before the evening of every day, an hour of lunch before the day that it is in. It looks like a slip
where two windows reach into each other by the clock: 08:00 to 18:00, and 17:00 to 22:00.
"""

from collections.abc import Iterator
from itertools import combinations

from pbxcharge.catalog.findings import Finding
from pbxcharge.catalog.plan_form import PlanForm
from pbxcharge.catalog.source import Source
from pbxcharge.catalog.window_checks import WINDOWS
from pbxcharge.catalog.window_form import window_of
from pbxcharge.catalog.window_week import by_hours, joined, stretches
from pbxcharge.core.windows import DAY_S, Window


def overlap_findings(form: PlanForm, source: Source) -> Iterator[Finding]:
    """Windows that reach into an earlier one; of a plan that can be read."""
    windows = [window_of(name, window) for name, window in form.time_windows.items()]
    week, clock = list(stretches(windows)), {one.name: _minutes(one) for one in windows}
    for first, later in combinations(windows, 2):
        if not _reach_into_each_other(clock[first.name], clock[later.name]):
            continue
        shared = (piece for piece, holding in week if holding[:1] == (first,) and later in holding)
        for _, when in by_hours(joined(shared)):
            message = f"overlaps {first.name} {when}: there {first.name} counts, as it stands first"
            hint = "let one end where the other begins"
            yield source.warning((*WINDOWS, later.name), message, hint)


def _reach_into_each_other(one: frozenset[int], other: frozenset[int]) -> bool:
    """Whether both have minutes in common, and each has some that the other lacks."""
    return bool(one & other and one - other and other - one)


def _minutes(window: Window) -> frozenset[int]:
    """Its minutes of the day, as the clock shows them: windows begin and end with a minute."""
    from_s, to_s = window.from_s, window.to_s
    past_midnight = to_s if from_s < to_s else to_s + DAY_S
    return frozenset(second % DAY_S // 60 for second in range(from_s, past_midnight, 60))
