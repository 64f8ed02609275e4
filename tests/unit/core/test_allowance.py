"""Quotas as an admin wrote them: tiers, destinations, and what is no quota."""

from fractions import Fraction
from typing import Any

import pytest

from pbxcharge.core.allowance import Quota, Tier, included
from pbxcharge.core.measure import Measure
from pbxcharge.core.tariff import Prefixes

TENTH = Tier(6_000, Fraction(10))


def a_quota(**changed: Any) -> Quota:
    """100 minutes a period, where a test does not say otherwise."""
    terms = {"name": "minutes", "shown_name": "SmartMinutes", "measure": Measure.SECONDS}
    free = (Tier(0, Fraction(100)), Tier(6_000, Fraction(0)))
    return Quota(**(terms | {"tiers": free} | changed))


def test_a_tier_counts_from_its_beginning_until_the_next_one() -> None:
    """100 minutes are free up to and not including second 6000; then nothing is given for good."""
    minutes = included("minutes", "SmartMinutes", Measure.SECONDS, 6_000)
    assert minutes == a_quota()
    assert minutes.tier_at(0) == (Fraction(1), 6_000)
    assert minutes.tier_at(5_999) == (Fraction(1), 6_000)
    assert minutes.tier_at(6_000) == (Fraction(0), None)
    assert minutes.included == 6_000


def test_before_the_first_tier_nothing_is_given() -> None:
    """10 % from 100 minutes on: the first 100 minutes are only counted."""
    volume = a_quota(tiers=(TENTH,))
    assert volume.tier_at(5_999) == (Fraction(0), 6_000)
    assert volume.tier_at(6_000) == (Fraction(1, 10), None)
    assert volume.endless


def test_destinations_are_digits_or_pseudo_destinations() -> None:
    """`49` and `@local` count a call to Germany and one to a colleague, and none to France."""
    group = a_quota(destinations=Prefixes(frozenset({"49", "@local"})))
    assert [group.counts(to) for to in ("4930123456", "@local", "33123456789")] == [
        True,
        True,
        False,
    ]
    assert a_quota().counts("@incoming:4420")


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"tiers": ()}, "no tier gives a discount"),
        ({"tiers": (TENTH, TENTH)}, "the tiers do not rise"),
        ({"tiers": (Tier(0, Fraction(101)),)}, "a discount of 101 % is not 0 to 100 %"),
        ({"destinations": Prefixes()}, "no destinations"),
        ({"rolls_over": -1}, "rolls_over is not 0 to 24"),
        ({"tiers": (Tier(0, Fraction(5)),), "rolls_over": 1}, "the only tier has no end"),
    ],
)
def test_what_is_no_quota_says_why(changed: dict[str, Any], problem: str) -> None:
    """Each problem in words."""
    with pytest.raises(ValueError, match=problem):
        a_quota(**changed)
