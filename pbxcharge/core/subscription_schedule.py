"""What a subscription owes, and when: one list for the engine, for catching up and for previews."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction

from pbxcharge.core.billing_period import BillingPeriod
from pbxcharge.core.period import local_day, midnight_us
from pbxcharge.core.subscription import Lifetime
from pbxcharge.core.subscription_fees import (
    NOTHING,
    Fee,
    charged_with,
    dead_credit,
    penalty,
    period_fee,
    progressive_fee,
)
from pbxcharge.core.subscription_terms import Applied

_DAY = timedelta(days=1)


class OwedKind(StrEnum):
    """Why something is owed, in the order of one instant."""

    ACTIVATION = "activation"
    """The activation fee."""
    FEE = "fee"
    """Of a period, or of a day of it."""
    CREDIT = "credit"
    """For dead days."""
    UNUSED = "unused"
    """Of a period paid in advance: what a closing left of it."""
    PENALTY = "penalty"
    """For closing it before the end of its minimum term."""


_ORDER = {kind: place for place, kind in enumerate(OwedKind)}


@dataclass(frozen=True, slots=True)
class Owed:
    """One charge (above 0) or credit (below 0) of a subscription.

    Args:
        owed_id: chosen by assignment, period and kind (and day), so that nothing is booked twice.
        kind: see OwedKind.
        period: the billing period that it is for.
        at_us: when it is owed; microseconds since the epoch, UTC.
        stated_in: the period on whose statement it stands: what is charged when June ends, be it
            for June or for July, stands on the statement of June.
        exact_micros: before rounding.
        amount_micros: what is booked.
        may_wait: it is booked only when it fits; what may not wait is booked even below zero.
    """

    owed_id: str
    kind: OwedKind
    period: BillingPeriod
    at_us: int
    stated_in: BillingPeriod
    exact_micros: Fraction
    amount_micros: int
    may_wait: bool


def owed(life: Lifetime, from_us: int, until_us: int) -> tuple[Owed, ...]:
    """All that a subscription owes from an instant until before another, in order.

    30 a month in advance from 1 June: 30 at once, and 30 when June ends. What is owed before an
    instant follows from the facts until then: asked again later, by the same facts or by more, the
    list begins the same, with the same ids. So a preview is what is charged if nothing happens, and
    three months of downtime change nothing.
    """
    found = (
        *_activation(life),
        *_fees(life, from_us, until_us),
        *_credits(life, from_us, until_us),
    )
    wanted = (one for one in (*found, *_at_closing(life)) if from_us <= one.at_us < until_us)
    return tuple(sorted(wanted, key=lambda one: (one.at_us, _ORDER[one.kind], one.period.first)))


def earliest_change(life: Lifetime, at_us: int) -> date:
    """The first day on which the customer's billing period or anchor may change, seen from now.

    Tomorrow; for what is paid in advance the day after the last that is charged, since a period
    that is charged is not cut afterwards.
    """
    today = max(local_day(at_us, life.zone), life.activated_on)
    if life.agreed.applied is not Applied.IN_ADVANCE:
        return today + _DAY
    return _paid_through(life, life.calendar.holding(today)).until


def _activation(life: Lifetime) -> Iterator[Owed]:
    exact = Fraction(life.agreed.activation_fee_micros)
    if exact:
        period = life.calendar.holding(life.activated_on)
        amount = life.revision(life.activated_on).plan.rounded_micros(exact)
        yield _owed(
            life, OwedKind.ACTIVATION, period, life.activated_us, Fee(exact, amount), may_wait=True
        )


def _fees(life: Lifetime, from_us: int, until_us: int) -> Iterator[Owed]:
    if life.agreed.applied is Applied.IN_ADVANCE:
        yield from _in_advance(life, from_us, until_us)
        return
    for period in _periods(life, from_us, until_us):
        if life.agreed.applied is Applied.PROGRESSIVE:
            yield from _daily(life, period, from_us, until_us)
        else:
            at_us = life.period_end_us(period)
            fee = period_fee(life, period, life.last_known(at_us))
            yield _owed(life, OwedKind.FEE, period, at_us, fee)


def _daily(life: Lifetime, period: BillingPeriod, from_us: int, until_us: int) -> Iterator[Owed]:
    day = max(period.first, life.activated_on, _day_before(life, from_us))
    ends = min(period.until, local_day(until_us, life.zone) + _DAY)
    if life.last_on is not None:
        ends = min(ends, life.last_on + _DAY)
    before = progressive_fee(life, period, day - _DAY, None)
    while day < ends:
        at_us = life.day_end_us(day)
        charged = progressive_fee(life, period, day, life.last_known(at_us))
        fee = charged.less(before)
        if fee != NOTHING:
            yield _owed(life, OwedKind.FEE, period, at_us, fee, day, may_wait=True)
        before, day = charged, day + _DAY


def _in_advance(life: Lifetime, from_us: int, until_us: int) -> Iterator[Owed]:
    first = life.calendar.holding(life.activated_on)
    yield _paid_ahead(life, first, life.activated_us)
    for ended in _periods(life, from_us, until_us):
        at_us = midnight_us(ended.until, life.zone)
        if life.until(at_us + 1) <= at_us:
            return
        last_on = life.last_known(at_us)
        for period in _charged_at_end(life, ended):
            if last_on is None or period.first <= last_on:
                yield _paid_ahead(life, period, at_us)


def _paid_ahead(life: Lifetime, period: BillingPeriod, at_us: int) -> Owed:
    fee = period_fee(life, period, life.last_known(at_us))
    return _owed(life, OwedKind.FEE, period, at_us, fee, may_wait=True)


def _charged_at_end(life: Lifetime, ended: BillingPeriod) -> Iterator[BillingPeriod]:
    """With the end of the first period all those in advance, with each later one the n-th after."""
    count = life.agreed.periods_in_advance
    if not life.is_first(ended):
        yield life.calendar.following(ended, count)
        return
    for _ in range(count):
        ended = life.calendar.following(ended)
        yield ended


def _paid_through(life: Lifetime, current: BillingPeriod) -> BillingPeriod:
    """The last period that is charged while one runs."""
    if life.is_first(current):
        return current
    return life.calendar.following(current, life.agreed.periods_in_advance - 1)


def _credits(life: Lifetime, from_us: int, until_us: int) -> Iterator[Owed]:
    """For dead days, when their period ends, and when a fee that waited is booked before that."""
    if not life.assignment.outages:
        return
    for period in _periods(life, from_us, until_us):
        end_us = life.period_end_us(period)
        bookings = life.assignment.bookings
        booked = {one.at_us for one in bookings if one.period_first == period.first}
        before = NOTHING
        for at_us in (*sorted(one for one in booked if one < end_us), end_us):
            credited = dead_credit(life, period, at_us)
            credit = credited.less(before)
            if credit.amount_micros > 0:
                day = None if at_us == end_us else local_day(at_us, life.zone)
                yield _owed(life, OwedKind.CREDIT, period, at_us, NOTHING.less(credit), day)
                before = credited


def _at_closing(life: Lifetime) -> Iterator[Owed]:
    closing = life.assignment.closing
    if closing is None or life.last_on is None:
        return
    period = life.calendar.holding(life.last_on)
    if life.agreed.applied is Applied.IN_ADVANCE:
        yield from _unused(life, period, closing.at_us)
    owes = penalty(life)
    if owes.amount_micros:
        yield _owed(life, OwedKind.PENALTY, period, closing.at_us, owes)


def _unused(life: Lifetime, period: BillingPeriod, at_us: int) -> Iterator[Owed]:
    last = _paid_through(life, period)
    while period.first <= last.first:
        paid_us = life.activated_us
        if not life.is_first(period):
            paid_us = midnight_us(charged_with(life, period).until, life.zone)
        paid = period_fee(life, period, life.last_known(paid_us))
        unused = paid.less(period_fee(life, period, life.last_on))
        if unused.exact_micros > 0:
            yield _owed(life, OwedKind.UNUSED, period, at_us, NOTHING.less(unused))
        period = life.calendar.following(period)


def _periods(life: Lifetime, from_us: int, until_us: int) -> Iterator[BillingPeriod]:
    """The periods that run or end between two instants, and in which it was active."""
    period = life.calendar.holding(max(life.activated_on, _day_before(life, from_us)))
    while midnight_us(period.first, life.zone) < until_us:
        if life.last_on is not None and period.first > life.last_on:
            return
        yield period
        period = life.calendar.following(period)


def _day_before(life: Lifetime, at_us: int) -> date:
    # Two days end at one instant where a zone leaves a date out, as Samoa did on 30 December 2011.
    return local_day(at_us, life.zone) - 2 * _DAY


def _owed(
    life: Lifetime,
    kind: OwedKind,
    period: BillingPeriod,
    at_us: int,
    fee: Fee,
    day: date | None = None,
    may_wait: bool = False,
) -> Owed:
    parts = ("subscription", life.assignment.assignment_id, period.first.isoformat(), kind)
    return Owed(
        owed_id=":".join(parts) + (f":{day.isoformat()}" if day else ""),
        kind=kind,
        period=period,
        at_us=at_us,
        stated_in=life.calendar.holding(max(life.activated_on, local_day(at_us - 1, life.zone))),
        exact_micros=fee.exact_micros,
        amount_micros=fee.amount_micros,
        may_wait=may_wait,
    )
