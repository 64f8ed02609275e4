"""A compiled deck finds what the tariff of the same rows finds, at every second."""

import gc
import weakref
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbxcharge.catalog.deck import DeckDefaults
from pbxcharge.catalog.deck_build import build
from pbxcharge.catalog.deck_file import CompiledDeck
from pbxcharge.core.money import Rounding
from pbxcharge.core.price import MaximumThen, Rate, charge_micros
from tests.examples import examples
from tests.fakes.decks import a_deck

HEAD = "prefix,destination,price_per_minute"


def second(text: str) -> int:
    """Seconds since the epoch of a UTC time."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


NOW = second("2026-11-22 12:00")


def price(rate: Rate | None) -> Fraction | None:
    """The price a minute, or that there is none."""
    return None if rate is None else rate.price_per_minute


def test_the_longest_prefix_wins(tmp_path: Path) -> None:
    """447700900123 takes 447, 442079460000 takes 44, and nothing fits 33."""
    table = a_deck(tmp_path, f"{HEAD}\n44,UK,0.01\n447,UK mobile,0.05\n4477009001234,x,9\n").table()
    assert price(table.match("447700900123", NOW)) == Fraction(5, 100)
    assert price(table.match("442079460000", NOW)) == Fraction(1, 100)
    assert table.match("33123456", NOW) is None


def test_pseudo_destinations_are_found_as_in_a_plan(tmp_path: Path) -> None:
    """An incoming call from 44 takes the price for 44, any other the one for anybody."""
    text = f"{HEAD}\n@local,,0\n@incoming,,0.02\n@incoming:44,,0.01\n"
    table = a_deck(tmp_path, text).table()
    assert price(table.match("@incoming:442079460000", NOW)) == Fraction(1, 100)
    assert price(table.match("@incoming:4930123", NOW)) == Fraction(2, 100)
    found = table.match("@local", NOW)
    assert found is not None and found.destination == "Own organization"
    assert table.match("@extended_local", NOW) is None


def test_a_longer_prefix_that_is_not_in_force_lets_the_shorter_one_win(tmp_path: Path) -> None:
    """447 has a price of its own in December only, to the second; before and after it is 44's."""
    text = (
        "prefix,price_per_minute,effective_from,effective_until\n"
        "44,0.01,,\n44,0.02,2026-12-15,\n447,0.05,2026-12-01,2027-01-01\n"
    )
    table = a_deck(tmp_path, text).table()
    cents = {
        at: price(table.match("447700900123", second(at)))
        for at in ("2026-11-30 23:59:59", "2026-12-01", "2026-12-31 23:59:59", "2027-01-01")
    }
    assert list(cents.values()) == [Fraction(n, 100) for n in (1, 5, 5, 2)]


def test_dates_are_of_the_given_zone(tmp_path: Path) -> None:
    """December begins in Berlin an hour before it does in Greenwich."""
    text = "prefix,price_per_minute,effective_from\n44,0.01,2026-12-01\n"
    table = a_deck(tmp_path, text, "Europe/Berlin").table()
    assert table.match("442", second("2026-11-30 22:59:59")) is None
    assert table.match("442", second("2026-11-30 23:00:00")) is not None


def test_a_row_has_all_the_terms_of_a_price(tmp_path: Path) -> None:
    """Each column becomes the term of its name."""
    text = (
        "prefix,destination,price_per_minute,connect_fee,first_s,next_s,first_amount,"
        "free_seconds,grace_seconds,minimum_charge,maximum_charge,maximum_then,"
        "surcharge_percent,rounding,rounding_decimals,status\n"
        "44,UK,0.10,0.05,30,6,0.08,1,2,0.03,5,hang_up,10,half_even,2,\n"
        "447,,,,,,,,,,,,,,,forbidden\n"
    )
    table = a_deck(tmp_path, text).table()
    assert table.match("442", NOW) == Rate(
        destination="UK",
        prefix="44",
        price_per_minute=Fraction(1, 10),
        connect_fee_micros=50_000,
        first_s=30,
        next_s=6,
        first_amount_micros=80_000,
        free_s=1,
        grace_s=2,
        minimum_charge_micros=30_000,
        maximum_charge_micros=5_000_000,
        maximum_then=MaximumThen.HANG_UP,
        surcharge_percent=Fraction(10),
        rounding=Rounding.HALF_EVEN,
        rounding_decimals=2,
    )
    forbidden = table.match("447", NOW)
    assert forbidden is not None and forbidden.forbidden


