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
    well: of both limits, the stricter one counts.

    `turn` is of whoever learns them: what was read earlier must not be learned later.
    """

    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        self._micros: dict[str, int] = {}

    def limits(self, level: PayingLevel, stored: Limits) -> Limits:
        """What a paying level of a running call may spend: 50 stored, 20 a month now: 20."""
        return stored.within_month(self._micros.get(level.account_id))

    def learn(self, accounts: Iterable[Account], plans: Mapping[str, Plan]) -> frozenset[str]:
        """Know the monthly limits of accounts as they are now; those that may spend more now.

        A plan that is not in force leaves its accounts without one: calls obey what is stored.
        """
        rose = set()
        for account in accounts:
            plan = plans.get(account.plan or "")
            now = None if plan is None else plan.monthly_limit_micros
            before = self._micros.pop(account.account_id, None)
            if now is not None:
                self._micros[account.account_id] = now
            if before is not None and (now is None or now > before):
                rose.add(account.account_id)
        return frozenset(rose)

    def forget(self, concerned: Container[str] | None, but: Container[str]) -> None:
        """Those of these accounts (None: of all) that pay for no running call any more."""
        for name in tuple(self._micros):
            if (concerned is None or name in concerned) and name not in but:
                del self._micros[name]
