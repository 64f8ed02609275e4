"""Any subscription: over plans, calendars, zones, changes, outages and closings."""

from dataclasses import replace
from datetime import UTC, date, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from pbxcharge.core.billing_cycle import BillingCycle
from pbxcharge.core.billing_period import BillingCalendar, BillingRule
from pbxcharge.core.money import Rounding
from pbxcharge.core.period import DAY_US, instant_us, local_day
from pbxcharge.core.subscription import (
    Assignment,
    Booking,
    Closing,
    Lifetime,
    Outage,
    Revision,
    lifetime,
)
from pbxcharge.core.subscription_terms import (
    Applied,
    CreditTerms,
    DeadReason,
    FeeAdjustment,
    MinimumTerm,
    PenaltyKind,
    PromotionalRow,
    SubscriptionPlan,
)

DAY = timedelta(days=1)
FEES = st.integers(0, 100_000_000)
DATES = st.dates(date(2023, 12, 1), date(2024, 12, 31))
MOMENTS = st.integers(0, 300 * 24).map(lambda hours: hours * DAY_US // 24)
CYCLES = st.sampled_from(BillingCycle)
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/Santiago", "Pacific/Auckland"]).map(
    ZoneInfo
)
BEGINS_US = instant_us("2023-12-01", UTC)
FAR_US = BEGINS_US + 500 * DAY_US

ROWS = st.builds(
    PromotionalRow,
    months=st.integers(1, 4),
    monthly_fee_micros=FEES,
    periods=st.dictionaries(CYCLES, st.integers(1, 5), max_size=2),
)
PLANS = st.builds(
    SubscriptionPlan,
    name=st.just("SmartCall"),
    monthly_fee_micros=FEES,
    applied=st.sampled_from(Applied),
    periods_in_advance=st.integers(1, 3),
    activation_fee_micros=st.sampled_from([0, 5_000_000]),
    rounding=st.sampled_from(Rounding),
    rounding_decimals=st.integers(0, 5),
    prorate_first=st.booleans(),
    prorate_last=st.booleans(),
    minimum_term=st.builds(
        MinimumTerm, months=st.integers(0, 14), penalty=st.sampled_from(PenaltyKind)
    ),
    promotions=st.lists(ROWS, max_size=2).map(tuple),
    credits=st.builds(
        CreditTerms,
        reasons=st.frozensets(st.sampled_from(DeadReason)),
        skip_first=st.booleans(),
        skip_regular=st.booleans(),
        skip_last=st.booleans(),
    ),
)
ADJUSTMENTS = st.one_of(
    st.builds(FeeAdjustment, amount_micros=st.integers(-30_000_000, 30_000_000)),
    st.builds(FeeAdjustment, percent=st.integers(-100, 100).map(Fraction)),
)


@st.composite
def calendars(draw: st.DrawFn, changes: int) -> BillingCalendar:
    """Billing periods, changed at most so many times."""
    since = [date.min, *sorted(draw(st.sets(DATES, max_size=changes)))]
    return BillingCalendar(tuple(BillingRule(draw(CYCLES), draw(DATES), day) for day in since))


@st.composite
def revisions(draw: st.DrawFn, changes: int) -> tuple[Revision, ...]:
    """A plan, changed at most so many times, at any hour."""
    since = [0, *sorted(BEGINS_US + one for one in draw(st.sets(MOMENTS, max_size=changes)))]
    return tuple(Revision(at_us, draw(PLANS)) for at_us in since)


@st.composite
def lives(
    draw: st.DrawFn, changes: int = 2, closes: bool = False, applied: Applied | None = None
) -> Lifetime:
    """A subscription, with outages, and closed or not."""
    terms = draw(revisions(changes))
    if applied is not None:
        terms = tuple(replace(one, plan=replace(one.plan, applied=applied)) for one in terms)
    # Periods that are paid in advance are not cut afterwards.
    ahead = terms[0].plan.applied is Applied.IN_ADVANCE
    calendar = draw(calendars(changes=0 if ahead else 2))
    starts_us = BEGINS_US + draw(MOMENTS)
    closing = None
    if closes or draw(st.booleans()):
        at_us = starts_us + 1 + draw(MOMENTS)
        closing = Closing(at_us, at_us - draw(MOMENTS))
    zone = draw(ZONES)
    outages = draw(st.lists(outage(starts_us), max_size=3))
    bookings = draw(st.lists(booking(calendar, zone, starts_us), max_size=2))
    facts = Assignment(
        assignment_id="a1",
        revisions=terms,
        starts_at_us=starts_us,
        adjustment=draw(ADJUSTMENTS),
        closing=closing,
        outages=tuple(outages),
        bookings=tuple(bookings),
    )
    life = lifetime(facts, calendar, zone)
    assert life is not None
    return life


def outage(starts_us: int) -> st.SearchStrategy[Outage]:
    """Some time without service, or one that lasts."""
    spans = st.tuples(MOMENTS, st.none() | MOMENTS)
    return st.builds(
        lambda reason, span: Outage(
            reason,
            starts_us + span[0],
            None if span[1] is None else starts_us + span[0] + span[1],
        ),
        st.sampled_from(DeadReason),
        spans,
    )


def booking(
    calendar: BillingCalendar, zone: ZoneInfo, starts_us: int
) -> st.SearchStrategy[Booking]:
    """A fee that waited and was booked within its period."""
    return MOMENTS.map(
        lambda after_us: Booking(
            calendar.holding(local_day(starts_us + after_us, zone)).first, starts_us + after_us
        )
    )
