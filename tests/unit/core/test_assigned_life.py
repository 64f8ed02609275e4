"""Subscriptions made from what the books keep: billing periods, versions, closings."""

from dataclasses import replace
from datetime import date

from pbxcharge.core.assigned import AssignedSubscription, VersionSince
from pbxcharge.core.assigned_life import MONTHLY, assignment_of, calendar, history
from pbxcharge.core.billing_cycle import BillingCycle
from pbxcharge.core.billing_period import BillingRule
from pbxcharge.core.subscription import Closing, Revision
from pbxcharge.core.subscription_terms import SubscriptionPlan

CHEAP = SubscriptionPlan(name="basic", monthly_fee_micros=1)
DEAR = replace(CHEAP, monthly_fee_micros=2)
PLANS = {"v1": CHEAP, "v2": DEAR, "v3": CHEAP}
WEEKLY = BillingRule(BillingCycle.WEEKLY, date(2026, 3, 2), date(2026, 3, 1))
QUARTERLY = BillingRule(BillingCycle.QUARTERLY, date(2026, 2, 1), date(2026, 2, 1))


def turn(version: str | None, since_us: int) -> VersionSince:
    """Another version of the plan counts."""
    return VersionSince("basic", version, since_us, "reload")


def test_without_a_rule_it_is_by_the_month() -> None:
    """From the 1st on."""
    assert calendar(()).holding(date(2026, 5, 17)).first == date(2026, 5, 1)


def test_what_is_set_later_takes_the_place_of_what_was_to_come() -> None:
    """Weeks from March, then quarters from February instead; set in that order, not by day."""
    assert calendar([WEEKLY]).rules == (MONTHLY, WEEKLY)
    assert calendar([WEEKLY, QUARTERLY]).rules == (MONTHLY, QUARTERLY)
    assert calendar([QUARTERLY, WEEKLY]).rules == (MONTHLY, QUARTERLY, WEEKLY)


def test_a_rule_from_the_beginning_leaves_nothing_before() -> None:
    """An organization that never had anything was always billed so."""
    always = replace(WEEKLY, since=date.min)
    assert calendar([QUARTERLY, always]).rules == (always,)


def test_a_plan_says_what_its_last_version_said() -> None:
    """Its file gone, or read again unchanged, says nothing new; the later word of two counts."""
    turns = [turn("v1", 5), turn("v1", 6), turn(None, 7), turn("v2", 9), turn("v3", 9)]
    assert history(turns, PLANS) == (Revision(5, CHEAP, "v1"), Revision(9, CHEAP, "v3"))
    assert history(turns[:4], PLANS) == (Revision(5, CHEAP, "v1"), Revision(9, DEAR, "v2"))


def test_a_subscription_begins_with_what_counted_when_it_was_assigned() -> None:
    """And its closing is known since it was said."""
    said = (Revision(5, CHEAP, "v1"), Revision(9, DEAR, "v2"))
    assigned = AssignedSubscription(
        assignment_id="s-1",
        account_id="alice",
        subscription="basic",
        assigned_at_us=10,
        starts_at_us=20,
        closed_at_us=40,
        closing_known_us=30,
    )
    made = assignment_of(assigned, said)
    assert (made.agreed, made.closing) == (DEAR, Closing(40, 30))
    open_one = replace(assigned, assigned_at_us=6, closed_at_us=None, closing_known_us=None)
    assert assignment_of(open_one, said).revisions == said
    assert assignment_of(open_one, said).closing is None
