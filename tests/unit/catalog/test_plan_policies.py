"""What a plan says beside its prices per minute: who pays how, when, and with which exceptions."""

from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pbxcharge.catalog.findings import Finding, Severity
from pbxcharge.catalog.plan_file import Surroundings, read_plan
from pbxcharge.catalog.source import parse_source
from pbxcharge.core.money import MICROS
from pbxcharge.core.plan import CallType, Plan, PlanKind, WalletPolicy
from pbxcharge.core.price import Rate, RelativeTerms, Variant
from pbxcharge.core.tariff import DatedRate
from pbxcharge.core.windows import DAY_S, Day, Window
from tests.fakes.decks import a_deck

NIGHT = """\
name: night
type: prepaid
wallets: shared
effective_from: 2026-12-01
effective_until: 2027-12-01 06:30
allow: {public: yes, local: yes}
initial_credit: {outgoing: 10}
out_of_credit:
  sound: custom/credit
  action: continue
  context: pbxc-topup
limits: {call_max_s: 14400}
time_windows:
  holiday:
    days: [holiday]
  night: {days: [mon-fri], from: "22:00", to: "06:00"}
  weekend: {days: [sat, sun]}
holidays: [2026-12-25, 2026-12-26]
prices:
  public:
    - destination: Germany
      prefixes: [49]
      price_per_minute: 0.10
      effective_until: 2027-06-01
      windows:
        night: {price_per_minute: 0.05, segments: 60/1}
        weekend: {connect_fee: 0.02, first_amount: 0.03}
    - destination: Germany
      prefixes: [49]
      price_per_minute: 0.12
      effective_from: 2027-06-01
  local:
    price_per_minute: 0
exceptions:
  - destination: Hotline
    prefixes: [49800]
    price_per_minute: 0
  - destination: Premium
    prefixes: [49900]
    status: forbidden
  - destination: Colleagues
    call_type: local
    multiplier: 2
    adjustment: {amount: 0.01, interval_s: 30}
"""
SHOP = """\
name: shop
type: postpaid
monthly_limit: 50.00
owner: reseller
method: relative
allow: {public: yes, incoming: yes}
charging_segments: {outgoing: 60/10, incoming: 1/1}
relative:
  multiplier: 1.20
  adjustment: {amount: 0.01, interval_s: 10}
"""
DECEMBER_S, END_S, JUNE_S = 1_796_083_200, 1_827_642_600, 1_811_808_000

ALONE = Surroundings()
"""A site with nothing that a plan would need."""


def read(text: str, site: Surroundings = ALONE) -> tuple[Plan | None, tuple[Finding, ...]]:
    """A plan and its findings."""
    source, found = parse_source("plan.yaml", text.encode())
    assert source is not None, found
    return read_plan(source, site)


def plan_of(text: str, site: Surroundings = ALONE) -> Plan:
    """The plan of a text without any finding."""
    plan, found = read(text, site)
    assert plan is not None
    assert found == ()
    return plan


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


DECK_PLAN = """\
name: a
type: unlimited
allow: {public: yes}
charging_segments: {outgoing: 30/6}
prices:
  public:
    deck: carrier
    rates:
      - {destination: UK, prefixes: [44], price_per_minute: 1}
"""


def test_a_deck_prices_what_the_rows_do_not(tmp_path: Path) -> None:
    """Rows of the file win over it, whatever the length of the prefix; segments are the plan's."""
    deck = a_deck(tmp_path, "prefix,price_per_minute\n44207,0.50\n49,0.20\n")
    site = Surroundings(decks={"carrier": deck}, deck_names=frozenset({"carrier"}))
    plan = plan_of(DECK_PLAN, site)
    rows = [plan.priced_by(CallType.PUBLIC, number, 0) for number in ("442079", "4930", "33")]
    assert [row.price_per_minute for row in rows if isinstance(row, Rate)] == [1, Fraction(1, 5)]
    assert rows[1:] == [replace(rows[1], first_s=30, next_s=6), None]  # type: ignore[type-var]
    alone = plan_of(DECK_PLAN.partition("    rates")[0], site)
    assert isinstance(alone.priced_by(CallType.PUBLIC, "442079", 0), Rate)
    assert len({plan.version, alone.version}) == 2


