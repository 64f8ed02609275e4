"""The trunks and routes of the settings, and what must hold between them."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import ClassVar

from pbxcharge.catalog.findings import Finding
from pbxcharge.catalog.form import Form, ShortForm
from pbxcharge.catalog.scalars import Slug
from pbxcharge.catalog.site_values import DialPrefix, TrunkDial
from pbxcharge.catalog.source import KeyPath, Source
from pbxcharge.core.dialling import WAYS_MAX, Routing, Trunk, usual_dial

TRUNKS: KeyPath = ("trunks",)
ROUTES: KeyPath = ("routes",)
NOT_DIALLED = "no"


class TrunkSettings(ShortForm):
    """A trunk: its endpoint in Asterisk, how it is dialled (or that it is not), its deck."""

    required: ClassVar = ("name",)

    name: Slug = ""
    """Its endpoint in Asterisk."""
    dial: TrunkDial | None = None
    """How it is dialled, `PJSIP/{number}@NAME` without it; `no` where calls only come in."""
    deck: Slug = ""
    """What its carrier charges: `rates/DECK.csv`."""

    @property
    def trunk(self) -> Trunk:
        """The trunk as the core takes it."""
        dial = usual_dial(self.name) if self.dial is None else self.dial
        return Trunk(self.name, "" if dial == NOT_DIALLED else dial, self.deck)


class RouteSettings(Form):
    """The trunks that numbers with these prefixes take, in the order in which they are tried."""

    required: ClassVar = ("prefixes", "trunks")

    prefixes: tuple[DialPrefix, ...] = ()
    """Leading digits of the numbers; the longest one decides."""
    trunks: tuple[Slug, ...] = ()
    """Up to four, in the order in which they are tried."""


def routing_of(trunks: tuple[TrunkSettings, ...], routes: tuple[RouteSettings, ...]) -> Routing:
    """The trunks and routes as the core takes them."""
    by_prefix = {prefix: route.trunks for route in routes for prefix in route.prefixes}
    return Routing(tuple(trunk.trunk for trunk in trunks), by_prefix)


def trunk_findings(source: Source, trunks: tuple[Trunk, ...]) -> Iterator[Finding]:
    """Trunks that stand twice or are dialled by another name, and sites that dial none."""
    for place, trunk in enumerate(trunks):
        if trunk.name in {other.name for other in trunks[:place]}:
            yield source.error((*TRUNKS, place), f"{trunk.name} stands twice", "keep one of them")
        if trunk.dial and trunk.dial.rpartition("@")[2] != trunk.name:
            # Who watches the trunks knows their legs by the endpoint in a channel's name.
            hint = f"the name of a trunk is its endpoint: {usual_dial(trunk.name)}"
            yield source.error((*TRUNKS, place, "dial"), f"does not lead to {trunk.name}", hint)
    if not any(trunk.dial for trunk in trunks) and source.at(TRUNKS) is not None:
        yield source.error(TRUNKS, "holds none that is dialled", "such as [carrier]")


def route_findings(
    source: Source, routes: tuple[RouteSettings, ...], trunks: tuple[Trunk, ...]
) -> Iterator[Finding]:
    """Prefixes with two routes, and trunks in a route that cannot be dialled by it."""
    known: set[str] = set()
    for place, route in enumerate(routes):
        for position, prefix in enumerate(route.prefixes):
            if prefix in known:
                path = (*ROUTES, place, "prefixes", position)
                yield source.error(path, f"{prefix} has two routes", "keep one of them")
            known.add(prefix)
        yield from _way_findings(source, (*ROUTES, place, "trunks"), route.trunks, trunks)


def _way_findings(
    source: Source, path: KeyPath, names: tuple[str, ...], trunks: tuple[Trunk, ...]
) -> Iterator[Finding]:
    dialled = {trunk.name: bool(trunk.dial) for trunk in trunks}
    if not names:
        yield source.error(path, "is empty: these numbers have no way out", "name a trunk")
    if len(names) > WAYS_MAX:
        yield source.error(path, f"holds more than {WAYS_MAX}", "keep those that are tried first")
    for position, name in enumerate(names):
        at = (*path, position)
        if name in names[:position]:
            yield source.error(at, f"{name} stands twice", "a trunk is tried once")
        if name not in dialled:
            near = get_close_matches(name, dialled, n=1)
            hint = f"did you mean {near[0]}?" if near else "name it under trunks"
            yield source.error(at, f"{name} is none of the trunks", hint)
        elif not dialled[name]:
            yield source.error(at, f"{name} is not dialled", "calls only come in by it")
