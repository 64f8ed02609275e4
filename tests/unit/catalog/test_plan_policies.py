"""What a plan says beside its prices per minute: who pays how, when, and with which exceptions."""

from datetime import date
from fractions import Fraction
from zoneinfo import ZoneInfo

from pbxcharge.catalog.plan_file import Surroundings
from pbxcharge.core.money import MICROS
from pbxcharge.core.plan import CallType, PlanKind, WalletPolicy
from pbxcharge.core.price import Rate, RelativeTerms, Variant
from pbxcharge.core.tariff import DatedRate
from pbxcharge.core.windows import DAY_S, Day, Window
from tests.fakes.night_plan import (
    DECEMBER_S,
    END_S,
    JUNE_S,
    NIGHT,
    SHOP,
    plan_of,
    read,
)


def test_a_plan_knows_its_windows_and_holidays() -> None:
    """In the order in which they are written; without hours a window is the whole day."""
    schedule = plan_of(NIGHT).schedule
    week = frozenset(Day(number) for number in range(1, 6))
    assert schedule.windows == (
        Window("holiday", frozenset({Day.HOLIDAY}), 0, DAY_S),
        Window("night", week, 22 * 3600, 6 * 3600),
        Window("weekend", frozenset({Day.SATURDAY, Day.SUNDAY}), 0, DAY_S),
    )
    assert schedule.holidays == {date(2026, 12, 25), date(2026, 12, 26)}


def test_a_price_changes_in_windows_and_on_dates() -> None:
    """Each row holds in its own span; midnight is that of the site."""
    tariff = plan_of(NIGHT).tariffs[CallType.PUBLIC]
    early, late = tariff.dated
    assert tariff.rates == ()
    assert (early.from_s, early.until_s, late.from_s, late.until_s) == (0, JUNE_S, JUNE_S, None)
    assert isinstance(early.rate, Rate)
    assert early.rate.variants == (
        Variant(window="night", price_per_minute=Fraction(5, 100), first_s=60, next_s=1),
        Variant(window="weekend", connect_fee_micros=20_000, first_amount_micros=30_000),
    )
    assert [each.rate.destination for each in (early, late)] == ["Germany"] * 2


def test_exceptions_win_whatever_the_length_of_their_prefix() -> None:
    """A free hotline, a forbidden one, and colleagues for twice what the level above charges."""
    plan, found = read(NIGHT.replace("prefixes: [49]", "prefixes: [49, 4980011]", 1))
    assert plan is not None
    assert [it.message[:32] for it in found] == ["never counts: the exception for "]
    hotline = plan.priced_by(CallType.PUBLIC, "4980011222", 0)
    assert isinstance(hotline, Rate)
    assert (hotline.destination, hotline.price_per_minute) == ("Hotline", Fraction(0))
    premium = plan.priced_by(CallType.PUBLIC, "499001", 0)
    assert premium is not None
    assert premium.forbidden
    local = plan.priced_by(CallType.LOCAL, "@local", 0)
    assert isinstance(local, RelativeTerms)
    assert (local.multiplier, local.adjustment_micros, local.interval_s) == (
        Fraction(2),
        10_000,
        30,
    )


def test_a_plan_says_when_it_is_in_force_and_what_follows_the_credit() -> None:
    """Dates in seconds of UTC, the sound of the warning, and where the caller goes on."""
    plan = plan_of(NIGHT)
    assert (plan.effective_from_s, plan.effective_until_s) == (DECEMBER_S, END_S)
    assert (plan.terms.warn_sound, plan.terms.after) == ("custom/credit", "pbxc-topup")
    assert (plan.wallets, plan.owner) == (WalletPolicy.SHARED, None)


def test_a_relative_plan_prices_every_call_type_by_its_own_segments() -> None:
    """1.20 times the level above, and 0.01 for each 10 s; no row is needed."""
    plan = plan_of(SHOP)
    assert (plan.kind, plan.owner) == (PlanKind.POSTPAID, "reseller")
    assert plan.monthly_limit_micros == 50 * MICROS
    public = plan.priced_by(CallType.PUBLIC, "4930", 0)
    incoming = plan.priced_by(CallType.INCOMING, "@incoming:44", 0)
    assert isinstance(public, RelativeTerms)
    assert isinstance(incoming, RelativeTerms)
    assert (public.multiplier, public.adjustment_micros) == (Fraction(6, 5), 10_000)
    assert (public.prefix, incoming.prefix) == ("", "@incoming")
    assert [(it.first_s, it.next_s) for it in (public, incoming)] == [(60, 10), (1, 1)]


def test_a_monthly_limit_may_be_lifted() -> None:
    """But somebody must have said so."""
    assert plan_of(SHOP.replace("50.00", "unlimited")).monthly_limit_micros is None


def test_dates_are_those_of_the_site() -> None:
    """Midnight in Berlin comes an hour before that of UTC."""
    plan, _ = read(NIGHT, Surroundings(zone=ZoneInfo("Europe/Berlin")))
    assert plan is not None
    assert plan.effective_from_s == DECEMBER_S - 3600
    assert isinstance(plan.tariffs[CallType.PUBLIC].dated[0], DatedRate)
