"""Prices below what the carrier asks: each named with its line, both prices and the destination."""

from dataclasses import replace
from datetime import UTC
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbxcharge.catalog.cost_checks import cost_findings
from pbxcharge.catalog.cost_losses import Buying
from pbxcharge.catalog.deck import Deck
from pbxcharge.catalog.findings import Finding
from pbxcharge.catalog.instants import read_instant
from pbxcharge.catalog.plan_file import Surroundings, read_plan
from pbxcharge.catalog.source import parse_source
from pbxcharge.core.dialling import Routing, Trunk
from pbxcharge.core.price import charge_micros
from tests.examples import examples
from tests.fakes.decks import a_deck

NOW_S = read_instant("2026-11-22 12:00", UTC)
PLAN = """\
name: retail
type: prepaid
allow: {public: yes, incoming: yes}
charging_segments: {outgoing: 1/1, incoming: 1/1}
prices:
  incoming:
    - price_per_minute: 0.02
    - {caller_prefixes: [33], price_per_minute: 0.001}
  public:
    - destination: United Kingdom
      prefixes: [44, 4420]
      price_per_minute: 0.02
    - destination: Germany
      prefixes: [49]
      price_per_minute: 0.05
"""
DECK = "prefix,destination,price_per_minute,connect_fee,first_s,next_s,effective_from,status"


def deck(folder: Path, *rows: str, name: str = "carrier") -> Deck:
    """A deck by the second; a row is a prefix, a name, a price and what else there is."""
    lines = (f"{row}{',' * (7 - row.count(','))}".replace(",,,,,", ",,1,1,,", 1) for row in rows)
    return a_deck(folder, "\n".join((DECK, *lines, "")), name=name)


def found_in(
    text: str, decks: list[Deck], routing: Routing | None = None, **site: object
) -> list[Finding]:
    """What is below cost in a plan, over one trunk for each deck."""
    known = {each.name: each for each in decks}
    source, found = parse_source("retail.yaml", text.encode())
    assert source is not None, found
    around = Surroundings(decks=known, deck_names=frozenset(known))
    plan, findings = read_plan(source, replace(around, **site))  # type: ignore[arg-type]
    assert plan is not None, findings
    trunks = tuple(Trunk(name, f"PJSIP/{{number}}@{name}", name) for name in known)
    buying = Buying(routing or Routing(trunks), known, lambda prefix: True)
    return list(cost_findings(source, plan, buying, UTC, NOW_S))


def places(found: list[Finding]) -> list[tuple[str, int, str]]:
    """Where findings are."""
    return [(it.severity, it.line, it.key) for it in found]


def test_a_price_below_cost_is_a_warning_that_names_both(tmp_path: Path) -> None:
    """Per minute, with the trunk, the destination and its prefix, at the line of the price."""
    asks = deck(tmp_path, "44,UK,0.01", "447,UK mobile,0.038", "49,Germany,0.05")
    found = found_in(PLAN, [asks])
    assert places(found) == [("warning", 12, "prices.public[1].price_per_minute")]
    assert found[0].message == (
        "is below cost: 0.02 a minute against 0.038 over carrier, for UK mobile (447)"
    )


def test_many_prefixes_are_counted_and_the_worst_are_named(tmp_path: Path) -> None:
    """Of five the worst one whole, two more by name, the others as a number."""
    rows = [f"447{digit},Mobile {digit},0.0{digit}" for digit in range(3, 8)]
    (found,) = found_in(PLAN, [deck(tmp_path, "44,UK,0.01", *rows)])
    assert found.message == (
        "is below cost: 0.02 a minute against 0.07 over carrier, for Mobile 7 (4477); "
        "also Mobile 6 (4476); Mobile 5 (4475) and 2 more prefixes"
    )


