"""What a subscription owes, and when: one list for the engine, for catching up and for previews."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction

from pbxcharge.core.billing_period import BillingPeriod
from pbxcharge.core.period import Period, local_day, midnight_us
from pbxcharge.core.subscription import Lifetime, Revision
from pbxcharge.core.subscription_ahead import end_said_us, lengthened, paid_ahead
from pbxcharge.core.subscription_credits import dead_credit
from pbxcharge.core.subscription_fees import (
    NOTHING,
    Fee,
    period_fee,
    progressive_fee,
    terms_of,
)
from pbxcharge.core.subscription_penalty import penalty
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
        terms: what it is charged by, plan and version.
    """

    owed_id: str
    kind: OwedKind
    period: BillingPeriod
    at_us: int
    stated_in: BillingPeriod
    exact_micros: Fraction
    amount_micros: int
    may_wait: bool
    terms: Revision

    @property
    def day(self) -> date | None:
        """The day that a progressive fee is of, or on which a waiting one was booked; else None.

        Of what is paid ahead after a later end became known: the last day that is paid with it.
        """
        last = self.owed_id.rpartition(":")[2]
        return None if last == self.kind else date.fromisoformat(last)


def owed(life: Lifetime, from_us: int, until_us: int) -> tuple[Owed, ...]:
    """All that a subscription owes from an instant until before another, in order.

    30 a month in advance from 1 June: 30 at once, and 30 when June ends. What is owed before an
    instant follows from the facts until then: asked again later, by the same facts or by more, the
    list begins the same, with the same ids. So a preview is what is charged if nothing happens, and
    three months of downtime change nothing.
    """
    span = Period(from_us, until_us)
    found = [
        *_activation(life, span),
        *_fees(life, span),
        *_credits(life, span),
        *_at_closing(life, span),
    ]
    if len(found) > 1:
        found.sort(key=lambda one: (one.at_us, _ORDER[one.kind], one.period.first))
    return tuple(found)


def next_at_us(life: Lifetime, after_us: int, waits: bool = False) -> int | None:
    """The next instant at which anything may be owed, None if there will be none.

    30 a month from 16 June, seen on 20 June: the midnight that ends June. Nothing is owed between
    the two; what happens meanwhile (a closing, a change of the billing period) may make it earlier.

    Args:
        life: the subscription.
        after_us: the instant is after this one.
        waits: a fee waits, so what is due falls at the next midnight of a day without service.
    """
    if after_us < life.activated_us:
        return life.activated_us
    closing = life.assignment.closing
    if closing is not None and closing.at_us <= after_us:
        return None
    today = local_day(after_us, life.zone)
    if waits or life.agreed.applied is Applied.PROGRESSIVE:
        day = today
    else:
        day = life.calendar.holding(today).until - _DAY
    found = life.day_end_us(day)
    while found <= after_us:
        # A midnight that a zone leaves out is the one of the day after.
        day += _DAY
        found = life.day_end_us(day)
    happened = [one.at_us for one in life.assignment.bookings]
    if life.assignment.earlier:
        happened += end_said_us(life)
    return min((at_us for at_us in happened if after_us < at_us < found), default=found)


def earliest_change(life: Lifetime, at_us: int) -> date:
    """The first day on which the customer's billing period or anchor may change, seen from now.

    Tomorrow; for what is paid in advance the day after the last that is charged, since a period
    that is charged is not cut afterwards.
    """
    today = max(local_day(at_us, life.zone), life.activated_on)
    if life.agreed.applied is not Applied.IN_ADVANCE:
        return today + _DAY
    return _paid_through(life, life.calendar.holding(today)).until


def _activation(life: Lifetime, span: Period) -> Iterator[Owed]:
    if life.agreed.activation_fee_micros and span.holds(life.activated_us):
        exact = Fraction(life.agreed.activation_fee_micros)
        period = life.calendar.holding(life.activated_on)
        terms = life.revision_at(life.activated_us)
        fee = Fee(exact, terms.plan.rounded_micros(exact))
        yield _owed(life, OwedKind.ACTIVATION, period, life.activated_us, fee, terms, waits=True)


def _fees(life: Lifetime, span: Period) -> Iterator[Owed]:
    if life.agreed.applied is Applied.IN_ADVANCE:
        yield from _in_advance(life, span)
        yield from _more_in_advance(life, span)
        return
    for period in _periods(life, span):
        if life.agreed.applied is Applied.PROGRESSIVE:
            yield from _daily(life, period, span)
            continue
        at_us = life.period_end_us(period)
        if span.holds(at_us):
            fee = period_fee(life, period, life.last_known(at_us))
            yield _owed(life, OwedKind.FEE, period, at_us, fee, terms_of(life, period))


