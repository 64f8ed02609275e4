"""Circumstances of an attempt: what else than route, payer and plan decides what it costs."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, tzinfo

from pbxcharge.core.money import MICROS
from pbxcharge.core.permission import NOTHING, PLAIN, Access, Offering
from pbxcharge.core.resolution import Route
from pbxcharge.core.tariff import RateTable

ANSWER_SLACK_S = 5
"""Between the instant of the question and the first ring, and between two trunks."""


@dataclass(frozen=True, slots=True)
class TrunkOffer:
    """A trunk that may carry the call, with the deck of its carrier.

    Args:
        name: its endpoint.
        deck: the name of its deck; empty if it has none.
        deck_version: hash of the deck's content.
        rates: the deck's prices; None if it has none.
    """

    name: str
    deck: str = ""
    deck_version: str = ""
    rates: RateTable | None = None


def no_trunks(_route: Route, _endpoint: str) -> tuple[TrunkOffer, ...]:
    """None: for a site whose trunks have no decks."""
    return ()


def utc(_: str | None) -> tzinfo:
    """UTC, whatever zone is named: for a site that names none."""
    return UTC


@dataclass(frozen=True, slots=True)
class Circumstances:
    """When and by which trunks a call is to be made.

    Args:
        at_s: UTC second of the attempt.
        ring_s: how long each trunk, or the phone, may ring.
        trunks: that may carry it, in the order in which they are tried; of a call from outside the
            one that it came by, of a call inside the house none.
        zone: a time zone by its name; by None that of the site.
        past_us: microseconds of that second that had passed: prices are told by the second, what an
            account may do to the microsecond.
        access: how it came to the daemon.
        offering: the products of the site.
    """

    at_s: int
    ring_s: int = 0
    trunks: tuple[TrunkOffer, ...] = ()
    zone: Callable[[str | None], tzinfo] = utc
    past_us: int = 0
    access: Access = PLAIN
    offering: Offering = NOTHING

    @property
    def at_us(self) -> int:
        """The very instant of the attempt."""
        return self.at_s * MICROS + self.past_us

    @property
    def answer_within_s(self) -> int:
        """An answer comes by then, if any: two trunks that ring 30 s each have 65 s."""
        return self.ring_s * max(1, len(self.trunks)) + ANSWER_SLACK_S
