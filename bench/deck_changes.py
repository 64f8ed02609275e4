"""A daemon under load: first calls alone, then calls while the deck of its trunk is changed.

The load asks for calls at a moderate rate, so that it leaves the processors to the daemon. Of each
pause of the daemon's loop it is told how much of it the loop was ready to run and others ran.
"""

import asyncio
import signal
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.lifecycles import NUMBER, PLAN, SECRET, USERS, BenchAsterisk, fill, free_port
from bench.machine import Memory, MemoryWatch, Use
from bench.watched import late_times
from pbxcharge.flow.lag import Lateness
from tests.fakes.decks import large_deck
from tests.site import Site, running

AT_ONCE = 8
BETWEEN_S = 0.2
WARM_S = 3.0
BETWEEN_DECKS_S = 1.0
WITHIN_S = 300


@dataclass(frozen=True, slots=True)
class Phase:
    """Calls for some time, and what became of the daemon's loop.

    Args:
        seconds: how long.
        calls: that were asked for.
        late_ms: the longest pause of the loop, by the clock.
        late_waited_ms: how long of that pause others had the processor.
        own_ms: the longest pause without the time in which others had the processor.
        authorize_ms_p50, authorize_ms_p99, authorize_ms_max: how long callers waited for a yes.
        others: how many processors were kept busy by neither daemon nor load.
        taken_s: the processor time that the host of a virtual machine gave to others.
    """

    seconds: float
    calls: int
    late_ms: float
    late_waited_ms: float
    own_ms: float
    authorize_ms_p50: float
    authorize_ms_p99: float
    authorize_ms_max: float
    others: float
    taken_s: float


@dataclass(frozen=True, slots=True)
class Changes:
    """What a daemon went through."""

    ready_s: float
    reload_s: list[float]
    alone: Phase
    changing: Phase
    memory_before: Memory
    memory_most: Memory
    memory_after: Memory


class Span:
    """Some time under load: which calls were asked for in it, and what the machine did."""

    def __init__(self, begun: Use, ended: Use, spent_ms: list[float]) -> None:
        self._begun, self._ended, self._spent_ms = begun, ended, spent_ms

    def end(self, ended: Use, spent_ms: list[float]) -> None:
        """It is over, and each call waited so long for its yes."""
        self._ended, self._spent_ms = ended, spent_ms

    def phase(self, every: list[Lateness]) -> Phase:
        """What became of it, by what the daemon wrote in the end."""
        first_ns, last_ns = (int(use.at_s * 1e9) for use in (self._begun, self._ended))
        late = [one for one in every if first_ns <= one.at_ns <= last_ns]
        longest = max(late, key=lambda one: one.late_ms, default=Lateness(0, 0.0, 0.0))
        cuts = statistics.quantiles(self._spent_ms, n=100)
        return Phase(
            seconds=round(self._ended.at_s - self._begun.at_s, 1),
            calls=len(self._spent_ms),
            late_ms=round(longest.late_ms, 1),
            late_waited_ms=round(min(longest.waited_ms, longest.late_ms), 1),
            own_ms=round(max((one.own_ms for one in late), default=0.0), 1),
            authorize_ms_p50=round(cuts[49], 2),
            authorize_ms_p99=round(cuts[98], 2),
            authorize_ms_max=round(max(self._spent_ms), 2),
            others=round(self._ended.others_since(self._begun), 2),
            taken_s=round(self._ended.taken_s - self._begun.taken_s, 2),
        )


