"""Tariffs: the longest prefix decides, in whatever order the rates were written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbxcharge.core.price import Rate
from pbxcharge.core.tariff import Tariff
from tests.fakes.granted_call import PER_SECOND


def rate(prefix: str) -> Rate:
    """A rate of this prefix."""
    return Rate(destination=f"to {prefix}", prefix=prefix, price_per_minute=PER_SECOND)


UK = Tariff((rate("44"), rate("447"), rate("44800"), rate("1")))


@pytest.mark.parametrize(
    ("number", "prefix"),
    [
        ("442079460000", "44"),
        ("447700900123", "447"),
        ("448001111111", "44800"),
        ("4480", "44"),
        ("44", "44"),
        ("12025550123", "1"),
    ],
)
def test_the_longest_prefix_wins(number: str, prefix: str) -> None:
    """Mobile, freephone and geographic numbers of one country."""
    found = UK.match(number, 0)
    assert found is not None
    assert found.prefix == prefix


@pytest.mark.parametrize("number", ["4930123456", "4", "", "74420"])
def test_a_number_without_a_rate_has_none(number: str) -> None:
    """Another country, a number shorter than every prefix, a prefix in the middle."""
    assert UK.match(number, 0) is None


def test_a_rate_for_everything_else_has_an_empty_prefix() -> None:
    """It is taken where nothing else fits."""
    tariff = Tariff((rate(""), rate("44")))
    assert [tariff.match(number, 0) for number in ("49", "447")] == [rate(""), rate("44")]


def test_two_rates_of_one_prefix_are_an_error() -> None:
    """Which of them counts must not be a matter of chance."""
    with pytest.raises(ValueError, match="prefix 44 has two rates"):
        Tariff((rate("44"), rate("1"), rate("44")))


digits = st.text(st.sampled_from("01"), max_size=5)


@given(prefixes=st.sets(digits, max_size=12), number=digits, data=st.data())
def test_the_rate_found_does_not_depend_on_the_order(
    prefixes: set[str], number: str, data: st.DataObject
) -> None:
    """It is the longest of all prefixes that the number starts with.

    Seen failing with `lengths = {…}` unsorted, and with `reverse=True` taken away.
    """
    tariff = Tariff(tuple(rate(prefix) for prefix in data.draw(st.permutations(sorted(prefixes)))))
    fitting = [prefix for prefix in prefixes if number.startswith(prefix)]
    found = tariff.match(number, 0)
    assert (found.prefix if found else None) == max(fitting, key=len, default=None)
