"""How Asterisk is to dial the public network: over which trunks a number may leave the house."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

LOCAL = "Local"
"""Channels of this kind are Asterisk's own and stand for somebody of the site."""
WAYS_MAX = 4
"""Trunks that are tried for one call: the dialplan has a variable for each."""
_NUMBERED = re.compile(r"([^/]+)/(.+)-[0-9a-fA-F]{8}(?:;[12])?")


@dataclass(frozen=True, slots=True)
class Trunk:
    """A way out of the house, and a way in.

    Args:
        name: its endpoint in Asterisk.
        dial: what Dial is given, with `{number}` in it; empty if calls only come in by it.
        deck: the carrier's prices; empty if there are none.
    """

    name: str
    dial: str
    deck: str = ""


@dataclass(frozen=True, slots=True)
class Way:
    """One of the ways that a number may take: the trunk, and what Dial is given for it."""

    trunk: str
    dial: str


@dataclass(frozen=True, slots=True)
class Routing:
    """The trunks of a site, and for some prefixes an order of their own; the longest prefix wins.

    With `carrier` and `second`, and 49 by `second` alone, 4930123456 has one way,
    `PJSIP/4930123456@second`, and 442079460000 has two.

    Args:
        trunks: in the order in which they are tried for numbers without a route.
        routes: by leading digits of E.164, the names of the trunks in their order.
    """

    trunks: tuple[Trunk, ...]
    routes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def ways(self, number: str) -> tuple[Way, ...]:
        """The ways of a number in the order in which they are tried, four at most."""
        known = {trunk.name: trunk for trunk in self.trunks if trunk.dial}
        trunks = [known[name] for name in self._names(number) if name in known]
        return tuple(
            Way(trunk.name, trunk.dial.replace("{number}", number)) for trunk in trunks[:WAYS_MAX]
        )

    def deck(self, trunk: str) -> str:
        """The deck of a trunk; empty without one."""
        return next((known.deck for known in self.trunks if known.name == trunk), "")

    def _names(self, number: str) -> tuple[str, ...]:
        for length in range(len(number), 0, -1):
            if (names := self.routes.get(number[:length])) is not None:
                return names
        return tuple(trunk.name for trunk in self.trunks)


def endpoint_of(channel: str) -> str | None:
    """Endpoint of a channel, by its name: `PJSIP/carrier-0000001a` is `carrier`'s.

    None for a Local channel, which belongs to no endpoint, and for a name of another form.
    """
    found = _NUMBERED.fullmatch(channel)
    return found[2] if found and found[1] != LOCAL else None


def usual_dial(name: str) -> str:
    """How a number is dialled by an endpoint: `PJSIP/{number}@carrier`."""
    return f"PJSIP/{{number}}@{name}"
