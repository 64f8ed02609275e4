"""Findings of plan files: each with file, line and key, all of them at once."""

import pytest

from pbxcharge.catalog.findings import Finding, Severity
from pbxcharge.catalog.plan_file import Surroundings, read_plan
from pbxcharge.catalog.source import parse_source

PLAN = """\
name: retail
type: prepaid
allow:
  public: yes
  incoming: no
charging_segments:
  outgoing: 60/10
initial_credit:
  outgoing: 10.00
credit_limit: 0
reservation:
  slice_s: 60
out_of_credit:
  warn_before_s: 10
limits:
  call_max_s: 14400
rounding:
  method: away_from_zero
  decimals: 4
prices:
  public:
    - destination: Germany
      prefixes: [49, 491]
      price_per_minute: 0.10
    - destination: Satellite
      prefixes: [870]
      price_per_minute: 3.00
      maximum_charge: {amount: 5.00, then: free}
      steps:
        - from: 90
          price_per_minute: 1.00
        - from: 120
          segment: 30
"""


def findings_of(text: str) -> tuple[Finding, ...]:
    """What is found in the text of a plan; an error always means that there is no plan."""
    source, found = parse_source("retail.yaml", text.encode())
    assert source is not None, found
    plan, plan_findings = read_plan(source, Surroundings())
    refused = any(finding.severity is Severity.ERROR for finding in plan_findings)
    assert (plan is None) == refused
    return plan_findings


def changed(old: str, new: str) -> tuple[Finding, ...]:
    """What is found in the plan with one place of it changed."""
    assert PLAN.count(old) == 1, old
    return findings_of(PLAN.replace(old, new))


