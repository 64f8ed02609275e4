"""Covering: which quota takes which seconds of the next slice, by what was used before each.

Every second is offered to the quotas in their order, and the first that gives a discount takes it.
A second that none of them takes is counted by all that give one later.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from pbxcharge.core.coverage import Costs, Coverage, Span, dearest_micros
from pbxcharge.core.measure import Measure
from pbxcharge.core.quotas import QuotaWallet

_NOTHING: Final = Fraction(0)


@dataclass(slots=True)
class Counter:
    """A quota and what was used of it so far, held by live calls included."""

    wallet: QuotaWallet
    used: int


def covering(
    costs: Sequence[Costs], counters: Sequence[Counter], from_s: int, until_s: int, at_us: int
) -> Coverage:
    """The spans of some seconds of talk, in order; the counters count them.

    2 minutes left of 100, and 8 to come: 0 to 120 s for nothing, and no more spans. Then 10 % off
    from 100 minutes on: 120 to 480 s at 1/10.

    Args:
        costs: what the seconds cost before any discount, by each price that they may have.
        counters: in the order in which they are used.
        from_s: since the answer.
        until_s: the second after the last one.
        at_us: when they are granted: periods of quotas are judged at this instant.
    """
    found: list[Span] = []
    while from_s < until_s:
        spans = list(_next(costs, counters, from_s, until_s, at_us))
        if not spans:
            break
        found += spans
        from_s = spans[0].until_s
    return tuple(found)


def _next(
    costs: Sequence[Costs], counters: Sequence[Counter], from_s: int, until_s: int, at_us: int
) -> Iterator[Span]:
    """What counts the seconds from here until anything about that changes."""
    tiers = [(one, *one.wallet.tier(one.used, at_us)) for one in counters]
    giving = next((tier for tier in tiers if tier[1]), None)
    # Of one that gives nothing now, and never will, nothing need be counted.
    taking = [giving] if giving else [tier for tier in tiers if tier[2] is not None]
    ends = [
        _end_s(costs, one, until, from_s, until_s) for one, _, until in taking if until is not None
    ]
    end_s = min([until_s, *ends])
    for one, discount, _ in taking:
        one.used += _use(costs, one, from_s, end_s)
        wallet = one.wallet
        yield Span(
            from_s, end_s, discount or _NOTHING, wallet.wallet_id, wallet.name, wallet.measure
        )


def _end_s(costs: Sequence[Costs], one: Counter, until: int, from_s: int, until_s: int) -> int:
    """Where the tier ends: a second counts to the one that holds when it begins."""
    left = until - one.used
    if one.wallet.measure is Measure.SECONDS:
        return min(until_s, from_s + left)
    ends = range(from_s + 1, until_s)
    return from_s + 1 + bisect_left(ends, left, key=lambda end_s: _use(costs, one, from_s, end_s))


def _use(costs: Sequence[Costs], one: Counter, from_s: int, end_s: int) -> int:
    if one.wallet.measure is Measure.SECONDS:
        return end_s - from_s
    # Of whole blocks, so that it does not depend on where the talk ends.
    return dearest_micros(costs, from_s, end_s, max(each.block_end(end_s) for each in costs))