def test_rows_without_segments_take_those_of_who_asks(tmp_path: Path) -> None:
    """61 s at 0.10: a plan's 60/6 bills 66 s; the row with 1/1 keeps its own."""
    deck = a_deck(tmp_path, "prefix,price_per_minute,first_s,next_s\n44,0.10,,\n49,0.10,1,1\n")
    plan = deck.table(DeckDefaults(60, 6, Rounding.AWAY_FROM_ZERO, 6))
    rates = [plan.match(number, NOW) for number in ("442", "492")]
    assert [charge_micros(rate, 61) for rate in rates if rate] == [110_000, 101_667]
    house = deck.table().match("442", NOW)
    assert house is not None and charge_micros(house, 61) == 116_700


def test_the_version_is_that_of_what_a_deck_says(tmp_path: Path) -> None:
    """Order, comments and 0.1 for 0.10 change nothing; any price and any date does."""
    first = a_deck(tmp_path, f"{HEAD}\n44,UK,0.10\n49,Germany,0.2\n").version
    again = a_deck(tmp_path, f"# sorted\n{HEAD}\n49,Germany,0.20\n44,UK,0.1\n").version
    dearer = a_deck(tmp_path, f"{HEAD}\n44,UK,0.10\n49,Germany,0.21\n").version
    dated = f"{HEAD},effective_from\n44,UK,0.10,2026-01-01\n49,Germany,0.2,\n"
    assert len(first) == 12
    assert first == again
    assert len({first, dearer, a_deck(tmp_path, dated).version}) == 3


def test_rows_to_come_are_counted(tmp_path: Path) -> None:
    """Two begin after today, the first of them in December."""
    text = "prefix,price_per_minute,effective_from\n44,1,\n49,1,2026-12-01\n44,2,2027-01-01\n"
    deck = a_deck(tmp_path, text)
    assert deck.to_come(NOW) == (2, second("2026-12-01"))
    assert deck.to_come(second("2027-01-01")) == (0, None)
    assert (deck.rows, deck.prefixes) == (3, 2)


PREFIXES = st.from_regex(r"[1-3]{1,4}", fullmatch=True)


@settings(max_examples=examples(60), deadline=None)
@given(st.dictionaries(PREFIXES, st.integers(1, 99), min_size=1), st.lists(PREFIXES))
def test_a_deck_finds_what_a_search_by_hand_finds(
    tmp_path_factory: pytest.TempPathFactory, prices: dict[str, int], numbers: list[str]
) -> None:
    """Whatever the order of the rows. Seen failing with the shortest prefix of the trie taken."""
    rows = "".join(f"{prefix},0.{cents:02}\n" for prefix, cents in prices.items())
    folder = tmp_path_factory.mktemp("deck")
    table = a_deck(folder, f"prefix,price_per_minute\n{rows}").table()
    for number in numbers:
        fitting = max((it for it in prices if number.startswith(it)), key=len, default=None)
        wanted = None if fitting is None else Fraction(prices[fitting], 100)
        assert price(table.match(number, NOW)) == wanted


@pytest.mark.parametrize("kept", [0, 10, 200, -1])
def test_a_file_that_is_cut_off_is_refused(tmp_path: Path, kept: int) -> None:
    """Wherever; it is then compiled anew."""
    source = tmp_path / "a.csv"
    source.write_text(f"{HEAD}\n44,UK,0.01\n")
    place = build(source, tmp_path, "UTC").path
    assert place is not None
    place.write_bytes(place.read_bytes()[:kept])
    with pytest.raises(ValueError, match=r"deck|cut"):
        CompiledDeck(place)


def test_a_deck_that_nobody_has_any_more_is_gone_at_once(tmp_path: Path) -> None:
    """Its memory does not wait for the garbage collector."""
    deck = a_deck(tmp_path, f"{HEAD}\n44,UK,0.01\n")
    table = deck.table()
    table.match("442", NOW)
    gc.disable()
    try:
        gone = weakref.ref(deck._compiled)
        del deck, table
        assert gone() is None
    finally:
        gc.enable()
