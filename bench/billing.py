"""The monthly run of the billing engine: how long it takes, and what callers notice of it.

Run as `python -m bench.billing`. Each of 100,000 accounts owes for three subscriptions when the
daemon starts, which has one core; the load plays Asterisk on another one and asks for calls all the
time, during the run and after it. The run is wanted under 60 s, by the processor time of the daemon
where other programs take a part of its core.
"""

import argparse
import asyncio
import json
import platform
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import uvloop

from bench.deck_changes import Load, Span, logged
from bench.lifecycles import PLAN, SECRET, BenchAsterisk, apart, fill, free_port
from bench.machine import TICKS_A_S
from bench.subscribers import PLANS, charged, subscribe_all
from bench.watched import late_times
from tests.site import Site, running

RUN_S_MAX = 60
AFTER_S = 10.0
WITHIN_S = 1800


async def bench(folder: Path, accounts: int) -> dict[str, Any]:
    """One run beside calls, and then calls alone."""
    pbx = BenchAsterisk(free_port())
    await pbx.start()
    ports = {"ami_port": pbx.ami_port, "agi_port": pbx.agi_port}
    site = Site.make(folder / "site", ami_secret=SECRET, **ports)
    (site.folder / "plans" / "bench.yaml").write_text(PLAN)
    site.program = (sys.executable, "-m", "bench.watched", folder / "late")
    await fill(site)
    subscribe_all(site, accounts)
    async with running(site):
        run_s, cpu_s, during, alone, alone_cpu_s = await beside_calls(site, pbx)
        await site.stop()
    await pbx.stop()
    records, due = charged(site.database)
    assert (records, due) == (accounts * len(PLANS), 0)
    late = list(late_times(folder / "late"))
    of_run, of_calls = during.phase(late), alone.phase(late)
    return {
        "accounts": accounts,
        "records": records,
        "run_s": round(run_s, 1),
        "run_cpu_s": round(cpu_s, 1),
        "calls_cpu_ms": round(alone_cpu_s * 1000 / of_calls.calls, 2),
        "during": asdict(of_run),
        "alone": asdict(of_calls),
        "python": platform.python_version(),
    }


async def beside_calls(site: Site, pbx: BenchAsterisk) -> tuple[float, float, Span, Span, float]:
    """The run: its seconds, those of the daemon's processor; the calls meanwhile, and after."""
    await site.serve()
    assert site.process is not None
    apart(site)
    pid = site.process.pid
    begun, before_s = time.perf_counter(), used_s(pid)
    load = Load(pbx, pid)
    load.begin()
    with load.span() as during:
        async with asyncio.timeout(WITHIN_S):
            await logged(site, "subscriptions charged", 0)
    run_s, cpu_s = time.perf_counter() - begun, used_s(pid) - before_s
    before_s = used_s(pid)
    with load.span() as alone:
        await asyncio.sleep(AFTER_S)
    alone_cpu_s = used_s(pid) - before_s
    await load.end()
    return run_s, cpu_s, during, alone, alone_cpu_s


def used_s(pid: int) -> float:
    """The processor time of a process so far."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / TICKS_A_S


def show(found: dict[str, Any]) -> None:
    """For people."""
    print(
        f"{found['accounts']} accounts, {found['records']} charges: {found['run_s']} s, "
        f"{found['run_cpu_s']} s of one core, calls included (wanted under {RUN_S_MAX} s: "
        f"{_kept(found['run_s'])} by the clock, {_kept(found['run_cpu_s'])} by the processor); "
        f"a call alone takes {found['calls_cpu_ms']} ms of it"
    )
    print(f"\n{'daemon under load':<50}{'during the run':>16}{'calls alone':>14}")
    for label, name in _LINES:
        values = [found[phase][name] for phase in ("during", "alone")]
        print(f"{label:<50}{values[0]!s:>16}{values[1]!s:>14}")


def _kept(seconds: float) -> str:
    return "kept" if seconds < RUN_S_MAX else "not kept"


_LINES = (
    ("seconds", "seconds"),
    ("calls asked for", "calls"),
    ("authorize p50, ms", "authorize_ms_p50"),
    ("authorize p99, ms", "authorize_ms_p99"),
    ("authorize longest, ms", "authorize_ms_max"),
    ("longest pause of the loop by the clock, ms", "late_ms"),
    ("  of it while others had the processor, ms", "late_waited_ms"),
    ("longest pause of the daemon's own, ms", "own_ms"),
    ("processors that others kept busy", "others"),
)


def main() -> None:
    """Run it as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=100_000, help="with three each")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = uvloop.run(bench(Path(folder), options.accounts))
    if options.json:
        print(json.dumps(found, indent=2))
    else:
        show(found)


if __name__ == "__main__":
    main()
