"""The quotas of a call: which of an account's count it, and in which wallet each of them does.

There is one wallet for an account, a quota and a billing period. It is made when the first call
uses it, by the same rule years later as on the day the period began; so nothing has to be granted
at midnight, and no time that the daemon was away takes anything from anybody.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final

from pbxcharge.core.allowance import Quota, Tier, tier_at
from pbxcharge.core.billing_period import BillingCalendar
from pbxcharge.core.instant import utc
from pbxcharge.core.measure import Measure

ALLOWANCE: Final = "allowance"
"""The kind of wallet that quotas are counted in: it is spent below zero, and has no money."""
PERIODS_MAX: Final = 8
"""A call that goes on through more billing periods is not covered in those after them."""


@dataclass(frozen=True, slots=True)
class QuotaSource:
    """Quotas that an account has from one product, or by itself.

    Args:
        name: of the product; empty for the account's own.
        quotas: in the order in which they are used.
        from_us: since when the account has them.
        until_us: from when on it has them no more, whatever is left; None is for good.
    """

    name: str
    quotas: tuple[Quota, ...]
    from_us: int
    until_us: int | None = None


@dataclass(frozen=True, slots=True)
class QuotaWallet:
    """What a quota gives to a call out of one billing period.

    Args:
        wallet_id: where its use is counted.
        name: of the quota, for people.
        measure: what is counted.
        tiers: see allowance.Quota.
        from_us: the period begins; or since when the account has the quota.
        ends_us: the period ends: what rolls over is bounded by the last tier, which has no end.
        until_us: the last period ends in which what is left may be used.
    """

    wallet_id: str
    name: str
    measure: Measure
    tiers: tuple[Tier, ...]
    from_us: int
    ends_us: int
    until_us: int

    def usable(self, at_us: int) -> bool:
        """Whether it gives anything at an instant."""
        return self.from_us <= at_us < self.until_us

    def tier(self, used: int, at_us: int) -> tuple[Fraction, int | None]:
        """The discount after so much use, and where it ends: None is never."""
        discount, until = tier_at(self.tiers, used)
        rolled_out = until is None and at_us >= self.ends_us
        return (Fraction(0), None) if rolled_out else (discount, until)

    def left(self, used: int) -> int | None:
        """What may be used before the last tier; None where that one gives something for good."""
        last = self.tiers[-1]
        return None if last.discount_percent else max(0, last.from_used - used)


def quotas_of(
    account_id: str,
    sources: Sequence[QuotaSource],
    priced: str,
    calendar: BillingCalendar,
    zone: tzinfo,
    at_us: int,
    until_us: int,
) -> tuple[QuotaWallet, ...]:
    """The quotas that count a call, in the order in which they are used.

    With 100 minutes a month that roll over twice, a call on 31 March has those of January,
    February and March, and, should it last that long, those of April.

    Args:
        account_id: who pays.
        sources: the account's own, its add-ons by priority, its main product.
        priced: what is called; see plan.priced_as.
        calendar: the billing periods of the customer.
        zone: by whose clocks they begin.
        at_us: when the call is authorized.
        until_us: when it ends at the latest.
    """
    return tuple(
        wallet
        for source in sources
        for quota in source.quotas
        if quota.counts(priced)
        for wallet in quota_wallets(account_id, source, quota, calendar, zone, at_us, until_us)
        if wallet.until_us > max(at_us, wallet.from_us) and wallet.from_us < until_us
    )


def quota_wallets(
    account_id: str,
    source: QuotaSource,
    quota: Quota,
    calendar: BillingCalendar,
    zone: tzinfo,
    at_us: int,
    until_us: int,
) -> Iterator[QuotaWallet]:
    """One for each billing period that a quota may be used of between two instants, or later."""
    gone_us = until_us if source.until_us is None else source.until_us
    for times in _periods(
        calendar, zone, _day(at_us, zone), _day(until_us, zone), quota.rolls_over
    ):
        if times.ends_us <= source.from_us:
            continue
        last_us = times.until_us if source.until_us is None else min(times.until_us, gone_us)
        yield QuotaWallet(
            quota_wallet_id(account_id, source.name, quota.name, times.first),
            quota.shown_name,
            quota.measure,
            quota.tiers,
            max(times.from_us, source.from_us),
            times.ends_us,
            last_us,
        )


def quota_wallet_id(account_id: str, source: str, quota: str, first: date) -> str:
    """Alice's minutes of SmartCall in November: `alice:allowance:smartcall:minutes:2026-11-01`."""
    return f"{account_id}:{ALLOWANCE}:{source}:{quota}:{first.isoformat()}"


@dataclass(frozen=True, slots=True)
class _Times:
    """A billing period: its first day, its instants, and until when what is left may be used."""

    first: date
    from_us: int
    ends_us: int
    until_us: int


@lru_cache(maxsize=4096)
def _periods(
    calendar: BillingCalendar, zone: tzinfo, day: date, last_day: date, rolls_over: int
) -> tuple[_Times, ...]:
    """Those that still give something on a day, and those that begin until another one."""
    period = calendar.holding(day)
    for _ in range(rolls_over):
        period = calendar.preceding(period)
    found: list[_Times] = []
    while period.first <= last_day and len(found) < rolls_over + PERIODS_MAX:
        own, last = period.instants(zone), calendar.following(period, rolls_over).instants(zone)
        found.append(_Times(period.first, own.from_us, own.until_us, last.until_us))
        period = calendar.following(period)
    return tuple(found)


def _day(at_us: int, zone: tzinfo) -> date:
    return utc(at_us).astimezone(zone).date()


def quota_wallet_record(wallet: QuotaWallet) -> list[Any]:
    """A quota wallet in JSON's own kinds, as it is stored with a call."""
    tiers = [[tier.from_used, str(tier.discount_percent)] for tier in wallet.tiers]
    times = [wallet.from_us, wallet.ends_us, wallet.until_us]
    return [wallet.wallet_id, wallet.name, wallet.measure.value, tiers, *times]


def quota_wallet_from_record(record: Sequence[Any]) -> QuotaWallet:
    """The quota wallet that was stored."""
    wallet_id, name, measure, tiers, *times = record
    found = tuple(Tier(from_used, Fraction(percent)) for from_used, percent in tiers)
    return QuotaWallet(wallet_id, name, Measure(measure), found, *times)
