"""Quotas of calls: included minutes and discounts, as the authorization gives them to a level."""

from dataclasses import replace
from fractions import Fraction

from pbxcharge.core.allowance import Tier
from pbxcharge.core.attempt import Granted
from pbxcharge.core.measure import Measure
from pbxcharge.core.quotas import QuotaWallet

FOREVER_US = 2**60
MINUTES = "alice:allowance:smartcall:minutes:2026-09-01"


def included(
    amount: int,
    wallet_id: str = MINUTES,
    measure: Measure = Measure.SECONDS,
    times_us: tuple[int, int, int] = (0, FOREVER_US, FOREVER_US),
) -> QuotaWallet:
    """So many seconds, or micro-units, that cost nothing."""
    return discounted(
        (0, 100), (amount, 0), wallet_id=wallet_id, measure=measure, times_us=times_us
    )


def discounted(
    *tiers: tuple[int, int],
    wallet_id: str = MINUTES,
    measure: Measure = Measure.SECONDS,
    times_us: tuple[int, int, int] = (0, FOREVER_US, FOREVER_US),
) -> QuotaWallet:
    """From how much use on how many percent are taken off."""
    found = tuple(Tier(from_used, Fraction(percent)) for from_used, percent in tiers)
    return QuotaWallet(wallet_id, "SmartMinutes", measure, found, *times_us)


def with_quotas(call: Granted, *quotas: QuotaWallet) -> Granted:
    """The call with these quotas of its caller's own level."""
    own, *above = call.levels
    return replace(call, levels=(replace(own, quotas=quotas), *above))
