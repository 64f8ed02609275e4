"""The directory: owners of endpoints remembered, never one that has changed."""

import asyncio
from array import array
from datetime import date

from pbxcharge.core.account import Account, Did, Extension
from pbxcharge.core.account_kinds import AccountKind, AccountStatus
from pbxcharge.core.billing_cycle import BillingCycle
from pbxcharge.core.billing_period import BillingCalendar, billing_calendar
from pbxcharge.store.directory import Directory
from pbxcharge.store.queries import DidChain, PayerChain


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

    async def phones(self, organization_id: str) -> dict[str, Extension]:
        """Acme has one phone, everybody else none."""
        self.reads.append(f"phones of {organization_id}")
        alice = Extension("alice", "101", "alice")
        return {"101": alice} if organization_id == "acme" else {}

    async def codes(self) -> dict[str, str]:
        """Globex is 20."""
        self.reads.append("codes")
        return {"20": "globex"}

    async def did_numbers(self) -> "array[int]":
        """Two numbers of the public network."""
        self.reads.append("DIDs")
        return array("q", (442079460000, 442079460001))

    async def did(self, number: str) -> DidChain | None:
        """Alice's."""
        self.reads.append(number)
        owner = Account("alice", AccountKind.USER, None, "Alice", None, self.status)
        return Did(number, "alice", "alice"), (owner,)

    async def calendar(self, organization_id: str) -> BillingCalendar:
        """By the week."""
        self.reads.append(f"periods of {organization_id}")
        return billing_calendar(BillingCycle.WEEKLY, date(2024, 1, 1))


async def test_an_owner_is_read_once() -> None:
    """The second time it is known at once."""
    books = Books()
    directory = Directory(books)
    assert directory.known("alice") is None
    first = await directory.payer("alice")
    assert await directory.payer("alice") is first
    assert directory.known("alice") is first
    assert books.reads == ["alice"]


async def test_nobodys_endpoint_is_asked_for_each_time() -> None:
    """An extension that is added is found at its first call."""
    books = Books()
    directory = Directory(books)
    assert await directory.payer("nobody") is None
    assert await directory.payer("nobody") is None
    assert books.reads == ["nobody", "nobody"]


async def test_what_was_read_before_a_change_is_not_remembered() -> None:
    """A reading that began before the change and ended after it may be how things were."""
    books = Books()
    directory = Directory(books)
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
    directory = Directory(books, endpoints_max=2)
    for endpoint in ("alice", "bob", "alice", "carol"):
        await directory.payer(endpoint)
    assert directory.known("bob") is None
    assert directory.known("alice")
    assert directory.known("carol")


async def test_numbers_that_are_nobodys_here_are_known_without_reading() -> None:
    """However many numbers are called outside, the database is read once for all of them.

    Seen failing with the numbers read each time in `Directory.did`.
    """
    books = Books()
    directory = Directory(books)
    for last in range(100):
        number = f"49301234{last:03}"
        assert await directory.phone("acme", number) is None
        assert await directory.did(number) is None
        assert "20" in await directory.codes()
    assert sorted(books.reads) == ["DIDs", "codes", "phones of acme"]


async def test_a_number_of_this_site_is_read_once() -> None:
    """Its owner decides who pays."""
    books = Books()
    directory = Directory(books)
    for number in ("442079460001", "442079460001"):
        found = await directory.did(number)
        assert found is not None
        assert found[0].number == number
    assert books.reads == ["DIDs", "442079460001"]


async def test_a_phone_is_found_by_organization_and_number() -> None:
    """Two organizations may have the same number."""
    directory = Directory(Books())
    phone = await directory.phone("acme", "101")
    assert phone is not None
    assert phone.endpoint == "alice"
    assert await directory.phone("globex", "101") is None


async def test_numbers_are_read_again_after_a_change() -> None:
    """What was added is found at once."""
    books = Books()
    directory = Directory(books)
    await directory.phone("acme", "101")
    directory.forget()
    await directory.phone("acme", "101")
    assert books.reads == ["phones of acme", "phones of acme"]


async def test_billing_periods_are_read_once_and_again_after_a_change() -> None:
    """Those of an organization; forgotten with everything else."""
    books = Books()
    directory = Directory(books)
    weekly = await directory.calendar("acme")
    assert weekly.holding(date(2026, 11, 18)).first == date(2026, 11, 16)
    await directory.calendar("acme")
    assert books.reads == ["periods of acme"]
    directory.forget()
    await directory.calendar("acme")
    assert books.reads == ["periods of acme"] * 2
