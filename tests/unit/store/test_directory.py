"""The directory: owners of endpoints remembered, never one that has changed."""

import asyncio

from pbxcharge.core.account import Account, AccountKind, AccountStatus, Extension
from pbxcharge.store.directory import Directory
from pbxcharge.store.queries import PayerChain


class Books:
    """Accounts as the database has them, read when the test says so."""

    def __init__(self) -> None:
        self.status = AccountStatus.ACTIVE
        self.reads: list[str] = []
        self.let_go = asyncio.Event()
        self.let_go.set()

    async def payer(self, endpoint: str) -> PayerChain | None:
        """The owner as it was when the reading began."""
        self.reads.append(endpoint)
        owner = Account(endpoint, AccountKind.USER, None, endpoint, None, self.status)
        await self.let_go.wait()
        return None if endpoint == "nobody" else (Extension(endpoint, "1", endpoint), (owner,))


async def test_an_owner_is_read_once() -> None:
    """The second time it is known at once."""
    books = Books()
    directory = Directory(books.payer)
    assert directory.known("alice") is None
    first = await directory.payer("alice")
    assert await directory.payer("alice") is first
    assert directory.known("alice") is first
    assert books.reads == ["alice"]


async def test_nobodys_endpoint_is_asked_for_each_time() -> None:
    """An extension that is added is found at its first call."""
    books = Books()
    directory = Directory(books.payer)
    assert await directory.payer("nobody") is None
    assert await directory.payer("nobody") is None
    assert books.reads == ["nobody", "nobody"]


async def test_what_was_read_before_a_change_is_not_remembered() -> None:
    """A reading that began before the change and ended after it may be how things were."""
    books = Books()
    directory = Directory(books.payer)
    books.let_go.clear()
    reading = asyncio.create_task(directory.payer("alice"))
    await asyncio.sleep(0)
    books.status = AccountStatus.BLOCKED
    directory.forget()
    books.let_go.set()
    await reading
    payer = await directory.payer("alice")
    assert payer is not None
    assert payer[1][0].status is AccountStatus.BLOCKED


async def test_only_so_many_are_remembered() -> None:
    """The one not asked for the longest goes first."""
    books = Books()
    directory = Directory(books.payer, endpoints_max=2)
    for endpoint in ("alice", "bob", "alice", "carol"):
        await directory.payer(endpoint)
    assert directory.known("bob") is None
    assert directory.known("alice")
    assert directory.known("carol")
