"""Large rate decks: how long they take to build and to search, and what a reload costs live calls.

Run as `python -m bench.decks`. The load plays Asterisk and asks for calls all the time, first with
the deck as it is, then while it is changed, and changed again. The longest pause of the daemon's
loop is wanted under 20 ms: by the clock on a machine that has nothing else to do, and in any case
without the time in which the loop was ready to run and others had the processor. What another
thread of the daemon kept from the loop while it had no processor itself counts as the daemon's own.
"""

import argparse
import json
import os
import platform
import random
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import uvloop

from bench.deck_changes import BETWEEN_DECKS_S, changes
from bench.machine import MEBIBYTE
from pbxcharge.catalog.deck import Deck
from pbxcharge.catalog.deck_build import built_from_json
from pbxcharge.catalog.deck_file import CompiledDeck
from tests.fakes.decks import large_deck

NOW_S = 1_800_000_000
SEARCHES = 50_000
PAUSE_MS_MAX = 20


def building(folder: Path, rows: int) -> dict[str, Any]:
    """One deck, checked and compiled by a process as the daemon starts it."""
    source = folder / "deck.csv"
    source.write_text(large_deck(rows, 1))
    words = [sys.executable, "-m", "pbxcharge.catalog.deck_build", source, folder, "UTC"]
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    elapsed_s = time.perf_counter() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    built = built_from_json(done.stdout)
    assert built.path is not None, built.findings
    return {
        "csv_mib": round(source.stat().st_size / MEBIBYTE, 1),
        "compiled_mib": round(built.path.stat().st_size / MEBIBYTE, 1),
        "build_s": round(elapsed_s, 2),
        "build_cpu_s": round(cpu_s, 2),
        "builder_mib": round(after.ru_maxrss / 1024),
        **searching(built.path),
    }


def searching(path: Path) -> dict[str, float]:
    """Opening the deck, and finding rates in it: any number, and the few that a site calls."""
    begun = time.perf_counter()
    table = Deck("deck", CompiledDeck(path)).table()
    open_ms = (time.perf_counter() - begun) * 1000
    chance = random.Random(2)
    numbers = [str(chance.randrange(10**10, 10**12)) for _ in range(SEARCHES)]
    return {
        "open_ms": round(open_ms, 2),
        "match_any_us": round(per_search_us(table, numbers), 1),
        "match_usual_us": round(per_search_us(table, numbers[:500] * (SEARCHES // 500)), 1),
    }


def per_search_us(table: Any, numbers: list[str]) -> float:
    """Microseconds of a search."""
    begun = time.perf_counter()
    for number in numbers:
        table.match(number, NOW_S)
    return (time.perf_counter() - begun) / len(numbers) * 1e6


async def bench(rows: int, reloads: int) -> dict[str, Any]:
    """The deck by itself, then a daemon whose deck changes."""
    with tempfile.TemporaryDirectory(prefix="pbxcharge-bench-") as temporary:
        folder = Path(temporary)
        deck = building(folder, rows)
        # As long as with changes: the longer a machine is watched, the later something is.
        alone_s = reloads * (deck["build_s"] + BETWEEN_DECKS_S)
        found = await changes(folder / "daemon", rows, reloads, alone_s)
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "rows": rows,
        "deck": deck,
        "daemon": asdict(found),
    }


def show(found: dict[str, Any]) -> None:
    """The figures as a table, and whether the loop was ever kept for too long."""
    deck, daemon = found["deck"], found["daemon"]
    print(f"{found['machine']}, Python {found['python']}; {found['rows']:,} prefixes")
    print(
        f"CSV {deck['csv_mib']} MiB, compiled {deck['compiled_mib']} MiB; built in "
        f"{deck['build_s']} s ({deck['build_cpu_s']} s of CPU, {deck['builder_mib']} MiB)"
    )
    print(
        f"opened in {deck['open_ms']} ms; a search {deck['match_usual_us']} µs for numbers that "
        f"are called often, {deck['match_any_us']} µs for any"
    )
    print(f"\n{'daemon under load':<50}{'calls alone':>14}{'deck changed':>14}")
    for label, read in _LINES:
        values = (read(daemon[kind]) for kind in ("alone", "changing"))
        print(f"{label:<50}" + "".join(f"{value!s:>14}" for value in values))
    spent_s = ", ".join(map(str, daemon["reload_s"]))
    print(f"\nready after {daemon['ready_s']} s; changes in force after {spent_s} s")
    before, most, after = (daemon[f"memory_{when}"] for when in ("before", "most", "after"))
    print(
        f"memory before, most, after: own {before['own']}, {most['own']}, {after['own']} MiB; "
        f"pages of files {before['of_files']}, {most['of_files']}, {after['of_files']} MiB"
    )
    print(verdict(daemon["changing"]))


def verdict(phase: dict[str, Any]) -> str:
    """Whether the longest pause is under the aim: the daemon's own, and by the clock."""
    own_ms, late_ms = phase["own_ms"], phase["late_ms"]
    return (
        f"longest pause of the loop while decks change, wanted under {PAUSE_MS_MAX} ms: "
        f"{own_ms} ms of the daemon's own ({_kept(own_ms)}), {late_ms} ms by the clock "
        f"({_kept(late_ms)})"
    )


def _kept(pause_ms: float) -> str:
    return "kept" if pause_ms < PAUSE_MS_MAX else "not kept"


_LINES = (
    ("seconds", lambda one: one["seconds"]),
    ("calls asked for a second", lambda one: round(one["calls"] / one["seconds"], 1)),
    ("longest pause of the loop by the clock, ms", lambda one: one["late_ms"]),
    ("  of it while others had the processor, ms", lambda one: one["late_waited_ms"]),
    ("longest pause of the daemon's own, ms", lambda one: one["own_ms"]),
    ("authorize p50, ms", lambda one: one["authorize_ms_p50"]),
    ("authorize p99, ms", lambda one: one["authorize_ms_p99"]),
    ("authorize longest, ms", lambda one: one["authorize_ms_max"]),
    ("processors that others kept busy", lambda one: one["others"]),
    ("processor time taken by the machine's host, s", lambda one: one["taken_s"]),
)


def main() -> None:
    """Run it as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=500_000, help="prefixes of the deck")
    parser.add_argument("--reloads", type=int, default=4, help="how often it is changed")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    found = uvloop.run(bench(options.rows, options.reloads))
    if options.json:
        print(json.dumps(found, indent=2))
    else:
        show(found)


if __name__ == "__main__":
    main()
