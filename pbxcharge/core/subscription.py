"""An assigned subscription: the facts about it, and its life from activation to closing."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta, tzinfo
from enum import StrEnum
from itertools import pairwise

from pbxcharge.core.billing_period import BillingCalendar, BillingPeriod
from pbxcharge.core.period import local_day, midnight_us
from pbxcharge.core.subscription_terms import (
    NO_ADJUSTMENT,
    ActivationMode,
    DeadReason,
    FeeAdjustment,
    SubscriptionPlan,
)


class SubscriptionState(StrEnum):
    """Where a subscription stands; only a pending one can be removed."""

    PENDING = "pending"
    """Not yet begun, or not yet used."""
    ACTIVE = "active"
    SUSPENDED = "suspended"
    """There is no service; see DeadReason. Its fees go on, and dead days are credited."""
    CLOSED = "closed"

    @property
    def removable(self) -> bool:
        """Whether it can be taken away as if it had never been; what has cost must be closed."""
        return self is SubscriptionState.PENDING


@dataclass(frozen=True, slots=True)
class Revision:
    """A plan as it reads from an instant on.

    A day costs what the plan said when the day was over, so a change counts from its own day on;
    what is paid ahead costs what it said at that instant. What was agreed at the assignment (when
    it is charged, how it is prorated, how long it is to be kept) stays that of the first revision.

    Args:
        since_us: microseconds since the epoch, UTC.
        plan: what it says.
        version: the hash of that.
    """

    since_us: int
    plan: SubscriptionPlan
    version: str = ""


@dataclass(frozen=True, slots=True)
class Outage:
    """A time without service; instants in microseconds since the epoch, UTC.

    Args:
        reason: see DeadReason.
        from_us: its first instant.
        until_us: the first instant after it; None while it lasts.
    """

    reason: DeadReason
    from_us: int
    until_us: int | None = None


@dataclass(frozen=True, slots=True)
class Closing:
    """The end of a subscription, and since when it is known: an expiration date may come first.

    Args:
        at_us: the first instant without it.
        known_us: when it was cancelled; what is charged in advance before that knows nothing of it.
    """

    at_us: int
    known_us: int


@dataclass(frozen=True, slots=True)
class EarlierEnd:
    """What was said of the end of a subscription before what is said now.

    What is paid in advance was paid by that: until 11 November, then for good.

    Args:
        at_us: the first instant without it; None is for good.
        known_us: since when that was known, until the next word.
    """

    at_us: int | None
    known_us: int


@dataclass(frozen=True, slots=True)
class Booking:
    """A fee that did not fit at first, and was booked with credits for its dead days until then.

    Args:
        period_first: the first day of the fee's billing period.
        at_us: when it was booked.
    """

    period_first: date
    at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A subscription of an account or an organization, as far as it is known.

    Raises ValueError without a revision, and unless revisions begin one after the other.

    Args:
        assignment_id: unique on the site, for ever.
        revisions: its plan, and every change of it; the first counts from the beginning. See
            `revisions_since`.
        adjustment: the discount or surcharge that it was assigned with.
        starts_at_us: the first instant at which it may be active.
        first_used_at_us: the first answered call since then; None while there is none.
        closing: see Closing.
        outages: see Outage; they may overlap.
        bookings: see Booking.
        earlier: see EarlierEnd; in the order in which they were said.
    """

    assignment_id: str
    revisions: tuple[Revision, ...]
    starts_at_us: int
    adjustment: FeeAdjustment = NO_ADJUSTMENT
    first_used_at_us: int | None = None
    closing: Closing | None = None
    outages: tuple[Outage, ...] = ()
    bookings: tuple[Booking, ...] = ()
    earlier: tuple[EarlierEnd, ...] = ()

    def __post_init__(self) -> None:
        begins = [revision.since_us for revision in self.revisions]
        if not begins or any(later <= earlier for earlier, later in pairwise(begins)):
            raise ValueError("the revisions of a subscription begin one after the other")

    @property
    def agreed(self) -> SubscriptionPlan:
        """The plan as it read when it was assigned."""
        return self.revisions[0].plan

    @property
    def activated_at_us(self) -> int | None:
        """When it became active; None for one that never did, or was closed before."""
        at_us = self.starts_at_us
        if self.agreed.activation_mode is ActivationMode.FIRST_USE:
            if self.first_used_at_us is None:
                return None
            at_us = max(at_us, self.first_used_at_us)
        return None if self.closing is not None and self.closing.at_us <= at_us else at_us

    def state_at(self, at_us: int) -> SubscriptionState:
        """Where it stands at an instant."""
        if self.closing is not None and self.closing.at_us <= at_us:
            return SubscriptionState.CLOSED
        activated_us = self.activated_at_us
        if activated_us is None or at_us < activated_us:
            return SubscriptionState.PENDING
        if any(_lasts(outage, at_us) for outage in self.outages):
            return SubscriptionState.SUSPENDED
        return SubscriptionState.ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetime:
    """A subscription that became active, on the billing calendar of its customer.

    Args:
        assignment: its facts.
        calendar: the customer's billing periods.
        zone: whose clocks tell its days.
        activated_us: its first instant.
        activated_on: the local day of that.
        last_on: the last local day on which it was active for any time; None while it is open.
    """

    assignment: Assignment
    calendar: BillingCalendar
    zone: tzinfo
    activated_us: int
    activated_on: date
    last_on: date | None

    @property
    def agreed(self) -> SubscriptionPlan:
        """The plan as it read when it was assigned."""
        return self.assignment.revisions[0].plan

    def revision(self, day: date) -> Revision:
        """What held when a day was over; after the closing it is what held then."""
        revisions = self.assignment.revisions
        # Nearly every plan has but one, and then nobody needs to know when the day was over.
        return revisions[0] if len(revisions) == 1 else self.revision_at(self.day_end_us(day) - 1)

    def revision_at(self, at_us: int) -> Revision:
        """What held at an instant."""
        revisions = self.assignment.revisions
        return next((one for one in reversed(revisions) if one.since_us <= at_us), revisions[0])

    def is_first(self, period: BillingPeriod) -> bool:
        """Whether it was activated in a period."""
        return period.holds(self.activated_on)

    def last_known(self, at_us: int) -> date | None:
        """Its last day, if that was known at an instant."""
        closing = self.assignment.closing
        if closing is not None and min(closing.known_us, closing.at_us) <= at_us:
            return self.last_on
        said = (one for one in reversed(self.assignment.earlier) if one.known_us <= at_us)
        end_us = next((one.at_us for one in said), None)
        return None if end_us is None else local_day(end_us - 1, self.zone)

    def until(self, end_us: int) -> int:
        """An instant, or that of the closing if it comes before."""
        closing = self.assignment.closing
        return end_us if closing is None else min(end_us, closing.at_us)

    def period_end_us(self, period: BillingPeriod) -> int:
        """When a period is over for it."""
        return self.until(midnight_us(period.until, self.zone))

    def day_end_us(self, day: date) -> int:
        """When a day is over for it."""
        return self.until(midnight_us(day + timedelta(days=1), self.zone))

    def dead_days(
        self, period: BillingPeriod, reasons: Iterable[DeadReason], before_us: int
    ) -> Iterator[date]:
        """The days of a period that were over before an instant, and had no service at all.

        Of the days of activation and closing the part counts in which it was active.
        """
        day = max(period.first, self.activated_on)
        spans = _spans(self.assignment.outages, frozenset(reasons), before_us)
        while spans and day < period.until and (self.last_on is None or day <= self.last_on):
            from_us = max(midnight_us(day, self.zone), self.activated_us)
            end_us = self.day_end_us(day)
            if end_us > before_us:
                break
            if any(begins <= from_us and end_us <= ends for begins, ends in spans):
                yield day
            day += timedelta(days=1)


