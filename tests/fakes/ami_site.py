"""An AMI client beside the fake Asterisk, and what it was told."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from pbxcharge.asterisk.ami_client import AmiClient
from pbxcharge.asterisk.events import Event
from tests.fakes.fake_asterisk import FakeAsterisk
from tests.fakes.fake_call import FakeCall
from tests.fakes.recording_logger import RecordingLogger

VERDICT = {
    "PBXC_CALL": "0192f0c1a2b3abcdefghij",
    "PBXC_DIAL": "PJSIP/44123@carrier",
    "PBXC_RING_S": "30",
    "PBXC_RING_LEASE_S": "90",
    "PBXC_LEASE_S": "60",
    "PBXC_VERDICT": "ALLOW",
}


@dataclass
class Site:
    """A fake Asterisk and a client of it, with what the client was told."""

    pbx: FakeAsterisk
    client: AmiClient = field(init=False)
    logger: RecordingLogger = field(default_factory=RecordingLogger)
    events: list[Event] = field(default_factory=list)
    resyncs: int = 0
    resyncing: int = 0
    finished: int = 0
    losses: int = 0
    failing_resyncs: int = 0
    raising: bool = False
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, event: Event, received_ns: int) -> None:
        """Put an event aside."""
        assert 0 <= time.monotonic_ns() - received_ns < 5_000_000_000
        if self.raising:
            raise ZeroDivisionError
        self.events.append(event)

    async def resync(self) -> None:
        """Ask what there is, as the daemon does."""
        assert self.resyncing == 0, "two resyncs at once"
        self.resyncing += 1
        self.resyncs += 1
        try:
            await self.gate.wait()
            await self.client.status()
            await asyncio.sleep(0.01)
            if self.resyncs <= self.failing_resyncs:
                raise ZeroDivisionError
            self.finished += 1
        finally:
            self.resyncing -= 1

    def lose(self) -> None:
        """Count a loss."""
        self.losses += 1

    def talk(self) -> FakeCall:
        """Begin a call that is answered."""
        call = self.pbx.place_call("alice", "44123")
        call.verdict = VERDICT
        call.dial()
        call.ring()
        call.answer()
        return call

    def sent(self, name: str) -> list[dict[str, str]]:
        """Actions of this name that the server saw."""
        return [action for action in self.pbx.actions if action["Action"] == name]


@asynccontextmanager
async def site(
    *, ready: bool = True, secret: str = "secret", **deadlines: Any
) -> AsyncIterator[Site]:
    """Run both; the client is ready unless it is not waited for."""
    here = Site(FakeAsterisk())
    await here.pbx.start()
    here.gate.set()
    settings: dict[str, Any] = {
        "ping_interval_s": 0.1,
        "ping_deadline_s": 10.0,
        "action_deadline_s": 10.0,
    }
    here.client = AmiClient(
        "127.0.0.1",
        here.pbx.ami_port,
        "pbxcharge",
        secret,
        on_event=here.take,
        on_connected=here.resync,
        on_lost=here.lose,
        logger=here.logger,
        **(settings | deadlines),
    )
    await here.client.start()
    try:
        if ready:
            await here.client.wait_ready(10)
        yield here
    finally:
        await here.client.close()
        await here.pbx.stop()
