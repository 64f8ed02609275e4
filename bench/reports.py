"""Reports from large books: one user's month, and the whole site's year while calls are asked for.

Run as `python -m bench.reports`. The books have a million calls of a year; they are made first,
which takes minutes, or given by --books, the folder of a site that `bench.books` made. One user's
month is wanted in less than a second, by the command as it is installed and the daemon's socket.
While the reports of the whole site are made, calls are asked for; the longest pause of the
daemon's loop is told, and how long of it others had the processor.
"""

import argparse
import asyncio
import json
import os
import platform
import sqlite3
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import uvloop

from bench.books import make_books
from bench.deck_changes import WARM_S, Load
from bench.lifecycles import PLAN, SECRET, BenchAsterisk, fill, free_port
from bench.machine import MemoryWatch
from bench.watched import late_times
from tests.site import Site, running

CALLS, DAYS, COPIES = 1_000_000, 365, 11
MONTH = "2026-07"
YEAR = ("--since", "2026-01-01", "--until", "2027-01-01")
TIMES = 5
WITHIN_S = 120
READY_WITHIN_S = 300
MONTH_S_MAX = 1.0


@dataclass(frozen=True, slots=True)
class Spent:
    """One command: seconds by the clock, of its own processor time, and the lines it printed."""

    words: str
    wall_s: float
    cpu_s: float
    lines: int


async def months(site: Site, accounts: Sequence[str]) -> list[Spent]:
    """A month of each account in every form: the median of some runs."""
    found = []
    for account in accounts:
        for form in ((), ("--csv",), ("--json",)):
            words = ("report", "calls", "--account", account, "--month", MONTH, *form)
            runs = [await spent(site, words) for _ in range(TIMES)]
            found.append(sorted(runs, key=lambda run: run.wall_s)[TIMES // 2])
    return found


async def spent(site: Site, words: Sequence[str]) -> Spent:
    """One run of a command."""
    before, begun = os.times(), time.perf_counter()
    answer = await site.run(*words, within_s=WITHIN_S)
    wall_s, after = time.perf_counter() - begun, os.times()
    cpu_s = sum(after[2:4]) - sum(before[2:4])
    return Spent(" ".join(words[1:]), round(wall_s, 2), round(cpu_s, 2), answer.out.count("\n"))


async def years(site: Site, load: Load) -> list[tuple[Spent, Any]]:
    """Reports of everything, each under load."""
    found = []
    for name in ("calls", "accounts", "destinations", "margins", "refused"):
        with load.span() as span:
            # The command itself takes a processor for its start; more rows would only be its own.
            one = await spent(site, ("report", name, *YEAR, "--limit", "100", "--json"))
        found.append((one, span))
    return found


def callers(database: Path) -> tuple[str, str]:
    """The user with the median of calls in the month, and the one with the most."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as books:
        found = books.execute(
            "SELECT account_id, count(*) FROM cdr WHERE account_id IS NOT NULL "
            "AND setup_at_us BETWEEN unixepoch(:month || '-01') * 1000000 "
            "AND unixepoch(:month || '-01', '+1 month') * 1000000 GROUP BY 1 ORDER BY 2",
            {"month": MONTH},
        ).fetchall()
    return found[len(found) // 2][0], found[-1][0]


def prepared(folder: Path, pbx: BenchAsterisk) -> Site:
    """The site with its books, for this PBX, its daemon watched finely."""
    site = Site(folder)

    def change(settings: Any) -> None:
        settings["ami"]["port"], settings["fastagi"]["port"] = pbx.ami_port, pbx.agi_port

    site.change(change)
    (folder / "ami.secret").write_text(SECRET + "\n")
    (folder / "plans" / "bench.yaml").write_text(PLAN)
    site.program = (sys.executable, "-m", "bench.watched", folder / "late")
    return site


async def bench(books: Path, alone_s: float) -> dict[str, Any]:
    """Everything on one daemon."""
    pbx = BenchAsterisk(free_port())
    await pbx.start()
    site = prepared(books, pbx)
    usual, busiest = callers(site.database)
    await fill(site)
    async with running(site):
        await site.run("check", code=None, within_s=WITHIN_S)  # the decks are compiled by now
        await site.serve(ready=False)
        # Large books take their time to be checked when they are opened.
        await site.log.wait("ready", within_s=READY_WITHIN_S)
        assert site.process is not None
        month = await months(site, (usual, busiest))
        load, watch = Load(pbx, site.process.pid), MemoryWatch(site.process.pid)
        load.begin()
        await asyncio.sleep(WARM_S)
        with load.span() as alone:
            await asyncio.sleep(alone_s)
        before = watch.now()
        year = await years(site, load)
        after = watch.close()
        await load.end()
        await site.stop()
    await pbx.stop()
    late = list(late_times(books / "late"))
    with closing(sqlite3.connect(f"file:{site.database}?mode=ro", uri=True)) as read:
        (count,) = read.execute("SELECT count(*) FROM cdr").fetchone()
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "calls": count,
        "month": [asdict(one) for one in month],
        "alone": asdict(alone.phase(late)),
        "year": [{**asdict(one), "phase": asdict(span.phase(late))} for one, span in year],
        "memory": [asdict(each) for each in (before, watch.most, after)],
    }


def show(found: dict[str, Any]) -> None:
    """The figures as tables."""
    print(
        f"{found['machine']}, Python {found['python']}, SQLite {found['sqlite']}; "
        f"{found['calls']:,} calls"
    )
    print(f"\n{'a month of one user':<58}{'wall s':>8}{'CPU s':>8}{'lines':>8}")
    for one in found["month"]:
        print(f"{one['words']:<58}{one['wall_s']:>8}{one['cpu_s']:>8}{one['lines']:>8}")
    worst_s = max(one["wall_s"] for one in found["month"])
    kept = "kept" if worst_s < MONTH_S_MAX else "not kept"
    print(f"wanted under {MONTH_S_MAX} s: {worst_s} s ({kept})")
    print(f"\n{'a year of the site, calls asked for meanwhile':<46}" + _HEADINGS)
    phases = [("no report", None, found["alone"])]
    phases += [(one["words"].split()[0], one["wall_s"], one["phase"]) for one in found["year"]]
    for name, wall_s, phase in phases:
        figures = (wall_s or phase["seconds"], *(phase[key] for key in _FIGURES))
        print(f"{name:<46}" + "".join(f"{figure!s:>10}" for figure in figures))
    before, most, after = found["memory"]
    print(f"\nmemory before, most, after: {before['own']}, {most['own']}, {after['own']} MiB")


_FIGURES = ("late_ms", "late_waited_ms", "own_ms", "authorize_ms_p50", "authorize_ms_p99", "others")
_HEADINGS = "".join(
    f"{word:>10}" for word in ("s", "late ms", "waited", "own ms", "auth p50", "auth p99", "others")
)


def main() -> None:
    """Run it as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m bench.reports", description=__doc__)
    parser.add_argument("--books", type=Path, help="the folder of a site that is there; changed")
    parser.add_argument("--calls", type=int, default=CALLS)
    parser.add_argument("--alone", type=float, default=10.0, help="seconds without a report")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pbxcharge-bench-") as temporary:
        books = options.books or Path(temporary) / "site"
        if options.books is None:
            make_books(books, options.calls, days=DAYS, copies=COPIES)
        found = uvloop.run(bench(books, options.alone))
    if options.json:
        print(json.dumps(found, indent=2))
    else:
        show(found)


if __name__ == "__main__":
    main()
