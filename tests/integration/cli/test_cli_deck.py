"""`pbxcharge deck …`: which decks there are, who uses them, and which row a number takes."""

import json
from typing import Any

import pytest

from tests.site import Site

DECK = """\
prefix,destination,price_per_minute,connect_fee,first_s,next_s,effective_from,status
44,United Kingdom,0.004,,60,1,,
447,"United Kingdom, mobile",0.015,0.01,60,6,,
447,"United Kingdom, mobile",0.018,0.01,60,6,2099-01-01,
449,United Kingdom premium,,,,,,forbidden
"""

PLAN = """\
name: gold
type: prepaid
allow: {public: yes}
prices: {public: {deck: spare}}
"""


@pytest.fixture
def decks(site: Site) -> Site:
    """A site with two decks, one of them of its trunk."""

    def change(settings: Any) -> None:
        settings["rates"] = "decks/"
        settings["trunks"] = [{"name": "carrier", "deck": "carrier"}]

    (site.folder / "decks").mkdir()
    (site.folder / "decks" / "carrier.csv").write_text(DECK)
    (site.folder / "decks" / "spare.csv").write_text("prefix,price_per_minute\n1,0.01\n")
    site.change(change)
    return site


async def test_decks_are_listed_with_who_uses_them(decks: Site) -> None:
    """Rows, version, rows to come, trunks, plans."""
    plan = decks.folder / "plans" / "gold.yaml"
    plan.write_text(PLAN)
    carrier, spare = (await decks.ask("deck", "list"))["decks"]
    assert (carrier["name"], carrier["rows"], carrier["trunks"]) == ("carrier", 4, ["carrier"])
    assert (carrier["plans"], spare["plans"]) == (["staff"], ["gold"])
    assert (carrier["rows_to_come"], carrier["next_from"][:10]) == (1, "2099-01-01")
    assert (spare["name"], spare["trunks"], spare["rows_to_come"]) == ("spare", [], 0)
    assert "2099-01-01" in (await decks.run("deck", "list")).out
    assert len(list((decks.folder / "state" / "decks").iterdir())) == 2


async def test_the_row_of_a_number_is_shown(decks: Site) -> None:
    """As it is dialled or in full, now or later; what is forbidden is said."""
    now = await decks.ask("deck", "show", "carrier", "07700900123")
    later = await decks.ask("deck", "show", "carrier", "447700900123", "--at", "2099-01-01")
    assert (now["prefix"], now["price_per_minute"]) == ("447", "0.015")
    assert (later["prefix"], later["price_per_minute"]) == ("447", "0.018")
    assert (now["effective_from"], later["effective_from"]) == (None, "2099-01-01 00:00")
    assert (now["connect_fee"], now["first_s"], now["next_s"]) == ("0.01", 60, 6)
    out = (await decks.run("deck", "show", "carrier", "449012345678")).out
    assert "forbidden" in out
    assert "60/10" in out


async def test_what_is_not_there_is_refused(decks: Site) -> None:
    """A number without a rate, a deck that is none, what is no number."""
    none = await decks.run("--json", "deck", "show", "carrier", "4930123456", code=1)
    assert json.loads(none.out)["reason"] == "no_rate"
    unknown = await decks.run("deck", "show", "carier", "44", code=1)
    assert "known: carrier, spare" in unknown.err
    await decks.run("deck", "show", "carrier", "many", code=1)


async def test_check_names_what_is_wrong_in_a_deck(decks: Site) -> None:
    """With the file, the line and the column."""
    (decks.folder / "decks" / "carrier.csv").write_text(DECK.replace("0.004", "-0.004"))
    out = (await decks.run("check", code=1)).out
    assert "decks/carrier.csv:2" in out
    assert "price_per_minute: -0.004 is below zero" in out
