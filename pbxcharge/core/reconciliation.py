"""Records of somebody else, compared with ours: missing on one side, or told otherwise.

Two records are one call if they have the same key (Asterisk's id of the channel, or the number
that was called) and their instants are near each other. Each record is paired at most once, so ten
calls to one number in a minute stay ten calls.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from pbxcharge.core.money import MICROS

ALIGNED_MAX = 250_000
"""More of one number at once, such as 500 on each side, are paired in their order."""


@dataclass(frozen=True, slots=True)
class OurCall:
    """An answered call of the books.

    Args:
        call_id: its id.
        key: what both sides know it by.
        at_us: its answer, or its set-up; whichever the other side tells.
        talk_s: seconds of talk.
        cost_micros: what the carrier asks for it by its deck; None if no deck says.
        account_id: who pays.
        number: that was called.
        over_trunk: whether it went out or came in over a trunk.
    """

    call_id: str
    key: str
    at_us: int
    talk_s: int
    cost_micros: int | None = None
    account_id: str | None = None
    number: str = ""
    over_trunk: bool = True


@dataclass(frozen=True, slots=True)
class TheirCall:
    """An answered call of the other side.

    Args:
        line: of its file.
        key: what both sides know it by.
        at_us: its beginning.
        seconds: that it lasted, or that are billed.
        cost: in units of the currency; None if the file does not say.
        ours: whether it must be in our books, too: another program's calls need not.
        written: its number as it stands there, where more than a plus was left out of it.
    """

    line: int
    key: str
    at_us: int
    seconds: int
    cost: Fraction | None = None
    ours: bool = True
    written: str = ""


_Call = TypeVar("_Call", OurCall, TheirCall)


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What is no difference.

    Args:
        seconds: so many more or fewer.
        cost: so much more or less, in units of the currency.
        within_us: instants that are further apart are two calls; None pairs by the key alone.
    """

    seconds: int = 1
    cost: Fraction = Fraction(0)
    within_us: int | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """A call that both sides have."""

    ours: OurCall
    theirs: TheirCall

    @property
    def more_s(self) -> int:
        """Seconds that they have more than we: 61 and 60 are 1."""
        return self.theirs.seconds - self.ours.talk_s

    @property
    def dearer(self) -> Fraction | None:
        """What they ask more than our deck says; None where one side does not tell."""
        if self.theirs.cost is None or self.ours.cost_micros is None:
            return None
        return self.theirs.cost - Fraction(self.ours.cost_micros, MICROS)


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What a comparison has found.

    Args:
        pairs: how many calls both sides have.
        missing_here: calls of theirs that our books lack.
        missing_there: calls of ours that they do not tell.
        seconds_differ: calls of both with another length.
        cost_differs: calls of both with another price.
        not_ours: calls of theirs that need not be in our books.
        cost_unknown: calls of both whose cost only one side tells, where they tell costs.
    """

    pairs: int
    missing_here: tuple[TheirCall, ...]
    missing_there: tuple[OurCall, ...]
    seconds_differ: tuple[Pair, ...]
    cost_differs: tuple[Pair, ...]
    not_ours: int
    cost_unknown: int = 0

    @property
    def agrees(self) -> bool:
        """Whether both sides tell the same; a cost that only one side tells is no difference."""
        return not (
            self.missing_here or self.missing_there or self.seconds_differ or self.cost_differs
        )


def reconcile(
    ours: Iterable[OurCall], theirs: Iterable[TheirCall], tolerance: Tolerance
) -> Reconciliation:
    """Pair the calls of both sides and say what is left, or differs.

    60 s here and 61 s there are the same call within a tolerance of 1 s; 62 s are a difference.
    """
    here, there = _by_key(ours), _by_key(theirs)
    pairs: list[Pair] = []
    lone_here: list[OurCall] = []
    lone_there: list[TheirCall] = []
    for key in here.keys() | there.keys():
        paired, left, over = _paired(here.get(key, []), there.get(key, []), tolerance.within_us)
        pairs += paired
        lone_here += left
        lone_there += over
    pairs.sort(key=lambda pair: pair.ours.at_us)
    told = any(pair.theirs.cost is not None for pair in pairs)
    return Reconciliation(
        pairs=len(pairs),
        missing_here=_in_order(call for call in lone_there if call.ours),
        missing_there=_in_order(lone_here),
        seconds_differ=tuple(it for it in pairs if abs(it.more_s) > tolerance.seconds),
        cost_differs=tuple(it for it in pairs if abs(it.dearer or Fraction(0)) > tolerance.cost),
        not_ours=sum(not call.ours for call in lone_there),
        cost_unknown=sum(_cost_unknown(pair) for pair in pairs) if told else 0,
    )


def _cost_unknown(pair: Pair) -> bool:
    return (pair.ours.cost_micros is None) is not (pair.theirs.cost is None)


def _by_key(calls: Iterable[_Call]) -> dict[str, list[_Call]]:
    found: defaultdict[str, list[_Call]] = defaultdict(list)
    for call in calls:
        found[call.key].append(call)
    return found


def _in_order(calls: Iterable[_Call]) -> tuple[_Call, ...]:
    return tuple(sorted(calls, key=_instant))


def _paired(
    ours: Sequence[OurCall], theirs: Sequence[TheirCall], within_us: int | None
) -> tuple[list[Pair], list[OurCall], list[TheirCall]]:
    """The calls of one key: pairs, and who is left alone on either side."""
    here, there = _in_order(ours), _in_order(theirs)
    places = [
        pair
        for own, other in _clusters(here, there, within_us)
        for pair in _aligned(here, there, own, other, within_us)
    ]
    mine, taken = {own for own, _ in places}, {other for _, other in places}
    return (
        [Pair(here[own], there[other]) for own, other in places],
        [call for place, call in enumerate(here) if place not in mine],
        [call for place, call in enumerate(there) if place not in taken],
    )


def _clusters(
    here: Sequence[OurCall], there: Sequence[TheirCall], within_us: int | None
) -> Iterator[tuple[range, range]]:
    """Stretches that are further apart from each other than two records of one call can be."""
    instants = sorted({*map(_instant, here), *map(_instant, there)})
    own = other = 0
    for at_us, next_us in zip(instants, [*instants[1:], None], strict=True):
        if next_us is not None and (within_us is None or next_us - at_us <= within_us):
            continue
        until = bisect_right(here, at_us, key=_instant), bisect_right(there, at_us, key=_instant)
        yield range(own, until[0]), range(other, until[1])
        own, other = until


def _instant(call: OurCall | TheirCall) -> int:
    return call.at_us


def _aligned(
    here: Sequence[OurCall],
    there: Sequence[TheirCall],
    own: range,
    other: range,
    within_us: int | None,
) -> list[tuple[int, int]]:
    """Pairs that cross nowhere, as many as there can be, and of these the likeliest ones.

    Clocks that differ move all records the same way, so their order is kept; a record that is
    missing moves none.
    """
    if len(own) * len(other) > ALIGNED_MAX:
        return _in_turn(here, there, own, other, within_us)
    # best[j]: how many pairs fewer, and how unlike, for what is done of ours and j of theirs.
    best = [_Way() for _ in range(len(other) + 1)]
    for place in own:
        row = [best[0]]
        for column, theirs in enumerate(other):
            choices = [best[column + 1], row[column]]
            unlike = _unlike(here[place], there[theirs], within_us)
            if unlike is not None:
                odd = here[place].over_trunk is not there[theirs].ours
                choices.append(best[column].and_then(place, theirs, odd=odd, unlike=unlike))
            row.append(min(choices, key=lambda way: (way.pairs, way.odd, way.unlike)))
        best = row
    return best[-1].places()


def _in_turn(
    here: Sequence[OurCall],
    there: Sequence[TheirCall],
    own: range,
    other: range,
    within_us: int | None,
) -> list[tuple[int, int]]:
    """The first with the first, unless they are too far apart: then the earlier one stays alone."""
    pairs: list[tuple[int, int]] = []
    mine, others = own.start, other.start
    while mine < own.stop and others < other.stop:
        if _unlike(here[mine], there[others], within_us) is not None:
            pairs.append((mine, others))
            mine, others = mine + 1, others + 1
        elif here[mine].at_us < there[others].at_us:
            mine += 1
        else:
            others += 1
    return pairs


def _unlike(ours: OurCall, theirs: TheirCall, within_us: int | None) -> int | None:
    """How much tells against their being one call; None if they cannot be."""
    apart_us = abs(ours.at_us - theirs.at_us)
    if within_us is not None and apart_us > within_us:
        return None
    return apart_us + abs(ours.talk_s - theirs.seconds) * MICROS


@dataclass(frozen=True, slots=True)
class _Way:
    """A way to pair: minus the number of pairs, how unlike they are, and the last of them.

    A pair is odd if it went over a trunk on one side alone: one channel of Asterisk may have
    records of a paid call and of the menu after it, which begins when the call has ended.
    """

    pairs: int = 0
    odd: int = 0
    unlike: int = 0
    last: "tuple[_Way, int, int] | None" = None

    def and_then(self, own: int, other: int, *, odd: bool, unlike: int) -> "_Way":
        """The same with one pair more."""
        return _Way(self.pairs - 1, self.odd + odd, self.unlike + unlike, (self, own, other))

    def places(self) -> list[tuple[int, int]]:
        """The pairs, the first one first."""
        found: list[tuple[int, int]] = []
        way = self
        while way.last is not None:
            way, own, other = way.last
            found.append((own, other))
        return found[::-1]