def test_another_content_of_a_deck_is_another_version_of_its_plans(tmp_path: Path) -> None:
    """Since it changes what calls cost."""
    versions = set()
    for price in ("0.50", "0.51"):
        deck = a_deck(tmp_path, f"prefix,price_per_minute\n44207,{price}\n")
        site = Surroundings(decks={"carrier": deck}, deck_names=frozenset({"carrier"}))
        versions.add(plan_of(DECK_PLAN, site).version)
    assert len(versions) == 2


@pytest.mark.parametrize("other", ["30/6}\nrounding: {decimals: 2}", "1/1}"])
def test_what_the_rows_of_a_deck_take_from_a_plan_is_part_of_its_version(
    tmp_path: Path, other: str
) -> None:
    """Other segments or another rounding are other prices, though the file has no row of its own.

    Seen failing where the version knew of a deck only its name and content.
    """
    deck = a_deck(tmp_path, "prefix,price_per_minute\n44207,0.50\n")
    site = Surroundings(decks={"carrier": deck}, deck_names=frozenset({"carrier"}))
    head, _, _ = DECK_PLAN.partition("    rates:")
    changed = plan_of(head.replace("30/6}", other), site)
    assert changed.version != plan_of(head, site).version


def test_a_deck_that_is_not_there_is_a_finding() -> None:
    """One that has errors of its own is named for those alone."""
    (finding,) = read(DECK_PLAN)[1]
    assert (finding.line, finding.key) == (7, "prices.public.deck")
    assert finding.message == "there is no rate deck carrier"
    assert read(DECK_PLAN, Surroundings(deck_names=frozenset({"carrier"})))[1] == ()


def test_a_day_that_is_none_is_one_finding() -> None:
    """Not also a window without days, or one that is never valid.

    Seen failing with the empty days of its form taken for those of the file.
    """
    _, found = read(NIGHT.replace("[mon-fri]", "[mon-fry]"))
    assert len(found) == 1


def test_a_monthly_limit_may_be_lifted() -> None:
    """But somebody must have said so."""
    assert plan_of(SHOP.replace("50.00", "unlimited")).monthly_limit_micros is None


