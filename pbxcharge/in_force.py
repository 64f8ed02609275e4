"""What a running daemon obeys of its files, and how that changes while it runs."""

from pathlib import Path

from pbxcharge.catalog.load import Catalog
from pbxcharge.core.dialling import Routing
from pbxcharge.core.money import MICROS
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.ports import Site
from pbxcharge.flow.prices import Prices
from pbxcharge.flow.reload import Fresh
from pbxcharge.settings import Settings
from pbxcharge.site_files import needs_restart, read_files, with_live_settings
from pbxcharge.site_prices import site_prices


class InForce:
    """The settings and the prices in force; a reload changes those that need no restart.

    Args:
        config: the settings file.
        settings: as they stand in it.
        catalog: the plans.
    """

    def __init__(self, config: Path, settings: Settings, catalog: Catalog) -> None:
        self._config = config
        self.settings = settings
        self._catalog = catalog
        self._as_of_s = _now_s()
        self.prices = _prices(settings, catalog, settings.routing, self._as_of_s)
        self._fresh = (settings, catalog, self._as_of_s)

    def read(self) -> Fresh:
        """What the files say now; the tolerance in force stays, since it needs a restart."""
        read = read_files(self._config, tolerance_ms=self.settings.duration_tolerance_ms)
        if read.settings is None or read.catalog is None:
            return Fresh(self.settings.plans, None, read.findings)
        self._fresh = (read.settings, read.catalog, _now_s())
        return Fresh(
            read.settings.plans,
            # The trunks in force stay, since they need a restart; their prices do not.
            _prices(read.settings, read.catalog, self.settings.routing, self._fresh[2]),
            read.findings,
            needs_restart(self.settings, read.settings),
            read.catalog.owners,
            read.offers,
        )

    def again(self) -> Fresh:
        """What is in memory, as it counts now: plans may have begun, or ended."""
        self._fresh = (self.settings, self._catalog, _now_s())
        prices = _prices(self.settings, self._catalog, self.settings.routing, self._fresh[2])
        return Fresh(self.settings.plans, prices, (), owners=self._catalog.owners)

    def next_change_s(self, after_s: int) -> int | None:
        """When the next plan begins or ends, in UTC seconds; None if none does.

        Of those that are due later than a second and not in force yet, the first one.
        """
        return self._catalog.next_change_s(max(self._as_of_s, after_s))

    def take_settings(self) -> None:
        """In the step in which the prices come into force: the settings that go with them."""
        written, self._catalog, self._as_of_s = self._fresh
        self.settings = with_live_settings(self.settings, written)


def site_of(settings: Settings) -> Site:
    """The settings that calls obey, as a daemon keeps them until its end."""
    return Site(
        pbx=settings.pbx,
        currency=settings.site.currency,
        ring_s=settings.timing.ring_s,
        renew_lead_ms=settings.timing.renew_lead_s * 1000,
        routing=settings.routing,
        lost_end=settings.lost_end,
        trunks=settings.trunk_endpoints,
    )


def _now_s() -> int:
    return Clock().wall_us() // MICROS


def _prices(settings: Settings, catalog: Catalog, routing: Routing, at_s: int) -> Prices:
    plans, to_come = catalog.in_force(at_s), catalog.to_come(at_s)
    return site_prices(
        settings,
        routing,
        plans,
        to_come,
        catalog.decks,
        catalog.in_force,
        catalog.offered,
    )
