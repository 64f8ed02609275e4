"""The installed command, in processes of its own, on a site with real books."""

import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pbxcharge.alone import plans_now, read_files
from pbxcharge.core.account import Account, Extension
from pbxcharge.core.account_kinds import AccountKind, AccountStatus
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.office import Office
from pbxcharge.flow.prices import Prices
from pbxcharge.store import Store, open_store
from tests.asterisk.harness.ports import free_port
from tests.fakes.fake_asterisk import FakeAsterisk
from tests.fakes.plans import NUMBERING
from tests.fakes.recording_logger import RecordingLogger
from tests.site import Site, running

SECRET = "not-so-secret"
ACME = Account("acme", AccountKind.ORGANIZATION, None, "Acme Ltd", None, AccountStatus.ACTIVE)
ALICE = Account("alice", AccountKind.USER, "acme", "Alice", "kiosk", AccountStatus.ACTIVE)
PHONE = Extension("alice-1", "101", "alice")


@contextlib.asynccontextmanager
async def books(site: Site) -> AsyncIterator[tuple[Store, Office]]:
    """The site's books, open in this process."""
    files = read_files(site.config)
    assert files.catalog is not None, files.findings
    async with open_store(
        site.database, currency="EUR", node="pbx1", log=RecordingLogger(), migrate=True
    ) as store:
        yield (
            store,
            Office(
                store.writer,
                store.queries,
                Prices(plans_now(files.catalog), NUMBERING),
                Clock(),
                "EUR",
            ),
        )


def make_site(folder: Path, asterisk: FakeAsterisk | None = None) -> Site:
    """A site without books, for this PBX."""
    agi_port, ami_port = free_port(socket.SOCK_STREAM), 5038
    if asterisk is not None:
        asterisk.agi_port, ami_port = agi_port, asterisk.ami_port
    return Site.make(folder, ami_port=ami_port, agi_port=agi_port, ami_secret=SECRET)


async def fill(site: Site) -> None:
    """Acme, its user alice with a phone, the plan `kiosk` and 5.00."""
    async with books(site) as (_, office):
        await office.provisioning.add_account(ACME, "uid:0")
        await office.provisioning.add_account(ALICE, "uid:0")
        await office.provisioning.add_extension(PHONE, "uid:0")
        await office.cashier.top_up("first", "alice", 5_000_000, "", "uid:0")


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """A site with alice and 5.00, and nobody running."""
    made = make_site(tmp_path / "site")
    await fill(made)
    async with running(made):
        yield made


@pytest.fixture
async def asterisk() -> AsyncIterator[FakeAsterisk]:
    """A PBX for the daemon."""
    pbx = FakeAsterisk(secret=SECRET)
    await pbx.start()
    yield pbx
    await pbx.stop()


@pytest.fixture
async def served(tmp_path: Path, asterisk: FakeAsterisk) -> AsyncIterator[Site]:
    """The same site with its daemon running."""
    made = make_site(tmp_path / "site", asterisk)
    await fill(made)
    async with running(made):
        await made.serve()
        yield made
