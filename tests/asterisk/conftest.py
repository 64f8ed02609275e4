"""A real Asterisk for the tests of this folder: one for the whole run of a worker process.

Tests share it, so each takes its own extension and numbers; a test that stops, kills or configures
an Asterisk makes an `AsteriskInstance` for itself.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from tests.asterisk.harness import Answerer, AsteriskInstance, FarEnd, HandsetCall, Verdict


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
