"""Plan files become plans: exact prices, defaults, and a version that names the content."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbxcharge.catalog.plan_file import Surroundings, read_plan
from pbxcharge.catalog.source import parse_source
from pbxcharge.core.account_kinds import WalletKind
from pbxcharge.core.limits import UNLIMITED, Limits
from pbxcharge.core.money import MICROS, Rounding, format_amount
from pbxcharge.core.plan import UNLIMITED_S, CallType, Plan, PlanKind, Terms
from pbxcharge.core.price import MaximumThen, Rate, Step, charge_micros
from pbxcharge.core.tariff import NO_PREFIXES, Prefixes

HEAD = "name: retail\ntype: prepaid\nallow: {public: yes}\n"


def plan_of(text: str, high_risk: Prefixes = NO_PREFIXES) -> Plan:
    """The plan that a text without findings says."""
    source, found = parse_source("retail.yaml", text.encode())
    assert source is not None, found
    plan, findings = read_plan(source, Surroundings(250, high_risk))
    assert plan is not None, findings
    return plan


def rate_of(row: str, head: str = HEAD) -> Rate:
    """The one rate of a plan with one row."""
    row = f"{{destination: Germany, prefixes: [49], {row}}}"
    (rate,) = plan_of(f"{head}prices: {{public: [{row}]}}").tariffs[CallType.PUBLIC].rates
    assert isinstance(rate, Rate)
    return rate


def test_a_short_plan_gets_the_defaults_of_the_rules() -> None:
    """60/10, slices of 60 s, a warning 10 s before the end, 4 hours, four decimals, no credit."""
    row = "{destination: Germany, prefixes: [49], price_per_minute: 1}"
    plan = plan_of(f"{HEAD}prices: {{public: [{row}]}}")
    assert plan.kind is PlanKind.PREPAID
    assert plan.allowed == {CallType.PUBLIC}
    assert (plan.initial_credit_micros, plan.credit_limit_micros) == (0, 0)
    assert plan.terms == Terms(60, 10, 14_400, tolerance_ms=250)
    assert plan.limits == Limits(10, 30, 50 * MICROS, 200 * MICROS)
    assert plan.price_per_minute_max == 5
    assert plan.tariffs[CallType.PUBLIC].rates == (
        Rate(
            destination="Germany", prefix="49", price_per_minute=Fraction(1), first_s=60, next_s=10
        ),
    )


def test_a_plan_says_what_its_file_says() -> None:
    """Every setting of the head arrives, in its unit."""
    plan = plan_of(
        "name: kiosk\ntype: prepaid\nmethod: fixed\nallow: {public: no}\n"
        "initial_credit: {outgoing: 0.30}\ncredit_limit: 5.000001\nreservation: {slice_s: 5}\n"
        "out_of_credit: {warn_before_s: 3}\nlimits: {call_max_s: 3600}\n"
    )
    assert (plan.name, plan.allowed, plan.tariffs) == ("kiosk", frozenset(), {})
    assert (plan.initial_credit_micros, plan.credit_limit_micros) == (300_000, 5_000_001)
    assert plan.terms == Terms(5, 3, 3600, tolerance_ms=250)


def test_a_plan_says_its_limits() -> None:
    """Each arrives in its unit."""
    plan = plan_of(
        f"{HEAD.replace('yes', 'no')}limits: {{concurrent_calls: 3, calls_per_minute: 9, "
        "spend_per_hour: 1.50, spend_per_day: 4, price_per_minute_max: 0.30}\n"
    )
    assert plan.limits == Limits(3, 9, 1_500_000, 4_000_000)
    assert plan.price_per_minute_max == Fraction(3, 10)


def test_unlimited_lifts_each_limit() -> None:
    """Even the longest call."""
    keys = ("concurrent_calls", "calls_per_minute", "spend_per_hour", "spend_per_day")
    lifted = ", ".join(f"{key}: unlimited" for key in (*keys, "price_per_minute_max", "call_max_s"))
    plan = plan_of(f"{HEAD.replace('yes', 'no')}limits: {{{lifted}}}\n")
    assert plan.limits == UNLIMITED
    assert (plan.price_per_minute_max, plan.terms.call_max_s) == (None, UNLIMITED_S)


def test_a_plan_bars_high_risk_destinations_unless_it_says_otherwise() -> None:
    """The site's list, or nothing."""
    risky = Prefixes(frozenset({"870"}))
    head = HEAD.replace("yes", "no")
    assert plan_of(head, risky).barred == risky
    assert plan_of(f"{head}limits: {{high_risk: yes}}\n", risky).barred == NO_PREFIXES