@pytest.mark.parametrize(
    ("old", "new", "key", "message"),
    [
        ("type: prepaid", "type: postpaid", "monthly_limit", "is missing in a postpaid plan"),
        ("type: prepaid", "type: prepaid\nmonthly_limit: 5", "monthly_limit", "for postpaid plan"),
        ("type: prepaid", "type: unlimited\ncredit_limit: 5", "credit_limit", "for prepaid plans"),
        ("outgoing: 10", "outgoing: 10, incoming: 2", "initial_credit.incoming", "begins with 10"),
        ("wallets: shared", "wallets: joint", "wallets", "is not known here"),
        ("wallets: shared", "owner: a b", "owner", "is not an account"),
        ("from: 2026-12-01", "from: 1.12.2026", "effective_from", "is not a date"),
        ("from: 2026-12-01", "from: 2026-02-30", "effective_from", "not a day of the calendar"),
        ("from: 2026-12-01", "from: 2027-12-02", "effective_until", "is not after effective_from"),
        ("  context: pbxc-topup\n", "", "out_of_credit.context", "is missing"),
        ("pbxc-topup", "a,b", "out_of_credit.context", "is not a context"),
        ("continue", "hang_up", "out_of_credit.context", "not used when the caller is hung up"),
        ("continue", "stay", "out_of_credit.action", "is not known here"),
        ("custom/credit", "a&b", "out_of_credit.sound", "is not a sound"),
        ("wallets: shared", "relative: {multiplier: 2}", "relative", "not used with fixed prices"),
        ("wallets: shared", "method: relative", "relative", "is missing in a relative plan"),
        ("call_max_s: 14400", "call_max_s: unlimited", "limits.call_max_s", "within 7 days"),
        ("[mon-fri]", "[mon-fr]", "time_windows.night.days[1]", "is not a day"),
        ("[mon-fri]", "[mon-holiday]", "time_windows.night.days[1]", "no range of weekdays"),
        ("[mon-fri]", "[]", "time_windows.night.days", "is empty"),
        ("days: [mon-fri], ", "", "time_windows.night.days", "is missing"),
        ('"22:00"', '"22"', "time_windows.night.from", "is not a time of day"),
        ('"22:00"', '"24:30"', "time_windows.night.from", "is not a time of day"),
        ('"22:00"', '"24:00"', "time_windows.night.from", "the day has ended"),
        ('"22:00"', '"06:00"', "time_windows.night.from", "begins and ends at the same time"),
        ("days: [mon-fri]", "day: [mon-fri]", "time_windows.night.day", "is not known here"),
        ("{days: [sat, sun]}", "late", "time_windows.weekend", "is not a group of keys"),
        ("  weekend: {days", "  Week End: {days", "time_windows.Week End", "is not a name"),
        ("[sat, sun]", "[sat, sun]}\n  late: {days: [sun]", "time_windows.late", "never valid"),
        ("    days: [holiday]", "", "time_windows.holiday", "has no value"),
        ("holidays: [2026-12-25, 2026-12-26]\n", "", "time_windows.holiday", "no holidays are"),
        ("2026-12-26]", "2026-02-30]", "holidays[2]", "not a day of the calendar"),
        ("2026-12-26]", "Boxing Day]", "holidays[2]", "is not a date"),
        ("2026-12-26]", "2026-12-25]", "holidays[2]", "2026-12-25 stands twice"),
        ("night: {price", "nigth: {price", "prices.public[1].windows.nigth", "no time window"),
        ("{price_per_minute: 0.05, ", "{price: 1, ", "prices.public[1].windows.night.price", "not"),
        (
            "{price_per_minute: 0.05, segments: 60/1}",
            "{}",
            "prices.public[1].windows.night",
            "changes nothing",
        ),
        (
            "first_amount: 0.03}",
            "first_amount: 0.03, first_price_per_minute: 1}",
            "prices.public[1].windows.weekend.first_amount",
            "both an amount and",
        ),
        (
            "first_amount: 0.03}",
            "steps: [{from: 9}]}",
            "prices.public[1].windows.weekend.steps[1]",
            "changes nothing",
        ),
        ("_until: 2027-06-01", "_until: 2027-06-02", "prices.public[2].prefixes[1]", "two prices"),
        ("    prefixes: [49800]\n", "", "exceptions[1]", "is for no calls"),
        ("[49800]", "[]", "exceptions[1].prefixes", "is empty"),
        ("[49800]", "[49800]\n    call_type: local", "exceptions[1].call_type", "stands beside"),
        ("[49900]", "[49900, 49800]", "exceptions[2]", "49800 has two exceptions at once"),
        ("call_type: local", "call_type: public", "exceptions[3].call_type", "is not known here"),
        ("multiplier: 2", "price_per_minute: 2", "exceptions[3].adjustment", "without a multipl"),
        ("multiplier: 2", "multiplier: -2", "exceptions[3].multiplier", "below zero"),
        (
            "multiplier: 2",
            "multiplier: 2\n    connect_fee: 1",
            "exceptions[3].connect_fee",
            "not used with a multiplier",
        ),
        (
            "[49800]\n    price_per_minute: 0",
            "[49800]",
            "exceptions[1].price_per_minute",
            "is missing",
        ),
    ],
)
def test_each_slip_is_a_finding(old: str, new: str, key: str, message: str) -> None:
    """At its own line and key, and nothing of the plan goes live."""
    assert NIGHT.count(old) == 1, old
    plan, found = read(NIGHT.replace(old, new))
    named = [finding for finding in found if finding.key == key]
    assert plan is None
    assert [finding.severity for finding in named] == [Severity.ERROR], found
    assert message in named[0].message
    assert named[0].line > 0


@pytest.mark.parametrize(
    ("extra", "key", "message"),
    [
        ("prices: {local: {price_per_minute: 0}}\n", "prices.local", "in a relative plan"),
        ("prices: {public: {deck: carrier}}\n", "prices.public", "in a relative plan"),
        ("method: fixed\n", "method", "stands twice"),
        ("credit_limit: 5\n", "credit_limit", "is for prepaid plans"),
    ],
)
def test_what_a_relative_plan_does_not_take_is_a_finding(
    extra: str, key: str, message: str
) -> None:
    """A fixed price in it is an exception."""
    source, found = parse_source("plan.yaml", (SHOP + extra).encode())
    if source is not None:
        found += read_plan(source, Surroundings(deck_names=frozenset({"carrier"})))[1]
    assert [(finding.key, message in finding.message) for finding in found] == [(key, True)]


