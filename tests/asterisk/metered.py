"""Calls that a real Asterisk carries and a real daemon charges: from the phone to the books."""

import asyncio
import contextlib
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from pbxcharge.api.client import Client
from pbxcharge.store.verify import verify
from tests.asterisk.harness import AsteriskInstance, CalledLeg, FarEnd, Handset, HandsetCall
from tests.asterisk.two_second_plans import (
    HOUSE,
    LOUNGE,
    Change,
    Money,
    block_price,
    rewrite,
    talk_of,
    unchanged,
)
from tests.site import Line, Site, running

Document = dict[str, Any]
Result = TypeVar("Result")
OnTime = Callable[[float], None]
Record = Callable[[str, object], None]

ANSWERS = FarEnd.answers(after_s=0.2)
LATE_S = 1.0
"""How much later than the paid instant a leg may end; 2 to 5 ms are usual."""
EARLY_S = 0.001
"""Asterisk's timers count in whole milliseconds."""
FIGURE = "figure: "
"""Properties of tests with this prefix are times in seconds, printed at the end of the run."""


def instant(text: str) -> float:
    """The epoch second of an ISO time."""
    return datetime.fromisoformat(text).timestamp()


async def eventually(question: Callable[[], Awaitable[Result | None]]) -> Result:
    """Ask the books until the answer is not empty.

    Raises:
        TimeoutError: it still is after half a minute.
    """
    async with asyncio.timeout(30):
        while True:
            found = await question()
            if found:
                return found
            await asyncio.sleep(0.1)


class AllowedCall:
    """One call that the daemon has let through, whoever made it."""

    def __init__(self, metered: "Metered", number: str, call_id: str) -> None:
        self.number = number
        self.call_id = call_id
        self._metered = metered
        self._observer = metered.asterisk.observer

    async def leg(self) -> str:
        """The Uniqueid of the metered leg."""
        return await self._observer.leg_of(self.call_id)

    async def answered_at(self) -> float:
        """When the metered leg was answered, by Asterisk's clock."""
        return await self._observer.answered(await self.leg())

    async def ended_at(self, within_s: float = 60.0) -> float:
        """When the metered leg ended, by Asterisk's clock."""
        return await self._observer.ended(await self.leg(), within_s)

    async def late_s(self, paid_s: float) -> float:
        """How long after its paid instant the leg ended; less than 0 is too early."""
        return await self.ended_at() - await self.answered_at() - paid_s

    async def talk_reaches(self, talk_s: float) -> None:
        """Wait until the call has lasted so long: the test acts at an instant of the call."""
        await asyncio.sleep(max(0.0, await self.answered_at() + talk_s - time.time()))

    async def callee(self) -> CalledLeg:
        """The far end, once the call has reached it."""
        return await self._metered.asterisk.carrier.leg(self.number)

    @property
    def paid_s(self) -> int:
        """Seconds of talk that are paid, as the live cost log says so far."""
        lines = self._metered.site.log.lines
        mine = [line for line in lines if line.get("call_id") == self.call_id]
        return max(int(line["paid_s"]) for line in mine if "paid_s" in line)

    async def told(self, event: str, **fields: Any) -> Line:
        """The first line of the live cost log about this call with this event."""
        return await self._metered.site.log.wait(event, call_id=self.call_id, **fields)

    def tellings(self, event: str) -> list[Line]:
        """Every line of the live cost log about this call with this event, so far."""
        return self._metered.site.log.find(event, call_id=self.call_id)

    async def cdr(self) -> Document:
        """The record, once the call is settled."""
        await self.told("settled")
        found: Document = (await self._metered.get("/explain", call_id=self.call_id))["cdr"]
        return found

    async def talk_is_charged(self, cdr: Document) -> bool:
        """Whether a call costs what it lasted, in such blocks, by Asterisk's own instants.

        The leg writes down when it was answered and when it ended; events tell the same a moment
        earlier or later.
        """
        assert abs(instant(cdr["answered_at"]) - await self.answered_at()) < LATE_S
        assert abs(instant(cdr["ended_at"]) - await self.ended_at()) < LATE_S
        assert cdr["talk_s"] == talk_of(cdr)
        # A leg may end a moment after the instant up to which it is paid; that is nobody's to pay.
        assert cdr["unpaid_s"] <= 1
        paid_s = cdr["talk_s"] - cdr["unpaid_s"]
        assert cdr["charge"] == block_price(paid_s, cdr["call_type"])
        return True

    async def carrier_saw_bye(self) -> bool:
        """Whether the carrier's leg was ended by us: a BYE was received, not sent."""
        return not (await self._metered.asterisk.carrier.trace(self.number).until("BYE")).sent


