"""How long an amount pays for, where a maximum ends a call, and that no answer counts blocks."""

import sys
from fractions import Fraction
from types import FrameType
from typing import Any

import pytest

from pbxcharge.core import rate as of_rate
from pbxcharge.core.money import AMOUNT_MAX_MICROS
from pbxcharge.core.price import (
    MaximumThen,
    Rate,
    Step,
    block_end,
    charge,
    charge_micros,
    first_block_micros,
    hang_up_limit_s,
    longest_talk_s,
)
from tests.fakes.ten_cents import (
    a_rate,
)


def test_the_longest_talk_is_what_the_amount_pays_for() -> None:
    """1.00 at 60/6 and 0.30 a minute: 0.30 + 23 × 0.03 = 0.99, so 60 + 138 = 198 s."""
    rate = a_rate(price_per_minute=Fraction(3, 10), next_s=6)
    assert longest_talk_s(rate, 1_000_000, 14_400) == 198
    assert longest_talk_s(rate, 1_020_000, 14_400) == 204
    assert longest_talk_s(rate, 1_000_000, 100) == 102


def test_no_talk_where_fee_and_first_block_do_not_fit() -> None:
    """Fee 0.05, first block 0.10: 0.149999 pays for nothing, also not for 30 free seconds."""
    for free_s in (0, 30):
        rate = a_rate(connect_fee_micros=50_000, free_s=free_s)
        assert first_block_micros(rate) == 150_000
        assert longest_talk_s(rate, 149_999, 600) == 0
        assert longest_talk_s(rate, 150_000, 600) == free_s + 60


def test_the_grace_opens_no_call_to_an_empty_wallet() -> None:
    """Per second with a grace of 5 s: without the price of one second there is no talk at all."""
    rate = a_rate(first_s=1, next_s=1, grace_s=5)
    assert charge_micros(rate, 5) == 0
    assert longest_talk_s(rate, 0, 60) == 0
    assert longest_talk_s(rate, 1_700, 60) == 5


def test_a_call_that_costs_nothing_needs_no_credit() -> None:
    """Price 0 and amount 0: as long as asked for."""
    assert longest_talk_s(a_rate(price_per_minute=Fraction(0)), 0, 14_400) == 14_400


def test_a_maximum_then_hang_up_ends_the_call_before_it_is_passed() -> None:
    """10 at 1 per second ends at 10 s; 10.50 at 1 per second too; the money is no matter."""
    for maximum in (10_000_000, 10_500_000):
        rate = a_rate(
            price_per_minute=Fraction(60),
            first_s=1,
            next_s=1,
            maximum_charge_micros=maximum,
            maximum_then=MaximumThen.HANG_UP,
        )
        assert hang_up_limit_s(rate) == 10
        assert longest_talk_s(rate, AMOUNT_MAX_MICROS, 1800) == 10


@pytest.mark.parametrize(
    ("terms", "limit_s"),
    [
        # 0.10 + 0.10 + 10 % = 0.22 fits 0.30, another 0.11 does not.
        ({"surcharge_percent": Fraction(10), "connect_fee_micros": 100_000}, 60),
        ({"steps": (Step(60, Fraction(0)),)}, None),
        ({"connect_fee_micros": 300_001}, 0),
        ({"connect_fee_micros": 300_001, "grace_s": 130}, 120),
        ({"connect_fee_micros": 300_000, "free_s": 30}, 30),
        ({"connect_fee_micros": 300_000, "free_s": 30, "grace_s": 95}, 90),
        # A minimum above the maximum is no talk, so it does not end one.
        ({"minimum_charge_micros": 9_000_000}, 180),
    ],
)
def test_the_hang_up_limit(terms: dict[str, Any], limit_s: int | None) -> None:
    """With a maximum of 0.30 at 60/60: by fee and surcharge, never, at once, or after the grace."""
    rate = a_rate(maximum_charge_micros=300_000, maximum_then=MaximumThen.HANG_UP, **terms)
    assert hang_up_limit_s(rate) == limit_s


def executed_lines(rate: Rate, talk_s: int) -> int:
    """Lines of this project that pricing one call runs through, with the lines of the charge."""
    count = 0

    def count_line(frame: FrameType, event: str, arg: object) -> Any:
        nonlocal count
        count += event == "line" and "pbxcharge" in frame.f_code.co_filename
        return count_line

    before = sys.gettrace()
    sys.settrace(count_line)
    try:
        charge_micros(rate, talk_s)
        charge(rate, talk_s)
        block_end(rate, talk_s)
        hang_up_limit_s(rate)
    finally:
        sys.settrace(before)
    return count


def test_the_cost_of_pricing_does_not_depend_on_the_length_of_the_call() -> None:
    """The same lines of code run for three minutes as for thirty million years.

    Seen failing with `block_end_s` adding up one block after the other.
    """
    rate = a_rate(next_s=1, steps=(Step(70, Fraction(3, 5), 7), Step(80, Fraction(6, 5), 1)))
    counts = {executed_lines(rate, talk_s) for talk_s in (180, 10_800, 10**6, 10**15)}
    assert len(counts) == 1
    assert counts.pop() > 20


def test_the_longest_talk_is_found_by_bisection(monkeypatch: pytest.MonkeyPatch) -> None:
    """Among 2^40 blocks of a second the price is asked at most 43 times.

    Seen failing with a search that goes from one block end to the next.
    """
    asked: list[int] = []
    uncounted = of_rate.charge_micros

    def counted(rate: Rate, talk_s: int) -> int:
        asked.append(talk_s)
        assert len(asked) < 44
        return uncounted(rate, talk_s)

    monkeypatch.setattr(of_rate, "charge_micros", counted)
    rate = a_rate(price_per_minute=Fraction(60), first_s=1, next_s=1)
    assert longest_talk_s(rate, 123_456_789 * 10**6, 2**40) == 123_456_789
