"""Rate decks in the real daemon: changed under live calls, refused whole, there after a restart."""

import asyncio
from pathlib import Path
from typing import Any

from tests.exchange import SECOND, Exchange, exchange
from tests.fakes.decks import large_deck
from tests.fakes.until import until

ROWS = 40_000
LATE_MS_MAX = 500
"""Loosely: who shares the machine is late, too. `script/bench decks` prints what it really is."""
DECK_PLAN = """
name: seconds
type: prepaid
allow: {public: yes}
charging_segments: {outgoing: 1/1}
reservation: {slice_s: 60}
out_of_credit: {warn_before_s: 0}
limits: {calls_per_minute: unlimited, price_per_minute_max: unlimited}
prices: {public: {deck: carrier}}
"""
HEAD = "prefix,destination,price_per_minute\n"


def with_deck(settings: Any) -> None:
    """The trunk has a deck."""
    settings["rates"] = "decks/"
    settings["trunks"] = [{"name": "carrier", "deck": "carrier"}]


def write_deck(x: Exchange, text: str) -> None:
    """Put a deck into the place of the one that is there."""
    folder: Path = x.site.folder / "decks"
    folder.mkdir(exist_ok=True)
    (folder / ".new").write_text(text)
    (folder / ".new").replace(folder / "carrier.csv")


async def second_costs(x: Exchange) -> int:
    """What one second of talk costs now."""
    call = await x.talk("alice")
    call.hang_up()
    record = await x.settled(call)
    return int(record["charge_micros"]) // int(record["billed_s"])


async def test_calls_go_on_while_a_large_deck_is_changed() -> None:
    """Every one that is asked for meanwhile is let through; the loop is never kept for long."""
    async with exchange({"alice": "90.00"}, change=with_deck, serve=False) as x:
        write_deck(x, large_deck(ROWS, 1))
        # On a busy machine the first one may take longer than a daemon is waited for.
        await x.site.run("deck", "list", within_s=120)
        await x.serve()
        write_deck(x, large_deck(ROWS, 2))
        # What builds it takes only the time that nobody else wants.
        reload = asyncio.create_task(x.site.ask("plan", "apply", within_s=120))
        asked = 0
        while not reload.done():
            call = await x.ask("alice")
            assert call.verdict["PBXC_VERDICT"] == "ALLOW"
            call.dial()
            call.hang_up("caller")
            asked += 1
        assert (await reload)["done"]
        assert asked > 1
        await x.site.stop()
        late_ms = x.site.log.find("stopping")[-1]["loop_late_ms"]
        print(f"\n{ROWS:,} prefixes changed under {asked} calls: loop late {late_ms} ms at most")
        assert late_ms < LATE_MS_MAX


async def test_a_plan_takes_its_prices_from_a_deck_and_another_one_for_the_next_call() -> None:
    """0.60 a minute, then 6.00; its version changes with the deck."""
    async with exchange({"alice": "90.00"}, change=with_deck, plan=DECK_PLAN, serve=False) as x:
        write_deck(x, HEAD + "44,United Kingdom,0.60\n")
        await x.serve()
        assert await second_costs(x) == SECOND
        write_deck(x, HEAD + "44,United Kingdom,6.00\n")
        changes = (await x.site.ask("plan", "apply"))["changes"]
        assert [change["plan"] for change in changes] == [
            "deck carrier",
            "seconds",
            "staff",
        ]
        assert (await x.site.ask("plan", "apply"))["changes"] == []
        assert await second_costs(x) == 10 * SECOND


async def test_a_bad_deck_changes_nothing_and_a_good_one_is_there_after_a_crash() -> None:
    """The findings are in the log; what was compiled before the crash is opened again."""
    async with exchange({"alice": "90.00"}, change=with_deck, plan=DECK_PLAN, serve=False) as x:
        write_deck(x, HEAD + "44,United Kingdom,0.60\n")
        await x.serve()
        write_deck(x, HEAD + "44,United Kingdom,dear\n")
        refused = await x.site.run("plan", "apply", code=1)
        assert "carrier.csv:2" in refused.err
        assert await second_costs(x) == SECOND
        write_deck(x, HEAD + "44,United Kingdom,0.60\n")
        await x.site.kill()
        compiled = x.site.folder / "state" / "decks"
        before = {path.name for path in compiled.iterdir()}
        await x.serve()
        await until(lambda: {path.name for path in compiled.iterdir()} == before)
        assert await second_costs(x) == SECOND