def test_the_plan_that_these_tests_damage_has_no_findings() -> None:
    """Otherwise the tests below would prove nothing."""
    assert findings_of(PLAN) == ()


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "message"),
    [
        ("name: retail", "name: Retail Plan", 1, "name", "'Retail Plan' is not a name"),
        ("name: retail", f"name: {'x' * 65}", 1, "name", "is not a name"),
        ("name: retail", "", 2, "name", "is missing"),
        ("type: prepaid", "type: free", 2, "type", "'free' is not known here"),
        ("type: prepaid", "type:", 2, "type", "has no value"),
        ("type: prepaid", "type: [prepaid]", 2, "type", "is a list or a group"),
        ("type: prepaid", "type: prepaid\nmethod: dear", 3, "method", "is not known here"),
        ("public: yes", "public: maybe", 4, "allow.public", "neither yes nor no"),
        ("incoming: no", "incoming: yes", 20, "prices.incoming", "allowed but have no price"),
        ("incoming: no", "local: yes", 20, "prices.local", "local calls are allowed but have no"),
        (
            "incoming: no",
            "extended_local: yes",
            20,
            "prices.extended_local",
            "extended local calls",
        ),
        ("60/10", "60-10", 7, "charging_segments.outgoing", "not a pair of segments"),
        ("60/10", "60/0", 7, "charging_segments.outgoing", "out of bounds"),
        ("60/10", "86401/10", 7, "charging_segments.outgoing", "out of bounds"),
        ("outgoing: 60/10", "incoming: 60", 7, "charging_segments.incoming", "not a pair"),
        ("outgoing: 10.00", "incoming: -1", 9, "initial_credit.incoming", "below zero"),
        ("outgoing: 10.00", "outgoing: 1.0000001", 9, "initial_credit.outgoing", "6 decimals"),
        ("outgoing: 10.00", "outgoing: -1", 9, "initial_credit.outgoing", "-1.00 is below zero"),
        ("outgoing: 10.00", "outgoing: 1e3", 9, "initial_credit.outgoing", "not a decimal"),
        ("outgoing: 10.00", "outgoing: 10000000000001", 9, "initial_credit.outgoing", "beyond"),
        ("credit_limit: 0", "credit_limit: nan", 10, "credit_limit", "not a decimal number"),
        ("credit_limit: 0", "credit_limt: 0", 10, "credit_limt", "is not known here"),
        ("slice_s: 60", "slice_s: 4", 12, "reservation.slice_s", "4 is out of bounds"),
        ("slice_s: 60", "slice_s: 5.5", 12, "reservation.slice_s", "not a whole number"),
        ("\n  slice_s: 60", " 60", 11, "reservation", "is not a group of keys"),
        ("warn_before_s: 10", "warn_before_s: -1", 14, "out_of_credit.warn_before_s", "whole"),
        ("call_max_s: 14400", "call_max_s: 0", 16, "limits.call_max_s", "out of bounds"),
        ("call_max_s: 14400", "calls_per_minute: 0", 16, "limits.calls_per_minute", "of bounds"),
        ("call_max_s: 14400", "concurrent_calls: none", 16, "limits.concurrent_calls", "not a who"),
        ("call_max_s: 14400", "spend_per_day: -1", 16, "limits.spend_per_day", "below zero"),
        ("call_max_s: 14400", "price_per_minute_max: x", 16, "limits.price_per_minute_max", "x"),
        ("call_max_s: 14400", "high_risk: maybe", 16, "limits.high_risk", "neither yes nor no"),
        ("away_from_zero", "up", 18, "rounding.method", "'up' is not known here"),
        ("decimals: 4", "decimals: 7", 19, "rounding.decimals", "7 is out of bounds"),
        ("Germany", "''", 22, "prices.public[1].destination", "not a line of text"),
        ("Germany", "G" * 121, 22, "prices.public[1].destination", "not a line of text"),
        ("[49, 491]", "[49, 0049]", 23, "prices.public[1].prefixes[2]", "'0049' is not a prefix"),
        ("[49, 491]", "[49, +491]", 23, "prices.public[1].prefixes[2]", "not a prefix"),
        ("[49, 491]", "[4a]", 23, "prices.public[1].prefixes[1]", "not a prefix"),
        ("[49, 491]", "[٤٩]", 23, "prices.public[1].prefixes[1]", "not a prefix"),
        ("[49, 491]", f"[{'4' * 16}]", 23, "prices.public[1].prefixes[1]", "not a prefix"),
        ("[49, 491]", "['']", 23, "prices.public[1].prefixes[1]", "not a prefix"),
        ("[49, 491]", "[]", 23, "prices.public[1].prefixes", "is empty"),
        ("[49, 491]", "49", 23, "prices.public[1].prefixes", "is not a list"),
        ("[49, 491]", "[49, 49]", 23, "prices.public[1].prefixes[2]", "prefix 49 has two prices"),
        ("[870]", "[870, 49]", 26, "prices.public[2].prefixes[2]", "the first in line 23"),
        ("minute: 0.10", "minute: -0.10", 24, "prices.public[1].price_per_minute", "below zero"),
        ("minute: 0.10", "minute: 0,10", 24, "prices.public[1].price_per_minute", "not a decimal"),
        ("price_per_minute: 0.10", "", 22, "prices.public[1].price_per_minute", "is missing"),
        ("price_per_minute: 0.10", "segments: 60", 24, "prices.public[1].segments", "not a pair"),
        ("amount: 5.00, ", "", 28, "prices.public[2].maximum_charge.amount", "is missing"),
        ("then: free", "then: beep", 28, "prices.public[2].maximum_charge.then", "not known here"),
        ("from: 90", "from: 0", 30, "prices.public[2].steps[1].from", "out of bounds"),
        ("from: 120", "from: 90", 32, "prices.public[2].steps[2].from", "not begin after"),
        ("segment: 30", "", 32, "prices.public[2].steps[2]", "changes nothing"),
    ],
)
def test_each_slip_is_a_finding(old: str, new: str, line: int, key: str, message: str) -> None:
    """One thing wrong is named with its line, its key and what is wrong about it."""
    found = [finding for finding in changed(old, new) if finding.key == key]
    assert [(finding.file, finding.line) for finding in found] == [("retail.yaml", line)]
    assert message in found[0].message
    assert found[0].severity is Severity.ERROR


