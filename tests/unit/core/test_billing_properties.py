"""Charging step by step as properties: over plans, calendars, zones, credit and when one looks."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date
from itertools import cycle
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from pbxcharge.core.billing import Bill, Tab, after, look, proceed
from pbxcharge.core.billing_cycle import BillingCycle
from pbxcharge.core.billing_period import billing_calendar
from pbxcharge.core.billing_preview import Foreseen, Purse, preview
from pbxcharge.core.billing_record import collecting, records
from pbxcharge.core.billing_text import waiting_of, waiting_text
from pbxcharge.core.period import DAY_US, instant_us
from pbxcharge.core.subscription import Assignment, Closing, Outage, Revision, lifetime
from pbxcharge.core.subscription_schedule import owed
from pbxcharge.core.subscription_terms import (
    Applied,
    CreditTerms,
    DeadReason,
    MinimumTerm,
    PenaltyKind,
    SubscriptionPlan,
)
from tests.examples import examples
from tests.fakes.tabs import ALICE, a_purse

BEGINS_US = instant_us("2023-12-20", UTC)
"""Before a leap day, and both changes of clocks in either hemisphere."""
ENDS_US = BEGINS_US + 150 * DAY_US
HOURS = st.integers(0, 120 * 24).map(lambda hours: BEGINS_US + hours * DAY_US // 24)
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/Santiago", "Pacific/Auckland"]).map(
    ZoneInfo
)
PLANS = st.builds(
    SubscriptionPlan,
    name=st.just("SmartCall"),
    monthly_fee_micros=st.integers(0, 60_000_000),
    periods_in_advance=st.integers(1, 2),
    activation_fee_micros=st.sampled_from([0, 5_000_000]),
    prorate_first=st.booleans(),
    minimum_term=st.builds(
        MinimumTerm, months=st.integers(0, 4), penalty=st.sampled_from(PenaltyKind)
    ),
    credits=st.builds(CreditTerms, reasons=st.frozensets(st.sampled_from(DeadReason))),
)


@st.composite
def tabs(
    draw: st.DrawFn,
    applied: Sequence[Applied] = tuple(Applied),
    cycles: Sequence[BillingCycle] = tuple(BillingCycle),
) -> Tab:
    """An account's one to three subscriptions, not charged yet."""
    zone = draw(ZONES)
    calendar = billing_calendar(
        draw(st.sampled_from(cycles)), date(2023, 12, draw(st.integers(25, 31)))
    )
    blocked_us = draw(HOURS)
    outages = draw(st.sampled_from([(), (Outage(DeadReason.BLOCKED, blocked_us, ENDS_US),)]))
    bills, how = {}, st.sampled_from(applied)
    for name in ("a1", "a2", "a3")[: draw(st.integers(1, 3))]:
        starts_us = draw(HOURS)
        closing = draw(st.none() | HOURS.map(lambda at_us: Closing(at_us, at_us)))
        facts = Assignment(
            assignment_id=name,
            revisions=(Revision(0, replace(draw(PLANS), applied=draw(how)), "v1"),),
            starts_at_us=starts_us,
            closing=closing,
            outages=outages,
        )
        life = lifetime(facts, calendar, zone)
        if life is not None:
            bills[name] = Bill(life, starts_us, starts_us)
    return Tab(bills)


def charged(tab: Tab, purse: Purse, now_us: int) -> tuple[Tab, list[str]]:
    """Everything until now, as the engine does it: through the text in which the books keep it."""
    booked = []
    tab, demand = proceed(tab, now_us)
    while demand is not None:
        fits = purse.take(collecting(demand, ALICE))
        if fits:
            booked += [
                f"{one.booked_at_us} {one.xdr_id} {one.amount_micros}"
                for one in records(demand.items, demand.at_us, tab.bills, ALICE)
            ]
        tab, demand = proceed(kept(after(tab, demand, fits)), now_us)
    return tab, booked


