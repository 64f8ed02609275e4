"""Legs that lead out of the house: whether somebody was granted one, and who was left alone on it.

What a channel variable says is only a hint, since channels inherit variables. What counts is what
Asterisk itself tells: which channel dialled, over which trunk, which number.
"""

import re
from collections.abc import Iterable, Set
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pbxcharge.core.call_state import Call
from pbxcharge.core.dialling import Routing
from pbxcharge.core.plan import CallType

EMERGENCY_CALL: Final = "emergency"
"""In place of a call id: a leg with it says that it is an emergency call's."""
_PAIR = 2
_SIP_USER = re.compile(r"sips?:([^@;>]*)[@;>]")


class Standing(StrEnum):
    """What a trunk leg is."""

    GRANTED = "granted"
    EMERGENCY = "emergency"
    UNAUTHORIZED = "unauthorized"


@dataclass(frozen=True, slots=True)
class Route:
    """Where a dial string leads: `PJSIP/442079460000@carrier` is that number over `carrier`."""

    trunk: str
    number: str


@dataclass(frozen=True, slots=True)
class TrunkLeg:
    """A leg that was dialled over a trunk.

    Args:
        uniqueid: of the leg.
        trunk: its endpoint.
        number: as it was dialled there.
        caller: Uniqueid of the channel that dialled it; None if none did, as with Originate.
    """

    uniqueid: str
    trunk: str
    number: str
    caller: str | None


@dataclass(frozen=True, slots=True)
class Talker:
    """A leg in a bridge of two parties.

    Args:
        uniqueid: of the leg.
        bridge_id: the bridge.
        outside: it is a trunk's.
        came_home: somebody of this site has talked on it, or transferred it.
    """

    uniqueid: str
    bridge_id: str
    outside: bool
    came_home: bool


@dataclass(frozen=True, slots=True)
class Party:
    """A channel, as far as it matters whom it talks with.

    Args:
        uniqueid: of the channel.
        channel: its name; the two halves of a Local channel differ in the last sign alone.
        bridge_id: the bridge in which it talks; None if it talks to nobody.
        emergency: it is an emergency call's.
    """

    uniqueid: str
    channel: str
    bridge_id: str | None
    emergency: bool


def route(dialled: str) -> Route:
    """Where a dial string leads: `PJSIP/442079460000@carrier` is that number over `carrier`."""
    filled = dialled.partition("/")[2]
    return Route(filled.rpartition("@")[2], number_dialled(filled))


def number_dialled(dial_string: str) -> str:
    """Number in what Dial was given after the technology.

    `4420@carrier` and `carrier/sip:4420@192.0.2.1` both dial 4420; `carrier` alone dials none.
    """
    if "/" in dial_string:
        return number_in(dial_string.partition("/")[2])
    return dial_string.rpartition("@")[0]


def number_in(uri: str) -> str:
    """Number in a SIP address: `<sip:4420@192.0.2.1>` is 4420."""
    found = _SIP_USER.search(uri)
    return found[1] if found else ""


def standing(
    leg: TrunkLeg, call: Call | None, routing: Routing, emergency: Set[str]
) -> tuple[Standing, str]:
    """What a leg is, and why it was granted to nobody; empty if there is nothing to say.

    Args:
        leg: the leg.
        call: the live call that the channel which dialled it has asked for; None without one.
        routing: over which trunks public numbers are dialled.
        emergency: the numbers of the emergency list as they are sent. These are let through over
            every trunk, whoever dials them: nothing may end such a call.
    """
    if leg.number in emergency:
        return Standing.EMERGENCY, ""
    why = _why_not(leg, call, routing)
    return (Standing.UNAUTHORIZED, why) if why else (Standing.GRANTED, "")


def may_become_granted(leg: TrunkLeg, call: Call, routing: Routing) -> bool:
    """Whether a leg of which Asterisk has not yet told who dialled it may be this call's.

    It may while the call has none, or one over an earlier trunk that nobody has answered, and was
    granted this very number over this trunk, too.
    """
    public = call.granted.attempt.call_type == CallType.PUBLIC
    open_to_it = call.live and public and call.may_take(leg.trunk)
    return open_to_it and _ways(call, routing).get(leg.trunk) == leg.number


def left_alone(talkers: Iterable[Talker]) -> frozenset[str]:
    """Legs in bridges that hold only trunk legs, two at least, one of which has come home before.

    A call that was forwarded before anybody of the site talked is no such: nobody has left it.
    """
    bridges: dict[str, list[Talker]] = {}
    for talker in talkers:
        bridges.setdefault(talker.bridge_id, []).append(talker)
    return frozenset(
        talker.uniqueid
        for together in bridges.values()
        if len(together) > 1
        and all(one.outside for one in together)
        and any(one.came_home for one in together)
        for talker in together
    )


def with_emergency(parties: Iterable[Party]) -> frozenset[str]:
    """Emergency legs, and the channels whose end would end them: those that alone talk with them.

    In a bridge of two that is the other one; of a Local channel also the other half, and who alone
    talks with that. A conference goes on without any one of its members.
    """
    known = tuple(parties)
    partners = _partners(known)
    waiting = [party for party in known if party.emergency]
    found = {party.uniqueid for party in waiting}
    while waiting:
        for other in partners[waiting.pop().uniqueid]:
            if other.uniqueid not in found:
                found.add(other.uniqueid)
                waiting.append(other)
    return frozenset(found)


def _partners(parties: Iterable[Party]) -> dict[str, list[Party]]:
    """By Uniqueid: who alone talks with a channel, and the other half of a Local one."""
    bridges: dict[str | None, list[Party]] = {}
    names: dict[str, Party] = {}
    found: dict[str, list[Party]] = {}
    for party in parties:
        found[party.uniqueid] = []
        names[party.channel] = party
        bridges.setdefault(party.bridge_id, []).append(party)
    pairs = [two for bridge, two in bridges.items() if bridge is not None and len(two) == _PAIR]
    pairs += [[p, names[half]] for p in names.values() if (half := _other_half(p.channel)) in names]
    for one, other in pairs:
        found[one.uniqueid].append(other)
        found[other.uniqueid].append(one)
    return found


def _other_half(channel: str) -> str:
    name, _, half = channel.rpartition(";")
    return f"{name};{'2' if half == '1' else '1'}" if name and half in ("1", "2") else ""


def _ways(call: Call, routing: Routing) -> dict[str, str]:
    """The number of a call as it is dialled over each trunk that it may take."""
    ways, granted = routing.ways(call.granted.attempt.number or ""), call.granted.trunks
    return {way.trunk: route(way.dial).number for way in ways if way.trunk in granted}


def _why_not(leg: TrunkLeg, call: Call | None, routing: Routing) -> str:
    if leg.caller is None:
        return "no channel dialled it"
    if call is None or not call.live:
        return "who dialled it was granted no call"
    if call.granted.attempt.call_type != CallType.PUBLIC:
        return "the call was not granted to the public network"
    granted = _ways(call, routing)
    if call.granted.attempt.caller.uniqueid != leg.caller:
        return "another channel was granted this call"
    if leg.trunk not in granted:
        return "the call was granted over another trunk"
    if granted[leg.trunk] != leg.number:
        return "the call was granted to another number"
    known = call.leg is not None and call.leg.uniqueid == leg.uniqueid
    if not known and not call.may_take(leg.trunk):
        return "the call has its leg already"
    return ""