def _daily(life: Lifetime, period: BillingPeriod, span: Period) -> Iterator[Owed]:
    day = max(period.first, life.activated_on, _day_before(life, span.from_us))
    ends = min(period.until, local_day(span.until_us, life.zone) + _DAY)
    if life.last_on is not None:
        ends = min(ends, life.last_on + _DAY)
    before: Fee | None = None
    while day < ends:
        at_us = life.day_end_us(day)
        if span.holds(at_us):
            before = before or progressive_fee(life, period, day - _DAY, None)
            charged = progressive_fee(life, period, day, life.last_known(at_us))
            fee, before = charged.less(before), charged
            if fee != NOTHING:
                terms = life.revision(day)
                yield _owed(life, OwedKind.FEE, period, at_us, fee, terms, day, waits=True)
        day += _DAY


def _in_advance(life: Lifetime, span: Period) -> Iterator[Owed]:
    if span.holds(life.activated_us):
        yield _paid_ahead(life, life.calendar.holding(life.activated_on), life.activated_us)
    for ended in _periods(life, span):
        at_us = midnight_us(ended.until, life.zone)
        if life.until(at_us + 1) <= at_us:
            return
        if not span.holds(at_us):
            continue
        last_on = life.last_known(at_us)
        for period in _charged_at_end(life, ended):
            if last_on is None or period.first <= last_on:
                yield _paid_ahead(life, period, at_us)


def _more_in_advance(life: Lifetime, span: Period) -> Iterator[Owed]:
    """Where an end was known and is moved on: the days of what was paid until then."""
    if not life.assignment.earlier:
        return
    for at_us in end_said_us(life):
        if span.holds(at_us) and at_us > life.activated_us:
            current = life.calendar.holding(local_day(at_us, life.zone))
            for more in lengthened(life, current, _paid_through(life, current), at_us):
                terms = terms_of(life, more.period)
                yield _owed(
                    life,
                    OwedKind.FEE,
                    more.period,
                    at_us,
                    more.fee,
                    terms,
                    more.through,
                    waits=True,
                )


def _paid_ahead(life: Lifetime, period: BillingPeriod, at_us: int) -> Owed:
    fee = period_fee(life, period, life.last_known(at_us))
    return _owed(life, OwedKind.FEE, period, at_us, fee, terms_of(life, period), waits=True)


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


def _credits(life: Lifetime, span: Period) -> Iterator[Owed]:
    """For dead days, when their period ends, and when a fee that waited is booked before that."""
    if not life.assignment.outages:
        return
    for period in _periods(life, span):
        end_us = life.period_end_us(period)
        bookings = life.assignment.bookings
        booked = {one.at_us for one in bookings if one.period_first == period.first}
        instants = (*sorted(one for one in booked if one < end_us), end_us)
        # What is credited at other instants need not be worked out: a fee waits for many midnights.
        if not any(map(span.holds, instants)):
            continue
        before = NOTHING
        for at_us in instants:
            credited = dead_credit(life, period, at_us)
            credit = credited.less(before)
            if credit.amount_micros <= 0:
                continue
            before = credited
            if span.holds(at_us):
                day = None if at_us == end_us else local_day(at_us, life.zone)
                fee, terms = NOTHING.less(credit), terms_of(life, period)
                yield _owed(life, OwedKind.CREDIT, period, at_us, fee, terms, day)


def _at_closing(life: Lifetime, span: Period) -> Iterator[Owed]:
    closing = life.assignment.closing
    if closing is None or life.last_on is None or not span.holds(closing.at_us):
        return
    period = life.calendar.holding(life.last_on)
    if life.agreed.applied is Applied.IN_ADVANCE:
        yield from _unused(life, period, closing.at_us)
    owes = penalty(life)
    if owes.amount_micros:
        terms = life.revision(life.last_on)
        yield _owed(life, OwedKind.PENALTY, period, closing.at_us, owes, terms)


def _unused(life: Lifetime, period: BillingPeriod, at_us: int) -> Iterator[Owed]:
    last = _paid_through(life, period)
    while period.first <= last.first:
        paid = paid_ahead(life, period, at_us)
        unused = paid.less(period_fee(life, period, life.last_on))
        if unused.exact_micros > 0:
            fee, terms = NOTHING.less(unused), terms_of(life, period)
            yield _owed(life, OwedKind.UNUSED, period, at_us, fee, terms)
        period = life.calendar.following(period)


def _periods(life: Lifetime, span: Period) -> Iterator[BillingPeriod]:
    """The periods that run or end between two instants, and in which it was active."""
    period = life.calendar.holding(max(life.activated_on, _day_before(life, span.from_us)))
    while midnight_us(period.first, life.zone) < span.until_us:
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
    terms: Revision,
    day: date | None = None,
    waits: bool = False,
) -> Owed:
    owed_id = f"subscription:{life.assignment.assignment_id}:{period.first}:{kind}"
    return Owed(
        owed_id=f"{owed_id}:{day}" if day else owed_id,
        kind=kind,
        period=period,
        at_us=at_us,
        stated_in=life.calendar.holding(max(life.activated_on, local_day(at_us - 1, life.zone))),
        exact_micros=fee.exact_micros,
        amount_micros=fee.amount_micros,
        may_wait=waits,
        terms=terms,
    )
