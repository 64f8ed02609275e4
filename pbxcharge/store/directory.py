"""Who owns an endpoint, remembered: nearly every call asks, and accounts rarely change."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable

from pbxcharge.store.queries import PayerChain

ENDPOINTS_MAX = 50_000


class Directory:
    """The owners of endpoints, the most lately asked for first; forgotten when accounts change.

    Args:
        read: asks the database.
        endpoints_max: so many are remembered.
    """

    def __init__(
        self,
        read: Callable[[str], Awaitable[PayerChain | None]],
        endpoints_max: int = ENDPOINTS_MAX,
    ) -> None:
        self._read = read
        self._endpoints_max = endpoints_max
        self._known: OrderedDict[str, PayerChain] = OrderedDict()
        self._generation = 0

    def known(self, endpoint: str) -> PayerChain | None:
        """The owner if it is remembered, at once."""
        chain = self._known.get(endpoint)
        if chain is not None:
            self._known.move_to_end(endpoint)
        return chain

    async def payer(self, endpoint: str) -> PayerChain | None:
        """The extension and its owner with every account above it; None if it is nobody's."""
        chain = self.known(endpoint)
        if chain is not None:
            return chain
        generation = self._generation
        chain = await self._read(endpoint)
        # What was read while accounts changed may be how they were before.
        if chain is not None and generation == self._generation:
            self._remember(endpoint, chain)
        return chain

    def forget(self) -> None:
        """Accounts or extensions have changed: read them again."""
        self._generation += 1
        self._known.clear()

    def _remember(self, endpoint: str, chain: PayerChain) -> None:
        self._known[endpoint] = chain
        if len(self._known) > self._endpoints_max:
            self._known.popitem(last=False)
