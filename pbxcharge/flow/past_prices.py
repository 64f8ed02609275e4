"""What settled calls would cost by the plans in force: those that counted when they were set up."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, Self

from pbxcharge.core.account import Account
from pbxcharge.core.authorization import Denial
from pbxcharge.core.cdr import Cdr
from pbxcharge.core.repricing import PastCall, Repriced, past_call, reprice
from pbxcharge.flow.prices import Prices
from pbxcharge.flow.zones import zone_name


class Chains(Protocol):
    """Accounts with those above them."""

    async def chain(self, account_id: str) -> Iterable[Account]:
        """An account and every account above it."""
        ...


def price_again(prices: Prices, call: PastCall, endpoint: str) -> Repriced | Denial:
    """A past call by the plans of the same names that counted in the second of its set-up.

    Args:
        prices: the plans in force, the decks and the trunks.
        call: as it was.
        endpoint: that asked.
    """
    around = prices.circumstances(call.route, endpoint, call.setup_at_us, prices.ring_s)
    return reprice(call, prices.plans_then(around.at_s), around)


@dataclass(frozen=True, slots=True)
class PastPrices:
    """Prices settled calls again.

    Args:
        prices: the plans in force and the decks.
        zones: of accounts by their ids, as they are now; None is that of the site.
    """

    prices: Prices
    zones: dict[str, str | None]

    @classmethod
    async def of(cls, prices: Prices, chains: Chains, cdrs: Iterable[Cdr]) -> Self:
        """What prices these calls."""
        names = {level.account_id for cdr in cdrs for level in cdr.levels}
        zones = {name: zone_name(await chains.chain(name), "") or None for name in sorted(names)}
        return cls(prices, zones)

    def again(self, cdr: Cdr) -> Repriced | Denial:
        """The call by the plans of the same names that counted in the second of its set-up.

        Raises:
            ValueError: an emergency call, which nothing ever prices.
        """
        return price_again(self.prices, past_call(cdr, self.zones.__getitem__), cdr.endpoint)