def revisions_since(history: tuple[Revision, ...], at_us: int) -> tuple[Revision, ...]:
    """Of all that a plan ever said what counts for a subscription assigned at an instant.

    That is what was in force then, and every later revision. Before the first one, all do.
    """
    before = sum(revision.since_us <= at_us for revision in history)
    return history[before - 1 :] if before > 1 else history


def lifetime(assignment: Assignment, calendar: BillingCalendar, zone: tzinfo) -> Lifetime | None:
    """The life of a subscription by its customer's calendar and clocks; None if it has not begun.

    Closed at midnight, its last day is the one before.
    """
    activated_us = assignment.activated_at_us
    if activated_us is None:
        return None
    closing = assignment.closing
    return Lifetime(
        assignment=assignment,
        calendar=calendar,
        zone=zone,
        activated_us=activated_us,
        activated_on=local_day(activated_us, zone),
        last_on=None if closing is None else local_day(closing.at_us - 1, zone),
    )


def _lasts(outage: Outage, at_us: int) -> bool:
    return outage.from_us <= at_us and (outage.until_us is None or at_us < outage.until_us)


def _spans(
    outages: Iterable[Outage], reasons: frozenset[DeadReason], before_us: int
) -> list[tuple[int, int]]:
    """The times without service, joined where they touch."""
    joined: list[tuple[int, int]] = []
    for outage in sorted(outages, key=lambda one: one.from_us):
        if outage.reason not in reasons:
            continue
        until_us = before_us if outage.until_us is None else outage.until_us
        if joined and outage.from_us <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], until_us))
        else:
            joined.append((outage.from_us, until_us))
    return joined
