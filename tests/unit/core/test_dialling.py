"""Over which trunks a number may leave the house, in which order."""

from pbxcharge.core.dialling import Routing, Trunk, Way, usual_dial

TRUNKS = (
    Trunk("a", "PJSIP/+{number}@a", deck="cheap"),
    Trunk("only-in", ""),
    Trunk("b", "PJSIP/{number}@b"),
    Trunk("c", "PJSIP/00{number}@c"),
)
ROUTED = Routing(TRUNKS, {"4": ("b",), "49": ("c", "a"), "491": ("only-in", "b")})


def dials(number: str, routing: Routing = ROUTED) -> list[str]:
    """What is dialled for a number, in order."""
    return [way.dial for way in routing.ways(number)]


def test_a_number_without_a_route_takes_every_trunk_that_is_dialled() -> None:
    """As they stand; one by which calls only come in is none of them."""
    assert dials("33") == ["PJSIP/+33@a", "PJSIP/33@b", "PJSIP/0033@c"]


def test_the_longest_prefix_decides_and_keeps_its_own_order() -> None:
    """44 goes by `b` alone, 49 by `c` and then by `a`."""
    assert dials("44") == ["PJSIP/44@b"]
    assert dials("4930") == ["PJSIP/004930@c", "PJSIP/+4930@a"]
    assert dials("4915") == ["PJSIP/4915@b"]


def test_a_way_names_its_trunk_and_a_trunk_its_deck() -> None:
    """A trunk without prices has none."""
    assert ROUTED.ways("44") == (Way("b", "PJSIP/44@b"),)
    assert (ROUTED.deck("a"), ROUTED.deck("b"), ROUTED.deck("nobody")) == ("cheap", "", "")


def test_four_trunks_are_tried_at_most() -> None:
    """The dialplan has four variables."""
    many = Routing(tuple(Trunk(name, f"PJSIP/{{number}}@{name}") for name in "abcdef"))
    assert [way.trunk for way in many.ways("44")] == ["a", "b", "c", "d"]
    assert dials("44", Routing((Trunk("carrier", usual_dial("carrier")),))) == ["PJSIP/44@carrier"]
