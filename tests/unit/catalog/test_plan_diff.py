"""How two versions of a plan differ, in the words of its file; whatever differs is shown."""

import json
from collections.abc import Iterator
from datetime import UTC
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from pbxcharge.catalog.plan_diff import PlanDiff, plan_diff
from pbxcharge.catalog.plan_version import plan_body
from tests.unit.catalog.test_plan_file import HEAD, plan_of
from tests.unit.catalog.test_price_jumps import ROW, plan
from tests.unit.catalog.test_stored_plan import PLANS, example


def diff(before: str, after: str) -> PlanDiff:
    """Of two texts."""
    return plan_diff(plan_body(plan_of(before)), plan_body(plan_of(after)), UTC)


def settings(before: str, after: str) -> list[tuple[str, str | None, str | None]]:
    """What differs beside the prices."""
    found = diff(plan(ROW, head=before), plan(ROW, head=after))
    assert found.prices == ()
    return [(it.key, it.before, it.after) for it in found.settings]


def test_versions_that_say_the_same_do_not_differ() -> None:
    """Comments and the order of rows say nothing."""
    other = ROW.replace("Germany", "France").replace("49", "33")
    assert diff(plan(ROW, other), f"# new\n{plan(other, ROW)}") == PlanDiff((), ())


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("credit_limit: 5.00", ("credit_limit", "0.00", "5.00")),
        ("owner: acme", ("owner", "site", "acme")),
        ("wallets: shared", ("wallets", "separate", "shared")),
        ("reservation: {slice_s: 30}", ("reservation.slice_s", "60", "30")),
        ("limits: {call_max_s: unlimited}", ("limits.call_max_s", "14400", "unlimited")),
        ("limits: {spend_per_day: 10}", ("limits.spend_per_day", "200.00", "10.00")),
        ("limits: {price_per_minute_max: 0.5}", ("limits.price_per_minute_max", "5.00", "0.50")),
        ("effective_from: 2026-12-01", ("effective_from", None, "2026-12-01")),
        ("out_of_credit: {sound: low}", ("out_of_credit.sound", None, "low")),
        ("initial_credit: {incoming: 2}", ("initial_credit.incoming", "0.00", "2.00")),
    ],
)
def test_a_setting_is_shown_by_its_key(
    written: str, shown: tuple[str, str | None, str | None]
) -> None:
    """As it is written in plan files, with its default where it was not."""
    assert settings(HEAD, f"{HEAD}{written}\n") == [shown]


def test_a_price_is_shown_with_its_change_in_percent() -> None:
    """0.06 and then 0.09 is half as much again; the other words of the row are as they were."""
    (change,) = diff(plan(ROW), plan(ROW.replace("0.06", "0.09"))).prices
    assert (change.prefix, change.destination, change.percent) == ("49", "Germany", Fraction(50))
    assert change.changed == ("price_per_minute",)
    assert change.before == {
        "destination": "Germany",
        "price_per_minute": "0.06",
        "segments": "60/10",
    }


def test_rows_come_and_go() -> None:
    """One prefix each."""
    more = "{destination: Spain, prefixes: [34, 35], price_per_minute: 0.07, connect_fee: 0.01}"
    new = diff(plan(ROW), plan(ROW, more)).prices
    assert [(it.prefix, it.before) for it in new] == [("34", None), ("35", None)]
    assert new[0].after is not None
    assert new[0].after["connect_fee"] == "0.01"
    gone = diff(plan(ROW, more), plan(ROW)).prices
    assert [it.after for it in gone] == [None, None]


def test_there_is_no_percent_from_nothing() -> None:
    """Nor between a price and a multiple."""
    (change,) = diff(plan(ROW.replace("0.06", "0")), plan(ROW)).prices
    assert change.percent is None
    more = "exceptions:\n  - {destination: Spain, prefixes: [34], price_per_minute: 0.03}\n"
    relative = more.replace("price_per_minute: 0.03", "multiplier: 1.5")
    (change,) = diff(plan(ROW, more=more), plan(ROW, more=relative)).prices
    assert (change.percent, change.is_exception) == (None, True)
    assert change.changed == ("price_per_minute", "multiplier")


def test_rows_of_one_prefix_are_told_apart_by_their_dates() -> None:
    """The price until 2099 is as it was; the one from then on is another."""
    now = ROW.replace("0.06", "0.06, effective_until: 2099-01-01")
    later = ROW.replace("0.06", "0.07, effective_from: 2099-01-01")
    (change,) = diff(plan(now, later), plan(now, later.replace("0.07", "0.08"))).prices
    assert (change.effective_from, change.changed) == ("2099-01-01", ("price_per_minute",))


def test_a_new_plan_differs_from_none_in_all_that_it_says() -> None:
    """And one that is gone."""
    body = plan_body(plan_of(plan(ROW)))
    new, gone = plan_diff(None, body, UTC), plan_diff(body, None, UTC)
    assert ("type", None, "prepaid") in [(it.key, it.before, it.after) for it in new.settings]
    assert ("type", "prepaid", None) in [(it.key, it.before, it.after) for it in gone.settings]
    assert len(new.prices) == len(gone.prices) == 1


@pytest.mark.parametrize("file", PLANS, ids=lambda path: path.stem)
def test_whatever_differs_is_shown(file: Path, tmp_path: Path) -> None:
    """Every single value of every example plan, changed alone.

    Seen failing without the rate deck among the words of a version.
    """
    body = plan_body(example(file, tmp_path))
    for path in leaves(json.loads(body)):
        changed = json.loads(body)
        change(changed, path)
        found = plan_diff(body, json.dumps(changed), UTC)
        assert found != PlanDiff((), ()), path
        # A row of another prefix, or of another date, is a row that goes and one that comes.
        assert len(found.settings) <= 2 * 4, path
        assert len(found.prices) <= 2, path


def leaves(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where every single value of a document stands."""
    if not isinstance(node, dict | list):
        yield path
        return
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        # All rows name the same number of the rules; nobody names what is sold relative.
        if key != "rule_set" and (path[:1], key) != (("relative",), "destination"):
            yield from leaves(value, (*path, key))


def change(document: Any, path: tuple[Any, ...]) -> None:
    """Another value of the same kind."""
    *parents, last = path
    for key in parents:
        document = document[key]
    document[last] = another(document[last], last)


def another(value: Any, key: Any) -> Any:
    """1 for 0, and so on; something that may stand there."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        if key == "forbidden":
            return 1 - value
        return 7 if value == 8 else value + 1
    if value is None:
        return FIRST.get(key, 7)
    if key == "prefix":
        return f"{value}:7" if value.startswith("@") else f"{value}7"
    fraction = value.replace("/", "").replace(".", "").isdigit() and "/" in value
    return "7/9" if fraction else OTHER.get(value, f"{value}7")


OTHER = {"None": "7/9", "5": "7/9"}
FIRST = {
    "first_price_per_minute": "1/3",
    "price_per_minute": "1/3",
    "steps": [{"from_s": 60, "price_per_minute": "1/3", "next_s": None}],
}
