"""A real Asterisk for the tests of this folder: one for the whole run of a worker process.

Tests share it, so each takes its own extension and numbers; a test that stops, kills or configures
an Asterisk makes an `AsteriskInstance` for itself, or a pair with a daemon (`metered_site`).
"""

from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from tests.asterisk.harness import Answerer, AsteriskInstance, FarEnd, HandsetCall, Verdict
from tests.asterisk.metered import (
    EARLY_S,
    FIGURE,
    LATE_S,
    Metered,
    OnTime,
    Record,
    metered_site,
)
from tests.asterisk.office import office


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The instance lives in the run's event loop, so its tests run there too."""
    for item in items:
        if "asterisk" in item.path.parts and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@dataclass(frozen=True, slots=True)
class Scripted:
    """An Asterisk whose every authorization is answered as the test says."""

    asterisk: AsteriskInstance
    answerer: Answerer

    async def dial(self, number: str, far_end: FarEnd, verdict: Verdict) -> HandsetCall:
        """Call a number that behaves so, with this verdict."""
        self.asterisk.carrier.plan(number, far_end)
        self.answerer.says(number, verdict)
        return (await self.asterisk.handset()).call(number)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def asterisk() -> AsyncIterator[AsteriskInstance]:
    """An Asterisk that asks whoever listens on its FastAGI port."""
    async with AsteriskInstance() as instance:
        yield instance


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def scripted() -> AsyncIterator[Scripted]:
    """An Asterisk with the scripted answerer, and a few ways in that a site might have."""
    dialplan = """
; A site whose own dialplan limits what its phones may do.
[pbxc-out](+)
exten => limited-emergency,1,Set(TIMEOUT(absolute)=1)
 same => n,Goto(pbxc-out,112,1)
[after-credit]
exten => s,1,UserEvent(AfterCredit)
 same => n,Hangup()
[calls-again]
exten => s,1,Goto(pbxc-out,4420777,1)
"""
    async with AsteriskInstance(dialplan=dialplan) as instance:
        answerer = await Answerer().open(instance.agi_port)
        try:
            yield Scripted(instance, answerer)
        finally:
            await answerer.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def metered_pair() -> AsyncIterator[Metered]:
    """An Asterisk and the daemon that charges its calls, for all tests that break neither."""
    async with (
        office() as asterisk,
        metered_site(
            asterisk=asterisk, settings=lambda settings: settings["timing"].update(ring_s=15)
        ) as pair,
    ):
        yield pair


@pytest_asyncio.fixture(loop_scope="session")
async def metered(metered_pair: Metered) -> AsyncIterator[Metered]:
    """The shared pair; after each test its books must be clean."""
    said_before = len(metered_pair.site.log.lines)
    yield metered_pair
    # pytest shows it if the test has failed.
    print(*metered_pair.site.log.lines[said_before:], sep="\n")
    await metered_pair.check_books()


@pytest.fixture
def on_time(record_property: Record) -> OnTime:
    """Judges how long after its paid instant a leg ended: never before, at most 1 s after."""

    def judge(late_s: float) -> None:
        record_property(f"{FIGURE}cut-off after the paid instant", late_s)
        assert -EARLY_S <= late_s <= LATE_S

    return judge


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How late each cut-off was, and the other times that tests have taken: figures, no verdict."""
    figures = defaultdict(list)
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, value in report.user_properties if report.when == "call" else ():
            if name.startswith(FIGURE):
                figures[name.removeprefix(FIGURE)].append(float(str(value)) * 1000)
    for name, unsorted_ms in sorted(figures.items()):
        ms = sorted(unsorted_ms)
        terminalreporter.write_line(
            f"{name}, {len(ms)} times: least {ms[0]:.1f} ms, middle {ms[len(ms) // 2]:.1f} ms, "
            f"most {ms[-1]:.1f} ms"
        )