def test_a_row_may_say_everything_that_a_rate_knows() -> None:
    """Each key of a row becomes the term of the rate that it names."""
    rate = rate_of(
        "segments: 30/6, connect_fee: 0.02, first_price_per_minute: 0.2, price_per_minute: 0.1, "
        "steps: [{from: 90, price_per_minute: 0.05, segment: 30}, {from: 300, segment: 1}], "
        "free_seconds: 10, grace_seconds: 3, minimum_charge: 0.5, surcharge_percent: 12.5, "
        "maximum_charge: {amount: 5, then: hang_up}, rounding: {method: down, decimals: 2}"
    )
    assert rate == Rate(
        destination="Germany",
        prefix="49",
        price_per_minute=Fraction(1, 10),
        connect_fee_micros=20_000,
        first_s=30,
        next_s=6,
        first_price_per_minute=Fraction(1, 5),
        steps=(Step(90, Fraction(1, 20), 30), Step(300, None, 1)),
        free_s=10,
        grace_s=3,
        minimum_charge_micros=500_000,
        maximum_charge_micros=5_000_000,
        maximum_then=MaximumThen.HANG_UP,
        surcharge_percent=Fraction(25, 2),
        rounding=Rounding.DOWN,
        rounding_decimals=2,
    )


def test_a_first_amount_and_a_forbidden_destination_arrive() -> None:
    """The two keys that exclude what the row above says."""
    assert rate_of("first_amount: 0.25, price_per_minute: 0").first_amount_micros == 250_000
    assert rate_of("status: forbidden").forbidden
    assert not rate_of("status: open, price_per_minute: 0").forbidden


def test_a_rates_own_segments_win_as_a_whole() -> None:
    """60/6 beside a default of 30/10 is 60/6; without an own pair it is 30/10."""
    head = f"{HEAD}charging_segments: {{outgoing: 30/10}}\n"
    own, default = (
        rate_of("segments: 60/6, price_per_minute: 1", head),
        rate_of("price_per_minute: 1", head),
    )
    assert (own.first_s, own.next_s) == (60, 6)
    assert (default.first_s, default.next_s) == (30, 10)


def test_a_rates_own_rounding_goes_before_the_plans() -> None:
    """Each half that a row does not write comes from the plan."""
    head = f"{HEAD}rounding: {{method: half_even, decimals: 0}}\n"
    rate = rate_of("price_per_minute: 1, rounding: {decimals: 3}", head)
    assert (rate.rounding, rate.rounding_decimals) == (Rounding.HALF_EVEN, 3)
    rate = rate_of("price_per_minute: 1", head)
    assert (rate.rounding, rate.rounding_decimals) == (Rounding.HALF_EVEN, 0)


def test_each_prefix_of_a_row_is_a_rate() -> None:
    """The longest wins, as everywhere."""
    plan = plan_of(
        f"{HEAD}prices:\n  public:\n"
        "    - {destination: Germany, prefixes: [49], price_per_minute: 1}\n"
        "    - {destination: Germany mobile, prefixes: [4915, 4916], price_per_minute: 2}\n"
    )
    found = [
        plan.priced_by(CallType.PUBLIC, number, 0)
        for number in ("4930123", "4915123", "4916123", "331")
    ]
    assert [rate and rate.destination for rate in found] == [
        *("Germany", "Germany mobile", "Germany mobile", None)
    ]


def test_a_price_is_exact() -> None:
    """A minute at 0.1 with a fee of 0.2 costs 0.3, where floats give 0.30000000000000004."""
    rate = rate_of("connect_fee: 0.2, price_per_minute: 0.1, rounding: {decimals: 6}")
    assert charge_micros(rate, 60) == 300_000


@given(micros=st.integers(0, 10**18), price=st.integers(0, 10**12))
def test_every_amount_and_price_arrives_exactly(micros: int, price: int) -> None:
    """What is written with six (a price: twelve) decimals is what is charged."""
    text = f"connect_fee: {format_amount(micros)}, price_per_minute: 0.{price:012d}"
    if price == 10**12:
        text = text.replace("0.1000000000000", "1.000000000000")
    rate = rate_of(text)
    assert rate.connect_fee_micros == micros
    assert rate.price_per_minute == Fraction(price, 10**12)


