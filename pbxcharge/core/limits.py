"""Limits: how much an account may do at once and in a time, and what it has done lately.

They are for the day on which somebody has found a password: many calls at once, one after the
other, to expensive places. What counts is what is held, not only what is charged, so that thirty
calls show in their first second.
"""

from bisect import bisect_left
from dataclasses import dataclass, field, replace
from typing import Final

from pbxcharge.core.money import MICROS

CONCURRENT_CALLS: Final = 10
CALLS_PER_MINUTE: Final = 30
SPEND_PER_HOUR_MICROS: Final = 50 * MICROS
SPEND_PER_DAY_MICROS: Final = 200 * MICROS


@dataclass(frozen=True, slots=True)
class Limits:
    """What a plan lets each of its accounts do at most; None is no limit.

    Args:
        concurrent_calls: live calls that the account is charged for.
        calls_per_minute: calls that were allowed, in any 60 s.
        spend_per_hour_micros: what is held now, and what was charged in the last 60 minutes.
        spend_per_day_micros: the same for 24 hours.
        monthly_limit_micros: of a postpaid account: what is held, and what was charged in this
            calendar month, for calls and by subscriptions. What it refuses is not enough credit.
    """

    concurrent_calls: int | None = CONCURRENT_CALLS
    calls_per_minute: int | None = CALLS_PER_MINUTE
    spend_per_hour_micros: int | None = SPEND_PER_HOUR_MICROS
    spend_per_day_micros: int | None = SPEND_PER_DAY_MICROS
    monthly_limit_micros: int | None = None

    def within_month(self, monthly_limit_micros: int | None) -> "Limits":
        """These limits, and no more than so much a month; None changes nothing.

        50 a month within 20 is 20, within 80 it stays 50; no limit within 20 is 20.
        """
        own, other = self.monthly_limit_micros, monthly_limit_micros
        if other is None or (own is not None and own <= other):
            return self
        return replace(self, monthly_limit_micros=other)


