"""The local API on a real socket over real books."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvloop

from pbxcharge.api.client import Client
from pbxcharge.api.server import ApiServer
from pbxcharge.flow.archive import Archive
from pbxcharge.flow.billing import Billing
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.journal import Journal
from pbxcharge.flow.meter import Meter
from pbxcharge.flow.office import Office
from pbxcharge.flow.ports import Site
from pbxcharge.flow.prices import Prices
from pbxcharge.store import Store, open_store
from tests.fakes.offers import PRODUCTS, SUBSCRIPTIONS
from tests.fakes.plans import NUMBERING, ONE_TRUNK, PLANS
from tests.fakes.recording_logger import RecordingLogger
from tests.integration.office.conftest import ACME, ALICE

SITE = Site("pbx1", "EUR", 30, 10_000, ONE_TRUNK, "last_seen")
PRICES = Prices(PLANS, NUMBERING, subscriptions=SUBSCRIPTIONS, products=PRODUCTS)


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """What touches the socket itself runs on both loops: their transports are not the same."""
    loops = {"uvloop": uvloop.new_event_loop}
    return loops | ({"asyncio": asyncio.new_event_loop} if item.path.stem == "test_server" else {})


class DeafAsterisk:
    """Takes every action and does nothing."""

    def __init__(self) -> None:
        self.hung_up: list[str] = []

    async def absolute_timeout(self, channel: str, timeout_ms: int) -> None:
        """Nothing."""

    async def hang_up(self, channel: str, cause: int = 16) -> None:
        """Remember it."""
        self.hung_up.append(channel)

    async def play_dtmf(self, channel: str, digit: str, *, receive: bool = True) -> None:
        """Nothing."""

    async def set_variable(self, channel: str, name: str, value: str) -> None:
        """Nothing."""


@dataclass
class Served:
    """A running server and what it serves from."""

    path: Path
    store: Store
    meter: Meter
    journal: Journal
    archive: Archive
    asterisk: DeafAsterisk
    server: ApiServer
    client: Client


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    """A server with the organization acme and its user alice."""
    path = tmp_path / "run" / "pbxcharge.sock"
    log, clock = RecordingLogger(), Clock()
    async with open_store(
        tmp_path / "site.db", currency="EUR", node="pbx1", log=log, migrate=True
    ) as store:
        office = Office(store.writer, store.queries, PRICES, clock, "EUR")
        for account in (ACME, ALICE):
            await office.provisioning.add_account(account, "uid:0")
        journal, asterisk = Journal(log, clock, "EUR"), DeafAsterisk()
        archive = Archive(store.writer, store.queries, clock, log, keep_days=30)
        journal.keep_with(archive.keep, (await store.queries.event_ids())[1])
        meter = Meter(
            store.writer,
            asterisk,
            SITE,
            clock,
            journal,
            log,
            on_settled=lambda *_: None,
            investigate=lambda: None,
        )
        billing = Billing(store.writer, store.queries, PRICES, clock, office.turn, log)
        server = ApiServer(
            path, office, store.queries, meter, journal, PRICES, archive, billing=billing
        )
        await server.start()
        client = Client(path)
        try:
            yield Served(path, store, meter, journal, archive, asterisk, server, client)
        finally:
            await client.close()
            await server.stop()
            await meter.close()
            await archive.close()
