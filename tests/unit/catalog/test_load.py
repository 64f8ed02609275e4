"""The whole catalog: all files together, refused whole, every finding of every file at once."""

from dataclasses import FrozenInstanceError, replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytest

from pbxcharge.catalog.load import CatalogResult, load_catalog
from pbxcharge.core.number import NumberRule
from pbxcharge.core.plan import CallType, Plan
from pbxcharge.core.price import Rate, Relative, RelativeTerms, charge_micros
from pbxcharge.settings import load_settings

CONFIG = Path(__file__).parents[3] / "config"
RULES = (NumberRule("+", 1, ""), NumberRule("0", 1, "44"))
PLAN = """\
name: {name}
type: prepaid
allow: {{public: yes}}
prices:
  public:
    - {{destination: Germany, prefixes: [49], price_per_minute: {price}}}
"""


def write(folder: Path, file: str, name: str = "retail", price: str = "0.10") -> None:
    """A plan in a folder."""
    (folder / file).write_text(PLAN.format(name=name, price=price))


def places(result: CatalogResult) -> list[tuple[str, int, str]]:
    """Where the findings are."""
    return [(Path(found.file).name, found.line, found.key) for found in result.findings]


def test_each_file_is_a_plan(tmp_path: Path) -> None:
    """Plans are found by the name that they say, whatever the file is called."""
    write(tmp_path, "a.yaml", "retail")
    write(tmp_path, "b.yaml", "kiosk", "0.20")
    result = load_catalog(tmp_path, RULES, tolerance_ms=250)
    assert result.findings == ()
    assert result.catalog is not None
    assert sorted(result.catalog.in_force(0)) == ["kiosk", "retail"]
    assert {plan.terms.tolerance_ms for plan in result.catalog.written} == {250}


def test_one_error_refuses_the_whole_catalog(tmp_path: Path) -> None:
    """Half of a change must not go live; the findings of all files come together, in order."""
    write(tmp_path, "a.yaml", "retail", "x")
    write(tmp_path, "b.yaml", "kiosk")
    write(tmp_path, "c.yaml", "Kiosk", "-1")
    (tmp_path / "d.yaml").write_text("a: [")
    result = load_catalog(tmp_path, RULES)
    assert result.catalog is None
    assert places(result) == [
        ("a.yaml", 6, "prices.public[1].price_per_minute"),
        ("c.yaml", 1, "name"),
        ("c.yaml", 6, "prices.public[1].price_per_minute"),
        ("d.yaml", 1, ""),
    ]


def test_a_warning_refuses_nothing(tmp_path: Path) -> None:
    """A prefix that cannot be dialled is worth a word, not an outage."""
    write(tmp_path, "a.yaml")
    result = load_catalog(tmp_path, RULES[1:])
    assert result.catalog is not None
    assert places(result) == [("a.yaml", 6, "prices.public[1].prefixes[1]")]


def test_an_emergency_number_with_a_price_is_named(tmp_path: Path) -> None:
    """The list of the site reaches the check of each plan."""
    write(tmp_path, "a.yaml")
    result = load_catalog(tmp_path, RULES, emergency=("49",))
    assert places(result) == [("a.yaml", 6, "prices.public[1].prefixes[1]")]


def test_two_plans_with_one_name_are_refused(tmp_path: Path) -> None:
    """An account names its plan; which of two it gets must not depend on the order of files."""
    for file in ("a.yaml", "b.yaml", "c.yaml"):
        write(tmp_path, file)
    result = load_catalog(tmp_path, RULES)
    assert result.catalog is None
    assert places(result) == [("b.yaml", 1, "name"), ("c.yaml", 1, "name")]
    assert result.findings[0].message == f"plan retail is also written in {tmp_path / 'a.yaml'}"


def test_only_yaml_files_are_plans(tmp_path: Path) -> None:
    """What editors leave behind is passed over; a .yml is probably meant, and named."""
    write(tmp_path, "a.yaml")
    for leftover in (".a.yaml.swp", "a.yaml~", "README.md", ".#a.yaml"):
        write(tmp_path, leftover)
    write(tmp_path, "b.yml")
    result = load_catalog(tmp_path, RULES)
    assert result.catalog is not None
    assert places(result) == [("b.yml", 0, "")]


