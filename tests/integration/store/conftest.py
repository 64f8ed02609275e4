"""A small site on a real SQLite file, for the tests of the store."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pbxcharge.store import Store
from pbxcharge.store.writer import Writer
from tests.fakes.small_site import open_site


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Where the site's books are kept."""
    return tmp_path / "books" / "site.db"


@pytest.fixture
async def store(database: Path) -> AsyncIterator[Store]:
    """The books, open."""
    async with open_site(database) as opened:
        yield opened


@pytest.fixture
def writer(store: Store) -> Writer:
    """The one writer."""
    return store.writer