class PaidCall(AllowedCall):
    """A call that was made with a phone which the test steers."""

    def __init__(self, metered: "Metered", number: str, call_id: str, phone: HandsetCall) -> None:
        super().__init__(metered, number, call_id)
        self.phone = phone


class Payer:
    """A user with credit and one phone."""

    def __init__(self, metered: "Metered", account_id: str, phone: Handset) -> None:
        self.account_id = account_id
        self.phone = phone
        self._metered = metered

    def dial(self, string: str) -> HandsetCall:
        """Dial this very string."""
        return self.phone.call(string)

    async def call(self, far_end: FarEnd = ANSWERS, *, country: str = "44") -> PaidCall:
        """Call a number of its own that behaves so, and wait until the daemon allows it."""
        number = self._metered.number(country)
        self._metered.asterisk.carrier.plan(number, far_end)
        phone_call = self.dial(f"00{number}")
        allowed = await self._metered.allowed(number)
        return PaidCall(self._metered, number, allowed.call_id, phone_call)

    async def talk(self, far_end: FarEnd = ANSWERS, *, country: str = "44") -> PaidCall:
        """Call, and wait until somebody has answered."""
        call = await self.call(far_end, country=country)
        await call.phone.trace.until("200")
        return call

    async def money(self, kind: str = "outgoing") -> Money:
        """A wallet as it stands."""
        accounts = (await self._metered.get("/accounts", scope=self.account_id))["accounts"]
        (wallet,) = [wallet for wallet in accounts[0]["wallets"] if wallet["kind"] == kind]
        return Money(wallet["balance"], wallet["held"], wallet["available"])

    async def ledger(self) -> list[tuple[str, str]]:
        """Kind and amount of every entry, oldest first."""
        entries = (await self._metered.get("/ledger", account_id=self.account_id))["entries"]
        return [(entry["kind"], entry["amount"]) for entry in reversed(entries)]

    async def cdrs(self) -> list[Document]:
        """Every record of this account, oldest first."""
        found = await self._metered.get("/cdrs", scope=self.account_id, limit=1000)
        oldest_first: list[Document] = found["cdrs"][::-1]
        return oldest_first

    async def cdrs_when(self, count: int) -> list[Document]:
        """Every record of this account, once there are so many.

        Raises:
            TimeoutError: there are fewer for half a minute.
        """

        async def enough() -> list[Document] | None:
            found = await self.cdrs()
            return found if len(found) >= count else None

        return await eventually(enough)

    async def top_up(
        self, amount: str, entry_id: str = "", *, wallet: str = "outgoing"
    ) -> Document:
        """Pay in, over the daemon's socket."""
        entry_id = entry_id or f"{self.account_id}-{wallet}-{amount}"
        body = {"id": entry_id, "amount": amount, "wallet": wallet}
        return await self._metered.act("/topups", account_id=self.account_id, **body)

    async def set_status(self, status: str) -> None:
        """Suspend, block, close or free the account."""
        await self._metered.act("/accounts/status", account_id=self.account_id, status=status)