DEFAULT_LIMITS: Final = Limits()
UNLIMITED: Final = Limits(None, None, None, None)


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time, counted in so many equal buckets."""

    bucket_us: int
    buckets: int

    @property
    def length_us(self) -> int:
        """A minute in 60 buckets of a second is 60_000_000."""
        return self.bucket_us * self.buckets


MONTHS_MAX: Final = 8
"""Of so many months an account's sums are remembered: one for each time zone that its calls name,
and the one before where a month has just begun."""

MINUTE: Final = Span(MICROS, 60)
HOUR: Final = Span(60 * MICROS, 60)
DAY: Final = Span(15 * 60 * MICROS, 96)


@dataclass(frozen=True, slots=True)
class Window:
    """Amounts of the last minute, hour or day, added up in buckets, so that it never grows.

    An amount counts for the whole span and up to one bucket longer, never shorter: of an hour in
    buckets of a minute, 60 to 61 minutes. One that seems to lie ahead, since the clock was set
    back, counts too, unless it is more than the span away.

    Args:
        span: how long, and in how many buckets.
        buckets: number of the bucket since the epoch, and its sum; in rising order.
        total: the sum of all buckets.
    """

    span: Span
    buckets: tuple[tuple[int, int], ...] = ()
    total: int = 0

    def sum_at(self, now_us: int) -> int:
        """What counts at this instant."""
        first, end = self._counting(now_us)
        total = self.total
        for _, amount in self.buckets[:first]:
            total -= amount
        for _, amount in self.buckets[end:]:
            total -= amount
        return total

    def added(self, at_us: int, amount: int) -> "Window":
        """The window with an amount of that instant, which may lie before others."""
        number, buckets = at_us // self.span.bucket_us, self.buckets
        if not buckets or buckets[-1][0] < number:
            return self._bounded((*buckets, (number, amount)), self.total + amount)
        if buckets[-1][0] == number:
            last = (number, buckets[-1][1] + amount)
            return Window(self.span, (*buckets[:-1], last), self.total + amount)
        place = bisect_left(buckets, (number,))
        known = buckets[place][0] == number
        own = (number, amount + (buckets[place][1] if known else 0))
        merged = (*buckets[:place], own, *buckets[place + known :])
        return self._bounded(merged, self.total + amount)

    def pruned(self, now_us: int) -> "Window":
        """The window without what does not count any more."""
        first, end = self._counting(now_us)
        if end - first == len(self.buckets):
            return self
        return Window(self.span, self.buckets[first:end], self.sum_at(now_us))

    def _counting(self, now_us: int) -> tuple[int, int]:
        """Where the buckets that count begin and end; it looks only at those that do not."""
        number, reach, buckets = now_us // self.span.bucket_us, self.span.buckets, self.buckets
        first, end = 0, len(buckets)
        while first < end and buckets[first][0] < number - reach:
            first += 1
        while first < end and buckets[end - 1][0] > number + reach:
            end -= 1
        return first, end

    def _bounded(self, buckets: tuple[tuple[int, int], ...], total: int) -> "Window":
        # No instant sees more buckets than these: those before it, those ahead, and its own.
        if len(buckets) > 2 * self.span.buckets + 1:
            total -= buckets[0][1]
            buckets = buckets[1:]
        return Window(self.span, buckets, total)


@dataclass(frozen=True, slots=True)
class Activity:
    """What an account does now and has done lately, over all its wallets.

    Args:
        calls: live calls that it is charged for.
        held_micros: what they hold.
        starts: calls of the last minute that were allowed.
        hour: what was charged for calls in the last hour.
        day: the same of the last day.
        months: what was charged since an instant at which a month began, for calls and for
            subscriptions, for each one that was asked for; rising. Of others the books say it.
    """

    calls: int = 0
    held_micros: int = 0
    starts: Window = field(default=Window(MINUTE))
    hour: Window = field(default=Window(HOUR))
    day: Window = field(default=Window(DAY))
    months: tuple[tuple[int, int], ...] = ()

    def begun(self, at_us: int, micros: int = 0) -> "Activity":
        """One more call was allowed, lives and holds so much; what counts no more is forgotten."""
        starts = self.starts.pruned(at_us).added(at_us, 1)
        hour, day = self.hour.pruned(at_us), self.day.pruned(at_us)
        return Activity(self.calls + 1, self.held_micros + micros, starts, hour, day, self.months)

    def held(self, micros: int) -> "Activity":
        """What is held rose, or fell, by so much."""
        held = self.held_micros + micros
        return Activity(self.calls, held, self.starts, self.hour, self.day, self.months)

    def ended(self) -> "Activity":
        """One live call less."""
        calls, held = self.calls - 1, self.held_micros
        return Activity(calls, held, self.starts, self.hour, self.day, self.months)

    def charged(self, at_us: int, micros: int) -> "Activity":
        """So much was charged for a call."""
        hour, day = self.hour.added(at_us, micros), self.day.added(at_us, micros)
        months = self._months_with(at_us, micros)
        return Activity(self.calls, self.held_micros, self.starts, hour, day, months)

    def billed(self, at_us: int, micros: int) -> "Activity":
        """So much was charged for a subscription: it counts in the month, and no call is braked."""
        return replace(self, months=self._months_with(at_us, micros)) if self.months else self

    def _months_with(self, at_us: int, micros: int) -> tuple[tuple[int, int], ...]:
        return tuple(
            (from_us, spent + micros if at_us >= from_us else spent)
            for from_us, spent in self.months
        )

    def with_month(self, from_us: int, micros: int) -> "Activity":
        """So much was charged since the instant at which a month began, as the books say."""
        others = (month for month in self.months if month[0] != from_us)
        months = tuple(sorted((*others, (from_us, micros))))
        return replace(self, months=months[-MONTHS_MAX:])

    def month_micros(self, from_us: int) -> int | None:
        """What was charged since then; None if the books must be asked."""
        return next((micros for known_us, micros in self.months if known_us == from_us), None)

    def month_room_micros(self, limits: Limits, from_us: int | None) -> int | None:
        """What may still be held in the month that began then; None is no monthly limit.

        50 a month, 20 held, 12 charged since its first day: 18.

        Raises:
            KeyError: it is not known what was charged in that month.
        """
        if limits.monthly_limit_micros is None:
            return None
        spent = self.month_micros(from_us or 0)
        if spent is None:
            raise KeyError(f"what was charged since {from_us} is not known")
        return limits.monthly_limit_micros - self.held_micros - spent

    def room_micros(self, limits: Limits, now_us: int) -> int | None:
        """What may still be held within the limits of spending; None is no limit.

        50 an hour, 20 held, 12 charged within it: 18. Below zero after a limit was lowered.
        """
        hourly, daily = limits.spend_per_hour_micros, limits.spend_per_day_micros
        room = None if hourly is None else hourly - self.held_micros - self.hour.sum_at(now_us)
        if daily is None:
            return room
        of_day = daily - self.held_micros - self.day.sum_at(now_us)
        return of_day if room is None else min(room, of_day)


IDLE: Final = Activity()
