"""The trunks of a call, each with its carrier's prices."""

from pathlib import Path

import pytest

from pbxcharge.catalog.trunk_offers import trunk_offers
from pbxcharge.core.circumstances import TrunkOffer
from pbxcharge.core.dialling import Routing, Trunk
from pbxcharge.core.plan import CallType
from pbxcharge.core.resolution import Route
from tests.fakes.decks import a_deck

ROUTING = Routing(
    (
        Trunk("cheap", "PJSIP/{number}@cheap", "low"),
        Trunk("good", "PJSIP/{number}@good"),
        Trunk("inbound", "", "low"),
    ),
    {"49": ("good", "cheap")},
)


@pytest.mark.parametrize(
    ("route", "endpoint", "names"),
    [
        (Route(CallType.PUBLIC, "442079460000"), "alice", ["cheap", "good"]),
        (Route(CallType.PUBLIC, "4930123456"), "alice", ["good", "cheap"]),
        (Route(CallType.INCOMING, "442079460101"), "inbound", ["inbound"]),
        (Route(CallType.INCOMING, "442079460101"), "", ["cheap"]),
        (Route(CallType.LOCAL, "101", "bob"), "alice", []),
        (Route(CallType.PUBLIC, None), "alice", []),
    ],
)
def test_trunks_of_a_call(route: Route, endpoint: str, names: list[str]) -> None:
    """In the order of the route; from outside the one by which it came, in the house none.

    A quote of a call from outside, which nobody asks for, has the site's first one.
    """
    assert [offer.name for offer in trunk_offers(ROUTING, {})(route, endpoint)] == names


def test_a_trunk_has_the_prices_of_its_deck(tmp_path: Path) -> None:
    """One without a deck has none."""
    deck = a_deck(tmp_path, "prefix,price_per_minute\n44,0.01\n", name="low")
    offers = trunk_offers(ROUTING, {"low": deck})
    cheap, good = offers(Route(CallType.PUBLIC, "442079460000"), "alice")
    assert good == TrunkOffer("good")
    assert (cheap.deck, cheap.deck_version) == ("low", deck.version)
    assert cheap.rates is not None and cheap.rates.match("442", 0) is not None
