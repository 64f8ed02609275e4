"""Who was granted a trunk leg, and who was left alone on one."""

from dataclasses import replace

import pytest

from pbxcharge.core.attempt import Leg
from pbxcharge.core.call import Call, Phase
from pbxcharge.core.dialling import Routing, Trunk, endpoint_of
from pbxcharge.core.plan import CallType
from pbxcharge.core.trunks import (
    Party,
    Route,
    Standing,
    Talker,
    TrunkLeg,
    left_alone,
    may_become_granted,
    number_dialled,
    number_in,
    route,
    standing,
    with_emergency,
)
from tests.fakes.granted_call import CALLER, LEG, granted

CARRIER = Trunk("carrier", "PJSIP/{number}@carrier")
SECOND = Trunk("second", "PJSIP/{number}@second")
DIAL = Routing((CARRIER,), {"7": ("second",)})
NUMBER = "4930123456"
RINGING = Call(granted(), 1, 60)
LOCAL = replace(RINGING.granted.attempt, call_type=CallType.LOCAL, callee_endpoint="bob")
INSIDE = replace(RINGING, granted=replace(RINGING.granted, attempt=LOCAL))
THEIRS = TrunkLeg(LEG.uniqueid, "carrier", NUMBER, CALLER.uniqueid)
EMERGENCY = frozenset({"112"})


@pytest.mark.parametrize(
    ("channel", "endpoint"),
    [
        ("PJSIP/carrier-0000001a", "carrier"),
        ("PJSIP/north-west-000000ff", "north-west"),
        ("Local/carrier-00000001@pbxc-behalf-00000002;1", None),
        ("Local/4420@carrier-00000002;2", None),
        ("Surrogate/PJSIP/carrier-0000001a", "PJSIP/carrier"),
        ("pulse", None),
    ],
)
def test_a_channel_tells_its_endpoint(channel: str, endpoint: str | None) -> None:
    """Up to the serial number; Asterisk's own channels belong to nobody's endpoint."""
    assert endpoint_of(channel) == endpoint


@pytest.mark.parametrize(
    ("dial_string", "number"),
    [
        ("4420@carrier", "4420"),
        ("carrier/sip:4420@192.0.2.1:5060", "4420"),
        ("carrier/sip:+4420@192.0.2.1;transport=tcp", "+4420"),
        ("carrier", ""),
        ("", ""),
    ],
)
def test_a_dial_string_tells_its_number(dial_string: str, number: str) -> None:
    """Both ways in which PJSIP can be told to dial a number."""
    assert number_dialled(dial_string) == number


def test_a_sip_address_tells_its_number() -> None:
    """With and without a name and angle brackets."""
    assert number_in("<sip:4420@192.0.2.1>") == "4420"
    assert number_in('"Anyone" <sips:4420@192.0.2.1:5061>') == "4420"
    assert number_in("carrier") == ""


def test_a_dial_string_tells_where_it_leads() -> None:
    """With what the carrier wants before it."""
    assert route("PJSIP/+4420@carrier") == Route("carrier", "+4420")
    assert route("PJSIP/112@rescue") == Route("rescue", "112")


def test_a_leg_is_granted_to_who_asked_for_this_number_on_this_trunk() -> None:
    """All four must agree; also when it is told a second time."""
    assert standing(THEIRS, RINGING, DIAL, EMERGENCY) == (Standing.GRANTED, "")
    known = RINGING.with_leg(LEG)
    assert standing(THEIRS, known, DIAL, EMERGENCY) == (Standing.GRANTED, "")


