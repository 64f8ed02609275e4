"""The levels of a call and the price of each: one may be priced by what the level above charges.

At the top stands the deck of the trunk that carries the call.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from pbxcharge.core.limits import UNLIMITED, Limits
from pbxcharge.core.price import Dearest, Price, Rate, Relative, RelativeTerms, hang_up_limit_s
from pbxcharge.core.windows import NO_WINDOWS, Timeline


@dataclass(frozen=True, slots=True)
class RatedLevel:
    """The plan settings that matter and the matched price of one charged level.

    Args:
        plan: its name.
        plan_version: hash of its content.
        rate: the matched price; or terms over what the level above charges.
        limits: what the account of the level may do.
        timeline: when which time windows of the rate are valid, in the zone of that account.
    """

    plan: str
    plan_version: str
    rate: Rate | RelativeTerms
    limits: Limits = UNLIMITED
    timeline: Timeline = NO_WINDOWS


@dataclass(frozen=True, slots=True)
class RatedTrunk:
    """A trunk that may carry the call, and what its carrier asks; no rate where no deck says it."""

    name: str
    deck: str = ""
    deck_version: str = ""
    rate: Rate | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """How a call may be answered: in this UTC second, over a carrier that asks this."""

    second: int
    cost: Rate | None = None


@dataclass(frozen=True, slots=True)
class Priced:
    """The price of each level, the caller's own first, and the longest talk that they leave."""

    prices: tuple[Price, ...]
    limit_s: int


ANY_ANSWER: Final = (Answer(0),)


def priced_chain(
    levels: Sequence[RatedLevel], answers: Sequence[Answer], call_max_s: int
) -> Priced:
    """Every level priced by the dearest of all the answers that the call may get.

    A user at 1.20 times what the organization charges at 0.10 a minute pays 0.12 a minute.
    """
    above: list[Price | None] = [answer.cost for answer in answers]
    found: list[Price] = []
    for level in reversed(levels):
        of_level = _of_level(level, above, answers)
        found.append(_dearest(of_level))
        above = [*of_level]
    prices = tuple(reversed(found))
    return Priced(prices, talk_limit_s(prices, call_max_s))


def talk_limit_s(prices: Iterable[Price], call_max_s: int) -> int:
    """The longest talk that the plan and every maximum charge with `hang_up` leave."""
    limits = [hang_up_limit_s(price) for price in prices]
    return min([call_max_s, *(limit for limit in limits if limit is not None)])


def _of_level(
    level: RatedLevel, above: Sequence[Price | None], answers: Sequence[Answer]
) -> list[Price]:
    """The price of a level for each answer, one object for the same price."""
    rate = level.rate
    if isinstance(rate, Rate):
        return [rate.at(level.timeline, answer.second) for answer in answers]
    over: dict[int, Price] = {}
    return [over.setdefault(id(price), Relative(price, rate)) for price in above]


def _dearest(candidates: Sequence[Price]) -> Price:
    different = tuple({id(price): price for price in candidates}.values())
    return different[0] if len(different) == 1 else Dearest(different)
