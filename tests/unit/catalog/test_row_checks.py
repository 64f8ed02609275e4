"""Rows of a plan that no call ever takes, each named with its line."""

from datetime import date

import pytest

from pbxcharge.catalog.findings import Finding, Severity
from pbxcharge.catalog.plan_file import Surroundings, read_plan
from pbxcharge.catalog.source import parse_source

HEAD = """\
name: retail
type: prepaid
allow: {public: yes, incoming: yes, local: yes}
prices:
  local: {price_per_minute: 0}
  incoming:
    - {price_per_minute: 0.01}
    - {caller_prefixes: [44], price_per_minute: 0.02}
  public:
"""
TODAY = date(2026, 11, 22)


def found_in(text: str, today: date | None = TODAY) -> list[Finding]:
    """What is found in a plan; none of it refuses the plan."""
    source, found = parse_source("retail.yaml", text.encode())
    assert source is not None, found
    _, findings = read_plan(source, Surroundings(today=today))
    assert {finding.severity for finding in findings} <= {Severity.WARNING}, findings
    return list(findings)


def row(prefixes: str, more: str = "") -> str:
    """A row of public prices, each in a line of its own."""
    return f"    - {{destination: x, prefixes: [{prefixes}], price_per_minute: 0.10{more}}}\n"


def exceptions(*rows: str) -> str:
    """Exceptions, each in a line of its own."""
    lines = (f"  - {{destination: x, price_per_minute: 1, {each}}}\n" for each in rows)
    return "exceptions:\n" + "".join(lines)


def places(found: list[Finding]) -> list[tuple[int, str]]:
    """Where findings are."""
    return [(finding.line, finding.key) for finding in found]


def test_the_plan_that_these_tests_change_has_no_findings() -> None:
    """Also with a longer prefix, and an exception within a price."""
    assert found_in(HEAD + row("44, 4420") + exceptions("prefixes: [44207]")) == []


@pytest.mark.parametrize(
    ("exception", "place"),
    [
        ("prefixes: [4]", (10, "prices.public[1].prefixes[2]")),
        ("prefixes: [442]", (10, "prices.public[1].prefixes[2]")),
        ("caller_prefixes: [4]", (8, "prices.incoming[2].caller_prefixes[1]")),
    ],
)
def test_a_price_over_which_an_exception_wins_never_counts(
    exception: str, place: tuple[int, str]
) -> None:
    """An exception wins whatever the length of its prefix."""
    found = found_in(HEAD + row("33, 442") + exceptions(exception))
    assert places(found) == [place]
    assert "in line 12 wins over it" in found[0].message


def test_an_exception_for_all_incoming_calls_leaves_no_price_by_caller() -> None:
    """Nothing is said of the one for everybody, which must be there."""
    found = found_in(HEAD + row("33") + exceptions("call_type: incoming"))
    assert [line for line, _ in places(found)] == [8]
    assert found_in(HEAD + row("33") + exceptions("call_type: local")) == []


def test_an_exception_with_dates_leaves_the_price_its_own_time() -> None:
    """Two that follow each other without a gap leave nothing."""
    until, since = "effective_until: 2026-06-01", "effective_from: 2026-06-01"
    half = HEAD + row("33") + exceptions(f"prefixes: [33], {until}")
    assert found_in(half) == []
    whole = half + exceptions(f"prefixes: [3], {since}").removeprefix("exceptions:\n")
    assert places(found_in(whole)) == [(10, "prices.public[1].prefixes[1]")]


def test_a_prefix_that_is_split_whole_never_counts() -> None:
    """With ten longer ones, of which one may be split again; with nine it counts."""
    nine = ", ".join(f"44{digit}" for digit in range(9))
    ten = ", ".join(f"449{digit}" for digit in range(10))
    assert found_in(HEAD + row("44") + row(nine)) == []
    found = found_in(HEAD + row("44") + row(f"{nine}, {ten}"))
    assert places(found) == [(10, "prices.public[1].prefixes[1]")]
    assert found[0].message == "never counts: every number of 44 has a longer prefix here"


def test_a_row_outside_the_dates_of_its_plan_never_counts() -> None:
    """Before it begins, or after it has ended."""
    dates = "effective_from: 2027-01-01\neffective_until: 2028-01-01\n"
    early, late = ", effective_until: 2027-01-01", ", effective_from: 2028-01-01"
    found = found_in(HEAD + row("33, 44") + row("331", early) + row("332", late) + dates)
    assert [line for line, _ in places(found)] == [11, 12]
    assert "not in force at any time of its dates" in found[0].message


def test_a_price_that_has_ended_without_another_is_told() -> None:
    """Its calls are refused; one that gives its numbers back to a shorter prefix is an offer."""
    ended = ", effective_until: 2026-11-22"
    assert found_in(HEAD + row("44") + row("4420", ended)) == []
    found = found_in(HEAD + row("44") + row("33", ended))
    assert places(found) == [(11, "prices.public[2].prefixes[1]")]
    assert found[0].message.startswith("has ended at 2026-11-22, and nothing is in its place")
    assert found_in(HEAD + row("33", ended), date(2026, 11, 21)) == []
    assert found_in(HEAD + row("33", ended), None) == []


def test_a_gap_between_two_prices_of_a_prefix_is_told() -> None:
    """Also before it comes; without a gap there is nothing to say."""
    first, second = ", effective_until: 2026-12-31", ", effective_from: 2027-01-01"
    found = found_in(HEAD + row("33", first) + row("33", second))
    assert places(found) == [(10, "prices.public[1].prefixes[1]")]
    assert "no price from 2026-12-31 until 2027-01-01" in found[0].message
    until = ", effective_until: 2027-01-01 00:00"
    assert found_in(HEAD + row("33", until) + row("33", second)) == []
