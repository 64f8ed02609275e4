"""Prices that are ten times the last version's: which ones, how far, and in which line."""

from datetime import UTC

import pytest

from pbxcharge.catalog.jump_checks import jump_findings
from pbxcharge.catalog.load import ReadPlan
from pbxcharge.catalog.plan_file import Surroundings, read_plan
from pbxcharge.catalog.plan_version import plan_body
from pbxcharge.catalog.price_jumps import price_jumps
from pbxcharge.catalog.source import parse_source
from tests.unit.catalog.test_plan_file import HEAD, plan_of

NOW_S = 1_800_000_000
ROW = "{destination: Germany, prefixes: [49], price_per_minute: 0.06}"


def plan(*rows: str, head: str = HEAD, more: str = "") -> str:
    """The text of a plan with these public prices, each in a line."""
    lines = "".join(f"    - {row}\n" for row in rows)
    return f"{head}prices:\n  public:\n{lines}{more}"


def found(before: str, after: str) -> list[tuple[int, str, str]]:
    """Line, key and message of each finding."""
    source, problems = parse_source("retail.yaml", after.encode())
    assert source is not None, problems
    read, findings = read_plan(source, Surroundings())
    assert read is not None, findings
    last = plan_body(plan_of(before))
    jumps = jump_findings(ReadPlan(source, read), last, NOW_S, UTC)
    assert all(each.hint == "is the decimal point in its place?" for each in jumps)
    return [(each.line, each.key, each.message) for each in jumps]


def text(row: str, old: str, new: str) -> tuple[str, str]:
    """A plan of one row, before and after."""
    return plan(row), plan(row.replace(old, new))


def test_a_misplaced_decimal_point_is_found_in_its_line() -> None:
    """0.06 that has become 0.60, in the row with that price."""
    other = "{destination: France, prefixes: [33], price_per_minute: 0.05}"
    after = plan(other, ROW.replace("0.06", "0.60"))
    assert found(plan(other, ROW), after) == [
        (
            7,
            "prices.public[2].price_per_minute",
            "Germany: 60 s cost 0.60, ten times the 0.06 of the last version",
        )
    ]


@pytest.mark.parametrize(
    ("price", "words"),
    [
        ("6", "60 s cost 6.00, a hundred times the 0.06"),
        ("0.75", "60 s cost 0.75, 12.5 times the 0.06"),
        ("0.006", "60 s cost 0.006, a tenth of the 0.06"),
        ("0.0048", "60 s cost 0.0048, less than 1/12 of the 0.06"),
        ("0", "600 s cost nothing, and cost 0.60 in the last version"),
    ],
)
def test_the_factor_is_said_in_words(price: str, words: str) -> None:
    """Up and down, and what is free now."""
    ((_, _, message),) = found(*text(ROW, "0.06", price))
    assert message.startswith(f"Germany: {words}")


@pytest.mark.parametrize("price", ["0.06", "0.5999", "0.0061"])
def test_what_changes_by_less_is_no_finding(price: str) -> None:
    """Nine times is dear, and may be meant."""
    assert found(*text(ROW, "0.06", price)) == []


def test_what_was_free_does_not_jump() -> None:
    """There is no factor from nothing, and none from a destination that had no price."""
    assert found(*text(ROW.replace("0.06", "0"), "e: 0", "e: 9")) == []
    new = "{destination: France, prefixes: [33], price_per_minute: 9}"
    assert found(plan(ROW), plan(ROW, new)) == []
    assert found(plan(ROW, new), plan(ROW)) == []


def test_a_connect_fee_jumps_by_itself() -> None:
    """0.01 to 0.10: the call of a minute costs not even twice as much."""
    row = "{destination: Germany, prefixes: [49], price_per_minute: 0.60, connect_fee: 0.01}"
    assert found(*text(row, "0.01", "0.10")) == [
        (
            6,
            "prices.public[1].connect_fee",
            "Germany: the connect fee is 0.10, ten times the 0.01 of the last version",
        )
    ]


def test_a_connect_fee_hides_no_price_that_jumps() -> None:
    """0.10 to 1.00 beside a fee of 0.02: the call of a minute costs 8.5 times as much."""
    row = "{destination: Germany, prefixes: [49], price_per_minute: 0.10, connect_fee: 0.02}"
    ((_, _, message),) = found(*text(row, "0.10", "1.00"))
    assert message == (
        "Germany: 60 s cost 1.00 beside the connect fee, ten times the 0.10 of the last version"
    )


def test_whatever_makes_a_call_dear_is_found() -> None:
    """A first block, a minimum: the price function tells what a call costs, no single key."""
    row = "{destination: Germany, prefixes: [49], price_per_minute: 0.06, minimum_charge: 0.01}"
    assert "60 s cost 0.60, ten times" in found(*text(row, "0.01", "0.60"))[0][2]


