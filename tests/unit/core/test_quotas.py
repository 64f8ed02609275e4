"""Which quotas count a call: by product, destination, billing period and roll-over."""

from datetime import UTC, date
from zoneinfo import ZoneInfo

import pytest

from pbxcharge.core.allowance import Quota, included
from pbxcharge.core.billing_cycle import BillingCycle
from pbxcharge.core.billing_period import billing_calendar
from pbxcharge.core.measure import Measure
from pbxcharge.core.period import DAY_US, midnight_us
from pbxcharge.core.quotas import (
    QuotaSource,
    QuotaWallet,
    quota_wallet_from_record,
    quota_wallet_record,
    quotas_of,
)
from pbxcharge.core.tariff import Prefixes

MONTHLY = billing_calendar(BillingCycle.MONTHLY, date(2026, 1, 1))
BERLIN = ZoneInfo("Europe/Berlin")


def day(month: int, number: int = 1) -> int:
    """The first instant of a day of 2026."""
    return midnight_us(date(2026, month, number), UTC)


def minutes(name: str = "minutes", rolls_over: int = 0, to: str = "") -> Quota:
    """100 minutes a period."""
    where = Prefixes(frozenset({to}))
    return included(name, "SmartMinutes", Measure.SECONDS, 6_000, where, rolls_over)


def found(
    *sources: QuotaSource, at_us: int, until_us: int | None = None, zone: ZoneInfo | None = None
) -> list[str]:
    """The wallets of a call to Germany, each by what follows the account."""
    end_us = at_us + 1 if until_us is None else until_us
    wallets = quotas_of("alice", sources, "4930123", MONTHLY, zone or UTC, at_us, end_us)
    return [wallet.wallet_id.removeprefix("alice:allowance:") for wallet in wallets]


def test_a_period_has_a_wallet_of_its_own() -> None:
    """A call on 15 November is counted in the wallet of November."""
    assert found(QuotaSource("smartcall", (minutes(),), 0), at_us=day(11, 15)) == [
        "smartcall:minutes:2026-11-01"
    ]


def test_what_is_left_rolls_over_and_the_oldest_comes_first() -> None:
    """Twice rolled over: in November also what is left of September and October."""
    source = QuotaSource("smartcall", (minutes(rolls_over=2),), 0)
    assert [name[-10:-3] for name in found(source, at_us=day(11, 15))] == [
        "2026-09",
        "2026-10",
        "2026-11",
    ]


def test_nothing_is_there_from_before_the_product() -> None:
    """Had since 20 October: nothing is left of September, and October begins on the 20th."""
    source = QuotaSource("smartcall", (minutes(rolls_over=2),), day(10, 20))
    assert [name[-10:-3] for name in found(source, at_us=day(11, 15))] == ["2026-10", "2026-11"]


def test_with_the_product_its_minutes_are_gone() -> None:
    """An add-on that ends on the 20th gives nothing from then on, whatever was left."""
    ending = QuotaSource("extra", (minutes(),), 0, day(11, 20))
    assert found(ending, at_us=day(11, 20) - 1)
    assert not found(ending, at_us=day(11, 20))


def test_sources_are_used_in_their_order_and_only_for_their_destinations() -> None:
    """The add-on's minutes to Germany, then the main product's; those to France are not asked."""
    extra = QuotaSource("extra", (minutes("fr", to="33"), minutes("de", to="49")), 0)
    main = QuotaSource("smartcall", (minutes(),), 0)
    assert [name.split(":")[:2] for name in found(extra, main, at_us=day(11, 15))] == [
        ["extra", "de"],
        ["smartcall", "minutes"],
    ]


def test_a_call_over_midnight_knows_the_period_to_come() -> None:
    """Authorized on 30 November for four hours, it has the minutes of December from then on."""
    source = QuotaSource("smartcall", (minutes(),), 0)
    at_us = day(12) - 3_600_000_000
    late = quotas_of("alice", [source], "49", MONTHLY, UTC, at_us, at_us + 4 * 3_600_000_000)
    assert [wallet.usable(day(12) - 1) for wallet in late] == [True, False]
    assert [wallet.usable(day(12)) for wallet in late] == [False, True]


def test_three_months_later_it_is_the_same() -> None:
    """Nothing has to be granted at midnight: what August had is there in October by the rule."""
    source = QuotaSource("smartcall", (minutes(rolls_over=2),), 0)
    assert found(source, at_us=day(10, 31) + DAY_US - 1)[0].endswith("2026-08-01")


def test_periods_begin_by_the_customers_clocks() -> None:
    """Half past eleven in the evening of 31 October in UTC is November in Berlin."""
    source = QuotaSource("smartcall", (minutes(),), 0)
    at_us = day(11) - 1_800_000_000
    assert found(source, at_us=at_us)[0].endswith("2026-10-01")
    assert found(source, at_us=at_us, zone=BERLIN)[0].endswith("2026-11-01")


def test_a_call_without_end_has_a_few_periods() -> None:
    """Thirty years of talk are not listed month by month."""
    source = QuotaSource("smartcall", (minutes(rolls_over=1),), 0)
    assert len(found(source, at_us=day(11, 15), until_us=day(11) + 10_000 * DAY_US)) == 9


@pytest.mark.parametrize("measure", list(Measure))
def test_a_quota_wallet_is_stored_and_read_back(measure: Measure) -> None:
    """As it was, tiers and instants included."""
    quota = included("m", "Ü", measure, 6_000)
    source = QuotaSource("smartcall", (quota,), 0)
    (wallet,) = quotas_of("alice", [source], "49", MONTHLY, UTC, day(11), day(11) + 1)
    assert isinstance(wallet, QuotaWallet)
    assert quota_wallet_from_record(quota_wallet_record(wallet)) == wallet
    assert (wallet.left(0), wallet.left(7_000)) == (6_000, 0)
