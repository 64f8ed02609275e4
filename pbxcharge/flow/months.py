"""What the plans that accounts have now leave of a month to calls that began with other plans."""

import asyncio
from collections.abc import Container, Iterable, Mapping

from pbxcharge.core.account import Account
from pbxcharge.core.attempt import PayingLevel
from pbxcharge.core.limits import Limits
from pbxcharge.core.plan import Plan


class Months:
    """The monthly limits in force of accounts whose calls run; of other accounts it knows nothing.

    A running call keeps its prices and its limits, for they are stored with it. But the floor of a
    wallet falls at once when its account becomes postpaid, so its month must bound the call as
    well: of all these limits, the strictest one counts.

    `turn` is of whoever learns them: what was read earlier must not be learned later. Whoever
    lets floors fall has it, too, from before they do until what was changed can be read.
    """

    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        self._micros: dict[str, int] = {}
        self._coming: dict[str, int] = {}

    def limits(self, level: PayingLevel, stored: Limits) -> Limits:
        """What a paying level of a running call may spend: 50 stored, 20 a month now: 20."""
        name = level.account_id
        known = stored.within_month(self._micros.get(name))
        return known.within_month(self._coming.get(name))

    def expect(self, accounts: Iterable[Account], plans: Mapping[str, Plan]) -> None:
        """Bound accounts by the plans that they are about to have, until that is learned.

        A floor that falls raises credit, and running calls ask for more in the same moment.
        """
        for account in accounts:
            plan = plans.get(account.plan or "")
            if plan is not None and plan.monthly_limit_micros is not None:
                self._coming[account.account_id] = plan.monthly_limit_micros

    def learn(self, accounts: Iterable[Account], plans: Mapping[str, Plan]) -> frozenset[str]:
        """Know the monthly limits of accounts as they are now; those that may spend more now.

        A plan that is not in force leaves its accounts without one: calls obey what is stored.
        """
        rose = set()
        for account in accounts:
            plan = plans.get(account.plan or "")
            now = None if plan is None else plan.monthly_limit_micros
            before = self._forgotten(account.account_id)
            if now is not None:
                self._micros[account.account_id] = now
            if before is not None and (now is None or now > before):
                rose.add(account.account_id)
        return frozenset(rose)

    def forget(self, concerned: Container[str] | None, but: Container[str]) -> None:
        """Those of these accounts (None: of all) that pay for no running call any more."""
        for name in self._micros.keys() | self._coming.keys():
            if (concerned is None or name in concerned) and name not in but:
                self._forgotten(name)

    def _forgotten(self, name: str) -> int | None:
        """The stricter limit of what is known and what was to come; neither is known any more."""
        limits = self._micros.pop(name, None), self._coming.pop(name, None)
        return min((limit for limit in limits if limit is not None), default=None)