class Load:
    """Callers who ask, and hang up while it rings, as long as they are wanted.

    Args:
        pbx: where they call.
        pid: of the daemon that they ask.
    """

    def __init__(self, pbx: BenchAsterisk, pid: int) -> None:
        self._pbx, self._pid = pbx, pid
        self._tasks: list[asyncio.Task[None]] = []
        self._spent_ms: list[float] = []

    def begin(self) -> None:
        """So many of them at once."""
        self._tasks = [asyncio.create_task(self._caller(user)) for user in range(AT_ONCE)]

    async def end(self) -> None:
        """No more calls."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @contextmanager
    def span(self) -> Iterator[Span]:
        """From here to the end of the block."""
        calls, begun = len(self._spent_ms), Use.now(self._pid)
        yield (span := Span(begun, begun, []))
        span.end(Use.now(self._pid), self._spent_ms[calls:])

    async def _caller(self, user: int) -> None:
        await asyncio.sleep(user * BETWEEN_S / AT_ONCE)
        while True:
            call = self._pbx.place_call(f"phone{user % USERS}", NUMBER)
            begun = time.perf_counter()
            assert await call.authorize(), call.verdict
            self._spent_ms.append((time.perf_counter() - begun) * 1000)
            call.dial()
            call.hang_up("caller")
            await asyncio.sleep(BETWEEN_S)


async def changes(folder: Path, rows: int, reloads: int, alone_s: float) -> Changes:
    """Calls alone for so long, then while the deck is changed so often."""
    decks = [written(folder / f"{turn}.csv", rows, turn) for turn in range(reloads + 1)]
    pbx = BenchAsterisk(free_port())
    await pbx.start()
    site = deck_site(folder / "site", pbx)
    put(site, decks[0])
    await fill(site)
    async with running(site):
        await site.run("check", code=None, within_s=WITHIN_S)  # the deck is compiled by now
        begun = time.perf_counter()
        await site.serve()
        ready_s = time.perf_counter() - begun
        assert site.process is not None
        load, watch = Load(pbx, site.process.pid), MemoryWatch(site.process.pid)
        load.begin()
        await asyncio.sleep(WARM_S)
        with load.span() as alone:
            await asyncio.sleep(alone_s)
        before = watch.now()
        with load.span() as changing:
            reload_s = [await changed(site, deck) for deck in decks[1:]]
        after = watch.close()
        await load.end()
        await site.stop()
    await pbx.stop()
    late = list(late_times(folder / "late"))
    return Changes(
        ready_s=round(ready_s, 2),
        reload_s=[round(spent_s, 2) for spent_s in reload_s],
        alone=alone.phase(late),
        changing=changing.phase(late),
        memory_before=before,
        memory_most=watch.most,
        memory_after=after,
    )


def written(place: Path, rows: int, seed: int) -> Path:
    """A deck in a file; all are made beforehand, since that takes a processor for seconds."""
    place.parent.mkdir(exist_ok=True)
    place.write_text(large_deck(rows, seed))
    return place


def deck_site(folder: Path, pbx: BenchAsterisk) -> Site:
    """A site whose trunk has a deck, and whose daemon is watched finely."""

    def change(settings: Any) -> None:
        settings["rates"] = "rates/"
        settings["trunks"] = [{"name": "carrier", "deck": "carrier"}]

    ports = {"ami_port": pbx.ami_port, "agi_port": pbx.agi_port}
    site = Site.make(folder, ami_secret=SECRET, change=change, **ports)
    (folder / "plans" / "bench.yaml").write_text(PLAN)
    site.program = (sys.executable, "-m", "bench.watched", folder.parent / "late")
    return site


def put(site: Site, deck: Path) -> None:
    """Put another deck into the place of the one that is there, as an operator should."""
    (site.folder / "rates").mkdir(exist_ok=True)
    deck.replace(site.folder / "rates" / "carrier.csv")


async def changed(site: Site, deck: Path) -> float:
    """Change the deck and let the daemon read it; seconds until it was in force."""
    seen = len(site.log.lines)
    begun = time.perf_counter()
    put(site, deck)
    site.signal(signal.SIGHUP)
    async with asyncio.timeout(WITHIN_S):
        await logged(site, "plans_in_force", seen)
    spent_s = time.perf_counter() - begun
    await asyncio.sleep(BETWEEN_DECKS_S)
    return spent_s


async def logged(site: Site, event: str, place: int) -> None:
    """Wait for a line of the log, each of which is looked at once: there are thousands."""
    while True:
        while place < len(site.log.lines):
            if site.log.lines[place]["event"] == event:
                return
            place += 1
        await asyncio.sleep(0.01)