@pytest.mark.parametrize(
    ("old", "new", "key", "message"),
    [
        ("sound: custom/credit", "sound: a\n  warn_before_s: 0", "out_of_credit.sound", "never h"),
        ("call_type: local", "call_type: extended_local", "exceptions[3]", "never counts"),
    ],
)
def test_what_is_of_no_use_is_a_warning(old: str, new: str, key: str, message: str) -> None:
    """It may be meant for later, so the plan goes live."""
    plan, (finding,) = read(NIGHT.replace(old, new))
    assert plan is not None
    assert (finding.severity, finding.key) == (Severity.WARNING, key)
    assert message in finding.message


def test_windows_that_no_price_knows_are_a_warning() -> None:
    """And so are holidays without any window."""
    head, _, prices = NIGHT.partition("      windows:\n")
    text = head + prices.split("\n", 2)[2]
    assert [(it.severity, it.key) for it in read(text)[1]] == [(Severity.WARNING, "time_windows")]
    text = text.replace("time_windows:", "#", 1)
    kept = [line for line in text.splitlines() if " days:" not in line and "{days:" not in line]
    text = "\n".join(kept).replace("  holiday:\n", "")
    assert [it.key for it in read(text)[1]] == ["holidays"]


def test_holidays_that_nobody_went_on_with_are_a_warning() -> None:
    """Past ones may stay; what matters is that some lie ahead."""
    assert read(NIGHT, Surroundings(today=date(2026, 12, 26)))[1] == ()
    (finding,) = read(NIGHT, Surroundings(today=date(2026, 12, 27)))[1]
    assert (finding.severity, finding.key) == (Severity.WARNING, "holidays")
    assert finding.message == "all lie in the past, the last one on 2026-12-26"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("wallets: shared", "wallets: separate"),
        ("wallets: shared", "wallets: shared\nowner: reseller"),
        ("from: 2026-12-01", "from: 2026-12-02"),
        ("2027-12-01 06:30", "2027-12-01 06:31"),
        ("custom/credit", "custom/other"),
        ("pbxc-topup", "other"),
        ('"22:00"', '"21:00"'),
        ("[sat, sun]", "[sat]"),
        ("2026-12-26]", "2026-12-24]"),
        ("0.05, segments", "0.06, segments"),
        ("connect_fee: 0.02", "connect_fee: 0.03"),
        ("price_per_minute: 0.12", "price_per_minute: 0.13"),
        ("multiplier: 2", "multiplier: 3"),
        ("amount: 0.01", "amount: 0.02"),
        ("[49800]", "[49801]"),
    ],
)
def test_any_change_is_another_version(old: str, new: str) -> None:
    """A record names exactly what it was priced by."""
    assert NIGHT.count(old) == 1, old
    assert plan_of(NIGHT.replace(old, new)).version != plan_of(NIGHT).version


@pytest.mark.parametrize(
    ("old", "new"), [("1.20", "1.21"), ("50.00", "51"), ("0.01", "0.02"), ("1/1", "2/2")]
)
def test_any_change_of_a_relative_plan_is_another_version(old: str, new: str) -> None:
    """Also of what its records do not show."""
    assert plan_of(SHOP.replace(old, new)).version != plan_of(SHOP).version


def test_the_same_said_otherwise_is_the_same_version() -> None:
    """Comments, ways of writing and the order of rows are no content."""
    said = NIGHT.replace("[mon-fri]", "[tue-fri, mon]")
    said = said.replace("2026-12-01\n", "2026-12-01 00:00\n")
    said = said.replace("[2026-12-25, 2026-12-26]", "[2026-12-26, 2026-12-25] # Christmas")
    assert plan_of(said).version == plan_of(NIGHT).version


def test_dates_are_those_of_the_site() -> None:
    """Midnight in Berlin comes an hour before that of UTC."""
    plan, _ = read(NIGHT, Surroundings(zone=ZoneInfo("Europe/Berlin")))
    assert plan is not None
    assert plan.effective_from_s == DECEMBER_S - 3600
    assert isinstance(plan.tariffs[CallType.PUBLIC].dated[0], DatedRate)
