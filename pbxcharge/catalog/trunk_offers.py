"""Which trunks may carry a call, each with the prices of its carrier."""

from collections.abc import Callable, Mapping

from pbxcharge.catalog.deck import Deck, DeckTable
from pbxcharge.core.circumstances import TrunkOffer
from pbxcharge.core.dialling import Routing
from pbxcharge.core.plan import CallType
from pbxcharge.core.resolution import Route


def trunk_offers(
    routing: Routing, decks: Mapping[str, Deck]
) -> Callable[[Route, str], tuple[TrunkOffer, ...]]:
    """The trunks of a route, and of the endpoint that asks, in the order in which they are tried.

    Of a call from outside the one that it came by; the site's first one where none asks, since a
    quote is priced over the first trunk. Of a call inside the house none.
    """
    tables = {name: deck.table() for name, deck in decks.items()}

    def offers(route: Route, endpoint: str) -> tuple[TrunkOffer, ...]:
        return tuple(_offer(name, routing, decks, tables) for name in _names(route, endpoint))

    def _names(route: Route, endpoint: str) -> tuple[str, ...]:
        if route.call_type is CallType.INCOMING:
            return (endpoint,) if endpoint else tuple(each.name for each in routing.trunks[:1])
        if route.call_type is CallType.PUBLIC and route.number:
            return tuple(way.trunk for way in routing.ways(route.number))
        return ()

    return offers


def _offer(
    trunk: str, routing: Routing, decks: Mapping[str, Deck], tables: Mapping[str, DeckTable]
) -> TrunkOffer:
    deck = decks.get(routing.deck(trunk))
    if deck is None:
        return TrunkOffer(trunk)
    return TrunkOffer(trunk, deck.name, deck.version, tables[deck.name])