VERSIONED = """\
name: retail
type: prepaid
allow: {public: yes}
prices:
  public:
    - {destination: Germany, prefixes: [49, 43], price_per_minute: 0.10}
    - {destination: France, prefixes: [33], price_per_minute: 0.20}
"""


def test_the_version_is_of_the_content_not_of_its_form() -> None:
    """Comments, order, quotes, 0.1 for 0.10 and defaults that are written out change nothing."""
    same = """\
# A comment.
prices:
  public:
    - prefixes: ["33"]
      destination: "France"
      price_per_minute: 0.2

    - {destination: Germany, prefixes: [43, 49], price_per_minute: 0.1, segments: 60/10}
allow:
    public: true
    incoming: no
type: prepaid
name: retail
credit_limit: 0.00
"""
    version = plan_of(VERSIONED).version
    assert plan_of(same).version == version
    assert len(version) == 12
    assert set(version) <= set("0123456789abcdef")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("retail", "retail-2"),
        ("yes", "no"),
        ("0.10", "0.11"),
        ("[33]", "[331]"),
        ("France", "Frankreich"),
        ("0.20}", "0.20, grace_seconds: 1}"),
        ("type: prepaid", "type: prepaid\ncredit_limit: 1"),
        ("type: prepaid", "type: prepaid\ninitial_credit: {outgoing: 1}"),
        ("type: prepaid", "type: prepaid\ncharging_segments: {outgoing: 60/6}"),
        ("type: prepaid", "type: prepaid\nreservation: {slice_s: 30}"),
        ("type: prepaid", "type: prepaid\nout_of_credit: {warn_before_s: 0}"),
        ("type: prepaid", "type: prepaid\nlimits: {call_max_s: 60}"),
        ("type: prepaid", "type: prepaid\nlimits: {calls_per_minute: 60}"),
        ("type: prepaid", "type: prepaid\nlimits: {price_per_minute_max: 6}"),
        ("type: prepaid", "type: prepaid\nrounding: {decimals: 2}"),
    ],
)
def test_any_change_of_the_content_changes_the_version(old: str, new: str) -> None:
    """A CDR names the plan that priced it; two plans must not share that name."""
    assert VERSIONED.count(old) == 1
    assert plan_of(VERSIONED.replace(old, new)).version != plan_of(VERSIONED).version


def test_every_kind_of_call_has_prices_of_its_own() -> None:
    """One price inside the house, and incoming prices by the caller's prefix."""
    plan = plan_of(
        "name: all\ntype: prepaid\n"
        "allow: {incoming: yes, local: yes, extended_local: yes}\n"
        "charging_segments: {outgoing: 60/6, incoming: 30/30}\n"
        "initial_credit: {outgoing: 5, incoming: 2}\ncredit_limit: 1\n"
        "prices:\n  local: {price_per_minute: 0}\n  extended_local: {price_per_minute: 0.01}\n"
        "  incoming:\n    - {price_per_minute: 0.02, segments: 1/1}\n"
        "    - {caller_prefixes: [44, 49], price_per_minute: 0.03}\n"
    )
    rates = {rate.prefix: rate for tariff in plan.tariffs.values() for rate in tariff.rates}
    assert {prefix: (rate.first_s, rate.next_s) for prefix, rate in rates.items()} == {
        "@local": (60, 6),
        "@extended_local": (60, 6),
        "@incoming": (1, 1),
        "@incoming:44": (30, 30),
        "@incoming:49": (30, 30),
    }
    assert plan.allowed == set(CallType) - {CallType.PUBLIC}
    kinds = (WalletKind.OUTGOING, WalletKind.INCOMING)
    assert [plan.initial_micros(kind) for kind in kinds] == [5_000_000, 2_000_000]
    assert [plan.floor_micros(kind) for kind in kinds] == [-1_000_000, 0]


def test_a_single_incoming_price_is_a_list_of_one() -> None:
    """Both ways of writing it are the same plan."""
    head = "name: in\ntype: prepaid\nallow: {incoming: yes}\nprices: {incoming: "
    price = "{price_per_minute: 0.02}"
    assert plan_of(f"{head}{price}}}\n") == plan_of(f"{head}[{price}]}}\n")
