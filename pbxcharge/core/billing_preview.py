"""What will be charged, and when, if nothing else happens: the calendar of an account's fees."""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass

from pbxcharge.core.billing import Demand, Item, Tab, after, proceed
from pbxcharge.core.billing_record import Paying, collecting
from pbxcharge.core.collection import collect
from pbxcharge.core.collection_terms import Collect, Collected
from pbxcharge.core.holds import Hold, Wallet
from pbxcharge.core.ledger import Entry
from pbxcharge.core.limits import IDLE, Activity


class Purse:
    """The wallet that pays in a preview: the books of nobody but this account.

    Args:
        wallet: as it is now, also what live calls hold.
        activity: what a postpaid account was charged in this month; later ones begin with nothing.
    """

    def __init__(self, wallet: Wallet, activity: Activity = IDLE) -> None:
        self.wallet = wallet
        self.activity = activity
        self.holds: Mapping[str, Hold] = {}
        self.entries: Mapping[str, Entry] = {}
        self.ended: Container[str] = ()

    @property
    def wallets(self) -> Mapping[str, Wallet]:
        """The one that there is."""
        return {self.wallet.wallet_id: self.wallet}

    @property
    def activities(self) -> Mapping[str, Activity]:
        """Of the one account."""
        return {self.wallet.account_id: self.activity}

    def take(self, operation: Collect) -> bool:
        """Book it as the credit engine would; whether it fitted."""
        month_us = operation.month_from_us
        if month_us is not None and self.activity.month_micros(month_us) is None:
            self.activity = self.activity.with_month(month_us, 0)
        decision = collect(operation, self)
        for wallet in decision.wallets:
            self.wallet = wallet
        self.activity = decision.activities.get(self.wallet.account_id, self.activity)
        return isinstance(decision.outcome, Collected)


@dataclass(frozen=True, slots=True)
class Foreseen:
    """One line of the calendar.

    Args:
        at_us: when it will be.
        item: what is charged or credited; None where the account is suspended or resumes.
        balance_micros: of the wallet, after all that is booked at that instant.
        short: suspended for lack of funds from then on.
    """

    at_us: int
    item: Item | None
    balance_micros: int
    short: bool


def preview(tab: Tab, paying: Paying, purse: Purse, until_us: int) -> list[Foreseen]:
    """Every charge and credit until before an instant, and each lack of funds.

    30 for November, 20 available: suspended on the 1st; 30 and -10 on the 11th, balance 0.
    """
    return list(_foreseen(tab, paying, purse, until_us - 1))


def _foreseen(tab: Tab, paying: Paying, purse: Purse, last_us: int) -> Iterator[Foreseen]:
    tab, demand = proceed(tab, last_us)
    while demand is not None:
        fits = purse.take(collecting(demand, paying))
        short = tab.short_us is not None
        if fits:
            yield from _booked(demand, purse, short)
        tab, following = proceed(after(tab, demand, fits), last_us)
        if (tab.short_us is not None) != short:
            balance = purse.wallet.balance_micros
            yield Foreseen(demand.at_us, None, balance, tab.short_us is not None)
        demand = following


def _booked(demand: Demand, purse: Purse, short: bool) -> Iterator[Foreseen]:
    for item in demand.items:
        yield Foreseen(demand.at_us, item, purse.wallet.balance_micros, short)