@pytest.mark.parametrize(
    ("extra", "key", "message"),
    [
        ("minimum_charge: 5.01", "minimum_charge", "5.01 is above the maximum charge 5.00"),
        ("first_amount: -1", "first_amount", "below zero"),
        ("connect_fee: 0.1234567", "connect_fee", "more than 6 decimals"),
        ("surcharge_percent: -10", "surcharge_percent", "below zero"),
        ("grace_seconds: 1.5", "grace_seconds", "not a whole number"),
        ("free_seconds: 90000", "free_seconds", "out of bounds"),
        ("status: closed", "status", "not known here"),
        ("rounding: {decimals: x}", "rounding.decimals", "not a whole number"),
        ("effective_from: tomorrow", "effective_from", "is not a date"),
        ("effective_until: 1970-01-01", "effective_until", "is not after effective_from"),
        ("windows: {night: {price_per_minute: 1}}", "windows.night", "no time window night"),
        ("first_amount: 1\n      first_price_per_minute: 1", "first_amount", "both an amount and"),
    ],
)
def test_each_slip_in_the_terms_of_a_rate_is_a_finding(extra: str, key: str, message: str) -> None:
    """Terms that no price follows from, or one that could fall, are refused in the row."""
    found = changed("minute: 3.00\n", f"minute: 3.00\n      {extra}\n")
    assert [(finding.line, finding.key) for finding in found] == [(28, f"prices.public[2].{key}")]
    assert message in found[0].message


def test_a_maximum_that_ends_each_call_at_once_is_a_finding() -> None:
    """With `hang_up` and less than the first block costs, nobody could ever talk."""
    found = changed("{amount: 5.00, then: free}", "{amount: 2.99, then: hang_up}")
    assert [finding.key for finding in found] == ["prices.public[2].maximum_charge"]
    assert not changed("{amount: 5.00, then: free}", "{amount: 3.00, then: hang_up}")


def test_an_unknown_key_comes_with_the_nearest_right_one() -> None:
    """`prefix` for `prefixes` is the slip that everybody makes once."""
    found = changed("prefixes: [870]", "prefix: [870]")
    assert {(finding.line, finding.key, finding.hint) for finding in found} == {
        (25, "prices.public[2].prefixes", ""),
        (26, "prices.public[2].prefix", "did you mean prefixes?"),
    }


@pytest.mark.parametrize("prices", ["", "prices:\n  public: []\n", "prices: {}\n"])
def test_an_allowed_call_type_without_a_price_is_a_finding(prices: str) -> None:
    """Not a free call, and not a plan that refuses everything in silence."""
    found = findings_of(PLAN.split("prices:", maxsplit=1)[0] + prices)
    assert ("prices.public", "public calls are allowed but have no price") in [
        (finding.key, finding.message) for finding in found
    ]


@pytest.mark.parametrize("allow", ["", "allow: {incoming: no}\n", "allow: {public: no}\n"])
def test_a_plan_that_allows_nothing_is_a_warning(allow: str) -> None:
    """It may be meant, for accounts that only keep credit."""
    found = findings_of(f"name: none\ntype: prepaid\n{allow}")
    assert [(finding.severity, finding.key) for finding in found] == [("warning", "allow")]


def test_a_forbidden_destination_needs_no_price() -> None:
    """Its calls are refused, so there is nothing to price."""
    assert not changed("price_per_minute: 0.10", "status: forbidden")


def test_one_slip_never_hides_another() -> None:
    """All at once: also what is wrong between values, beside values that cannot be read."""
    text = PLAN.replace("type: prepaid", "type: free").replace("60/10", "60")
    text = text.replace("minute: 0.10", "minute: x").replace("[49, 491]", "[49, abc, 870]")
    text = text.replace("minute: 3.00", "minut: 3.00\n      minimum_charge: 6")
    keys = {
        *("type", "charging_segments.outgoing", "prices.public[1].price_per_minute"),
        *("prices.public[1].prefixes[2]", "prices.public[2].prefixes[1]"),
        *("prices.public[2].price_per_minut", "prices.public[2].price_per_minute"),
        "prices.public[2].minimum_charge",
    }
    found = findings_of(text)
    assert {finding.key for finding in found} == keys
    assert len(found) == len(keys)


