"""What each column of a rate deck means, for schemas and documents."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from pbxcharge.catalog.deck_columns import DESTINATION, FROM, PREFIX, PRICE, UNTIL

DECK_COLUMNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        PREFIX: "leading digits of the full international number, the longest one decides; or "
        "`@local`, `@extended_local`, `@incoming`, `@incoming:44`; required",
        DESTINATION: "its name, for records and people",
        PRICE: "required, except for what is forbidden; with a decimal point, 0 is free",
        "connect_fee": "for each answered call",
        "first_s": "first block in seconds; both or none. Without them the segments of the plan "
        "that names the deck, of a trunk's deck 60/10",
        "next_s": "each next block in seconds",
        "first_price_per_minute": "another price of the first block, by the minute",
        "first_amount": "another price of the first block, as a whole",
        "free_seconds": "are subtracted from the talk",
        "grace_seconds": "a call not longer is free",
        "minimum_charge": "the least that an answered call costs",
        "maximum_charge": "the most that a call costs",
        "maximum_then": "`free`: the call goes on; `hang_up`: it ends",
        "surcharge_percent": "on fee and blocks",
        "status": "`open` or `forbidden`",
        "rounding": "`away_from_zero`, `half_away_from_zero`, `half_even`, `down`",
        "rounding_decimals": "decimals of a charge",
        FROM: "`2026-12-01` or `2026-12-01 18:30`, in the site's time zone",
        UNTIL: "the first instant at which the row no longer counts; without it, until the next "
        "row of the prefix begins",
    }
)
