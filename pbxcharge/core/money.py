"""Money as whole micro-units of the site's currency: read exactly, rounded once, written exactly.

A micro-unit is 10^-6 of a unit, so 0.30 is 300_000. Text becomes micro-units without a float in
between; inside a rate amounts are exact fractions, and `round_micros` is where they become whole.
"""

import re
from enum import StrEnum
from fractions import Fraction

from pbxcharge.errors import AmountError

MICROS = 1_000_000
"""Micro-units in one unit of the currency."""

DECIMALS_MAX = 6
"""Decimals of an amount; one micro-unit is the last of them."""

AMOUNT_MAX_MICROS = 10**12 * MICROS
"""The largest amount that is read, either sign: 10^12 units, which a signed 64-bit column holds."""

PRICE_DECIMALS_MAX = 12
"""Decimals of a price: finer than an amount, since it is multiplied before it is rounded."""

_DECIMAL = re.compile(r"(?P<sign>[+-]?)(?P<whole>[0-9]{1,24})(?:\.(?P<decimals>[0-9]{1,24}))?")
_QUANTA = (1_000_000, 100_000, 10_000, 1_000, 100, 10, 1)
_SHOWN_CHARACTERS = 40


class Rounding(StrEnum):
    """How an exact amount becomes one that can be booked.

    2.5 and -2.5 with no decimals become 3 and -3 (`away_from_zero`, `half_away_from_zero`),
    2 and -2 (`half_even`, `down`); 2.1 becomes 3 only with `away_from_zero`.
    """

    AWAY_FROM_ZERO = "away_from_zero"
    HALF_AWAY_FROM_ZERO = "half_away_from_zero"
    HALF_EVEN = "half_even"
    DOWN = "down"


def parse_amount(text: str) -> int:
    """An amount of money from its decimal text: "0.30" is 300_000 micro-units.

    Raises AmountError for anything but digits with an optional sign and point, for more than
    6 decimals, and beyond 10^12 units.
    """
    amount = _exact(text, DECIMALS_MAX) * MICROS
    if abs(amount) > AMOUNT_MAX_MICROS:
        raise AmountError(f"amount {_shown(text)} is beyond 10^12 units")
    return amount.numerator


def parse_price(text: str) -> Fraction:
    """A price or a percentage from its decimal text, exact: "0.033" is 33/1000 units.

    Raises AmountError as `parse_amount` does, but takes up to 12 decimals.
    """
    price = _exact(text, PRICE_DECIMALS_MAX)
    if abs(price) * MICROS > AMOUNT_MAX_MICROS:
        raise AmountError(f"price {_shown(text)} is beyond 10^12 units")
    return price


def format_amount(micros: int, decimals_min: int = 2) -> str:
    """The decimal text of an amount, exact: 300_000 is "0.30", -1_234_500 is "-1.2345".

    Zeros at the end are trimmed down to `decimals_min` (0 to 6) decimals.
    """
    whole, part = divmod(abs(micros), MICROS)
    decimals = f"{part:06d}".rstrip("0").ljust(decimals_min, "0")
    sign = "-" if micros < 0 else ""
    return f"{sign}{whole}.{decimals}" if decimals else f"{sign}{whole}"


def format_price(price: Fraction) -> str:
    """A price as it was written, exact: 1/40 is "0.025", 0.10 and 1/10 are "0.10"."""
    whole, rest = divmod(int(price * 10**PRICE_DECIMALS_MAX), 10**PRICE_DECIMALS_MAX)
    return f"{whole}.{f'{rest:0{PRICE_DECIMALS_MAX}}'.rstrip('0'):0<2}"


def quantum_micros(decimals: int) -> int:
    """The smallest step of an amount with that many decimals: 4 decimals step by 100 micro-units.

    Raises ValueError unless 0 <= decimals <= 6.
    """
    if not 0 <= decimals <= DECIMALS_MAX:
        raise ValueError(f"decimals must be 0 to {DECIMALS_MAX}, not {decimals}")
    return _QUANTA[decimals]


def round_micros(amount: Fraction, method: Rounding, decimals: int) -> int:
    """An exact amount in micro-units, rounded to decimals of a unit.

    1/3 of a unit (1_000_000/3) to 4 decimals is 333_400 away from zero and 333_300 down.
    Raises ValueError unless 0 <= decimals <= 6.
    """
    quantum = quantum_micros(decimals)
    return quantum * round_quotient(amount.numerator, amount.denominator * quantum, method)


def round_quotient(numerator: int, denominator: int, method: Rounding) -> int:
    """A quotient as a whole number: 7 over 2 is 4 away from zero and 3 down.

    The denominator is positive.
    """
    if numerator < 0:
        return -round_quotient(-numerator, denominator, method)
    floor, rest = divmod(numerator, denominator)
    if method is Rounding.AWAY_FROM_ZERO:
        return floor + (rest > 0)
    if method is Rounding.DOWN:
        return floor
    if method is Rounding.HALF_AWAY_FROM_ZERO:
        return floor + (2 * rest >= denominator)
    return floor + (2 * rest > denominator or (2 * rest == denominator and floor % 2 == 1))


def _exact(text: str, decimals_max: int) -> Fraction:
    found = _DECIMAL.fullmatch(text)
    if found is None:
        raise AmountError(f"{_shown(text)} is not a decimal number such as 12 or 0.25")
    decimals = found["decimals"] or ""
    if len(decimals) > decimals_max:
        raise AmountError(f"{_shown(text)} has more than {decimals_max} decimals")
    return Fraction(int(found["sign"] + found["whole"] + decimals), 10 ** len(decimals))


def _shown(text: str) -> str:
    return repr(text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…")
