"""Months of running calls: the stored limit and that of the plan in force, at each level."""

from dataclasses import replace

import pytest

from pbxcharge.core.account import Account
from pbxcharge.core.account_kinds import AccountKind, AccountStatus
from pbxcharge.core.attempt import PayingLevel
from pbxcharge.core.limits import UNLIMITED
from pbxcharge.flow.months import Months
from pbxcharge.flow.payers import payers
from tests.fakes.granted_call import a_rate, granted, ringing_prices
from tests.fakes.plans import a_plan

ALICE = Account("alice", AccountKind.USER, "acme", "Alice", "fifty", AccountStatus.ACTIVE)
ACME = Account("acme", AccountKind.ORGANIZATION, None, "Acme", "twenty", AccountStatus.ACTIVE)
PLANS = {
    "fifty": replace(a_plan("fifty"), monthly_limit_micros=50),
    "twenty": replace(a_plan("twenty"), monthly_limit_micros=20),
    "prepaid": a_plan("prepaid"),
}
MONTHLY = replace(UNLIMITED, monthly_limit_micros=40)


@pytest.mark.parametrize(("stored", "limits"), [(UNLIMITED, [50, 20]), (MONTHLY, [40, 20])])
def test_each_level_obeys_the_stricter_of_its_two_limits(stored, limits) -> None:  # type: ignore[no-untyped-def]
    """Stored without one, or with 40; the plans in force say 50 and 20. Both name their month.

    Seen failing with the stored limits alone in `payers`.
    """
    months, at_us = Months(), 1_790_000_000_000_000
    wallets = ("alice:outgoing", "acme:outgoing")
    call = granted(rates=[a_rate(), a_rate()], wallets=wallets, limits=stored)
    months.learn([ALICE, ACME], PLANS)
    found = payers(call, ringing_prices(call), at_us, months)
    assert [payer.limits.monthly_limit_micros for payer in found] == limits
    assert all(payer.month_from_us is not None for payer in found)
    assert payers(call, ringing_prices(call), at_us)[0].limits == stored


def test_who_may_spend_more_than_before_is_told() -> None:
    """A higher limit, or none any more; not a first one, a lower one or the same."""
    months = Months()
    rose = [
        months.learn([replace(ALICE, plan=plan)], PLANS)
        for plan in ("prepaid", "twenty", "fifty", "fifty", "twenty", "prepaid", "gone", None)
    ]
    alice = frozenset({"alice"})
    assert rose == [
        frozenset(),
        frozenset(),
        alice,
        frozenset(),
        frozenset(),
        alice,
        *[frozenset()] * 2,
    ]


def test_what_no_running_call_needs_is_forgotten() -> None:
    """Else an account that calls later would obey a plan that it had long ago."""
    months, level = Months(), PayingLevel("alice", "alice:outgoing")
    months.learn([ALICE, ACME], PLANS)
    months.forget({"acme"}, but={})
    assert months.limits(level, UNLIMITED).monthly_limit_micros == 50
    months.forget(None, but={"acme": ACME})
    assert months.limits(level, UNLIMITED) == UNLIMITED


def test_a_month_that_is_to_come_bounds_calls_before_their_floor_falls() -> None:
    """Until it is learned; who was bounded by one that did not come is told that there is more.

    Seen failing with the limits that were learned alone in `Months.limits`.
    """
    months, level = Months(), PayingLevel("alice", "alice:outgoing")
    months.expect([ALICE], PLANS)
    assert months.limits(level, UNLIMITED).monthly_limit_micros == 50
    assert months.learn([ALICE], PLANS) == frozenset()
    months.expect([replace(ALICE, plan="twenty")], PLANS)
    assert months.limits(level, UNLIMITED).monthly_limit_micros == 20
    assert months.learn([ALICE], PLANS) == frozenset({"alice"})
    assert months.limits(level, UNLIMITED).monthly_limit_micros == 50
