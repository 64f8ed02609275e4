"""Money: text to micro-units and back without a float, and the four ways of rounding."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbxcharge.core.money import (
    AMOUNT_MAX_MICROS,
    Rounding,
    format_amount,
    parse_amount,
    parse_price,
    round_micros,
)
from pbxcharge.errors import AmountError


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("0", 0),
        ("-0", 0),
        ("0.30", 300_000),
        ("0.000001", 1),
        ("-5.25", -5_250_000),
        ("+7", 7_000_000),
        ("007.5", 7_500_000),
        ("0.1", 100_000),
        ("900719925474.099301", 900_719_925_474_099_301),
    ],
)
def test_an_amount_is_read_exactly(text: str, micros: int) -> None:
    """What an admin types is what is booked, also where a float would lose the last digits."""
    assert parse_amount(text) == micros


@pytest.mark.parametrize(
    "text",
    [
        *("", " 1", "1 ", "1\n", ".5", "5.", "1e3", "1E-2", "NaN", "nan", "Infinity", "-inf"),
        *("1,5", "1_000", "0x10", "1/3", "--1", "+-1", "1.2.3"),
        *("\N{ARABIC-INDIC DIGIT THREE}", "1\N{FULLWIDTH DIGIT ONE}", "9" * 5000),
    ],
)
def test_anything_but_a_plain_decimal_is_refused(text: str) -> None:
    """No exponent, no NaN, no foreign digits, no blanks, nothing long enough to stall on."""
    for parse in (parse_amount, parse_price):
        with pytest.raises(AmountError):
            parse(text)


def test_an_amount_has_at_most_six_decimals_and_a_price_twelve() -> None:
    """A digit that could not be booked is refused, never dropped, even if it is a zero."""
    for text in ("0.0000001", "1.0000000"):
        with pytest.raises(AmountError, match="more than 6 decimals"):
            parse_amount(text)
    assert parse_price("0.000000000001") == Fraction(1, 10**12)
    with pytest.raises(AmountError, match="more than 12 decimals"):
        parse_price("0.0000000000001")


def test_an_amount_is_bounded_at_ten_to_the_twelve_units() -> None:
    """The bound itself is taken, one micro-unit more is not; either sign; it fits 64 bits."""
    assert parse_amount("1000000000000") == AMOUNT_MAX_MICROS < 2**63
    assert parse_amount("-1000000000000.000000") == -AMOUNT_MAX_MICROS
    for text in ("1000000000000.000001", "-1000000000000.000001", "9" * 24):
        with pytest.raises(AmountError, match="beyond"):
            parse_amount(text)
    with pytest.raises(AmountError, match="beyond"):
        parse_price("1000000000000.000000000001")


def test_a_refusal_quotes_no_more_than_the_beginning_of_the_text() -> None:
    """A file with a megabyte in one field gives a message that fits a line."""
    with pytest.raises(AmountError) as refusal:
        parse_amount("x" * 1_000_000)
    assert len(str(refusal.value)) < 120


@pytest.mark.parametrize(
    ("micros", "decimals_min", "text"),
    [
        (0, 2, "0.00"),
        (300_000, 2, "0.30"),
        (1_234_500, 2, "1.2345"),
        (-5, 2, "-0.000005"),
        (-1_000_000, 0, "-1"),
        (1_200_000, 0, "1.2"),
        (12_000_000, 6, "12.000000"),
    ],
)
def test_an_amount_is_written_exactly(micros: int, decimals_min: int, text: str) -> None:
    """Every digit that is there is shown; zeros only down to the wanted decimals."""
    assert format_amount(micros, decimals_min) == text


@given(micros=st.integers(-AMOUNT_MAX_MICROS, AMOUNT_MAX_MICROS), decimals=st.integers(0, 6))
def test_what_is_written_reads_back_as_the_same_amount(micros: int, decimals: int) -> None:
    """No amount changes on its way out and in again.

    Seen failing with `divmod(micros, MICROS)` in `format_amount`, without `abs`.
    """
    assert parse_amount(format_amount(micros, decimals)) == micros


@pytest.mark.parametrize(
    ("method", "rounded"),
    [
        # 2.5, -2.5, 3.5, 2.1, -2.1, 2.9 and 2 units, to whole units.
        (Rounding.AWAY_FROM_ZERO, [3, -3, 4, 3, -3, 3, 2]),
        (Rounding.HALF_AWAY_FROM_ZERO, [3, -3, 4, 2, -2, 3, 2]),
        (Rounding.HALF_EVEN, [2, -2, 4, 2, -2, 3, 2]),
        (Rounding.DOWN, [2, -2, 3, 2, -2, 2, 2]),
    ],
)
def test_each_way_of_rounding(method: Rounding, rounded: list[int]) -> None:
    """The four methods, told apart by halves, signs, and what is already whole."""
    tenths = (25, -25, 35, 21, -21, 29, 20)
    amounts = [Fraction(tenth * 100_000) for tenth in tenths]
    assert [round_micros(amount, method, 0) for amount in amounts] == [
        units * 1_000_000 for units in rounded
    ]


def test_rounding_keeps_up_to_six_decimals() -> None:
    """A third of a unit is 0.3334 at 4 decimals and 0.333334 at 6; there is no seventh."""
    third = Fraction(1_000_000, 3)
    assert round_micros(third, Rounding.AWAY_FROM_ZERO, 4) == 333_400
    assert round_micros(third, Rounding.AWAY_FROM_ZERO, 6) == 333_334
    assert round_micros(third, Rounding.DOWN, 1) == 300_000
    for decimals in (-1, 7):
        with pytest.raises(ValueError, match="decimals"):
            round_micros(third, Rounding.DOWN, decimals)
