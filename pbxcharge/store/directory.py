"""Who owns an endpoint or a number, remembered: every call asks, and accounts rarely change."""

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from pbxcharge.core.account import Extension
from pbxcharge.core.assigned_life import calendar
from pbxcharge.core.billing_period import BillingCalendar
from pbxcharge.store.queries import DidChain, PayerChain

if TYPE_CHECKING:
    from array import array

ENDPOINTS_MAX = 50_000
PHONES_MAX = 200_000

Found = TypeVar("Found")


class Books(Protocol):
    """What is remembered of the books."""

    async def payer(self, endpoint: str) -> PayerChain | None:
        """The extension and its owner with every account above it; None if it is nobody's."""
        ...

    async def phones(self, organization_id: str) -> Mapping[str, Extension]:
        """The phones of an organization by their numbers."""
        ...

    async def codes(self) -> Mapping[str, str]:
        """Organizations by the codes that others dial."""
        ...

    async def did_numbers(self) -> "array[int]":
        """Every number of the public network that reaches this PBX, ascending."""
        ...

    async def did(self, number: str) -> DidChain | None:
        """Whose number of the public network this is; None if it is none of this PBX."""
        ...

    async def calendar(self, organization_id: str) -> BillingCalendar:
        """The billing periods of an organization."""
        ...


class Remembered(Generic[Found]):
    """Answers by their question, the most lately asked for; forgotten all at once.

    Args:
        read: asks the database; None is not remembered.
        most: so much is remembered, by the size of each answer.
        size: of an answer.
    """

    def __init__(
        self,
        read: Callable[[str], Awaitable[Found | None]],
        most: int,
        size: Callable[[Found], int] = lambda _: 1,
    ) -> None:
        self._read = read
        self._most = most
        self._size = size
        self._known: OrderedDict[str, Found] = OrderedDict()
        self._held = 0
        self._generation = 0

    def known(self, asked: str) -> Found | None:
        """The answer if it is remembered, at once."""
        found = self._known.get(asked)
        if found is not None:
            self._known.move_to_end(asked)
        return found

    async def get(self, asked: str) -> Found | None:
        """The answer, remembered or read."""
        found = self.known(asked)
        if found is not None:
            return found
        generation = self._generation
        found = await self._read(asked)
        # What was read while accounts changed may be how they were before.
        if found is not None and generation == self._generation and asked not in self._known:
            self._remember(asked, found)
        return found

    def forget(self) -> None:
        """All of it may have changed: read it again."""
        self._generation += 1
        self._known.clear()
        self._held = 0

    def _remember(self, asked: str, found: Found) -> None:
        self._known[asked] = found
        self._held += self._size(found)
        while self._held > self._most and len(self._known) > 1:
            _, gone = self._known.popitem(last=False)
            self._held -= self._size(gone)


class Directory:
    """Owners and numbers, each read once; forgotten when accounts, phones or DIDs change.

    A call to the public network must not read the database to learn that its number is nobody's
    here: so the numbers of an organization's phones, and those of all DIDs, are known as a whole.

    Args:
        books: the database.
        endpoints_max: so many owners are remembered.
    """

    def __init__(self, books: Books, endpoints_max: int = ENDPOINTS_MAX) -> None:
        self._payers = Remembered(books.payer, endpoints_max)
        self._dids = Remembered(books.did, endpoints_max)
        self._phones = Remembered(books.phones, PHONES_MAX, lambda phones: len(phones) + 1)
        self.changes = 0
        """How often it has forgotten everything: as long as this stays, every answer does."""
        # Two questions that have but one answer.
        self._codes = Remembered(lambda _: books.codes(), 1)
        self._numbers = Remembered(lambda _: books.did_numbers(), 1)
        self._calendars = Remembered(books.calendar, endpoints_max)

    def known(self, endpoint: str) -> PayerChain | None:
        """The owner of an endpoint if it is remembered, at once."""
        return self._payers.known(endpoint)

    async def payer(self, endpoint: str) -> PayerChain | None:
        """The extension and its owner with every account above it; None if it is nobody's."""
        return await self._payers.get(endpoint)

    async def phone(self, organization_id: str, number: str) -> Extension | None:
        """The phone of an organization that has this number."""
        phones = await self._phones.get(organization_id)
        return phones.get(number) if phones else None

    async def codes(self) -> Mapping[str, str]:
        """Organizations by the codes that others dial."""
        return await self._codes.get("") or {}

    async def did(self, number: str) -> DidChain | None:
        """Whose number of the public network this is; None if it is none of this PBX."""
        numbers = await self._numbers.get("")
        if not numbers:
            return None
        place = bisect_left(numbers, int(number))
        if place == len(numbers) or numbers[place] != int(number):
            return None
        return await self._dids.get(number)

    async def calendar(self, organization_id: str) -> BillingCalendar:
        """The billing periods of an organization: by the month, where no others were set."""
        return await self._calendars.get(organization_id) or calendar(())

    def forget(self) -> None:
        """Accounts, extensions, DIDs or billing periods have changed: read them again."""
        self.changes += 1
        each = (self._payers, self._dids, self._phones, self._codes, self._numbers)
        for remembered in (*each, self._calendars):
            remembered.forget()
