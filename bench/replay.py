"""A replay: how long many past calls take to be priced by other files, as the command does it.

Run as `python -m bench.replay`. The books are made first, with calls of every kind; the plans are
the example site's with other prices. The time is that of the whole command, its start included.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.site import COMMAND, Site

DEARER = {
    "price_per_minute: 0.10": "price_per_minute: 0.12",
    "price_per_minute: 0.60": "price_per_minute: 0.55",
}


def other_plans(site: Site) -> Path:
    """The site's plans with some other prices."""
    folder = site.folder / "new-plans"
    shutil.copytree(site.folder / "plans", folder)
    for path in folder.glob("*.yaml"):
        text = path.read_text()
        for before, after in DEARER.items():
            text = text.replace(before, after)
        path.write_text(text)
    return folder


def replayed(site: Site, *words: str) -> dict[str, Any]:
    """One run of the command: its time, its processor time, its memory, and how much it found."""
    command: tuple[str | Path, ...] = (
        COMMAND,
        "--config",
        site.config,
        "replay",
        "--json",
        "--from",
        "2026-01",
        *words,
    )
    with (site.folder / "found.json").open("w+") as out:
        begun = time.perf_counter()
        process = subprocess.Popen(command, stdout=out)
        _, status, used = os.wait4(process.pid, 0)
        elapsed_s, process.returncode = time.perf_counter() - begun, status
        assert status == 0, status
        out.seek(0)
        found = json.load(out)
    return {
        "seconds": round(elapsed_s, 2),
        "cpu_s": round(used.ru_utime + used.ru_stime, 2),
        "memory_mib": round(used.ru_maxrss / 1024),
        "calls": found["callers"]["calls"],
        "calls_changed": found["calls_changed"],
        "difference": found["callers"]["difference"],
    }


def main() -> None:
    """Make the books, replay them by other plans and by their own, and print the results."""
    parser = argparse.ArgumentParser(prog="script/bench replay", description=__doc__)
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--users", type=int, default=2_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        begun, site = time.perf_counter(), Site(Path(folder) / "site")
        # Made elsewhere: a process counts the memory of whom it was forked from as its own.
        words = ("--calls", str(asked.calls), "--users", str(asked.users))
        subprocess.run((sys.executable, "-m", "bench.books", site.folder, *words), check=True)
        made_s = round(time.perf_counter() - begun, 1)
        report = {
            "machine": f"{platform.machine()}, {os.cpu_count()} cores",
            "calls": asked.calls,
            "books_made_s": made_s,
            "other_plans": replayed(site, "--plans", str(other_plans(site))),
            "same_plans": replayed(site),
        }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
