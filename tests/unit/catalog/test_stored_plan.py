"""Plans as the books keep them: read back, they say what they said."""

import json
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pbxcharge.catalog.plan_file import Surroundings, read_plan
from pbxcharge.catalog.plan_version import plan_body, plan_version
from pbxcharge.catalog.source import read_source
from pbxcharge.catalog.stored_plan import UNKNOWN_PREFIXES, stored_plan
from pbxcharge.core.plan import CallType, Plan
from pbxcharge.core.tariff import NO_PREFIXES, Prefixes
from tests.fakes.decks import a_deck
from tests.unit.catalog.test_plan_file import HEAD, plan_of

PLANS = sorted((Path(__file__).parents[3] / "config" / "plans").glob("*.yaml"))
RISKY = Prefixes(frozenset({"870"}))


@pytest.mark.parametrize("file", PLANS, ids=lambda path: path.stem)
def test_every_example_plan_is_read_back_whole(file: Path, tmp_path: Path) -> None:
    """Its version is the hash of all that it says, so the version alone tells."""
    plan = example(file, tmp_path)
    again = stored_plan(plan_body(plan))
    assert plan_version(again) == plan.version == again.version


def example(file: Path, folder: Path) -> Plan:
    """A plan of the example site."""
    source, found = read_source(file)
    assert source is not None, found
    decks = {"carrier": a_deck(folder, "prefix,price_per_minute\n44,0.01\n")}
    site = Surroundings(100, NO_PREFIXES, ZoneInfo("Europe/London"), decks, frozenset(decks))
    plan, findings = read_plan(source, site)
    assert plan is not None, findings
    return plan


def test_dated_rows_exceptions_and_relative_prices_are_read_back() -> None:
    """Each prices what it priced."""
    text = (
        "name: x\ntype: postpaid\nmonthly_limit: 9\n"
        "allow: {public: yes, incoming: yes}\neffective_until: 2030-01-01\nlimits:"
        " {price_per_minute_max: unlimited, concurrent_calls: unlimited}\nprices: {public: ["
        "{destination: D, prefixes: [49], price_per_minute: 1, effective_until: 2026-01-01},"
        "{destination: D, prefixes: [49], price_per_minute: 2, effective_from: 2026-01-01}],"
        " incoming: {price_per_minute: 0}}\n"
        "exceptions: [{destination: E, caller_prefixes: [33], multiplier: 2}]\n"
    )
    plan = plan_of(text)
    again = stored_plan(plan_body(plan))
    assert again.version == plan.version == plan_version(again)
    for at_s in (0, 2_000_000_000):
        for priced in ((CallType.PUBLIC, "4930"), (CallType.INCOMING, "@incoming:33")):
            assert again.priced_by(*priced, at_s) == plan.priced_by(*priced, at_s)


def test_barred_destinations_are_known_only_as_some() -> None:
    """A version says that they are barred, not which ones; no number is among them."""
    plan = plan_of(HEAD + "prices: {public: [{destination: D, prefixes: [49], "
                   "price_per_minute: 1}]}", RISKY)  # fmt: skip
    again = stored_plan(plan_body(plan))
    assert again.barred is UNKNOWN_PREFIXES
    assert again.barred.match("870123") is None


def test_what_is_no_stored_plan_is_refused() -> None:
    """A part of a plan would be a wrong one."""
    body = json.loads(plan_body(plan_of(HEAD + "prices: {public: [{destination: D, "
                                        "prefixes: [49], price_per_minute: 1}]}")))  # fmt: skip
    body["rates"][0]["colour"] = "red"
    with pytest.raises(ValueError, match="unknown colour"):
        stored_plan(json.dumps(body))


@pytest.mark.parametrize("file", PLANS, ids=lambda path: path.stem)
def test_what_is_kept_is_canonical_json(file: Path, tmp_path: Path) -> None:
    """Written row by row, it is the text that it would be in one piece."""
    body = plan_body(example(file, tmp_path))
    assert body == json.dumps(json.loads(body), sort_keys=True, separators=(",", ":"))
