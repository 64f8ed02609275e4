"""Large rate decks: how long they take to build and to search, and what a reload costs live calls.

Run as `python -m bench.decks`. The load plays Asterisk and asks for calls all the time, while the
deck of the daemon's trunk is changed, and changed again; the daemon says how late its loop was.
"""

import argparse
import asyncio
import json
import os
import platform
import random
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import uvloop

from bench.lifecycles import NUMBER, PLAN, SECRET, USERS, BenchAsterisk, apart, fill, free_port
from pbxcharge.catalog.deck import Deck
from pbxcharge.catalog.deck_build import built_from_json
from pbxcharge.catalog.deck_file import CompiledDeck
from tests.fakes.decks import large_deck
from tests.site import Site, running

NOW_S = 1_800_000_000
SEARCHES = 50_000
AT_ONCE = 8
BETWEEN_S = 0.1
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Memory:
    """Of the daemon, in MiB: its own, and pages of files, which the system takes back at need."""

    own: float
    of_files: float


@dataclass(slots=True)
class Reloads:
    """What a daemon went through."""

    reloads: int
    calls: int
    seconds: float
    ready_s: float
    loop_late_ms: int
    authorize_ms_p50: float
    authorize_ms_p99: float
    authorize_ms_max: float
    memory_before: Memory
    memory_most: Memory
    memory_after: Memory
    reload_s: list[float]


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


class Load:
    """Callers who ask, and hang up while it rings, as long as they are wanted."""

    def __init__(self, pbx: BenchAsterisk) -> None:
        self._pbx = pbx
        self._tasks: list[asyncio.Task[None]] = []
        self.spent_ms: list[float] = []

    def begin(self) -> None:
        """So many of them at once."""
        self._tasks = [asyncio.create_task(self._caller(user)) for user in range(AT_ONCE)]

    async def end(self) -> None:
        """No more calls."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _caller(self, user: int) -> None:
        while True:
            call = self._pbx.place_call(f"phone{user % USERS}", NUMBER)
            begun = time.perf_counter()
            assert await call.authorize(), call.verdict
            self.spent_ms.append((time.perf_counter() - begun) * 1000)
            call.dial()
            call.hang_up("caller")
            await asyncio.sleep(BETWEEN_S)


async def reloading(folder: Path, rows: int, reloads: int, seconds: float) -> Reloads:
    """A daemon under load whose deck is changed so often; without a deck where rows are 0."""
    pbx = BenchAsterisk(free_port())
    await pbx.start()
    site = deck_site(folder, pbx, rows)
    await fill(site)
    async with running(site):
        if rows:
            await site.run("check", code=None, within_s=300)  # the deck is compiled by now
        begun = time.perf_counter()
        await site.serve()
        ready_s = time.perf_counter() - begun
        apart(site)
        load, watch = Load(pbx), MemoryWatch(site)
        load.begin()
        loaded_at = time.perf_counter()
        await asyncio.sleep(2)
        before = watch.now()
        reload_s = [await changed(site, rows, turn) for turn in range(reloads)]
        await asyncio.sleep(seconds)
        after, most = watch.now(), watch.most
        loaded_s = time.perf_counter() - loaded_at
        watch.close()
        await load.end()
        await site.stop()
        late_ms = site.log.find("stopping")[-1]["loop_late_ms"]
    await pbx.stop()
    cuts = statistics.quantiles(load.spent_ms, n=100)
    return Reloads(
        reloads=reloads,
        calls=len(load.spent_ms),
        seconds=round(loaded_s, 1),
        ready_s=round(ready_s, 2),
        loop_late_ms=late_ms,
        authorize_ms_p50=round(cuts[49], 2),
        authorize_ms_p99=round(cuts[98], 2),
        authorize_ms_max=round(max(load.spent_ms), 2),
        memory_before=before,
        memory_most=most,
        memory_after=after,
        reload_s=[round(spent_s, 2) for spent_s in reload_s],
    )


def deck_site(folder: Path, pbx: BenchAsterisk, rows: int) -> Site:
    """A site whose trunk has a deck."""

    def change(settings: Any) -> None:
        if rows:
            settings["rates"] = "rates/"
            settings["trunks"] = [{"name": "carrier", "deck": "carrier"}]

    ports = {"ami_port": pbx.ami_port, "agi_port": pbx.agi_port}
    site = Site.make(folder, ami_secret=SECRET, change=change, **ports)
    (folder / "plans" / "bench.yaml").write_text(PLAN)
    if rows:
        replace_deck(site, rows, 0)
    return site


def replace_deck(site: Site, rows: int, seed: int) -> None:
    """Put another deck into the place of the one that is there, as an operator should."""
    (site.folder / "rates").mkdir(exist_ok=True)
    new = site.folder / "rates" / ".carrier.new"
    new.write_text(large_deck(rows, seed))
    new.replace(site.folder / "rates" / "carrier.csv")


async def changed(site: Site, rows: int, turn: int) -> float:
    """Change the deck and let the daemon read it; seconds until it is in force."""
    if rows:
        await asyncio.to_thread(replace_deck, site, rows, turn + 1)
    seen = len(site.log.lines)
    begun = time.perf_counter()
    site.signal(signal.SIGHUP)
    async with asyncio.timeout(300):
        await logged(site, "plans_in_force", seen)
    return time.perf_counter() - begun


async def logged(site: Site, event: str, place: int) -> None:
    """Wait for a line of the log, each of which is looked at once: there are thousands."""
    while True:
        while place < len(site.log.lines):
            if site.log.lines[place]["event"] == event:
                return
            place += 1
        await asyncio.sleep(0.01)


class MemoryWatch:
    """Looks at the daemon's memory as long as the loop runs."""

    def __init__(self, site: Site) -> None:
        assert site.process is not None
        self._status = Path(f"/proc/{site.process.pid}/status")
        self.most = self.now()
        self._task = asyncio.create_task(self._watch())

    def now(self) -> Memory:
        """What it has now."""
        fields = dict(line.split(":", 1) for line in self._status.read_text().splitlines())
        own, of_files = (int(fields[name].split()[0]) / 1024 for name in ("RssAnon", "RssFile"))
        return Memory(round(own, 1), round(of_files, 1))

    def close(self) -> None:
        """Look no more."""
        self._task.cancel()

    async def _watch(self) -> None:
        while True:
            now = self.now()
            self.most = Memory(max(self.most.own, now.own), max(self.most.of_files, now.of_files))
            await asyncio.sleep(0.05)