def test_a_folder_without_plans_is_an_error(tmp_path: Path) -> None:
    """Empty, missing, or a file: a daemon without plans would refuse every call."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    messages = [
        load_catalog(tmp_path / name, RULES).findings[0].message
        for name in ("empty", "missing", "file")
    ]
    assert messages == [
        "holds no plan (*.yaml)",
        "cannot be read: No such file or directory",
        "cannot be read: Not a directory",
    ]


def test_a_plan_that_cannot_be_read_is_a_finding(tmp_path: Path) -> None:
    """A link into nowhere, and a folder of that name."""
    write(tmp_path, "a.yaml")
    (tmp_path / "b.yaml").symlink_to(tmp_path / "gone")
    (tmp_path / "c.yaml").mkdir()
    result = load_catalog(tmp_path, RULES)
    assert result.catalog is None
    assert places(result) == [("b.yaml", 0, ""), ("c.yaml", 0, "")]


def test_a_catalog_cannot_be_changed(tmp_path: Path) -> None:
    """Calls are priced by what was read; a new state is a new catalog."""
    write(tmp_path, "a.yaml")
    catalog = load_catalog(tmp_path, RULES).catalog
    assert catalog is not None
    plans = catalog.in_force(0)
    with pytest.raises(TypeError):
        plans["retail"] = plans["retail"]  # type: ignore[index]
    with pytest.raises(FrozenInstanceError):
        catalog.written = ()  # type: ignore[misc]


@cache
def example_plans() -> dict[str, Plan]:
    """The plans of the example site, which has no findings at all."""
    settings, findings = load_settings(CONFIG / "pbxcharge.yaml")
    assert settings is not None
    assert settings.decks is not None
    with TemporaryDirectory() as cache_folder:
        result = load_catalog(
            settings.plans,
            settings.number_rules,
            emergency=settings.emergency_numbers,
            high_risk=settings.high_risk,
            zone=settings.time_zone,
            decks=replace(settings.decks, cache=Path(cache_folder)),
        )
    assert (findings, result.findings) == ((), ())
    assert result.catalog is not None
    return {plan.name: plan for plan in result.catalog.written}


@pytest.mark.parametrize(
    ("plan", "number", "talk_s", "micros"),
    [
        ("retail", "442079460000", 180, 30_000),  # 3 × 0.01
        ("retail", "447700900123", 61, 50_900),  # 0.05 + 0.05 / 60, up to four decimals
        ("retail", "493012345678", 61, 130_000),  # 0.02 + 0.10 + 0.10 × 6 / 60
        ("retail", "4915112345678", 661, 1_450_000),  # 0.25 + 9 × 0.12 + 2 × 0.06
        ("retail", "12025550123", 3, 0),  # within the grace
        ("retail", "12025550123", 91, 33_400),  # 61 s: 0.03 + 0.02 × 10 / 60, up
        ("retail", "41441234567", 1, 500_000),  # the minimum
        ("retail", "41441234567", 7200, 5_000_000),  # the maximum
        ("retail", "299321234", 60, 990_000),  # 0.90 + 10 %
        ("kiosk", "442079460000", 20, 200_000),  # 10 × 0.02
        ("kiosk", "493012345678", 3, 200_000),  # 2 × 0.10
    ],
)
def test_the_example_plans_cost_what_their_comments_say(
    plan: str, number: str, talk_s: int, micros: int
) -> None:
    """The comments of `config/plans/` are worked out by hand; people will copy them."""
    rate = example_plans()[plan].priced_by(CallType.PUBLIC, number, 0)
    assert isinstance(rate, Rate)
    assert charge_micros(rate, talk_s) == micros


MONDAY_S = 1_796_601_600
"""Monday 2026-12-07, 00:00 in London."""


@pytest.mark.parametrize(
    ("number", "clock_s", "talk_s", "micros"),
    [
        ("4930123456", 17 * 3600 + 59 * 60, 180, 200_000),  # 0.10 + 0.05 + 0.05
        ("33123456789", 6 * 86_400, 130, 130_000),  # Sunday: 0.02 + 0.10 + 0.01
        ("49800123", 0, 3600, 0),  # freephone
    ],
)
def test_the_windows_of_the_example_cost_what_their_comments_say(
    number: str, clock_s: int, talk_s: int, micros: int
) -> None:
    """By the clock of London, from an answer in the week of 2026-12-07."""
    plan, answered_s = example_plans()["night"], MONDAY_S + clock_s
    rate = plan.priced_by(CallType.PUBLIC, number, answered_s)
    assert isinstance(rate, Rate)
    timeline = plan.schedule.timeline(ZoneInfo("Europe/London"), answered_s, answered_s + 86_400)
    assert charge_micros(rate.at(timeline, answered_s), talk_s) == micros


def test_the_relative_plans_of_the_example_cost_what_their_comments_say() -> None:
    """90 s to Germany over the carrier's deck, and 75 s that cost 0.02 above."""
    plans, germany = example_plans(), "4930123456"
    deck = plans["staff"].priced_by(CallType.PUBLIC, germany, MONDAY_S)
    sold = plans["wholesale"].priced_by(CallType.PUBLIC, germany, MONDAY_S)
    billed = plans["organization"].priced_by(CallType.PUBLIC, germany, MONDAY_S)
    assert isinstance(deck, Rate)
    assert isinstance(sold, RelativeTerms)
    assert isinstance(billed, RelativeTerms)
    assert charge_micros(deck, 60) == 4_100
    assert charge_micros(Relative(replace(deck, first_s=1, next_s=1), sold), 90) == 7_500
    above = Rate(destination="above", prefix="49", price_per_minute=Fraction(16, 1000), next_s=15)
    assert charge_micros(Relative(above, billed), 75) == 33_000


