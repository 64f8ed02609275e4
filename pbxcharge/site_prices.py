"""What calls cost on a site: its settings and plans, as those need them who decide about calls."""

from collections.abc import Mapping

from pbxcharge.catalog.deck import Deck
from pbxcharge.catalog.offers import NOTHING_OFFERED, Offered
from pbxcharge.catalog.trunk_offers import trunk_offers
from pbxcharge.core.dialling import Routing
from pbxcharge.core.plan import Plan
from pbxcharge.flow.prices import PlansAt, Prices
from pbxcharge.settings import Settings


def site_prices(
    settings: Settings,
    routing: Routing,
    plans: Mapping[str, Plan],
    to_come: tuple[Plan, ...],
    decks: Mapping[str, Deck],
    plans_at: PlansAt = None,
    offered: Offered = NOTHING_OFFERED,
) -> Prices:
    """The prices of a site.

    Args:
        settings: how numbers are read, the emergency list and the local time.
        routing: the trunks; they may be older than the settings, since they need a restart.
        plans: that count now, by name.
        to_come: those that have not begun yet, the first one first.
        decks: the rate decks, by name.
        plans_at: the plans that count at a UTC second; None where nobody asks for another one.
        offered: subscription plans, products and discounts.
    """
    return Prices(
        plans,
        settings.numbering,
        {route.dialled: route.dials for route in settings.emergency_routes},
        settings.time_zone,
        trunk_offers(routing, decks),
        to_come,
        {name: deck.version for name, deck in decks.items()},
        plans_at,
        settings.timing.ring_s,
        settings.site.close_month_after_d,
        offered.subscriptions,
        offered.products,
        offered.discounts,
        settings.pbx,
    )
