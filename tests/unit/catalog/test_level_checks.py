"""Prices below those of the level above: each named with its line, both prices and the plan."""

from datetime import UTC

import pytest

from pbxcharge.catalog.findings import Finding
from pbxcharge.catalog.instants import read_instant
from pbxcharge.catalog.level_checks import Levels, level_findings
from pbxcharge.catalog.plan_file import Surroundings, read_plan
from pbxcharge.catalog.source import Source, parse_source
from pbxcharge.core.plan import Plan

NOW_S = read_instant("2026-11-22 12:00", UTC)
HEAD = """\
name: {}
type: prepaid
allow: {{public: yes, local: yes, incoming: yes}}
charging_segments: {{outgoing: 1/1, incoming: 1/1}}
"""
PRICES = """\
prices:
  local: {price_per_minute: 0.01}
  incoming:
    - price_per_minute: 0.02
  public:
    - destination: United Kingdom
      prefixes: [44]
      price_per_minute: 0.10
    - destination: Mobile
      prefixes: [447, 4477]
      price_per_minute: 0.20
"""


def a_plan(name: str, prices: str) -> tuple[Source, Plan]:
    """A plan with its file."""
    source, found = parse_source(f"{name}.yaml", (HEAD.format(name) + prices).encode())
    assert source is not None, found
    plan, findings = read_plan(source, Surroundings())
    assert plan is not None, findings
    return source, plan


def found_in(below: str, above: str) -> list[Finding]:
    """What is told of a plan whose accounts stand below those of another one."""
    source, plan = a_plan("retail", below)
    levels = Levels(plan, a_plan("reseller", above)[1], lambda prefix: prefix != "4477")
    return list(level_findings(source, levels, UTC, NOW_S))


def test_the_same_prices_are_no_loss() -> None:
    """A seller may pass on what it pays."""
    assert found_in(PRICES, PRICES) == []


def test_a_price_below_that_of_the_level_above_is_a_warning_at_its_line() -> None:
    """With both prices a minute, the plan above and what is called; of every kind of call."""
    above = PRICES.replace("0.10", "0.15").replace("0.02", "0.025").replace("0.01", "0.03")
    found = found_in(PRICES, above)
    assert [(it.severity, it.line, it.key) for it in found] == [
        ("warning", 12, "prices.public[1].price_per_minute"),
        ("warning", 6, "prices.local.price_per_minute"),
        ("warning", 8, "prices.incoming[1].price_per_minute"),
    ]
    assert found[0].message == (
        "is below what the level above asks by its plan reseller: 0.10 a minute against 0.15, "
        "for United Kingdom (44)"
    )


def test_a_price_is_compared_with_what_each_of_its_numbers_costs_above() -> None:
    """There 449 is dearer than 44; the lower plan has one price for both."""
    dear = PRICES + "    - {destination: Special, prefixes: [449], price_per_minute: 0.50}\n"
    (found,) = found_in(PRICES, dear)
    assert (found.line, found.message[-14:]) == (12, " Special (449)")
    dearer = PRICES.replace("0.20", "0.90").replace("0.10", "0.30")
    both = found_in(PRICES, dearer)
    assert [it.line for it in both] == [15, 12]


@pytest.mark.parametrize(
    "above",
    [
        pytest.param(PRICES.replace("0.20", "0.90\n      status: forbidden"), id="forbidden"),
        pytest.param(PRICES.replace("[44]", "[1]").replace("[447, 4477]", "[2]"), id="no price"),
        pytest.param("method: relative\nrelative: {multiplier: 9}\n", id="relative"),
    ],
)
def test_what_the_level_above_does_not_price_itself_is_not_compared(above: str) -> None:
    """A call that it refuses is not sold; what a relative plan asks is known by its cost."""
    assert found_in(PRICES, above) == []


def test_what_is_free_is_meant_so() -> None:
    """Inside the house, for instance, whatever it costs above."""
    free = PRICES.replace("local: {price_per_minute: 0.01}", "local: {price_per_minute: 0}")
    assert found_in(free, PRICES) == []
