"""Every credit engine, one after the other, for the same tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pbxcharge.core.credit import CreditEngine
from tests.fakes.memory_engine import MemoryEngine
from tests.fakes.small_site import open_site, wallets


@pytest.fixture(params=["memory", "sqlite"])
async def engine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[CreditEngine]:
    """An engine with three empty wallets."""
    if request.param == "memory":
        model = MemoryEngine()
        for wallet in wallets():
            await model.execute(wallet)
        yield model
        model.check()
        return
    async with open_site(tmp_path / "site.db") as store:
        yield store.writer
