"""Why a call cost what it cost: the stored lines, and the same call priced again.

Both read only what was stored when the call was made, so a charge can be explained when the plan
file is long gone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from pbxcharge.core.cdr import EMERGENCY, Cdr, LevelCharge
from pbxcharge.core.coverage import of_level
from pbxcharge.core.money import format_amount
from pbxcharge.core.price import RULE_SET, Charge, Rate, charge, costs_of
from pbxcharge.core.price_chain import RatedLevel
from pbxcharge.core.pricing import carrying, charges, cost_micros, moment_of_record, prices
from pbxcharge.core.rating import Rating, lines_canonical
from pbxcharge.core.shown_lines import ShownLine, charge_lines, shown_lines
from pbxcharge.core.split import Part, split
from pbxcharge.core.windows import NO_WINDOWS


class Verdict(StrEnum):
    """Whether the call, priced again from what was stored, costs what was charged."""

    SAME = "same"
    DIFFERS = "differs"
    NOT_PRICED = "not_priced"
    CANNOT = "cannot"


@dataclass(frozen=True, slots=True)
class ExplainedLevel:
    """What one level pays, and the lines that say why.

    Args:
        charged: as it stands in the record.
        rated: by what; None if that cannot be read.
        billed_s: talk in whole blocks of this level.
        lines: of the caller's own level as stored; of a level above as they come out again.
        windows: which of the plan's time windows were valid, from which second of talk on; "" is
            none of them.
        parts: the talk by the discount that quotas gave; none where there were no quotas.
    """

    charged: LevelCharge
    rated: RatedLevel | None = None
    billed_s: int = 0
    lines: tuple[ShownLine, ...] = ()
    windows: tuple[tuple[int, str], ...] = ()
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class ExplainedCost:
    """What the carrier asks for the call, and the lines that say why."""

    trunk: str
    rate: Rate
    lines: tuple[ShownLine, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """The lines that were stored with a record, and what pricing the call again says.

    Args:
        lines: as stored.
        verdict: see Verdict.
        differences: each difference in words; or why it cannot be priced again.
        levels: every level that was charged, the caller's own first.
        cost: what the carrier asks; None where no deck says.
    """

    lines: tuple[ShownLine, ...]
    verdict: Verdict
    differences: tuple[str, ...] = ()
    levels: tuple[ExplainedLevel, ...] = ()
    cost: ExplainedCost | None = None


def explain(cdr: Cdr, rating: Rating | None) -> Explanation:
    """Price the call of a record again from what it was priced with.

    Stored 0.30 and again 0.30, line for line: `same`. A call without talk is `not_priced`, and so
    is an emergency call, for which nobody pays.
    """
    lines = shown_lines(cdr.lines)
    if rating is None or cdr.rule_set != RULE_SET:
        return Explanation(lines, *_unpriced(cdr), tuple(_as_stored(cdr, lines)))
    again = _again(cdr, rating)
    levels = tuple(_levels(cdr, rating, again, lines))
    if cdr.answered_at_us is None:
        return Explanation(lines, Verdict.NOT_PRICED, (), levels)
    differences = tuple(_differences(cdr, rating, again))
    verdict = Verdict.DIFFERS if differences else Verdict.SAME
    return Explanation(lines, verdict, differences, levels, _cost(cdr, rating))


def _unpriced(cdr: Cdr) -> tuple[Verdict, tuple[str, ...]]:
    """Why a call is not priced again of which nobody can say by what it was."""
    if cdr.answered_at_us is None or cdr.call_type == EMERGENCY:
        return Verdict.NOT_PRICED, ()
    if cdr.rule_set != RULE_SET:
        return Verdict.CANNOT, (f"priced by rule set {cdr.rule_set}, these are {RULE_SET}",)
    return Verdict.CANNOT, ("what it was priced with is not stored, or cannot be read",)


def _as_stored(cdr: Cdr, lines: tuple[ShownLine, ...]) -> Iterator[ExplainedLevel]:
    """The levels, of which only the caller's own has lines in the record."""
    for place, charged in enumerate(cdr.levels):
        yield (
            ExplainedLevel(charged) if place else ExplainedLevel(charged, None, cdr.billed_s, lines)
        )


def _again(cdr: Cdr, rating: Rating) -> tuple[Charge, ...]:
    """The charge of each level today; of a call without talk there is none."""
    if cdr.answered_at_us is None:
        return ()
    return charges(rating, moment_of_record(cdr, rating), cdr.covered, cdr.paid_s)


def _levels(
    cdr: Cdr, rating: Rating, again: tuple[Charge, ...], stored: tuple[ShownLine, ...]
) -> Iterator[ExplainedLevel]:
    for place, charged in enumerate(cdr.levels):
        rated = rating.levels[place] if place < len(rating.levels) else None
        if rated is None or place >= len(again):
            yield ExplainedLevel(charged, rated)
            continue
        windows = _windows(cdr, rating, rated)
        billed_s = again[place].billed_s if place else cdr.billed_s
        lines = charge_lines(again[place]) if place else stored
        parts = _parts(cdr, rating, place)
        yield ExplainedLevel(charged, rated, billed_s, lines, windows, parts)


def _parts(cdr: Cdr, rating: Rating, place: int) -> tuple[Part, ...]:
    spans = of_level(cdr.covered, place)
    if not spans:
        return ()
    (costs,) = costs_of(prices(rating, moment_of_record(cdr, rating))[place])
    return split(costs, spans, cdr.paid_s)


def _windows(cdr: Cdr, rating: Rating, rated: RatedLevel) -> tuple[tuple[int, str], ...]:
    """Which windows the talk went through; none where the price knows none."""
    if rated.timeline == NO_WINDOWS:
        return ()
    # Where no window changes, the moment does not tell the second of the answer.
    clock = rated.timeline.since(moment_of_record(cdr, rating).from_s if rating.timed else 0)
    return tuple(change for change in clock.changes if change[0] < max(1, cdr.paid_s))


def _cost(cdr: Cdr, rating: Rating) -> ExplainedCost | None:
    carrier = carrying(rating, cdr.trunk)
    if carrier is None or carrier.rate is None:
        return None
    return ExplainedCost(carrier.name, carrier.rate, charge_lines(charge(carrier.rate, cdr.paid_s)))


def _differences(cdr: Cdr, rating: Rating, again: tuple[Charge, ...]) -> Iterator[str]:
    cost = cost_micros(rating, cdr.trunk, cdr.paid_s)
    if cost != cdr.cost_micros:
        yield f"cost: stored {_amount(cdr.cost_micros)}, priced again {_amount(cost)}"
    if len(again) != len(cdr.levels):
        yield f"{len(cdr.levels)} levels were charged, {len(again)} are priced"
        return
    for stored, priced in zip(cdr.levels, again, strict=True):
        yield from _amounts(f"charge of {stored.account_id}", stored.charge_micros, priced)
    if again and cdr.charge_micros != cdr.levels[0].charge_micros:
        yield "the record's charge is not that of its first level"
    if again and again[0].billed_s != cdr.billed_s:
        yield f"billed {cdr.billed_s} s, priced again {again[0].billed_s} s"
    if again and lines_canonical(again[0]) != cdr.lines:
        yield "the stored lines are not those of pricing it again"


def _amount(micros: int | None) -> str:
    return "none" if micros is None else format_amount(micros)


def _amounts(what: str, stored_micros: int, priced: Charge) -> Iterator[str]:
    if stored_micros != priced.total_micros:
        yield (
            f"{what}: stored {format_amount(stored_micros)}, "
            f"priced again {format_amount(priced.total_micros)}"
        )
