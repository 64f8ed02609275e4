"""The whole daemon: durable call lifecycles a second, and how long an authorization takes.

The load comes from this process, which plays Asterisk (real FastAGI and AMI bytes); the daemon is
the installed command in a process and on a core of its own. One lifecycle: ask, hold on disk, yes,
dial, answer, the next slice held on disk and armed, hang up, record and charge on disk.
"""

import argparse
import asyncio
import json
import os
import platform
import sqlite3
import statistics
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import uvloop

from pbxcharge import log
from pbxcharge.core.account import Account, Extension, wallet_id
from pbxcharge.core.account_kinds import AccountKind, AccountStatus, WalletKind
from pbxcharge.core.credit import OpenWallet, Post
from pbxcharge.core.effects import AccountSaved, ExtensionSaved
from pbxcharge.core.ledger import Entry, EntryKind
from pbxcharge.store import open_store
from tests.fakes.fake_asterisk import FakeAsterisk
from tests.fakes.fake_channels import FakeChannel
from tests.site import Site, running

SECRET = "bench-secret"
USERS = 200
NUMBER = "00442079460000"
ARMED_BY_DAEMON = 3
"""The dialplan arms a leg before it rings and at the answer; the third time is the next slice."""
PLAN = """
name: bench
type: prepaid
allow: {public: yes}
charging_segments: {outgoing: 1/1}
reservation: {slice_s: 10}
out_of_credit: {warn_before_s: 0}
limits:
  concurrent_calls: unlimited
  calls_per_minute: unlimited
  spend_per_hour: unlimited
  spend_per_day: unlimited
prices:
  public:
    - {destination: United Kingdom, prefixes: [44], price_per_minute: 0.10}
"""
# First slice 10 s, lead 10 s: the next slice is due at the answer, and is the only one.


@dataclass(frozen=True, slots=True)
class Result:
    """One run: rates a second, CPU in microseconds, times in milliseconds."""

    at_once: int
    calls: int
    lifecycles_per_s: float
    daemon_cpu_us_per_lifecycle: float
    authorize_ms_p50: float
    authorize_ms_p95: float
    authorize_ms_p99: float


class BenchAsterisk(FakeAsterisk):
    """Tells when the daemon has armed the next slice of a leg."""

    def __init__(self, agi_port: int) -> None:
        super().__init__(agi_port, secret=SECRET)
        self._armed: dict[str, int] = {}
        self._renewed: dict[str, asyncio.Event] = {}

    def arm(self, channel: FakeChannel, timeout_s: float) -> None:
        """Arm it, and count."""
        super().arm(channel, timeout_s)
        count = self._armed.get(channel.uniqueid, 0) + 1
        self._armed[channel.uniqueid] = count
        if count == ARMED_BY_DAEMON:
            self._renewed.setdefault(channel.uniqueid, asyncio.Event()).set()

    async def renewed(self, channel: FakeChannel) -> None:
        """Wait until the daemon has paid and armed the next slice."""
        await self._renewed.setdefault(channel.uniqueid, asyncio.Event()).wait()
        del self._renewed[channel.uniqueid], self._armed[channel.uniqueid]


async def one_call(pbx: BenchAsterisk, user: int, spent_ms: list[float]) -> None:
    """One lifecycle up to the hangup."""
    call = pbx.place_call(f"phone{user}", NUMBER)
    begun = time.perf_counter()
    assert await call.authorize(), call.verdict
    spent_ms.append((time.perf_counter() - begun) * 1000)
    leg = call.dial()
    call.ring()
    call.answer()
    await pbx.renewed(leg)
    call.hang_up("caller")


async def load(pbx: BenchAsterisk, site: Site, calls: int, at_once: int) -> Result:
    """So many lifecycles, so many at once, until the last record is on disk."""
    spent_ms: list[float] = []
    numbers = iter(range(calls))

    async def caller() -> None:
        for number in numbers:
            await one_call(pbx, number % USERS, spent_ms)

    before = settled(site)
    cpu_us, begun = cpu_microseconds(site), time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(at_once)))
    async with asyncio.timeout(60):
        while settled(site) < before + calls:  # noqa: ASYNC110 - the file is the witness
            await asyncio.sleep(0.005)
    elapsed_s = time.perf_counter() - begun
    cuts = statistics.quantiles(spent_ms, n=100)
    return Result(
        at_once=at_once,
        calls=calls,
        lifecycles_per_s=round(calls / elapsed_s, 1),
        daemon_cpu_us_per_lifecycle=round((cpu_microseconds(site) - cpu_us) / calls, 1),
        authorize_ms_p50=round(cuts[49], 2),
        authorize_ms_p95=round(cuts[94], 2),
        authorize_ms_p99=round(cuts[98], 2),
    )