def test_of_many_prices_the_worst_are_told(tmp_path: Path) -> None:
    """Twenty of them, and how many there are in all."""
    row = "    - {{destination: x, prefixes: [{0}], price_per_minute: 0.01}}\n"
    text = PLAN + "".join(row.format(prefix) for prefix in range(300, 330))
    asks = deck(tmp_path, *(f"{prefix},x,0.{prefix}" for prefix in range(300, 330)))
    found = found_in(text, [asks])
    assert len(found) == 21
    assert "against 0.329" in found[0].message
    assert found[-1].message == "hold 30 below cost; the 20 worst of them are named"


def test_what_a_longer_row_or_an_exception_sells_is_no_loss_of_the_shorter_row(
    tmp_path: Path,
) -> None:
    """447 has a price of its own here, and 4420 is free by an exception, which is meant."""
    text = PLAN + "    - {destination: Mobile, prefixes: [447], price_per_minute: 0.10}\n"
    text += "exceptions:\n  - {destination: x, prefixes: [4420], price_per_minute: 0}\n"
    asks = deck(tmp_path, "44,UK,0.01", "447,UK mobile,0.04", "4420,London,0.05")
    assert found_in(text, [asks]) == []


def test_a_prefix_without_numbers_of_its_own_is_no_loss(tmp_path: Path) -> None:
    """The carrier's 44 is dear, but each of 440 to 449 has a price of its own there."""
    split = [f"44{digit},x,0.01" for digit in range(10)]
    assert found_in(PLAN, [deck(tmp_path, "44,UK,0.50", *split)]) == []
    assert len(found_in(PLAN, [deck(tmp_path, "44,UK,0.50", *split[:9])])) == 1


def test_fees_and_first_blocks_count_in_the_first_minute(tmp_path: Path) -> None:
    """0.02 a minute covers 0.01 a minute, but not a fee of 0.05 for one minute."""
    (found,) = found_in(PLAN, [deck(tmp_path, "44,UK,0.01,0.05,1,1")])
    assert "0.02 for the first minute against 0.06 over carrier" in found.message


def test_a_window_that_is_below_cost_is_named(tmp_path: Path) -> None:
    """The price of the day is not below cost, that of the evening is."""
    windows = 'time_windows: {evening: {days: [mon-fri], from: "18:00"}}\n'
    text = windows + PLAN + "      windows: {evening: {price_per_minute: 0.01}}\n"
    (found,) = found_in(text, [deck(tmp_path, "49,Germany,0.04")])
    assert "0.01 a minute in evening against 0.04" in found.message


def test_trunks_that_a_number_does_not_take_do_not_count(tmp_path: Path) -> None:
    """44 goes by the cheap trunk alone; without that route the dear one may carry it, too."""
    cheap, dear = deck(tmp_path, "44,UK,0.01"), deck(tmp_path, "44,UK,0.09", name="dear")
    trunks = tuple(Trunk(name, f"PJSIP/{{number}}@{name}", name) for name in ("carrier", "dear"))
    assert found_in(PLAN, [cheap, dear], Routing(trunks, {"44": ("carrier",)})) == []
    (found,) = found_in(PLAN, [cheap, dear], Routing(trunks))
    assert "over dear" in found.message


def test_what_nobody_can_call_is_no_loss(tmp_path: Path) -> None:
    """The carrier does not connect it, or it is forbidden here."""
    assert found_in(PLAN, [deck(tmp_path, "44,UK,0.01", "449,Premium,9,,1,1,,forbidden")]) == []
    text = PLAN.replace("      price_per_minute: 0.05", "      status: forbidden")
    assert found_in(text, [deck(tmp_path, "49,Germany,9")]) == []


def test_incoming_calls_are_compared_by_caller(tmp_path: Path) -> None:
    """Those from France cost more than they bring, at the line of their price."""
    asks = deck(tmp_path, "@incoming,In,0.01", "@incoming:33,From France,0.002")
    found = found_in(PLAN, [asks])
    assert places(found) == [("warning", 8, "prices.incoming[2].price_per_minute")]
    assert "0.001 a minute against 0.002 over carrier, for From France (incoming:33)" in (
        found[0].message
    )


