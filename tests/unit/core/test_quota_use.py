"""What is left of the quotas of an account in the current billing period."""

from datetime import UTC, date
from fractions import Fraction

from pbxcharge.core.allowance import Quota, Tier, included
from pbxcharge.core.billing_cycle import BillingCycle
from pbxcharge.core.billing_period import billing_calendar
from pbxcharge.core.holds import Wallet
from pbxcharge.core.measure import Measure
from pbxcharge.core.period import midnight_us
from pbxcharge.core.quota_use import QuotaUse, quota_uses
from pbxcharge.core.quotas import ALLOWANCE, QuotaSource

MONTHLY = billing_calendar(BillingCycle.MONTHLY, date(2026, 1, 1))
NOW_US = midnight_us(date(2026, 11, 15), UTC)
MINUTES = included("minutes", "SmartMinutes", Measure.SECONDS, 6_000, rolls_over=1)
CHEAPER = Quota(
    "cheaper",
    "Cheaper",
    Measure.AMOUNT,
    (Tier(50_000_000, Fraction(10)), Tier(200_000_000, Fraction(25))),
)


def uses(quota: Quota, **used_held: tuple[int, int]) -> list[QuotaUse]:
    """In the middle of November, with what was used and is held of months: `oct=(58, 2)`."""
    months = {"oct": "2026-10-01", "nov": "2026-11-01"}
    names = {month: f"alice:allowance:p:{quota.name}:{day}" for month, day in months.items()}
    known = {
        names[month]: Wallet(names[month], "alice", ALLOWANCE, -used, held)
        for month, (used, held) in used_held.items()
    }
    source = QuotaSource("p", (quota,), 0)
    return list(quota_uses("alice", [source], known, MONTHLY, UTC, NOW_US))


def test_what_is_left_is_neither_used_nor_held() -> None:
    """Of 100 minutes 58 are used and 2 are held by a live call: 40, at no price."""
    use = uses(MINUTES, oct=(6_000, 0), nov=(3_480, 120))[-1]
    assert (use.granted, use.used, use.held, use.left) == (6_000, 3_480, 120, 2_400)
    assert use.discount == 1


def test_what_an_earlier_period_left_is_there_until_it_is_used() -> None:
    """October left 10 of its minutes; used up, October is gone, unless a call still holds some."""
    rolled = [(use.rolled_over, use.left) for use in uses(MINUTES, oct=(5_400, 0))]
    assert rolled == [(True, 600), (False, 6_000)]
    assert [use.rolled_over for use in uses(MINUTES, oct=(6_000, 0))] == [False]
    assert [use.left for use in uses(MINUTES, oct=(5_400, 600))] == [0, 6_000]


def test_a_volume_discount_has_no_end_and_says_what_is_taken_off_next() -> None:
    """After 49.99 nothing is, after 50.00 10 %, after 200.00 25 %, however much follows."""
    off = [uses(CHEAPER, nov=(used, 0))[0] for used in (49_990_000, 50_000_000, 900_000_000)]
    assert [use.discount for use in off] == [0, Fraction(1, 10), Fraction(1, 4)]
    assert {(use.granted, use.left) for use in off} == {(None, None)}
