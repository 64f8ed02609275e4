"""Numbers: every dialled string is one E.164 number, or none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbxcharge.core.number import NumberRule, normalise

LONDON = (
    NumberRule("+", 1, ""),
    NumberRule("00", 2, ""),
    NumberRule("0", 1, "44"),
    NumberRule("", 0, "4420"),
)


@pytest.mark.parametrize(
    ("dialled", "number"),
    [
        ("+442079460000", "442079460000"),
        ("00442079460000", "442079460000"),
        ("02079460000", "442079460000"),
        ("79460000", "442079460000"),
        ("004930123456", "4930123456"),
    ],
)
def test_every_form_of_a_number_is_one_number(dialled: str, number: str) -> None:
    """Dialled in London: with plus, with 00, with the area code, and within the area."""
    assert normalise(dialled, LONDON) == number


@pytest.mark.parametrize(
    "dialled",
    [
        "",
        "+",
        "++442079460000",
        "00",
        "0044 2079460000",
        "0044-2079460000",
        "00442079460000;ext=1",
        "00442079460000,1",
        "00442O79460000",
        "٠٠٤٤٢٠٧٩٤٦٠٠٠٠",
        "0044²079460000",
        "00442079460000\n",
        "0044207946+000",
        "0" * 33,
    ],
)
def test_what_is_no_number_is_refused_and_never_repaired(dialled: str) -> None:
    """Letters, separators, other digits than ASCII's, line ends, a plus inside, endless ones."""
    assert normalise(dialled, LONDON) is None


@pytest.mark.parametrize(
    ("dialled", "number"),
    [
        ("00123456", None),
        ("001234567", "1234567"),
        ("00123456789012345", "123456789012345"),
        ("001234567890123456", None),
        ("0001234567", None),
    ],
)
def test_a_number_has_seven_to_fifteen_digits_and_no_leading_zero(
    dialled: str, number: str | None
) -> None:
    """What E.164 allows after the prefix is gone."""
    assert normalise(dialled, LONDON) == number


def test_the_first_rule_that_fits_decides() -> None:
    """`00` stands before `0`; a number that it makes impossible is not tried by the next rule."""
    assert normalise("00123456", LONDON) is None
    turned = (NumberRule("0", 1, "44"), NumberRule("00", 2, ""))
    assert normalise("0012345678", turned) == "44012345678"


def test_without_a_fitting_rule_there_is_no_number() -> None:
    """A site without a rule for local numbers refuses them; without rules, everything."""
    assert normalise("79460000", LONDON[:3]) is None
    assert normalise("+442079460000", ()) is None


def test_a_plus_must_be_taken_away_by_its_rule() -> None:
    """A rule that leaves it makes no number."""
    assert normalise("+442079460000", (NumberRule("+", 0, ""),)) is None


def test_thirty_two_characters_are_the_most_that_is_looked_at() -> None:
    """A long access code may be stripped; one character more is refused at once."""
    code = (NumberRule("", 25, ""),)
    assert normalise("9" * 32, code) == "9999999"
    assert normalise("9" * 33, code) is None


@given(st.text(st.sampled_from("+0123456789٣²a ;")), st.lists(st.sampled_from(LONDON), max_size=4))
def test_a_number_is_e164_whatever_was_dialled(dialled: str, rules: list[NumberRule]) -> None:
    """Seven to fifteen ASCII digits, the first not 0, and the end of what was dialled.

    Seen failing with `str.isdigit` instead of `_DIGITS.issuperset` in `normalise` and `_e164`.
    """
    number = normalise(dialled, tuple(rules))
    if number is not None:
        assert number.isascii()
        assert number.isdigit()
        assert 7 <= len(number) <= 15
        assert number[0] != "0"
        assert dialled.endswith(number[-3:])
