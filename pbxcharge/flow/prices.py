"""What calls and subscriptions cost on this site now: one value in a process, changed in place."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, tzinfo

from pbxcharge.core.allowance import Quota
from pbxcharge.core.circumstances import Circumstances, TrunkOffer, no_trunks
from pbxcharge.core.money import MICROS
from pbxcharge.core.number import Numbering
from pbxcharge.core.permission import NOTHING, PLAIN, Access, Offering
from pbxcharge.core.plan import Plan
from pbxcharge.core.product import Product
from pbxcharge.core.resolution import Route
from pbxcharge.core.subscription_terms import SubscriptionPlan
from pbxcharge.flow.zones import zone_of

PlansAt = Callable[[int], Mapping[str, Plan]] | None


@dataclass(slots=True)
class Prices:
    """The plans in force, how this site dials, and its emergency numbers.

    There is one in a process. A reload changes it in place, so whoever decides reads it at that
    instant and keeps no part of it.
    """

    plans: Mapping[str, Plan]
    numbering: Numbering
    emergency: Mapping[str, str] = field(default_factory=dict)
    """What Asterisk dials for each number of the site's emergency list."""
    zone: tzinfo = UTC
    """The local time of the site, for accounts that have none of their own."""
    trunks: Callable[[Route, str], tuple[TrunkOffer, ...]] = no_trunks
    """Which trunks may carry a call, by its route and the endpoint that asks; see TrunkOffer."""

    to_come: tuple[Plan, ...] = ()
    """The plans that have not begun yet, the first one first."""
    decks: Mapping[str, str] = field(default_factory=dict)
    """The version of each rate deck, whatever uses it."""
    plans_at: PlansAt = None
    """The plans that will be, or would have been, in force at a UTC second, by these files."""
    ring_s: int = 60
    """How long the far end may ring: a past call was answered by then."""
    close_month_after_d: int = 3
    """Calls of a month are not corrected any more so many days after it has ended."""
    subscriptions: Mapping[str, SubscriptionPlan] = field(default_factory=dict)
    """The subscription plans, by name."""
    products: Mapping[str, Product] = field(default_factory=dict)
    """The products, by name."""
    discounts: Mapping[str, Quota] = field(default_factory=dict)
    """Included minutes and discounts that accounts have by themselves, by name."""
    pbx: str = ""
    """The name of this PBX, for products that name access points."""

    def become(self, fresh: "Prices") -> None:
        """Put everything that was read anew into force, in one step."""
        for part in fields(self):
            setattr(self, part.name, getattr(fresh, part.name))

    @property
    def offering(self) -> Offering:
        """What the site offers, as far as it decides about calls."""
        return Offering(self.pbx, self.products, self.numbering.home)

    def circumstances(
        self,
        route: Route | None,
        endpoint: str,
        at_us: int,
        ring_s: int,
        access: Access = PLAIN,
    ) -> Circumstances:
        """In which a call is priced that this endpoint asks for at this UTC microsecond.

        Args:
            route: what is asked for.
            endpoint: that asks.
            at_us: when.
            ring_s: how long each trunk, or the phone, may ring.
            access: how the attempt came.
        """
        trunks = self.trunks(route, endpoint) if route else ()
        at_s, past_us = divmod(at_us, MICROS)
        offering = self.offering if self.products else NOTHING
        return Circumstances(at_s, ring_s, trunks, self._zone_of, past_us, access, offering)

    def plans_then(self, at_s: int) -> Mapping[str, Plan]:
        """The plans that counted, or will count, at another UTC second, as they are written now."""
        return self.plans if self.plans_at is None else self.plans_at(at_s)

    def _zone_of(self, name: str | None) -> tzinfo:
        return zone_of(name) if name else self.zone
