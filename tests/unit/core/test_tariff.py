"""Tariffs: the longest prefix in effect decides, in whatever order the rates were written."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbxcharge.core.price import Rate, RelativeTerms
from pbxcharge.core.tariff import DatedRate, Tariff
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


def test_a_row_counts_from_its_first_second_until_before_its_last() -> None:
    """The old price until 1000, another from then until 2000, and then none."""
    old, new = rate("44"), replace(rate("44"), destination="dearer")
    tariff = Tariff(dated=(DatedRate(new, 1000, 2000), DatedRate(old, until_s=1000)))
    found = [tariff.match("442079", at_s) for at_s in (0, 999, 1000, 1999, 2000)]
    assert found == [old, old, new, new, None]


def test_a_longer_prefix_counts_only_while_it_is_in_effect() -> None:
    """Before and after it, the shorter one is what there is."""
    tariff = Tariff((rate("44"),), (DatedRate(rate("447"), 1000, 2000),))
    prefixes = [getattr(tariff.match("4477", at_s), "prefix", None) for at_s in (999, 1000, 2000)]
    assert prefixes == ["44", "447", "44"]


@pytest.mark.parametrize(
    "dated",
    [
        (DatedRate(rate("44"), 0, 1001), DatedRate(rate("44"), 1000)),
        (DatedRate(rate("44")), DatedRate(rate("44"), 1000)),
        (DatedRate(rate("44"), 5), DatedRate(rate("44"), 5, 6)),
    ],
)
def test_two_rows_of_one_prefix_must_not_be_in_effect_at_once(
    dated: tuple[DatedRate, ...],
) -> None:
    """Which of them counts must not be a matter of the order of rows."""
    for rows in (dated, dated[::-1]):
        with pytest.raises(ValueError, match="prefix 44 has two rates at once"):
            Tariff(dated=rows)


@pytest.mark.parametrize("until_s", [999, 1000])
def test_a_row_that_ends_before_it_begins_is_refused(until_s: int) -> None:
    """It could never count, and somebody meant something by it."""
    with pytest.raises(ValueError, match="ends before it begins"):
        DatedRate(rate("44"), 1000, until_s)


def test_a_tariff_may_hold_relative_terms() -> None:
    """An exception of a relative plan has a margin of its own."""
    terms = RelativeTerms(destination="UK", prefix="44", multiplier=Fraction(2))
    assert Tariff((terms, rate("447"))).match("442079", 0) is terms


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


@given(
    spans=st.lists(st.tuples(digits, st.integers(0, 9), st.integers(1, 5)), max_size=12),
    number=digits,
    at_s=st.integers(0, 15),
    data=st.data(),
)
def test_the_row_found_is_the_longest_in_effect_in_any_order(
    spans: list[tuple[str, int, int]], number: str, at_s: int, data: st.DataObject
) -> None:
    """Of all rows in effect the longest that fits, whatever order the file has them in.

    Seen failing with `return None` where the longest prefix has no row in effect.
    """
    rows: list[DatedRate] = []
    for prefix, from_s, long_s in spans:
        of_prefix = [row for row in rows if row.rate.prefix == prefix]
        if not any(row.holds(at) for row in of_prefix for at in range(from_s, from_s + long_s)):
            rows.append(DatedRate(rate(prefix), from_s, from_s + long_s))
    tariff = Tariff(dated=tuple(data.draw(st.permutations(rows))))
    fitting = [row.rate.prefix for row in rows if row.holds(at_s)]
    expected = max((one for one in fitting if number.startswith(one)), key=len, default=None)
    assert getattr(tariff.match(number, at_s), "prefix", None) == expected
