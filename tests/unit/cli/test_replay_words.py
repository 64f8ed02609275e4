"""The words of `replay`: thresholds, and differences with a sign."""

from fractions import Fraction

import pytest
import typer

from pbxcharge.cli.replay import read_threshold, signed
from pbxcharge.core.replay import Threshold


@pytest.mark.parametrize(
    ("text", "threshold"),
    [
        ("5", Threshold(amount_micros=5_000_000)),
        ("0.01", Threshold(amount_micros=10_000)),
        ("2%", Threshold(percent=Fraction(2))),
        ("0.5%", Threshold(percent=Fraction(1, 2))),
    ],
)
def test_a_threshold_is_an_amount_or_a_percentage(text: str, threshold: Threshold) -> None:
    """Told apart by the sign of the percentage."""
    assert read_threshold(text) == threshold


@pytest.mark.parametrize("text", ["much", "", "%", "-1", "-1%", "1e3", "5 %"])
def test_what_is_no_threshold_is_a_mistake_in_the_command(text: str) -> None:
    """Exit code 2 follows."""
    with pytest.raises(typer.BadParameter):
        read_threshold(text)


@pytest.mark.parametrize(
    ("amount", "shown"), [("0.50", "+0.50"), ("-0.50", "-0.50"), ("0.00", "0.00"), ("10", "+10")]
)
def test_a_difference_says_in_which_direction(amount: str, shown: str) -> None:
    """Nothing has none."""
    assert signed(amount) == shown
