"""Slips in what a plan says beside its prices per minute, each with its place."""

from datetime import date

import pytest

from pbxcharge.catalog.findings import Severity
from pbxcharge.catalog.plan_file import Surroundings, read_plan
from pbxcharge.catalog.source import parse_source
from tests.fakes.night_plan import (
    NIGHT,
    SHOP,
    read,
)


def test_a_day_that_is_none_is_one_finding() -> None:
    """Not also a window without days, or one that is never valid.

    Seen failing with the empty days of its form taken for those of the file.
    """
    _, found = read(NIGHT.replace("[mon-fri]", "[mon-fry]"))
    assert len(found) == 1


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