async def bench(rows: int, reloads: int) -> dict[str, Any]:
    """The deck alone, then a daemon with one that changes, then one without."""
    with tempfile.TemporaryDirectory(prefix="pbxcharge-bench-") as temporary:
        folder = Path(temporary)
        deck = building(folder, rows)
        with_deck = await reloading(folder / "with", rows, reloads, 3)
        # As long as the other one: the longer a machine is watched, the later something is.
        without = await reloading(folder / "without", 0, reloads, with_deck.seconds)
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "rows": rows,
        "deck": deck,
        "without": asdict(without),
        "with": asdict(with_deck),
    }


def show(found: dict[str, Any]) -> None:
    """The figures as a table."""
    deck = found["deck"]
    print(f"{found['machine']}, Python {found['python']}; {found['rows']:,} prefixes")
    print(
        f"CSV {deck['csv_mib']} MiB, compiled {deck['compiled_mib']} MiB; built in "
        f"{deck['build_s']} s ({deck['build_cpu_s']} s of CPU, {deck['builder_mib']} MiB)"
    )
    print(
        f"opened in {deck['open_ms']} ms; a search {deck['match_usual_us']} µs for numbers that "
        f"are called often, {deck['match_any_us']} µs for any"
    )
    print(f"\n{'daemon under load':<36}{'without deck':>14}{'with deck':>14}")
    for label, read in _LINES:
        values = (read(found[kind]) for kind in ("without", "with"))
        print(f"{label:<36}" + "".join(f"{value!s:>14}" for value in values))


_LINES = (
    ("ready after, s", lambda one: one["ready_s"]),
    ("reloads", lambda one: one["reloads"]),
    ("seconds under load", lambda one: one["seconds"]),
    ("calls asked for meanwhile", lambda one: one["calls"]),
    ("longest pause of the loop, ms", lambda one: one["loop_late_ms"]),
    ("authorize p50, ms", lambda one: one["authorize_ms_p50"]),
    ("authorize p99, ms", lambda one: one["authorize_ms_p99"]),
    ("authorize longest, ms", lambda one: one["authorize_ms_max"]),
    ("longest reload, s", lambda one: max(one["reload_s"], default=0)),
    ("own memory before, MiB", lambda one: one["memory_before"]["own"]),
    ("own memory, most, MiB", lambda one: one["memory_most"]["own"]),
    ("own memory after, MiB", lambda one: one["memory_after"]["own"]),
    ("pages of files before, MiB", lambda one: one["memory_before"]["of_files"]),
    ("pages of files, most, MiB", lambda one: one["memory_most"]["of_files"]),
    ("pages of files after, MiB", lambda one: one["memory_after"]["of_files"]),
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