def test_the_example_forbids_premium_numbers() -> None:
    """Forbidden, not merely without a price."""
    rate = example_plans()["retail"].priced_by(CallType.PUBLIC, "449012345678", 0)
    assert rate is not None
    assert rate.forbidden


def test_plans_of_the_first_release_keep_their_version() -> None:
    """What was added to plans since then changes nothing for those that say nothing of it."""
    versions = {name: plan.version for name, plan in example_plans().items()}
    assert (versions["kiosk"], versions["retail"]) == ("359f15e0118a", "d1406e8aae46")


DATED = "name: {}\ntype: prepaid\nallow: {{}}\neffective_from: {}\neffective_until: {}\n"


def test_of_the_plans_of_one_name_the_last_one_that_has_begun_is_in_force(tmp_path: Path) -> None:
    """Until it ends: then the one before it counts again."""
    write(tmp_path, "a.yaml", "retail")
    (tmp_path / "b.yaml").write_text(DATED.format("retail", "1970-01-02", "1970-01-03"))
    result = load_catalog(tmp_path, RULES, emergency=("112",))
    assert result.catalog is not None, result.findings
    day_s, catalog = 86_400, result.catalog
    begins = [catalog.in_force(at)["retail"].effective_from_s for at in (0, day_s, 2 * day_s)]
    assert begins == [0, day_s, 0]
    assert [catalog.next_change_s(at) for at in (0, day_s - 1, day_s, 2 * day_s)] == [
        *(day_s, day_s, 2 * day_s, None),
    ]
    assert [plan.effective_from_s for plan in catalog.to_come(0)] == [day_s]
    assert catalog.to_come(day_s) == ()


def test_a_plan_that_has_not_begun_is_not_in_force_and_one_that_has_ended_prices_nothing(
    tmp_path: Path,
) -> None:
    """Its accounts keep it and their wallets, and their calls are refused."""
    write(tmp_path, "a.yaml", "fair")
    with (tmp_path / "a.yaml").open("a") as file:
        file.write("effective_from: 1970-01-02\neffective_until: 1970-01-03\n")
    catalog = load_catalog(tmp_path, RULES).catalog
    assert catalog is not None
    found = [catalog.in_force(at).get("fair") for at in (86_399, 86_400, 172_799, 172_800)]
    prices = [plan and plan.priced_by(CallType.PUBLIC, "4930", 0) for plan in found]
    assert found[0] is None
    assert found[3] is not None
    assert [price is not None for price in prices] == [False, True, True, False]


def test_two_plans_of_one_name_that_begin_at_once_are_refused(tmp_path: Path) -> None:
    """However the instant is written."""
    (tmp_path / "a.yaml").write_text(DATED.format("fair", "1970-01-02", "1970-01-03"))
    (tmp_path / "b.yaml").write_text(DATED.format("fair", "1970-01-02 00:00", "1970-01-04"))
    result = load_catalog(tmp_path, RULES)
    assert result.catalog is None
    assert [it.message for it in result.findings if it.key == "name"] == [
        f"plan fair is also written in {tmp_path / 'a.yaml'}"
    ]
