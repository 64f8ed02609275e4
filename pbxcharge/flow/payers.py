"""Who is to pay for a slice: the wallet of each level, its price, and the limits of its account."""

from collections.abc import Sequence
from dataclasses import replace

from pbxcharge.core.attempt import Granted, PayingLevel
from pbxcharge.core.credit import Payer
from pbxcharge.core.limits import Limits
from pbxcharge.core.price import Price
from pbxcharge.flow.months import Months
from pbxcharge.flow.zones import month_from_us


def payers(
    granted: Granted, prices: Sequence[Price], at_us: int, months: Months | None = None
) -> tuple[Payer, ...]:
    """Every charged level, the caller's own first, with the month that this instant is in.

    Quotas are those of the billing periods that this instant is in, also for a slice that goes on
    after the end of one. The limits are those that are stored with the call, and of a running one
    also the monthly limits as they are now.
    """
    found = []
    for level, rated, price in zip(granted.levels, granted.rating.levels, prices, strict=True):
        limits = _own(level, months.limits(level, rated.limits) if months else rated.limits)
        month_us = month_from_us(level, limits, at_us)
        quotas = level.quotas and tuple(quota for quota in level.quotas if quota.usable(at_us))
        found.append(Payer(level.wallet_id, price, limits, month_us, quotas))
    return tuple(found)


def _own(level: PayingLevel, limits: Limits) -> Limits:
    """With the account's own calls at once, where those are fewer than its plan's."""
    most, own = limits.concurrent_calls, level.calls_max
    if own is None or (most is not None and most <= own):
        return limits
    return replace(limits, concurrent_calls=own)
