"""Versions of plans, also of those with a deck: another one for any change of what is said."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from pbxcharge.catalog.plan_file import Surroundings
from pbxcharge.core.plan import CallType
from pbxcharge.core.price import Rate
from tests.fakes.decks import a_deck
from tests.fakes.night_plan import (
    NIGHT,
    SHOP,
    plan_of,
    read,
)

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