def kept(tab: Tab) -> Tab:
    """The same, as it comes back from the books."""
    bills = {
        name: Bill(
            bill.life,
            bill.until_us,
            bill.next_us,
            waiting_of(waiting_text(bill.waiting), bill.life),
        )
        for name, bill in tab.bills.items()
    }
    return Tab(bills, tab.short_us, tab.at_us, tab.fresh, tab.apart, tab.refused)


def lines(calendar: list[Foreseen]) -> list[str]:
    """What is foreseen to be booked."""
    return [
        f"{one.at_us} {one.item.owed.owed_id} {one.item.owed.amount_micros}"
        for one in calendar
        if one.item is not None
    ]


@settings(max_examples=examples(30))
@given(tabs(), st.integers(0, 100), st.lists(HOURS, max_size=6))
def test_a_preview_is_what_is_then_charged(tab: Tab, balance: int, looks: list[int]) -> None:
    """Whenever the engine looks, and whatever for: with the same credit the same is booked.

    Seen failing with a comparison that is left out when a look comes after a midnight.
    """
    foreseen = lines(preview(tab, ALICE, a_purse(str(balance)), ENDS_US))
    purse, booked = a_purse(str(balance)), []
    for now_us in [*sorted(looks), ENDS_US - 1]:
        tab, more = charged(look(tab, now_us), purse, now_us)
        booked += more
    assert booked == foreseen


@settings(max_examples=examples(30))
@given(tabs(), st.integers(0, 100))
def test_everything_owed_is_booked_once_or_waits(tab: Tab, balance: int) -> None:
    """With no lack of funds it is what the subscriptions owe, otherwise credits come on top."""
    purse = a_purse(str(balance))
    after_all, booked = charged(tab, purse, ENDS_US - 1)
    ids = Counter(line.split()[1] for line in booked)
    waiting = [one.owed_id for bill in after_all.bills.values() for one in bill.waiting]
    assert set(ids.values()) <= {1}
    owes = {one.owed_id for bill in after_all.bills.values() for one in owed(bill.life, 0, ENDS_US)}
    assert owes == ids.keys() | set(waiting)
    assert purse.wallet.balance_micros == balance * 10**6 - sum(
        int(line.split()[2]) for line in booked
    )


@settings(max_examples=examples(30))
@given(tabs(), st.integers(0, 100))
def test_what_may_wait_never_takes_what_is_not_there(tab: Tab, balance: int) -> None:
    """Only what was given is booked below zero; an account is suspended as long as fees wait."""
    purse = a_purse(str(balance))
    tab, demand = proceed(tab, ENDS_US - 1)
    while demand is not None:
        fits = purse.take(collecting(demand, ALICE))
        if fits and demand.may_wait and demand.needs_micros:
            assert purse.wallet.balance_micros >= 0
        tab, demand = proceed(after(tab, demand, fits), ENDS_US - 1)
        if tab.at_us is None:
            assert (tab.short_us is not None) == tab.waits


@settings(max_examples=examples(30))
@given(
    tabs([Applied.PROGRESSIVE], [BillingCycle.DAILY, BillingCycle.WEEKLY]),
    st.lists(st.integers(-20, 40), min_size=1),
)
def test_no_period_ever_gives_back_more_than_it_cost(tab: Tab, balances: list[int]) -> None:
    """Whatever else happens to the wallet: a fee and its credits are booked together, or wait.

    Seen failing with credits that do not wait for the fee of the same instant.
    """
    cost, balance = Counter[tuple[str, date]](), cycle(balances)
    tab, demand = proceed(tab, ENDS_US)
    while demand is not None:
        fits = a_purse(str(next(balance))).take(collecting(demand, ALICE))
        for item in demand.items if fits else ():
            cost[item.assignment_id, item.owed.period.first] += item.owed.amount_micros
        assert min(cost.values(), default=0) >= 0
        tab, demand = proceed(after(tab, demand, fits), ENDS_US)
