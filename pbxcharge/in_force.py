"""What a running daemon obeys of its files, and how that changes while it runs."""

from pathlib import Path

from pbxcharge.catalog.load import Catalog
from pbxcharge.catalog.trunk_offers import trunk_offers
from pbxcharge.core.dialling import Routing
from pbxcharge.core.money import MICROS
from pbxcharge.flow.authorize import Prices
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.reload import Fresh
from pbxcharge.settings import Settings
from pbxcharge.site_files import needs_restart, read_files, with_live_settings


class InForce:
    """The settings and the prices in force; a reload changes those that need no restart.

    Args:
        config: the settings file.
        settings: as they stand in it.
        catalog: the plans.
    """

    def __init__(self, config: Path, settings: Settings, catalog: Catalog) -> None:
        self._config = config
        self._written = settings
        self.settings = settings
        self.prices = _prices(settings, catalog, settings.routing)

    def read(self) -> Fresh:
        """What the files say now; the tolerance in force stays, since it needs a restart."""
        read = read_files(self._config, tolerance_ms=self.settings.duration_tolerance_ms)
        if read.settings is None or read.catalog is None:
            return Fresh(self.settings.plans, None, read.findings)
        self._written = read.settings
        return Fresh(
            read.settings.plans,
            # The trunks in force stay, since they need a restart; their prices do not.
            _prices(read.settings, read.catalog, self.settings.routing),
            read.findings,
            needs_restart(self.settings, read.settings),
        )

    def take_settings(self) -> None:
        """In the step in which the prices come into force: the settings that go with them."""
        self.settings = with_live_settings(self.settings, self._written)


def _prices(settings: Settings, catalog: Catalog, routing: Routing) -> Prices:
    emergency = {route.dialled: route.dials for route in settings.emergency_routes}
    trunks = trunk_offers(routing, catalog.decks)
    plans = catalog.in_force(Clock().wall_us() // MICROS)
    return Prices(plans, settings.numbering, emergency, settings.time_zone, trunks)
