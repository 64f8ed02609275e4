"""Who is to pay for a slice: the wallet of each level, its price, and the limits of its account."""

from collections.abc import Sequence

from pbxcharge.core.attempt import Granted
from pbxcharge.core.credit import Payer
from pbxcharge.core.price import Price
from pbxcharge.flow.zones import month_from_us


def payers(granted: Granted, prices: Sequence[Price], at_us: int) -> tuple[Payer, ...]:
    """Every charged level, the caller's own first, with the month that this instant is in."""
    return tuple(
        Payer(
            level.wallet_id,
            price,
            rated.limits,
            month_from_us(level, rated.limits, at_us),
        )
        for level, rated, price in zip(granted.levels, granted.rating.levels, prices, strict=True)
    )