def test_a_cost_to_come_is_told_with_its_day(tmp_path: Path) -> None:
    """The carrier raises its price at New Year; what is below cost now is told once, for now."""
    rise = deck(tmp_path, "49,Germany,0.01", "49,Germany,0.06,,1,1,2027-01-01")
    (found,) = found_in(PLAN, [rise])
    assert found.message.endswith("for Germany (49) from 2027-01-01 on")
    more = deck(tmp_path, "49,Germany,0.06", "49,Germany,0.07,,1,1,2027-01-01")
    (found,) = found_in(PLAN, [more])
    assert found.message.endswith("for Germany (49)")


def test_a_deck_that_is_sold_is_compared_row_by_row(tmp_path: Path) -> None:
    """At the line that names it; the same deck at the same segments is never below itself."""
    head = PLAN.partition("  public:")[0]
    sold = deck(tmp_path, "44,UK,0.02", "447,UK mobile,0.03", "49,Germany,0.01", name="sold")
    asks = deck(tmp_path, "44,UK,0.01", "447,UK mobile,0.04", "49,Germany,0.005")
    (found,) = found_in(head + "  public: {deck: sold}\n", [sold, asks])
    assert (found.line, found.key) == (9, "prices.public.deck")
    assert "0.03 a minute against 0.04 over carrier, for UK mobile (447)" in found.message
    assert found_in(head + "  public: {deck: carrier}\n", [asks]) == []


@pytest.mark.parametrize(("multiplier", "losing"), [("0.9", 1), ("1", 0), ("1.2", 0)])
def test_a_margin_below_one_is_below_cost(tmp_path: Path, multiplier: str, losing: int) -> None:
    """At the line of the multiplier, for everything that the carrier has a price for."""
    text = "name: a\ntype: prepaid\nallow: {public: yes}\nmethod: relative\n"
    text += f"relative: {{multiplier: {multiplier}}}\n"
    found = found_in(text, [deck(tmp_path, "44,UK,0.01", "49,Germany,0.02")])
    assert [(it.line, it.key) for it in found] == [(5, "relative.multiplier")] * losing
    assert all("also UK (44)" in it.message for it in found)


PREFIX = st.text("12", min_size=1, max_size=3)
PRICES = st.dictionaries(PREFIX, st.integers(1, 4), min_size=1, max_size=5)


@settings(max_examples=examples(60), deadline=None)
@given(sold=PRICES, asked=PRICES, number=st.text("123", min_size=7, max_size=8))
def test_no_number_is_sold_below_cost_untold(
    tmp_path_factory: pytest.TempPathFactory,
    sold: dict[str, int],
    asked: dict[str, int],
    number: str,
) -> None:
    """Whatever the rows are: who would lose on a call to some number is warned of its row.

    Seen failing with `above[-1][1]` of the walk made `above[0][1]`: nothing taken from above.
    """
    folder = tmp_path_factory.mktemp("deck")
    carrier = deck(folder, *(f"{prefix},x,0.0{price}" for prefix, price in asked.items()))
    rows = "".join(
        f"    - {{destination: x, prefixes: [{prefix}], price_per_minute: 0.0{price}}}\n"
        for prefix, price in sold.items()
    )
    head = "name: a\ntype: prepaid\nallow: {public: yes}\nprices:\n  public:\n"
    told = {it.line for it in found_in(head + rows, [carrier])}
    fits = [prefix for prefix in sold if number.startswith(prefix)]
    cost = carrier.table().match(number, NOW_S)
    if not fits or cost is None:
        return
    row = max(fits, key=len)
    below = charge_micros(cost, 600) > sold[row] * 100_000
    if below:
        assert list(sold).index(row) + 6 in told
