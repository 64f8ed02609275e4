"""The office: every admin act, whoever brings it, the daemon's socket or a command on its own."""

import asyncio

from pbxcharge.flow.account_terms import AccountTerms
from pbxcharge.flow.cashier import Cashier
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.closed_months import ClosedMonths
from pbxcharge.flow.exports import Exports
from pbxcharge.flow.importing import Importing
from pbxcharge.flow.lives import Lives
from pbxcharge.flow.months import Months
from pbxcharge.flow.numbers import Numbers
from pbxcharge.flow.own_discounts import OwnDiscounts
from pbxcharge.flow.ports import Writer
from pbxcharge.flow.prices import Prices
from pbxcharge.flow.products import Products
from pbxcharge.flow.provision import Provisioning
from pbxcharge.flow.records import Records
from pbxcharge.flow.refunds import Refunds
from pbxcharge.flow.rerate import Rerating
from pbxcharge.flow.rerate_judge import Judge
from pbxcharge.flow.subscriptions import Subscriptions
from pbxcharge.flow.till import Till


class Office:
    """Accounts, numbers and money by the operator's hand, one by one or many at once.

    One office to a process, as there is one writer.

    Args:
        writer: the one writer.
        records: what is committed.
        prices: what is in force.
        clock: dates entries and the audit trail.
        currency: of the site.
        months: of the calls that run in this process; None where none does.
    """

    def __init__(
        self,
        writer: Writer,
        records: Records,
        prices: Prices,
        clock: Clock,
        currency: str,
        months: Months | None = None,
    ) -> None:
        self.currency = currency
        self.turn = turn = asyncio.Lock()
        running = months or Months()
        self.provisioning = Provisioning(writer, records, prices, clock, turn, running)
        lives = Lives(records, prices)
        self.products = Products(writer, records, prices, self.provisioning, clock, turn)
        self.subscriptions = Subscriptions(writer, records, prices, lives, clock, turn)
        self.terms = AccountTerms(writer, records, lives, clock, turn)
        self.discounts = OwnDiscounts(writer, records, prices, clock, turn)
        self.numbers = Numbers(writer, records, prices, clock, turn)
        self.importing = Importing(writer, records, prices, self.provisioning, clock, turn, running)
        self.exports = Exports(writer, records.exports, clock)
        till, closed = Till(writer, currency), ClosedMonths(prices, clock)
        self.cashier = Cashier(till, records, clock)
        self.refunds = Refunds(till, records, clock, turn, closed)
        self.rerating = Rerating(writer, records, Judge(records, prices, closed), clock, turn)

    async def align_wallets(self) -> int:
        """Let every wallet be as its plan wants it now; how many were changed.

        Before that, accounts have the plan that their main product names.
        """
        await self.provisioning.follow_products()
        return await self.provisioning.align_wallets()
