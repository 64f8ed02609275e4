"""Replaying past calls: each is priced by other files, as if they had been in force at its time."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from functools import lru_cache
from typing import Final

from pbxcharge.catalog.load import Catalog
from pbxcharge.catalog.trunk_offers import trunk_offers
from pbxcharge.core.circumstances import Circumstances, TrunkOffer
from pbxcharge.core.denial import Denial
from pbxcharge.core.dialling import Routing
from pbxcharge.core.money import MICROS
from pbxcharge.core.plan import CallType, Plan
from pbxcharge.core.replay import Replay
from pbxcharge.core.repricing import PastCall, Repriced, reprice
from pbxcharge.core.resolution import Route
from pbxcharge.flow.zones import zone_of
from pbxcharge.store.replay_rows import PastAttempt

NUMBERS_KEPT: Final = 50_000


@dataclass(frozen=True, slots=True)
class OtherFiles:
    """By what past calls are priced.

    Args:
        catalog: plans and decks; of plans with dates those count that hold at a call's set-up.
        routing: the trunks of the site, and which numbers leave by which.
        ring_s: how long a phone may ring.
        zone: the local time of the site.
    """

    catalog: Catalog
    routing: Routing
    ring_s: int
    zone: tzinfo


class Repricer:
    """Prices past calls by other files; calls that come in order are the fastest."""

    def __init__(self, files: OtherFiles) -> None:
        self._files = files
        self._offers = trunk_offers(files.routing, files.catalog.decks)
        # People dial the same numbers again and again.
        self._trunks = lru_cache(NUMBERS_KEPT)(self._find_trunks)
        self._changes_s = _changes_s(files.catalog)
        self._in_force: dict[int, Mapping[str, Plan]] = {}

    def reprice(self, call: PastCall, endpoint: str) -> Repriced | Denial:
        """The call by the files, over the trunks that they have for it."""
        at_s, route = call.setup_at_us // MICROS, call.route
        trunks = self._trunks(route.call_type, route.number, endpoint)
        asked = Circumstances(at_s, self._files.ring_s, trunks, self._zone)
        return reprice(call, self._plans(at_s), asked)

    def missing_plans(self, call: PastCall) -> frozenset[str]:
        """The plans that the call names and that are none of the files'."""
        plans = self._plans(call.setup_at_us // MICROS)
        return frozenset(level.plan for level in call.levels) - plans.keys()

    def _find_trunks(
        self, call_type: CallType, number: str | None, endpoint: str
    ) -> tuple[TrunkOffer, ...]:
        return self._offers(Route(call_type, number), endpoint)

    def _plans(self, at_s: int) -> Mapping[str, Plan]:
        """The plans that count at a second: the same ones from one change to the next."""
        spell = bisect_right(self._changes_s, at_s)
        if spell not in self._in_force:
            self._in_force[spell] = self._files.catalog.in_force(at_s)
        return self._in_force[spell]

    def _zone(self, name: str | None) -> tzinfo:
        return zone_of(name) if name else self._files.zone


def _changes_s(catalog: Catalog) -> list[int]:
    """The seconds at which a plan begins or ends."""
    found, at_s = list[int](), -1
    while (next_s := catalog.next_change_s(at_s)) is not None:
        found.append(next_s)
        at_s = next_s
    return found


def replay(attempts: Iterable[PastAttempt], files: OtherFiles, kept: Replay) -> None:
    """Tell every attempt to the replay that keeps the sums."""
    repricer = Repricer(files)
    for attempt in attempts:
        recorded = attempt.recorded
        if recorded is None:
            kept.not_priced += 1
            continue
        again = repricer.reprice(recorded.call, attempt.endpoint)
        if isinstance(again, Denial) and recorded.reason is None:
            kept.missing_plans.update(repricer.missing_plans(recorded.call))
        kept.take(recorded, again)
