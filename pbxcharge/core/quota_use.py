"""What an account has of its quotas in the current billing period, and what is left of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from fractions import Fraction

from pbxcharge.core.allowance import Quota
from pbxcharge.core.billing_period import BillingCalendar
from pbxcharge.core.holds import Wallet
from pbxcharge.core.quotas import QuotaSource, QuotaWallet, quota_wallets


@dataclass(frozen=True, slots=True)
class QuotaUse:
    """A quota of one billing period, as it stands. All counts are seconds or micro-units.

    Args:
        source: the product that it is from; empty for the account's own.
        quota: as it is written.
        wallet: of this period.
        used: booked at the end of calls.
        held: by live calls; what they do not use goes back.
        at_us: when it stands so.
    """

    source: str
    quota: Quota
    wallet: QuotaWallet
    used: int
    held: int
    at_us: int

    @property
    def rolled_over(self) -> bool:
        """Whether it is what an earlier period left."""
        return self.at_us >= self.wallet.ends_us

    @property
    def granted(self) -> int | None:
        """How much the period has; None for a discount that has no end in it."""
        return None if self.quota.endless and not self.rolled_over else self.quota.included

    @property
    def left(self) -> int | None:
        """What may be used yet: of 100 minutes, 58 used and 2 held, 40."""
        granted = self.granted
        return None if granted is None else max(0, granted - self.used - self.held)

    @property
    def discount(self) -> Fraction:
        """The part of the price that the next second has taken off; 1 is free."""
        return self.wallet.tier(self.used + self.held, self.at_us)[0]


def quota_uses(
    account_id: str,
    sources: Sequence[QuotaSource],
    wallets: Mapping[str, Wallet],
    calendar: BillingCalendar,
    zone: tzinfo,
    at_us: int,
) -> Iterator[QuotaUse]:
    """All that may be used at an instant, in the order in which it is.

    Of an earlier period only what is left, or what live calls hold of it.

    Args:
        account_id: whose.
        sources: the account's own, its add-ons by priority, its main product.
        wallets: what was used and is held, by id; of one that is not there nothing was.
        calendar: the billing periods of the customer.
        zone: by whose clocks they begin.
        at_us: UTC microsecond.
    """
    for source in sources:
        for quota in source.quotas:
            for of_period in quota_wallets(
                account_id, source, quota, calendar, zone, at_us, at_us + 1
            ):
                known = wallets.get(of_period.wallet_id)
                used, held = (-known.balance_micros, known.held_micros) if known else (0, 0)
                use = QuotaUse(source.name, quota, of_period, used, held, at_us)
                if of_period.usable(at_us) and (use.left or use.held or not use.rolled_over):
                    yield use
