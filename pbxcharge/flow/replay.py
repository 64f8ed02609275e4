"""Replaying past calls: each is priced by other files, as if they had been in force at its time."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from pbxcharge.catalog.load import Catalog
from pbxcharge.core.circumstances import TrunkOffer
from pbxcharge.core.denial import Denial
from pbxcharge.core.money import MICROS
from pbxcharge.core.plan import CallType, Plan
from pbxcharge.core.replay import PastAttempt, Replay
from pbxcharge.core.repricing import PastCall
from pbxcharge.core.resolution import Route
from pbxcharge.flow.past_prices import price_again
from pbxcharge.flow.prices import Prices

NUMBERS_KEPT: Final = 50_000


@dataclass(frozen=True, slots=True)
class OtherFiles:
    """By what past calls are priced.

    Args:
        catalog: plans and decks; of plans with dates those count that hold at a call's set-up.
        prices: what they put into force on the site.
    """

    catalog: Catalog
    prices: Prices


def replay(attempts: Iterable[PastAttempt], files: OtherFiles, kept: Replay) -> None:
    """Tell every attempt to the replay that keeps the sums."""
    prices = for_many_calls(files)
    for attempt in attempts:
        recorded = attempt.recorded
        if recorded is None:
            kept.not_priced += 1
            continue
        again = price_again(prices, recorded.call, attempt.endpoint)
        if isinstance(again, Denial) and recorded.reason is None:
            kept.missing_plans.update(_missing_plans(prices, recorded.call))
        kept.take(recorded, again)


def for_many_calls(files: OtherFiles) -> Prices:
    """The same prices, which remember what they found; calls that come in order are the fastest."""
    offers = files.prices.trunks
    changes_s, in_force = _changes_s(files.catalog), dict[int, Mapping[str, Plan]]()

    # People dial the same numbers again and again.
    @lru_cache(NUMBERS_KEPT)
    def found(call_type: CallType, number: str | None, endpoint: str) -> tuple[TrunkOffer, ...]:
        return offers(Route(call_type, number), endpoint)

    def trunks(route: Route, endpoint: str) -> tuple[TrunkOffer, ...]:
        return found(route.call_type, route.number, endpoint)

    def plans_at(at_s: int) -> Mapping[str, Plan]:
        # They are the same ones from one change to the next.
        spell = bisect_right(changes_s, at_s)
        if spell not in in_force:
            in_force[spell] = files.catalog.in_force(at_s)
        return in_force[spell]

    return replace(files.prices, trunks=trunks, plans_at=plans_at)


def _changes_s(catalog: Catalog) -> list[int]:
    """The seconds at which a plan begins or ends."""
    found, at_s = list[int](), -1
    while (next_s := catalog.next_change_s(at_s)) is not None:
        found.append(next_s)
        at_s = next_s
    return found


def _missing_plans(prices: Prices, call: PastCall) -> frozenset[str]:
    """The plans that the call names and that are none of the files'."""
    plans = prices.plans_then(call.setup_at_us // MICROS)
    return frozenset(level.plan for level in call.levels) - plans.keys()