class Metered:
    """An Asterisk and the daemon that charges its calls."""

    def __init__(self, asterisk: AsteriskInstance, site: Site) -> None:
        self.asterisk = asterisk
        self.site = site

    async def get(self, path: str, **asked: Any) -> Document:
        """Read something from the daemon's socket."""
        async with self._client() as client:
            return await client.get(path, **asked)

    async def act(self, path: str, **body: Any) -> Document:
        """Change something through the daemon's socket."""
        async with self._client() as client:
            return await client.act(path, **body)

    @contextlib.asynccontextmanager
    async def _client(self) -> AsyncIterator[Client]:
        client = Client(self.site.folder / "state" / "pbxcharge.sock")
        try:
            yield client
        finally:
            await client.close()

    def number(self, country: str = "44") -> str:
        """A number of that country which nobody else calls."""
        return country + self.asterisk.number()[2:]

    async def payer(
        self,
        credit: str = "",
        *,
        plan: str = "kiosk",
        name: str = "",
        organization: str = "acme",
        code: str | None = None,
        number: str = "",
    ) -> Payer:
        """A new user with this credit and one phone, whose number is 100 for ext100."""
        extension = self.asterisk.extension()
        user, number = f"user-{extension}", number or extension[3:]
        await self.act(
            "/accounts", account_id=organization, kind="organization", name="One", code=code
        )
        await self.act(
            "/accounts",
            **{"account_id": user, "kind": "user", "parent_id": organization},
            **{"name": "User", "plan": plan},
        )
        await self.act("/extensions", endpoint=extension, number=number, account_id=user)
        phone = await self.asterisk.handset(extension, name)
        payer = Payer(self, user, phone)
        if credit:
            await payer.top_up(credit, f"{user}-first")
        return payer

    async def allowed(self, number: str) -> AllowedCall:
        """The call to this number, once the daemon allows it."""
        told = await self.site.log.wait("authorized", number=number)
        return AllowedCall(self, number, str(told["call_id"]))

    async def did(self, owner: Payer, context: str | None = None) -> str:
        """A number of the public network that is this user's, and leads to the phone, or there."""
        number, to = self.number(), owner.phone.extension if context is None else None
        await self.act(
            "/dids", number=number, account_id=owner.account_id, endpoint=to, context=context
        )
        return number

    async def told(self, event: str, count: int, **fields: Any) -> list[Line]:
        """Every line of the log with this event and these fields, once there are so many.

        Raises:
            TimeoutError: there are fewer for half a minute.
        """

        async def enough() -> list[Line] | None:
            found = self.site.log.find(event, **fields)
            return found if len(found) >= count else None

        return await eventually(enough)

    async def live_calls(self) -> list[Document]:
        """The calls that the daemon meters."""
        found: list[Document] = (await self.get("/calls"))["calls"]
        return found

    async def quiet(self) -> None:
        """Wait until no call is live any more.

        Raises:
            TimeoutError: one still is.
        """

        async def nobody_talks() -> bool:
            return not await self.live_calls()

        await eventually(nobody_talks)

    async def check_books(self) -> None:
        """No call is left, and nothing that is stored contradicts anything else: `verify`."""
        await self.quiet()
        assert verify(self.site.database) == []


@contextlib.asynccontextmanager
async def metered_site(
    *,
    asterisk: AsteriskInstance | None = None,
    ami_port: int | None = None,
    settings: Change = unchanged,
    kiosk: Change = unchanged,
    files: Mapping[str, str] = MappingProxyType({}),
) -> AsyncIterator[Metered]:
    """A pair for one test, or for many: an Asterisk and a running daemon.

    When the block is left without an error, the books must be clean.

    Args:
        asterisk: one that runs already; else one of its own.
        ami_port: where the daemon finds the manager interface, if not at Asterisk itself.
        settings: may change the loaded settings file in place.
        kiosk: may change the loaded plan `kiosk` in place.
        files: more of them by their paths in the site's folder: plans, decks.
    """
    if asterisk is None:
        async with (
            AsteriskInstance() as own,
            metered_site(asterisk=own, settings=settings, kiosk=kiosk, files=files) as metered,
        ):
            yield metered
        return
    # Short, since the path of a socket may have 107 bytes only.
    folder = Path(tempfile.mkdtemp(prefix="pbxcharge-"))
    site = Site.make(
        folder,
        ami_port=ami_port or asterisk.ami_port,
        agi_port=asterisk.agi_port,
        ami_secret=asterisk.ami_secret,
        change=settings,
    )
    site.change(lambda them: them.update(dialplan_dir=str(asterisk.folder / "etc")))
    rewrite(folder / "plans" / "kiosk.yaml", kiosk)
    plans = {"plans/house.yaml": HOUSE, "plans/lounge.yaml": LOUNGE}
    for name, text in {**plans, **files}.items():
        (folder / name).write_text(text)
    try:
        async with running(site):
            await site.serve()
            metered = Metered(asterisk, site)
            yield metered
            await metered.check_books()
            await site.run("verify")
    except BaseException:
        # pytest shows it with the failure.
        print(*site.log.lines, sep="\n")
        raise
    finally:
        shutil.rmtree(folder)
