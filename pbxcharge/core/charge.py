"""A charge with the lines that explain it."""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction


class LineKind(StrEnum):
    """What a line of a charge is for, in the order in which the lines stand.

    `cost` is the multiplied charge of the level above, `adjustment` what is added to it,
    `allowance` what included minutes or a volume discount take off.
    """

    COST = "cost"
    ADJUSTMENT = "adjustment"
    GRACE = "grace"
    FREE_SECONDS = "free_seconds"
    CONNECT_FEE = "connect_fee"
    FIRST_BLOCK = "first_block"
    BLOCKS = "blocks"
    SURCHARGE = "surcharge"
    ALLOWANCE = "allowance"
    MINIMUM = "minimum"
    MAXIMUM = "maximum"
    ROUNDING = "rounding"


@dataclass(frozen=True, slots=True)
class ChargeLine:
    """One line of a charge, unrounded: `amount` in micro-units, below zero where it lowers.

    `from_s` and `to_s` are seconds of talk since the answer, and may pass the end of the talk in
    the last block. `price_per_minute` (units) is None for flat amounts. `window` is the time
    window whose terms these are, "" for the rate's own. The blocks of an adjustment are its
    intervals. `quota` names what takes something off, and `discount` which part of the price.
    """

    kind: LineKind
    amount: Fraction
    from_s: int = 0
    to_s: int = 0
    blocks: int = 0
    price_per_minute: Fraction | None = None
    window: str = ""
    quota: str = ""
    discount: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Charge:
    """What a call costs, and why: the lines add up to `total_micros` exactly.

    `billed_s` is the summed length of the blocks charged, `free_s` the seconds of talk that the
    grace or the free seconds of the rate took away.
    """

    total_micros: int
    billed_s: int
    free_s: int
    lines: tuple[ChargeLine, ...]
