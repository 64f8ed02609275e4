"""An assigned subscription with all that its charges follow from, made from what the books keep."""

from collections.abc import Iterable, Mapping
from datetime import date

from pbxcharge.core.assigned import AssignedSubscription, VersionSince
from pbxcharge.core.billing_cycle import BillingCycle
from pbxcharge.core.billing_period import BillingCalendar, BillingRule
from pbxcharge.core.subscription import (
    Assignment,
    Booking,
    Closing,
    EarlierEnd,
    Outage,
    Revision,
    revisions_since,
)
from pbxcharge.core.subscription_terms import SubscriptionPlan

MONTHLY = BillingRule(BillingCycle.MONTHLY, date(2024, 1, 1))
"""The billing period of an organization that has no other: by the month, from the 1st."""


def calendar(rules: Iterable[BillingRule]) -> BillingCalendar:
    """The billing periods of an organization, by all that was ever set.

    Weekly from 1 March, then, before that day, quarterly from 1 February instead: the weeks never
    come. What is set later takes the place of what counts from its day on, or from a later one.

    Args:
        rules: in the order in which they were set.
    """
    kept = [MONTHLY]
    for rule in rules:
        kept = [*(each for each in kept if each.since < rule.since), rule]
    return BillingCalendar(tuple(kept))


def history(
    turns: Iterable[VersionSince], plans: Mapping[str, SubscriptionPlan]
) -> tuple[Revision, ...]:
    """All that a subscription plan ever said, from when on.

    One whose file has gone goes on as it was, for those who have it.

    Args:
        turns: of this plan, in order.
        plans: what its versions say, by version.
    """
    found: list[Revision] = []
    for turn in turns:
        if turn.version is None or (found and found[-1].version == turn.version):
            continue
        if found and found[-1].since_us >= turn.since_us:
            # Two at one instant, or a clock that was set back: the later word counts.
            found.pop()
        found.append(Revision(turn.since_us, plans[turn.version], turn.version))
    return tuple(found)


def assignment_of(
    assigned: AssignedSubscription,
    said: tuple[Revision, ...],
    outages: tuple[Outage, ...] = (),
    bookings: tuple[Booking, ...] = (),
    ends: tuple[EarlierEnd, ...] = (),
) -> Assignment:
    """A subscription with all that is known about it.

    Args:
        assigned: as the books have it.
        said: all that its plan ever said; shared by those who have the plan.
        outages: of its account.
        bookings: of its fees that waited.
        ends: all that was said of its end, if it was ever moved.
    """
    closing = None
    if assigned.closed_at_us is not None and assigned.closing_known_us is not None:
        closing = Closing(assigned.closed_at_us, assigned.closing_known_us)
        # The last word is what counts now.
        ends = ends[:-1]
    return Assignment(
        assignment_id=assigned.assignment_id,
        revisions=revisions_since(said, assigned.assigned_at_us),
        starts_at_us=assigned.starts_at_us,
        adjustment=assigned.adjustment,
        first_used_at_us=assigned.first_used_at_us,
        closing=closing,
        outages=outages,
        bookings=bookings,
        earlier=ends,
    )
