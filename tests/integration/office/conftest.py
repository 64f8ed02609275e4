"""An office on a real SQLite file."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pbxcharge.core.account import Account
from pbxcharge.core.account_kinds import AccountKind, AccountStatus
from pbxcharge.flow.office import Office
from pbxcharge.flow.prices import Prices
from pbxcharge.store import Store, open_store
from tests.fakes.offers import PRODUCTS, SUBSCRIPTIONS
from tests.fakes.plans import NUMBERING, PLANS
from tests.fakes.recording_logger import RecordingLogger
from tests.fakes.site_clock import SiteClock

ACME = Account("acme", AccountKind.ORGANIZATION, None, "Acme Ltd", None, AccountStatus.ACTIVE)
ALICE = Account("alice", AccountKind.USER, "acme", "Alice", "plain", AccountStatus.ACTIVE)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """Books without an account."""
    async with open_store(
        tmp_path / "site.db", currency="EUR", node="pbx1", log=RecordingLogger(), migrate=True
    ) as opened:
        yield opened


@pytest.fixture
def empty_office(store: Store) -> Office:
    """An office before anybody was added."""
    prices = Prices(PLANS, NUMBERING, subscriptions=SUBSCRIPTIONS, products=PRODUCTS)
    return Office(store.writer, store.queries, prices, SiteClock(), "EUR")


@pytest.fixture
async def office(empty_office: Office) -> Office:
    """An office with the organization acme and its user alice, who has a plan and no credit."""
    await empty_office.provisioning.add_account(ACME, "uid:0")
    await empty_office.provisioning.add_account(ALICE, "uid:0")
    return empty_office
