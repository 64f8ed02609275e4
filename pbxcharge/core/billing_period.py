"""Billing periods of a customer: days, weeks, months or years from an anchor, by local dates."""

from dataclasses import dataclass
from datetime import date, timedelta, tzinfo
from functools import lru_cache
from itertools import pairwise

from pbxcharge.core.billing_cycle import BillingCycle
from pbxcharge.core.period import Period, midnight_us

_DAY = timedelta(days=1)


_DAYS = {BillingCycle.DAILY: 1, BillingCycle.WEEKLY: 7, BillingCycle.TWO_WEEKLY: 14}
_MONTHS = {
    BillingCycle.MONTHLY: 1,
    BillingCycle.QUARTERLY: 3,
    BillingCycle.HALF_YEARLY: 6,
    BillingCycle.YEARLY: 12,
}


@dataclass(frozen=True, slots=True)
class BillingPeriod:
    """A billing period: local dates, from its first until before the first of the next.

    Args:
        first: its first day.
        until: the day after its last.
        cycle: whose fee it costs.
        full_days: its days, had no change of the billing period cut it; a cut one costs its share.
    """

    first: date
    until: date
    cycle: BillingCycle
    full_days: int

    @property
    def days(self) -> int:
        """Its own days: 28 for February 2026."""
        return (self.until - self.first).days

    def holds(self, day: date) -> bool:
        """Whether a local date lies in it."""
        return self.first <= day < self.until

    def instants(self, zone: tzinfo) -> Period:
        """Its instants: March 2026 in Berlin begins at 23:00 UTC and ends at 22:00 UTC."""
        return Period(midnight_us(self.first, zone), midnight_us(self.until, zone))


@dataclass(frozen=True, slots=True)
class BillingRule:
    """A billing period and its anchor, as they are from a day on.

    Args:
        cycle: see BillingCycle.
        anchor: the first day of one of its periods, any. Of months its day counts; one that a month
            has not is that month's last: 31 is 28 February, and 31 March again.
        since: the day on which the rule begins to count; it cuts the period that runs.
    """

    cycle: BillingCycle
    anchor: date
    since: date = date.min

    def holding(self, day: date) -> BillingPeriod:
        """The period of this rule in which a day lies, as if the rule had always counted."""
        days = _DAYS.get(self.cycle)
        if days is not None:
            first = self.anchor + timedelta(days=(day - self.anchor).days // days * days)
            return BillingPeriod(first, first + timedelta(days=days), self.cycle, days)
        step = _MONTHS[self.cycle]
        passed = (_month(day) - _month(self.anchor)) // step * step
        if add_months(self.anchor, passed) > day:
            passed -= step
        first, until = (add_months(self.anchor, passed + more) for more in (0, step))
        return BillingPeriod(first, until, self.cycle, (until - first).days)


@dataclass(frozen=True, slots=True)
class BillingCalendar:
    """The billing periods of a customer, with every change that there was or will be.

    Monthly from the 1st, and weekly from Thursday 15 June on: 1 to 14 June is a period that costs
    14/30 of a month, then come the weeks. So no day lies in two periods, or in none.

    Raises ValueError without a rule, and unless rules begin one after the other, the first always.
    """

    rules: tuple[BillingRule, ...]

    def __post_init__(self) -> None:
        begins = [rule.since for rule in self.rules]
        if not begins or begins[0] != date.min:
            raise ValueError("the first rule of a billing calendar counts from the beginning")
        if any(later <= earlier for earlier, later in pairwise(begins)):
            raise ValueError("the rules of a billing calendar begin one after the other")

    def __hash__(self) -> int:
        # Those of one site are few: what tells most of them apart is enough.
        return hash(self.rules[-1].anchor)

    def holding(self, day: date) -> BillingPeriod:
        """The period that holds a local date."""
        return _holding(self, day)

    def following(self, period: BillingPeriod, count: int = 1) -> BillingPeriod:
        """The period after it, or the one that many after it."""
        for _ in range(count):
            period = self.holding(period.until)
        return period

    def preceding(self, period: BillingPeriod) -> BillingPeriod:
        """The period before it."""
        return self.holding(period.first - _DAY)


@lru_cache(maxsize=16_384)
def _holding(calendar: BillingCalendar, day: date) -> BillingPeriod:
    """The period of a day; hundreds of thousands of subscriptions ask for the same few."""
    index = max(place for place, rule in enumerate(calendar.rules) if rule.since <= day)
    rule = calendar.rules[index]
    whole = rule.holding(day)
    until = whole.until
    if index + 1 < len(calendar.rules):
        until = min(until, calendar.rules[index + 1].since)
    return BillingPeriod(max(whole.first, rule.since), until, whole.cycle, whole.full_days)


def billing_calendar(cycle: BillingCycle, anchor: date) -> BillingCalendar:
    """The calendar of a customer whose billing period never changed."""
    return BillingCalendar((BillingRule(cycle, anchor),))


def anchor_date(cycle: BillingCycle, day: int, month: int = 1) -> date:
    """An anchor from the number of a day: of a week 1 (Monday) to 7, of a month 1 to 31.

    Two weeks are counted from Monday 1 January 2024; quarters, half-years and years begin in
    `month` (1 to 12), whose last day stands for one that it has not. Days have no anchor.

    Raises:
        ValueError: there is no such day or month.
    """
    last = 7 if cycle in _DAYS else 31
    if not 1 <= day <= last:
        raise ValueError(f"the anchor day of a {cycle} billing period is 1 to {last}, not {day}")
    if not 1 <= month <= 12:
        raise ValueError(f"the anchor month is 1 to 12, not {month}")
    if cycle in _DAYS:
        return date(2024, 1, day)
    # A month of 31 days keeps the 31st; the quarters that begin in April have it in July.
    step = _MONTHS[cycle]
    reached = (date(2024, (month - 1 + more) % 12 + 1, 1) for more in range(0, 12, step))
    begins = max(reached, key=lambda first: _last_day(first.year, first.month))
    return begins.replace(day=min(day, _last_day(begins.year, begins.month)))


def add_months(day: date, months: int) -> date:
    """The same day some months on, or the last of a shorter month: 31 January and 1 is the 28th."""
    year, month = divmod(_month(day) + months, 12)
    return date(year, month + 1, min(day.day, _last_day(year, month + 1)))


def _last_day(year: int, month: int) -> int:
    # The 28th and four days are in the next month; 9999 has the same December as any year.
    following = date(year if month < 12 else 1, month, 28) + timedelta(days=4)
    return (following.replace(day=1) - _DAY).day


def _month(day: date) -> int:
    return day.year * 12 + day.month - 1
