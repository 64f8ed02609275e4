"""Periods paid in advance whose end was moved since: until when they are paid, and what is owed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from pbxcharge.core.billing_period import BillingPeriod
from pbxcharge.core.subscription import Lifetime
from pbxcharge.core.subscription_fees import Fee, charged_ahead_us, period_fee

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Lengthened:
    """More days of a period that is paid in advance.

    Args:
        at_us: when a later end became known.
        period: the period.
        through: the last of its days that is paid with them.
        fee: what they cost beside what was paid.
    """

    at_us: int
    period: BillingPeriod
    through: date
    fee: Fee


def end_said_us(life: Lifetime) -> list[int]:
    """The instants at which something was said of its end, in order."""
    facts = life.assignment
    said = [one.known_us for one in facts.earlier]
    return said if facts.closing is None else [*said, facts.closing.known_us]


def paid_until(life: Lifetime, period: BillingPeriod, at_us: int) -> date | None:
    """The last day for which a period was paid ahead, as it stood at an instant; None is all of it.

    That is the furthest end that was known since it was charged: nothing is given back before the
    closing. Charged until 20 November, then shortened to the 10th: paid until the 20th.
    """
    from_us = charged_ahead_us(life, period)
    known = life.last_known(from_us)
    if not life.assignment.earlier:
        return known
    for said_us in end_said_us(life):
        if from_us < said_us <= at_us and known is not None:
            later = life.last_known(said_us)
            known = None if later is None else max(known, later)
    return known


def paid_ahead(life: Lifetime, period: BillingPeriod, at_us: int) -> Fee:
    """What was charged for a period in advance, as it stood at an instant."""
    return period_fee(life, period, paid_until(life, period, at_us))


def lengthened(
    life: Lifetime, current: BillingPeriod, last: BillingPeriod, at_us: int
) -> Iterator[Lengthened]:
    """What is owed for periods that were paid until an end that was moved on at an instant.

    30 a month, paid on 1 November until the 10th; on the 5th it is to go on: 20 more.

    Args:
        life: the subscription.
        current: the period in which that was.
        last: the last period that was paid ahead by then.
        at_us: when its end was moved.
    """
    period = current
    while period.first <= last.first:
        fee = paid_ahead(life, period, at_us).less(paid_ahead(life, period, at_us - 1))
        if fee.exact_micros > 0 and charged_ahead_us(life, period) < at_us:
            known = paid_until(life, period, at_us)
            through = period.until - _DAY if known is None else min(known, period.until - _DAY)
            yield Lengthened(at_us, period, through, fee)
        period = life.calendar.following(period)
