"""What a call is priced with: one text for one content, readable when the plan is long gone."""

from dataclasses import replace
from fractions import Fraction

import pytest

from pbxcharge.core.limits import UNLIMITED, Limits
from pbxcharge.core.plan import Terms
from pbxcharge.core.price import charge, charge_micros
from pbxcharge.core.pricing import ANY_MOMENT, prices
from pbxcharge.core.rating import (
    RatedLevel,
    Rating,
    lines_canonical,
    rating_from_canonical,
    rating_id,
)
from tests.fakes.granted_call import a_rate

OWN = RatedLevel("basic", "v1", a_rate(price_per_minute=Fraction(1, 3), connect_fee_micros=7))
ABOVE = RatedLevel("wholesale", "v9", a_rate(price_per_minute=Fraction(1, 7)))
FIRST_RELEASE = (
    '{"levels":[{"plan":"basic","plan_version":"v1","rate":{"connect_fee_micros":0,'
    '"destination":"Germany","first_amount_micros":null,"first_price_per_minute":null,'
    '"first_s":1,"forbidden":0,"free_s":0,"grace_s":3,"maximum_charge_micros":null,'
    '"maximum_then":"free","minimum_charge_micros":0,"next_s":1,"prefix":"49",'
    '"price_per_minute":"3/5","rounding":"away_from_zero","rounding_decimals":4,"rule_set":1,'
    '"steps":[],"surcharge_percent":"0/1"}}],"rule_set":1,'
    '"terms":{"call_max_s":600,"slice_s":30,"tolerance_ms":50,"warn_before_s":5}}'
)
RATING = Rating((OWN, ABOVE), Terms(slice_s=30, warn_before_s=5, call_max_s=600, tolerance_ms=50))


def test_a_rating_comes_back_as_it_was_stored() -> None:
    """Rates, terms, plans and the number of the rules; it prices as it did."""
    stored = rating_from_canonical(RATING.canonical())
    assert stored == RATING
    assert charge_micros(prices(stored, ANY_MOMENT)[0], 61) == 338_900


def test_equal_content_has_one_id_and_other_content_another() -> None:
    """So it is kept once, however many calls it prices."""
    again = Rating((replace(OWN), replace(ABOVE)), replace(RATING.terms))
    assert rating_id(again.canonical()) == rating_id(RATING.canonical())
    others = [
        Rating((ABOVE, OWN), RATING.terms),
        Rating((OWN,), RATING.terms),
        Rating((OWN, replace(ABOVE, plan_version="v10")), RATING.terms),
        Rating((OWN, ABOVE), Terms(slice_s=31)),
        Rating((OWN, ABOVE), RATING.terms, rule_set=RATING.rule_set + 1),
        Rating((replace(OWN, limits=Limits()), ABOVE), RATING.terms),
    ]
    assert len({rating_id(other.canonical()) for other in (*others, RATING)}) == 7


def test_limits_come_back_with_the_rating() -> None:
    """A running call obeys those that it began with, at each level its own, after a restart too."""
    limited = Rating((replace(OWN, limits=Limits(3, None, 7, None)), ABOVE), RATING.terms)
    levels = rating_from_canonical(limited.canonical()).levels
    assert [level.limits for level in levels] == [Limits(3, None, 7, None), UNLIMITED]


def test_a_rating_that_was_stored_in_the_first_release_is_still_read() -> None:
    """The text below lies in databases: it must go on meaning what it meant."""
    rating = rating_from_canonical(FIRST_RELEASE)
    (level,) = rating.levels
    assert (level.plan, level.plan_version, level.rate) == ("basic", "v1", a_rate(grace_s=3))
    assert (rating.terms, rating.rule_set) == (Terms(30, 5, 600, 50), 1)
    assert level.limits == UNLIMITED


def test_sound_and_context_are_stored_where_there_are_any() -> None:
    """Terms that say nothing of them keep the text, and the id, that they had before."""
    assert "after" not in RATING.canonical()
    assert "warn_sound" not in RATING.canonical()
    terms = replace(RATING.terms, warn_sound="pbxc/credit", after="topup")
    assert rating_from_canonical(Rating((OWN,), terms).canonical()).terms == terms


def test_the_lines_of_a_charge_are_stored_exactly() -> None:
    """61 s at 60/6 and a third of a unit a minute: the amounts are fractions of micro-units."""
    rate = a_rate(price_per_minute=Fraction(1, 3), first_s=60, next_s=6)
    assert lines_canonical(charge(rate, 61)) == (
        '[{"amount":"1000000/3","blocks":1,"from_s":0,"kind":"first_block",'
        '"price_per_minute":"1/3","to_s":60},'
        '{"amount":"100000/3","blocks":1,"from_s":60,"kind":"blocks",'
        '"price_per_minute":"1/3","to_s":66},'
        '{"amount":"100/3","blocks":0,"from_s":0,"kind":"rounding",'
        '"price_per_minute":null,"to_s":0}]'
    )


@pytest.mark.parametrize("body", ["", "{", "[]", '{"levels":[]}', '{"levels":[{}],"terms":{}}'])
def test_what_is_no_rating_is_refused(body: str) -> None:
    """Damaged or foreign text never becomes a price."""
    with pytest.raises((ValueError, KeyError, TypeError)):
        rating_from_canonical(body)
