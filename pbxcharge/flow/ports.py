"""What the flow needs of the world, as protocols: the writer, Asterisk, the books to read."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pbxcharge.core.account import Account, Did, Extension
from pbxcharge.core.billing_period import BillingCalendar
from pbxcharge.core.credit import Operation, Outcome
from pbxcharge.core.dialling import Routing
from pbxcharge.core.effects import Effect

Then = Callable[[tuple[Outcome, ...]], Iterable[Effect]] | Iterable[Effect]


class Writer(Protocol):
    """The one writer of the store."""

    @property
    def healthy(self) -> bool:
        """Whether the last write reached the disk; else nothing may be granted."""
        ...

    def submit(
        self, operations: Sequence[Operation] = (), then: Then = ()
    ) -> "asyncio.Future[tuple[Outcome, ...]]":
        """Decide the operations and write what follows, in one transaction.

        The answer is set once it is durable; it fails with StorageDown if nothing was done.
        """
        ...


class Asterisk(Protocol):
    """The actions that a running call needs. Each raises AmiDown or AmiRefused.

    Channels are named by their Uniqueid: names begin again when Asterisk does.
    """

    async def absolute_timeout(self, uniqueid: str, timeout_ms: int) -> None:
        """End the channel this long from now, unless told otherwise before."""
        ...

    async def hang_up(self, uniqueid: str, cause: int = 16) -> None:
        """End the channel now."""
        ...

    async def play_dtmf(self, uniqueid: str, digit: str, *, receive: bool = True) -> None:
        """Make the channel believe that its phone sent this digit."""
        ...

    async def set_variable(self, uniqueid: str, name: str, value: str) -> None:
        """Set a variable of the channel."""
        ...


class Directory(Protocol):
    """Who owns an endpoint or a number."""

    async def payer(self, endpoint: str) -> tuple[Extension, tuple[Account, ...]] | None:
        """The extension and its owner with every account above it; None if it is nobody's."""
        ...

    async def phone(self, organization_id: str, number: str) -> Extension | None:
        """The phone of an organization that has this number."""
        ...

    async def codes(self) -> Mapping[str, str]:
        """Organizations by the codes that others dial."""
        ...

    async def did(self, number: str) -> tuple[Did, tuple[Account, ...]] | None:
        """A number of this site with its owner and every account above; None if it is none."""
        ...


class Calendars(Protocol):
    """The billing periods of customers."""

    async def calendar(self, organization_id: str) -> BillingCalendar:
        """Those of an organization: by the month from the 1st, where no others were set."""
        ...


class KnownDirectory(Directory, Calendars, Protocol):
    """A directory that knows when its answers may be others than before."""

    @property
    def changes(self) -> int:
        """How often something has changed; as long as this stays, so does every answer."""
        ...


@dataclass(frozen=True, slots=True)
class Site:
    """The settings that calls obey.

    Args:
        pbx: name of the machine.
        currency: of the site.
        ring_s: how long the far end may ring.
        renew_lead_ms: a slice is renewed this long before the paid talk ends.
        routing: over which trunks public numbers are dialled.
        lost_end: `last_seen` or `paid_through`, the rule for ends that no witness saw.
        trunks: the endpoints that lead out of the house.
    """

    pbx: str
    currency: str
    ring_s: int
    renew_lead_ms: int
    routing: Routing
    lost_end: str
    trunks: frozenset[str] = frozenset()