def test_every_bad_item_of_a_list_is_named_by_its_place() -> None:
    """Leaving one out does not move, or lose, the next."""
    found = changed("[49, 491]", "[a, 49, b, 491, c]")
    assert [finding.key for finding in found] == [
        f"prices.public[1].prefixes[{place}]" for place in (1, 3, 5)
    ]


@pytest.mark.parametrize(("old", "new"), [("from: 120", "from: x"), ("from: 120", "fromm: 120")])
def test_a_value_that_cannot_be_read_is_not_judged_further(old: str, new: str) -> None:
    """A step at "x" is not said to begin too early as well."""
    found = changed(old, new)
    key = "prices.public[2].steps[2].from"
    assert [finding.key for finding in found if finding.key == key] == [key]
    assert not any("begin after" in finding.message for finding in found)


def test_a_row_that_is_no_row_does_not_move_the_next() -> None:
    """Findings of the second row carry the second row's place and line."""
    text = PLAN.split("    - destination: Germany", maxsplit=1)[0] + (
        "    - Germany\n    - destination: Satellite\n      prefixes: [870]\n"
    )
    assert [(finding.line, finding.key) for finding in findings_of(text)] == [
        (22, "prices.public[1]"),
        (23, "prices.public[2].price_per_minute"),
    ]


HOUSE = PLAN.replace("  incoming: no", "  incoming: yes\n  local: yes").replace(
    "prices:\n",
    """prices:
  local: {price_per_minute: 0}
  incoming:
    - price_per_minute: 0.02
    - caller_prefixes: [44, 441]
      price_per_minute: 0.01
""",
)


def test_the_plan_with_calls_inside_the_house_has_no_findings() -> None:
    """Otherwise the tests below would prove nothing."""
    assert findings_of(HOUSE) == ()


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "message"),
    [
        ("{price_per_minute: 0}", "{}", 22, "prices.local.price_per_minute", "is missing"),
        ("{price_per_minute: 0}", "0", 22, "prices.local", "is not a group of keys"),
        ("per_minute: 0}", "per_minute: 0, prefixes: [1]}", 22, "prices.local.prefixes", "belong"),
        ("minute: 0.02", "minute: x", 24, "prices.incoming[1].price_per_minute", "not a decimal"),
        ("[44, 441]", "[44, 44]", 25, "prices.incoming[2].caller_prefixes[2]", "has two prices"),
        ("[44, 441]", "[]", 25, "prices.incoming[2].caller_prefixes", "is empty"),
        ("[44, 441]", "[+44]", 25, "prices.incoming[2].caller_prefixes[1]", "not a prefix"),
        ("caller_prefixes: [44, 441]", "destination: All", 25, "prices.incoming[2]", "for all"),
        ("caller_prefixes", "prefixes", 25, "prices.incoming[2].prefixes", "does not belong here"),
    ],
)
def test_each_slip_in_a_price_of_the_house_is_a_finding(
    old: str, new: str, line: int, key: str, message: str
) -> None:
    """Calls inside the house and from outside are priced as carefully as those to the world."""
    assert HOUSE.count(old) == 1, old
    found = [finding for finding in findings_of(HOUSE.replace(old, new)) if finding.key == key]
    assert [(finding.line, finding.severity) for finding in found] == [(line, Severity.ERROR)]
    assert message in found[0].message


def test_a_single_incoming_price_is_named_as_it_is_written() -> None:
    """A price that is no list has no place in one."""
    text = HOUSE[: HOUSE.index("  incoming:\n    -")] + "  incoming: {price_per_minut: 1}\n"
    text += "  public: []\n"
    keys = [finding.key for finding in findings_of(text.replace("public: yes", "public: no"))]
    assert keys == ["prices.incoming.price_per_minut", "prices.incoming.price_per_minute"]


def test_callers_without_a_price_are_a_warning() -> None:
    """They would be refused, which may be meant."""
    (found,) = findings_of(HOUSE.replace("    - price_per_minute: 0.02\n", ""))
    assert (found.severity, found.key, found.line) == (Severity.WARNING, "prices.incoming", 23)
