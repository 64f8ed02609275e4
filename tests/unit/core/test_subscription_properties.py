"""Subscriptions as properties: over plans, calendars, zones, changes, outages and closings."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, timedelta
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbxcharge.core import billing_period, subscription, subscription_fees, subscription_schedule
from pbxcharge.core.billing_period import (
    BillingCalendar,
    BillingCycle,
    BillingRule,
    add_months,
)
from pbxcharge.core.money import Rounding
from pbxcharge.core.period import DAY_US, instant_us, local_day, midnight_us
from pbxcharge.core.subscription import (
    Assignment,
    Booking,
    Closing,
    Lifetime,
    Outage,
    Revision,
    lifetime,
)
from pbxcharge.core.subscription_credits import charged_by, dead_credit, due_micros, fits_on
from pbxcharge.core.subscription_fees import fee_of, full_fee_micros, period_fee
from pbxcharge.core.subscription_penalty import penalty
from pbxcharge.core.subscription_schedule import Owed, OwedKind, next_at_us, owed
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
from tests.examples import examples

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


REMEMBERED = (
    (billing_period, "_holding"),
    (subscription, "local_day"),
    (subscription, "midnight_us"),
    (subscription_fees, "_promotional_row"),
    (subscription_fees, "_share"),
    (subscription_fees, "midnight_us"),
    (subscription_schedule, "local_day"),
    (subscription_schedule, "midnight_us"),
)
"""What is worked out once for hundreds of thousands of subscriptions."""


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


def known_at(life: Lifetime, at_us: int) -> Lifetime | None:
    """The subscription as it was known at an instant."""
    facts = life.assignment
    closing = facts.closing
    if closing is not None and min(closing.at_us, closing.known_us) > at_us:
        closing = None
    begun = [one for one in facts.outages if one.from_us <= at_us]
    facts = replace(
        facts,
        revisions=tuple(one for one in facts.revisions if one.since_us <= at_us),
        closing=closing,
        outages=tuple(
            one if one.until_us is None or one.until_us <= at_us else replace(one, until_us=None)
            for one in begun
        ),
        bookings=tuple(one for one in facts.bookings if one.at_us <= at_us),
    )
    return lifetime(facts, life.calendar, life.zone)


def sums(items: Iterable[Owed], *kinds: OwedKind) -> dict[date, tuple[Fraction, int]]:
    """What is owed for each period, before and after rounding, by kinds."""
    exact: dict[date, tuple[Fraction, int]] = {}
    for one in items:
        if one.kind in kinds:
            before = exact.get(one.period.first, (Fraction(0), 0))
            exact[one.period.first] = (
                before[0] + one.exact_micros,
                before[1] + one.amount_micros,
            )
    return exact


@settings(max_examples=examples(40))
@given(lives(changes=0, closes=True))
def test_however_it_is_applied_a_closed_subscription_has_cost_the_same(life: Lifetime) -> None:
    """Progressive sums end at the rounded fee, what was paid in advance and not used is back.

    Before rounding, too, the parts of a period add up to its fee. Seen failing with each day's
    share rounded by itself, and with the closing period left out of what is given back.
    """
    items = owed(life, 0, FAR_US + 500 * DAY_US)
    found = sums(items, OwedKind.FEE, OwedKind.UNUSED)
    period = life.calendar.holding(life.activated_on)
    wanted = {}
    while life.last_on is not None and period.first <= life.last_on:
        fee = period_fee(life, period, life.last_on)
        wanted[period.first] = (fee.exact_micros, fee.amount_micros)
        period = life.calendar.following(period)
    free = (Fraction(0), 0)
    assert {first for first, fee in wanted.items() if fee != free} <= set(found)
    assert found == {first: wanted.get(first, free) for first in found}


@settings(max_examples=examples(50))
@given(lives(changes=0, closes=True))
def test_a_fee_never_exceeds_the_full_one(life: Lifetime) -> None:
    """Prorated, progressive or cut: at most the rounded fee of a whole period, and not below zero.

    Seen failing with the days counted past the end of the period.
    """
    period = life.calendar.holding(life.activated_on)
    for _ in range(5):
        full = full_fee_micros(life, period, life.assignment.revisions[0])
        fee = fee_of(life, period, life.last_on)
        assert 0 <= fee.exact_micros <= full
        assert 0 <= fee.amount_micros <= life.agreed.rounded_micros(full)
        period = life.calendar.following(period)


@settings(max_examples=examples(50))
@given(lives(changes=0), st.integers(0, 400))
def test_the_parts_before_and_after_a_day_add_up_to_the_fee(life: Lifetime, after: int) -> None:
    """Closed on a day by one and taken over the next day by another, a period costs its fee.

    Seen failing with the day of the closing not counted.
    """
    day = life.activated_on + after * DAY
    period = life.calendar.holding(day)
    plan = replace(life.agreed, prorate_first=True, prorate_last=True, promotions=())
    terms = Revision(0, plan)
    facts = Assignment(assignment_id="b", revisions=(terms,), starts_at_us=0)
    before = lifetime(facts, life.calendar, life.zone)
    starts_us = midnight_us(day + DAY, life.zone)
    later = lifetime(replace(facts, starts_at_us=starts_us), life.calendar, life.zone)
    assert before and later
    parts = fee_of(before, period, day), fee_of(later, period, None)
    full = full_fee_micros(before, period, terms) * Fraction(period.days, period.full_days)
    assert sum(part.exact_micros for part in parts) == full


@settings(max_examples=examples(40))
@given(lives(closes=True))
def test_a_penalty_is_never_negative(life: Lifetime) -> None:
    """Nor is it charged once the minimum term is over.

    Seen failing with the full fee of the closing period taken off what remains.
    """
    owes = penalty(life)
    assert owes.amount_micros >= 0 and owes.exact_micros >= 0
    months = life.agreed.minimum_term.months
    if life.last_on is not None and life.last_on >= add_months(life.activated_on, months) - DAY:
        assert owes.amount_micros == 0


@settings(max_examples=examples(25))
@given(lives(changes=0, closes=True))
def test_what_remains_is_what_would_have_been_charged(life: Lifetime) -> None:
    """Closed early with its penalty it costs what it costs closed with the end of its term.

    Seen failing with the regular fee for every month that remains.
    """
    months = life.agreed.minimum_term.months
    ends = add_months(life.activated_on, months)
    if life.last_on is None or life.last_on >= ends - DAY:
        return
    plan = replace(
        life.agreed, minimum_term=MinimumTerm(months=months, penalty=PenaltyKind.REMAINING)
    )
    terms = (replace(life.assignment.revisions[0], plan=plan),)
    early = replace(life.assignment, revisions=terms, outages=())
    ends_us = midnight_us(ends, life.zone)
    kept = replace(early, closing=Closing(ends_us, ends_us))
    totals = []
    for facts in (early, kept):
        one = lifetime(facts, life.calendar, life.zone)
        assert one is not None
        totals.append(sum(item.amount_micros for item in owed(one, 0, FAR_US + 900 * DAY_US)))
    assert totals[0] == totals[1]


def without_service(life: Lifetime) -> Lifetime:
    """The same, with no service since its beginning, and all of it credited."""
    facts = life.assignment
    terms = tuple(
        replace(one, plan=replace(one.plan, credits=CreditTerms())) for one in facts.revisions
    )
    outages = (Outage(DeadReason.NO_FUNDS, life.activated_us),)
    return replace(life, assignment=replace(facts, revisions=terms, outages=outages))


@settings(max_examples=examples(20))
@given(lives(), st.booleans())
def test_credits_never_exceed_what_their_period_was_charged(life: Lifetime, dead: bool) -> None:
    """A period costs nothing at least, with all of its credits, at every instant of the list.

    Seen failing with dead days of a period credited before it was charged.
    """
    life = without_service(life) if dead else life
    net: Counter[date] = Counter()
    items = owed(life, 0, FAR_US)
    kinds = (OwedKind.FEE, OwedKind.CREDIT, OwedKind.UNUSED)
    for one, following in pairwise((*items, None)):
        assert one is not None
        if one.kind in kinds:
            net[one.period.first] += one.amount_micros
        if following is None or following.at_us != one.at_us:
            assert min(net.values(), default=0) >= 0


@settings(max_examples=examples(20))
@given(lives(), st.lists(MOMENTS, max_size=4))
def test_catching_up_in_pieces_makes_the_same_list(life: Lifetime, after_us: list[int]) -> None:
    """Whenever the engine looked, it has seen everything once, in order, each with its own id."""
    cuts = [0, *sorted(BEGINS_US + one for one in after_us), FAR_US]
    whole = owed(life, 0, FAR_US)
    assert whole == tuple(
        one for begins, ends in pairwise(cuts) for one in owed(life, begins, ends)
    )
    assert len({one.owed_id for one in whole}) == len(whole)
    assert [one.at_us for one in whole] == sorted(one.at_us for one in whole)


@settings(max_examples=examples(20))
@given(lives(), st.lists(MOMENTS, min_size=1, max_size=4))
def test_nothing_is_owed_before_the_next_instant(life: Lifetime, after_us: list[int]) -> None:
    """Whenever the engine looks, it may sleep until then; after the last one nothing is owed.

    Seen failing with the end of the period that runs at the activation left out.
    """
    for seen_us in (life.activated_us + after - DAY_US for after in after_us):
        for waits in (False, True):
            comes_us = next_at_us(life, seen_us, waits)
            assert comes_us is None or comes_us > seen_us
            assert owed(life, seen_us + 1, FAR_US if comes_us is None else comes_us) == ()


@settings(max_examples=examples(15))
@given(lives())
def test_what_is_remembered_is_what_would_be_worked_out(life: Lifetime) -> None:
    """Periods, promotional rows and shares of a fee, remembered from other subscriptions or not.

    Seen failing with the days of the period left out of what a share is remembered by.
    """
    remembered = owed(life, 0, FAR_US)
    with pytest.MonkeyPatch.context() as patch:
        for module, name in REMEMBERED:
            patch.setattr(module, name, getattr(module, name).__wrapped__)
        assert owed(life, 0, FAR_US) == remembered


@settings(max_examples=examples(10))
@given(lives(), MOMENTS)
def test_what_has_been_charged_is_not_rewritten_by_what_happens_later(
    life: Lifetime, after_us: int
) -> None:
    """By the facts of an instant the list until then is the one of today, entry by entry.

    So is a preview, as long as nothing else happens.
    """
    charged = sorted({one.at_us for one in owed(life, 0, FAR_US)})
    for at_us in (life.activated_us + after_us, *charged[:: len(charged) // 8 + 1]):
        then = known_at(life, at_us)
        assert then is not None
        assert owed(then, 0, at_us + 1) == owed(life, 0, at_us + 1)


@settings(max_examples=examples(8))
@given(lives(applied=Applied.IN_ADVANCE))
def test_what_is_paid_in_advance_is_priced_by_the_day_of_its_charge(life: Lifetime) -> None:
    """So a change of the fee, seen or not at that instant, does not rewrite it."""
    for one in owed(life, 0, FAR_US):
        if one.kind is OwedKind.FEE:
            then = known_at(life, one.at_us)
            assert then is not None
            assert owed(then, one.at_us, one.at_us + 1) == owed(life, one.at_us, one.at_us + 1)


@settings(max_examples=examples(25))
@given(lives(), st.integers(0, 300_000_000))
def test_a_waiting_fee_fits_on_the_first_day_that_it_does(life: Lifetime, available: int) -> None:
    """What is due falls by the day, and the day found is the first whose midnight does.

    Seen failing with the day after it.
    """
    plan = replace(life.agreed, applied=Applied.IN_ADVANCE)
    facts = replace(life.assignment, revisions=(Revision(0, plan),), closing=None)
    waiting = lifetime(facts, life.calendar, life.zone)
    assert waiting is not None
    period = life.calendar.holding(life.activated_on)
    found = fits_on(waiting, period, available)
    suspended = Outage(DeadReason.NO_FUNDS, waiting.activated_us)
    dead = replace(waiting, assignment=replace(facts, outages=(*facts.outages, suspended)))
    days = (period.until - waiting.activated_on).days
    tried = {waiting.activated_on + day * DAY for day in (*range(0, days, days // 15 + 1), days)}
    if found is not None:
        tried |= {found, max(found - DAY, waiting.activated_on)}
    due = {day: due_at(dead, day) for day in sorted(tried)}
    assert list(due.values()) == sorted(due.values(), reverse=True)
    assert found == next((day for day, owes in due.items() if owes <= available), None)


def due_at(life: Lifetime, day: date) -> int:
    """What the first period takes to be booked at the midnight of a day, or at the activation."""
    period = life.calendar.holding(life.activated_on)
    at_us = max(life.activated_us, midnight_us(day, life.zone))
    credited = dead_credit(life, period, at_us).amount_micros
    return due_micros(charged_by(life, period, at_us).amount_micros, credited)
