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
    """

    concurrent_calls: int | None = CONCURRENT_CALLS
    calls_per_minute: int | None = CALLS_PER_MINUTE
    spend_per_hour_micros: int | None = SPEND_PER_HOUR_MICROS
    spend_per_day_micros: int | None = SPEND_PER_DAY_MICROS


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
        if self._all_count(now_us):
            return self.total
        return sum(amount for number, amount in self.buckets if self._counts(number, now_us))

    def added(self, at_us: int, amount: int) -> "Window":
        """The window with an amount of that instant, which may lie before others."""
        number = at_us // self.span.bucket_us
        place = bisect_left(self.buckets, (number,))
        before, after = self.buckets[:place], self.buckets[place:]
        known = 0
        if after and after[0][0] == number:
            known, after = after[0][1], after[1:]
        buckets = (*before, (number, known + amount), *after)
        return self._bounded(buckets, self.total + amount)

    def pruned(self, now_us: int) -> "Window":
        """The window without what does not count any more."""
        if self._all_count(now_us):
            return self
        kept = tuple(bucket for bucket in self.buckets if self._counts(bucket[0], now_us))
        return Window(self.span, kept, sum(amount for _, amount in kept))

    def _bounded(self, buckets: tuple[tuple[int, int], ...], total: int) -> "Window":
        # No instant sees more buckets than these: those before it, those ahead, and its own.
        if len(buckets) > 2 * self.span.buckets + 1:
            total -= buckets[0][1]
            buckets = buckets[1:]
        return Window(self.span, buckets, total)

    def _counts(self, number: int, now_us: int) -> bool:
        return abs(number - now_us // self.span.bucket_us) <= self.span.buckets

    def _all_count(self, now_us: int) -> bool:
        return not self.buckets or (
            self._counts(self.buckets[0][0], now_us) and self._counts(self.buckets[-1][0], now_us)
        )


@dataclass(frozen=True, slots=True)
class Activity:
    """What an account does now and has done lately, over all its wallets.

    Args:
        calls: live calls that it is charged for.
        held_micros: what they hold.
        starts: calls of the last minute that were allowed.
        hour: what was charged for calls in the last hour.
        day: the same of the last day.
    """

    calls: int = 0
    held_micros: int = 0
    starts: Window = field(default=Window(MINUTE))
    hour: Window = field(default=Window(HOUR))
    day: Window = field(default=Window(DAY))

    def begun(self, at_us: int) -> "Activity":
        """One more call was allowed, and lives; what counts no more is forgotten."""
        starts = self.starts.pruned(at_us).added(at_us, 1)
        hour, day = self.hour.pruned(at_us), self.day.pruned(at_us)
        return Activity(self.calls + 1, self.held_micros, starts, hour, day)

    def held(self, micros: int) -> "Activity":
        """What is held rose, or fell, by so much."""
        return replace(self, held_micros=self.held_micros + micros)

    def ended(self) -> "Activity":
        """One live call less."""
        return replace(self, calls=self.calls - 1)

    def charged(self, at_us: int, micros: int) -> "Activity":
        """So much was charged for a call."""
        hour, day = self.hour.added(at_us, micros), self.day.added(at_us, micros)
        return replace(self, hour=hour, day=day)

    def room_micros(self, limits: Limits, now_us: int) -> int | None:
        """What may still be held within the limits of spending; None is no limit.

        50 an hour, 20 held, 12 charged within it: 18. Below zero after a limit was lowered.
        """
        spans = (
            (limits.spend_per_hour_micros, self.hour),
            (limits.spend_per_day_micros, self.day),
        )
        rooms = [
            limit - self.held_micros - window.sum_at(now_us)
            for limit, window in spans
            if limit is not None
        ]
        return min(rooms, default=None)


IDLE: Final = Activity()
