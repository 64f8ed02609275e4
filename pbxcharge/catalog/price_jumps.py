"""Prices that are ten times the last version's, or a tenth: mostly a misplaced decimal point.

What a call costs is compared, for one minute and for ten, by the one price function: a price a
minute, a first block or a minimum may each be what jumps. Connect fees are compared by themselves.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

from pbxcharge.core.money import MICROS
from pbxcharge.core.plan import CallType, Plan
from pbxcharge.core.price import Price, Rate, Relative, RelativeTerms, charge_micros
from pbxcharge.core.tariff import DatedRate, Priced, Tariff
from pbxcharge.core.windows import always

JUMP: Final = 10
"""From so many times on a price jumps, up or down."""
CONNECT_FEE: Final = 0
"""The seconds that stand for the fee of each answered call."""
COMPARED_S: Final = (60, 600)
_UNIT_A_MINUTE: Final = Rate(
    destination="", prefix="", price_per_minute=Fraction(1), first_s=1, next_s=1
)
"""What the level above is taken to charge, where terms are relative to it."""

Row = tuple[bool, CallType, DatedRate]
"""A row of a plan: whether it is an exception, of which kind of call, and its price."""


@dataclass(frozen=True, slots=True)
class PriceJump:
    """A price that is another one by a factor of ten or more.

    Args:
        call_type: of which calls.
        prefix: what they were searched by: digits, or a pseudo-destination.
        row: of the plan as it is now; None is what the plan says of all calls, relative terms.
        window: in which time window; empty is outside of all.
        talk_s: of a call that costs so much beside its connect fee; 0 is the fee.
        before_micros: what it cost by the last version.
        after_micros: what it costs now; 0 if the destination is free now.
    """

    call_type: CallType
    prefix: str
    row: Row | None
    window: str
    talk_s: int
    before_micros: int
    after_micros: int

    @property
    def factor(self) -> Fraction:
        """How many times the last version's: 0.06 and then 0.60 is 10."""
        return Fraction(self.after_micros, self.before_micros)


def price_jumps(before: Plan, after: Plan, at_s: int) -> tuple[PriceJump, ...]:
    """The greatest jump of each prefix, from a UTC second on, by prefix.

    A prefix that is new is compared with what its numbers cost before, by a shorter one; a prefix
    that is gone with what they cost now. What had no price, or has none now, does not jump, and
    neither does what cost nothing. Rows of a rate deck are unknown for the last version.
    """
    rows = [*_rows(after)]
    known = _by_rate(rows)
    instants = sorted({at_s, *(row.from_s for *_, row in rows if row.from_s > at_s)})
    found: list[PriceJump] = []
    for call_type in sorted(before.allowed & after.allowed):
        for prefix in sorted(_prefixes(call_type, before) | _prefixes(call_type, after)):
            jumps = [
                jump
                for instant in instants
                for jump in _of_prefix(before, after, call_type, prefix, instant, known)
            ]
            found += [max(jumps, key=_size)] if jumps else []
    return tuple(found)


def _of_prefix(
    before: Plan,
    after: Plan,
    call_type: CallType,
    prefix: str,
    at_s: int,
    known: Mapping[tuple[CallType, Priced], Row],
) -> Iterator[PriceJump]:
    old, new = (plan.priced_by(call_type, prefix, at_s) for plan in (before, after))
    if old is None or new is None or old == new or old.forbidden or new.forbidden:
        return
    row = known.get((call_type, new))
    for window, talk_s, was, now in _compared(old, new):
        # Ten minutes tell whether a destination is free; one may be within its free seconds.
        free = was > 0 and now == 0 and talk_s == COMPARED_S[-1]
        if free or (was > 0 and now > 0 and (now >= JUMP * was or was >= JUMP * now)):
            yield PriceJump(call_type, prefix, row, window, talk_s, was, now)


def _compared(old: Priced, new: Priced) -> Iterator[tuple[str, int, int, int]]:
    """Window, seconds of talk, and what they cost by each; terms of two kinds do not compare."""
    if isinstance(old, Rate) and isinstance(new, Rate):
        names = {variant.window for rate in (old, new) for variant in rate.variants}
        for window in ("", *sorted(names)):
            was, now = (rate.at(always(window), 0) for rate in (old, new))
            # A fee beside it would make ten times the price less than ten times the cost.
            yield from _costs(window, *(replace(it, connect_fee_micros=0) for it in (was, now)))
            fees = was.table.connect_fee_micros, now.table.connect_fee_micros
            yield window, CONNECT_FEE, *fees
    elif isinstance(old, RelativeTerms) and isinstance(new, RelativeTerms):
        yield from _costs("", *(Relative(_UNIT_A_MINUTE, terms) for terms in (old, new)))


def _costs(window: str, was: Price, now: Price) -> Iterator[tuple[str, int, int, int]]:
    for talk_s in COMPARED_S:
        yield window, talk_s, charge_micros(was, talk_s), charge_micros(now, talk_s)


def _size(jump: PriceJump) -> tuple[bool, Fraction, int]:
    """How far a price jumps; of equal jumps what a minute costs says it best."""
    factor = jump.factor
    if not factor:
        return True, Fraction(0), 0
    return False, max(factor, 1 / factor), -(jump.talk_s or MICROS)


def _rows(plan: Plan) -> Iterator[Row]:
    for is_exception, tariffs in ((True, plan.exceptions), (False, plan.tariffs)):
        for call_type, tariff in tariffs.items():
            yield from ((is_exception, call_type, row) for row in _dated(tariff))


def _dated(tariff: Tariff) -> Iterator[DatedRate]:
    yield from map(DatedRate, tariff.rates)
    yield from tariff.dated


def _by_rate(rows: Iterable[Row]) -> Mapping[tuple[CallType, Priced], Row]:
    """The row that a price comes from; of two rows with the same price an exception wins."""
    found: dict[tuple[CallType, Priced], Row] = {}
    for row in rows:
        found.setdefault((row[1], row[2].rate), row)
    return found


def _prefixes(call_type: CallType, plan: Plan) -> set[str]:
    rows = (row for _, kind, row in _rows(plan) if kind is call_type)
    own = {plan.relative[call_type].prefix} if call_type in plan.relative else set()
    return own | {row.rate.prefix for row in rows}