def test_a_row_with_many_prefixes_is_one_finding() -> None:
    """It has one price, in one line."""
    row = ROW.replace("[49]", "[491, 492, 493]")
    ((line, _, message),) = found(*text(row, "0.06", "0.60"))
    assert (line, message.endswith(", as for 2 more of its prefixes")) == (6, True)


def test_a_new_prefix_is_compared_with_what_its_numbers_cost() -> None:
    """4915 takes a part of 49; a prefix that is gone leaves its numbers to the shorter one."""
    mobile = "{destination: Mobile, prefixes: [4915], price_per_minute: 0.70}"
    ((line, _, message),) = found(plan(ROW), plan(ROW, mobile))
    assert (line, message.startswith("Mobile: 60 s cost 0.70, 11.6 times")) == (7, True)
    ((line, _, message),) = found(plan(ROW, mobile), plan(ROW))
    assert (line, "less than 1/11 of the 0.70" in message) == (6, True)


def test_a_price_to_come_is_compared_at_its_instant() -> None:
    """From 2099 on 0.60: the row of that date is named."""
    now = ROW.replace("0.06", "0.06, effective_until: 2099-01-01")
    later = ROW.replace("0.06", "0.60, effective_from: 2099-01-01")
    ((line, _, _),) = found(plan(ROW), plan(now, later))
    assert line == 7


def test_a_time_window_jumps_by_itself() -> None:
    """The price of the evening, in its own line."""
    windows = "time_windows: {evening: {days: [mon], from: '18:00', to: '24:00'}}\n"
    row = ROW.replace("0.06", "0.06, windows: {evening: {price_per_minute: 0.05}}")
    before = plan(row, more=windows)
    ((_, key, message),) = found(before, before.replace("0.05", "0.50"))
    assert key == "prices.public[1].windows.evening.price_per_minute"
    assert message.endswith("of the last version in time window evening")


def test_house_incoming_and_exception_prices_are_found_in_their_lines() -> None:
    """Each where it is written, a single incoming price and a list of them."""
    head = "name: x\ntype: prepaid\nallow: {public: yes, local: yes, incoming: yes}\n"
    more = (
        "  local: {price_per_minute: 0.01}\n"
        "  incoming:\n"
        "    - {price_per_minute: 0.02}\n"
        "    - {caller_prefixes: [44], price_per_minute: 0.02}\n"
        "exceptions:\n"
        "  - {destination: Spain, prefixes: [34], price_per_minute: 0.03}\n"
    )
    before = plan(ROW, head=head, more=more)
    after = before.replace("0.01", "0.10").replace("44], price_per_minute: 0.02", "44], "
                           "price_per_minute: 0.20").replace("0.03", "0.30")  # fmt: skip
    keys = sorted(key for _, key, _ in found(before, after))
    assert keys == [
        "exceptions[1].price_per_minute",
        "prices.incoming[2].price_per_minute",
        "prices.local.price_per_minute",
    ]
    house = "  local: {price_per_minute: 0.01}\n"
    alone = plan(ROW, head=head, more=f"{house}  incoming: {{price_per_minute: 0.02}}\n")
    ((_, key, _),) = found(alone, alone.replace("0.02", "0.20"))
    assert key == "prices.incoming.price_per_minute"


def test_relative_terms_jump_too() -> None:
    """A multiplier of 12 for 1.2, over a unit a minute."""
    before = "name: x\ntype: prepaid\nallow: {public: yes}\nmethod: relative\nrelative:\n" \
        "  multiplier: 1.2\n"  # fmt: skip
    assert found(before, before.replace("1.2", "12")) == [
        (
            6,
            "relative.multiplier",
            "over 1.00 a minute, 60 s cost 12.00, ten times the 1.20 of the last version",
        )
    ]


def test_kinds_of_calls_that_are_not_allowed_do_not_jump() -> None:
    """Nobody pays them."""
    before, after = (plan_of(each) for each in text(ROW, "0.06", "0.60"))
    head, house = HEAD.replace("public", "local"), "  local: {price_per_minute: 0}\n"
    nobody = plan_of(plan(ROW.replace("0.06", "0.60"), head=head, more=house))
    assert len(price_jumps(before, after, NOW_S)) == 1
    assert price_jumps(before, nobody, NOW_S) == ()


def test_a_body_that_cannot_be_read_is_compared_with_nothing() -> None:
    """As one of another release: a warning more or less refuses nothing."""
    source, _ = parse_source("retail.yaml", plan(ROW).encode())
    assert source is not None
    read, _ = read_plan(source, Surroundings())
    assert jump_findings(ReadPlan(source, read), "{}", NOW_S, UTC) == ()
    assert jump_findings(ReadPlan(source, None), "{}", NOW_S, UTC) == ()