def settled(site: Site) -> int:
    """Records that are on disk, read from the file itself."""
    with sqlite3.connect(f"file:{site.database}?mode=ro", uri=True) as books:
        (count,) = books.execute("SELECT count(*) FROM cdr").fetchone()
    return int(count)


def cpu_microseconds(site: Site) -> int:
    """CPU that the daemon has used, user and system, all threads."""
    assert site.process is not None
    fields = Path(f"/proc/{site.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1_000_000 // os.sysconf("SC_CLK_TCK")


async def fill(site: Site) -> None:
    """Users with phones and more credit than the bench can spend."""
    log.configure("error")
    async with open_store(
        site.database, currency="EUR", node="pbx1", log=log.logger(), migrate=True
    ) as store:
        organization = Account(
            "acme", AccountKind.ORGANIZATION, None, "Acme", None, AccountStatus.ACTIVE
        )
        await store.writer.submit((), [AccountSaved(organization, 0, "bench")])
        for number in range(USERS):
            user = f"user{number}"
            account = Account(user, AccountKind.USER, "acme", user, "bench", AccountStatus.ACTIVE)
            phone = Extension(f"phone{number}", str(100 + number), user)
            wallet = wallet_id(user, WalletKind.OUTGOING)
            credit = Entry(f"fill-{user}", wallet, EntryKind.TOP_UP, 10**12, 0, "bench")
            await store.writer.submit(
                (OpenWallet(wallet, user, WalletKind.OUTGOING, 0), Post(credit)),
                [AccountSaved(account, 0, "bench"), ExtensionSaved(phone, 0, "bench")],
            )


def commit_ms(folder: Path) -> float:
    """One durable commit of SQLite alone on this disk: the median of 200."""
    with sqlite3.connect(folder / "floor.db", isolation_level=None) as books:
        books.execute("PRAGMA journal_mode = wal")
        books.execute("PRAGMA synchronous = full")
        books.execute("CREATE TABLE t (x)")
        spent: list[float] = []
        for _ in range(200):
            begun = time.perf_counter()
            books.execute("INSERT INTO t VALUES (1)")
            spent.append((time.perf_counter() - begun) * 1000)
    return round(statistics.median(spent), 3)


def apart(site: Site) -> None:
    """The daemon on one core, the load on the others, where there is more than one."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1 and site.process is not None:
        os.sched_setaffinity(site.process.pid, {cores[0]})
        os.sched_setaffinity(0, set(cores[1:]))


async def bench(calls: int, every: list[int]) -> dict[str, object]:
    """Every number of calls at once, one after the other, on one daemon."""
    with tempfile.TemporaryDirectory(prefix="pbxcharge-bench-") as temporary:
        folder = Path(temporary)
        floor_ms = commit_ms(folder)
        pbx = BenchAsterisk(free_port())
        await pbx.start()
        site = Site.make(
            folder / "site",
            ami_port=pbx.ami_port,
            agi_port=pbx.agi_port,
            ami_secret=SECRET,
            change=lambda settings: settings["timing"].update(renew_lead_s=10),
        )
        (site.folder / "plans" / "bench.yaml").write_text(PLAN)
        await fill(site)
        async with running(site):
            await site.serve()
            apart(site)
            await load(pbx, site, 200, 16)  # caches and the disk's first writes
            results = [await load(pbx, site, calls if n > 1 else calls // 4, n) for n in every]
            await site.stop()
        await pbx.stop()
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "sqlite_commit_ms_p50": floor_ms,
        "results": [asdict(result) for result in results],
    }


def free_port() -> int:
    """A free TCP port on loopback."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def show(found: dict[str, object]) -> None:
    """The figures as a table."""
    print(
        f"{found['machine']}, Python {found['python']}, SQLite {found['sqlite']}; "
        f"one SQLite commit: {found['sqlite_commit_ms_p50']} ms"
    )
    results = found["results"]
    assert isinstance(results, list)
    head = ("at once", "lifecycles/s", "daemon CPU µs", "authorize p50 ms", "p95", "p99")
    print("  ".join(f"{word:>16}" for word in head))
    for one in results:
        row = (
            one["at_once"],
            one["lifecycles_per_s"],
            one["daemon_cpu_us_per_lifecycle"],
            one["authorize_ms_p50"],
            one["authorize_ms_p95"],
            one["authorize_ms_p99"],
        )
        print("  ".join(f"{value:>16}" for value in row))


def main() -> None:
    """Run it as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=4000, help="lifecycles in each run")
    parser.add_argument("--at-once", type=int, nargs="+", default=[1, 8, 64])
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    found = uvloop.run(bench(options.calls, options.at_once))
    if options.json:
        print(json.dumps(found, indent=2))
    else:
        show(found)


if __name__ == "__main__":
    main()