@pytest.mark.parametrize(
    ("leg", "call"),
    [
        (replace(THEIRS, caller=None), None),
        (THEIRS, None),
        (replace(THEIRS, caller="1790000000.9"), RINGING),
        (replace(THEIRS, number="4930999"), RINGING),
        (replace(THEIRS, trunk="expensive"), RINGING),
        (THEIRS, RINGING.with_leg(Leg("1790000000.7", "PJSIP/carrier-00000007"))),
        (THEIRS, replace(RINGING, phase=Phase.ENDING)),
        (THEIRS, INSIDE),
    ],
    ids=["nobody", "no call", "other caller", "number", "trunk", "second leg", "ended", "inside"],
)
def test_every_other_leg_is_unauthorized_and_says_why(leg: TrunkLeg, call: Call | None) -> None:
    """One difference is enough.

    Seen failing with each `if` of `_why_not` taken out.
    """
    what, why = standing(leg, call, DIAL, EMERGENCY)
    assert what is Standing.UNAUTHORIZED
    assert why


@pytest.mark.parametrize("caller", [None, "1790000000.9"])
def test_an_emergency_leg_is_let_through_whoever_dialled_it(caller: str | None) -> None:
    """Also without a caller, and over any trunk."""
    leg = TrunkLeg("1.1", "expensive", "112", caller)
    assert standing(leg, None, DIAL, EMERGENCY)[0] is Standing.EMERGENCY


def test_a_leg_of_an_unknown_caller_may_be_of_a_call_that_has_none() -> None:
    """Of the same number and trunk, while the call waits for its leg."""
    untold = replace(THEIRS, caller=None)
    assert may_become_granted(untold, RINGING, DIAL)
    assert not may_become_granted(replace(untold, number="4930999"), RINGING, DIAL)
    assert not may_become_granted(untold, RINGING.with_leg(LEG), DIAL)
    assert not may_become_granted(untold, INSIDE, DIAL)


def talkers(*named: str) -> list[Talker]:
    """`trunk`, `home` (a trunk leg that has come home before) and `phone`, all in one bridge."""
    return [Talker(f"{i}", "b", who != "phone", who == "home") for i, who in enumerate(named)]


@pytest.mark.parametrize(
    ("named", "alone"),
    [
        (("home", "trunk"), {"0", "1"}),
        (("home", "home", "trunk"), {"0", "1", "2"}),
        (("trunk", "trunk"), set()),
        (("home",), set()),
        (("home", "phone"), set()),
        (("home", "trunk", "phone"), set()),
    ],
)
def test_who_is_left_alone(named: tuple[str, ...], alone: set[str]) -> None:
    """Two trunk legs, of which one has come home, and nobody of the site with them.

    A forwarded call never came home; a parked one talks to nobody.
    """
    assert left_alone(talkers(*named)) == alone


def test_bridges_are_told_apart() -> None:
    """Two calls, each with its phone."""
    pairs = [Talker("1", "a", True, True), Talker("2", "b", True, True)]
    assert left_alone(pairs) == frozenset()


def _party(name: str, bridge: str | None, *, emergency: bool = False) -> Party:
    return Party(name, name, bridge, emergency)


@pytest.mark.parametrize(
    ("parties", "spared"),
    [
        ([_party("112", None, emergency=True), _party("bob", "b")], {"112"}),
        ([_party("112", "b", emergency=True), _party("bob", "b")], {"112", "bob"}),
        (
            [_party("112", "b", emergency=True), _party("bob", "b"), _party("eve", "b")],
            {"112"},
        ),
        (
            [
                *(_party("112", "b", emergency=True), _party("Local/1;2", "b")),
                *(_party("Local/1;1", "c"), _party("bob", "c"), _party("Local/2;1", None)),
            ],
            {"112", "Local/1;1", "Local/1;2", "bob"},
        ),
    ],
)
def test_who_alone_talks_with_an_emergency_number_is_spared(
    parties: list[Party], spared: set[str]
) -> None:
    """Also through a Local channel; a conference of three goes on without each of them."""
    assert with_emergency(parties) == spared


def test_two_channels_of_one_name_spare_nobody_else() -> None:
    """While Asterisk puts one channel in another one's place, both may be listed by one name."""
    twins = [Party("1.1", "PJSIP/a-1", "b", True), Party("1.2", "PJSIP/a-1", "b", False)]
    assert with_emergency(twins) == {"1.1", "1.2"}
