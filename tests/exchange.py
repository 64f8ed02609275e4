"""A telephone exchange for tests: a site with its real daemon, beside a fake Asterisk.

What the daemon did is judged from outside: by its log, its books on disk, and by what the fake
Asterisk has seen happen to every leg.
"""

import fcntl
import os
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import SOCK_STREAM
from time import time
from typing import IO, Any

from pbxcharge.api.client import Client
from pbxcharge.core.account import Account, Extension, wallet_id
from pbxcharge.core.account_kinds import AccountKind, AccountStatus, WalletKind
from pbxcharge.core.credit import OpenWallet, Post
from pbxcharge.core.effects import AccountSaved, ExtensionSaved
from pbxcharge.core.ledger import Entry, EntryKind
from pbxcharge.core.money import parse_amount
from pbxcharge.core.plan import WalletPolicy
from pbxcharge.store import open_store
from pbxcharge.store.migrate import migrate_alone
from tests.asterisk.harness.ports import free_port
from tests.fakes.fake_asterisk import FakeAsterisk
from tests.fakes.fake_call import FakeCall
from tests.fakes.fake_channels import FakeChannel
from tests.fakes.recording_logger import RecordingLogger
from tests.fakes.until import until
from tests.site import Site, running

SECRET = "exchange-secret"
UK = "00442079460000"
SECOND = 10_000
"""What one second of talk to the United Kingdom costs, in micro-units: 0.60 a minute."""
SLICE_S = 5
PLAN = """
name: seconds
type: prepaid
allow: {public: yes}
charging_segments: {outgoing: 1/1}
reservation: {slice_s: 5}
out_of_credit: {warn_before_s: 0}
limits:
  call_max_s: 3600
  concurrent_calls: unlimited
  calls_per_minute: unlimited
  spend_per_hour: unlimited
  spend_per_day: unlimited
  price_per_minute_max: unlimited
prices:
  public:
    - {destination: United Kingdom, prefixes: [44], price_per_minute: 0.60}
"""


def slices_of(slice_s: int) -> str:
    """The plan, with slices of another length: long ones leave time to start a daemon anew."""
    return PLAN.replace("slice_s: 5", f"slice_s: {slice_s}")


def timing(**seconds: int) -> Callable[[Any], None]:
    """A change of the site's settings: `timing(renew_lead_s=4)`."""
    return lambda settings: settings["timing"].update(seconds)


@dataclass(frozen=True, slots=True)
class Armed:
    """A timeout that was set on a leg: at this instant, to end it so much later."""

    uniqueid: str
    at: float
    timeout_s: float


class NotingAsterisk(FakeAsterisk):
    """Notes when each channel ended and every timeout that was set; its clock can be stepped."""

    def __init__(self, agi_port: int) -> None:
        self.step_s = 0.0
        self.ended_at: dict[str, float] = {}
        self.armed: list[Armed] = []
        super().__init__(agi_port, secret=SECRET, clock=lambda: time() + self.step_s)

    def arm(self, channel: FakeChannel, timeout_s: float) -> None:
        """Set the timeout, and note it."""
        self.armed.append(Armed(channel.uniqueid, self.now(), timeout_s))
        super().arm(channel, timeout_s)

    def hang_up(self, channel: FakeChannel, cause: int) -> None:
        """Let the channel go, and note when."""
        self.ended_at.setdefault(channel.uniqueid, self.now())
        super().hang_up(channel, cause)

    def acted(self, name: str) -> list[dict[str, str]]:
        """The actions of this name that were asked of it."""
        return [action for action in self.actions if action.get("Action") == name]


class Exchange:
    """A site, its Asterisk, and the books between them; made by `exchange`."""

    def __init__(self, site: Site, pbx: NotingAsterisk) -> None:
        self.site = site
        self.pbx = pbx

    async def serve(self, *, ready: bool = True, **environment: str) -> None:
        """Start the daemon in turn with those of other tests.

        Many that start at once only wait for each other, all of them for long.
        """
        async with a_turn():
            await self.site.serve(ready=ready, **environment)

    # Calls.

    async def ask(self, phone: str, number: str = UK) -> FakeCall:
        """A phone dials, and the daemon has answered or has not."""
        call = self.pbx.place_call(phone, number)
        await call.authorize()
        return call

    async def ring(self, phone: str, number: str = UK) -> FakeCall:
        """A call that was allowed and rings."""
        call = await self.ask(phone, number)
        assert not call.ended.is_set(), call.verdict
        call.dial()
        call.ring()
        return call

    async def talk(self, phone: str, number: str = UK) -> FakeCall:
        """A call that was allowed and answered, and of whose answer the daemon knows."""
        call = await self.ring(phone, number)
        call.answer()
        await self.site.log.wait("answered", call_id=call.call_id)
        return call

    async def paid(self, call: FakeCall, through_s: int) -> float:
        """When Asterisk's own timer was set to the end of so much paid talk, by its clock."""
        assert call.answered_at is not None
        since, ends_at = call.answered_at, call.answered_at + through_s
        set_at: list[float] = []

        def is_set() -> bool:
            set_at[:] = [
                armed.at
                for armed in self.pbx.armed
                if armed.uniqueid == call.metered_leg.uniqueid
                and armed.at > since
                and abs(armed.at + armed.timeout_s - ends_at) < 0.2
            ]
            return bool(set_at)

        await until(is_set)
        return set_at[0]

    async def settled(self, call: FakeCall) -> dict[str, Any]:
        """The record of a call, once the daemon has told that it is durable."""
        await self.site.log.wait("settled", call_id=call.call_id)
        return self.record(call)

    async def act(self, path: str, **body: object) -> dict[str, Any]:
        """An admin act through the daemon's socket, at less cost than a command."""
        client = Client(self.site.folder / "state" / "pbxcharge.sock")
        try:
            return await client.act(path, **body)
        finally:
            await client.close()

    # The books, read from the file itself.

    def rows(self, sql: str, *parameters: object) -> list[dict[str, Any]]:
        """Rows of the books as they are on disk."""
        with closing(sqlite3.connect(f"file:{self.site.database}?mode=ro", uri=True)) as books:
            books.row_factory = sqlite3.Row
            return [dict(row) for row in books.execute(sql, parameters)]

    def records(self, call: FakeCall) -> list[dict[str, Any]]:
        """Every record of an attempt."""
        sql = "SELECT * FROM cdr WHERE caller_uniqueid = ?"
        return self.rows(sql, call.caller.uniqueid)

    def record(self, call: FakeCall) -> dict[str, Any]:
        """The one record of an attempt."""
        found = self.records(call)
        assert len(found) == 1, found
        return found[0]

    def balance(self, user: str, kind: WalletKind = WalletKind.OUTGOING) -> int:
        """Micro-units that a user has."""
        sql = "SELECT balance_micros FROM wallet WHERE wallet_id = ?"
        (found,) = self.rows(sql, wallet_id(user, kind))
        return int(found["balance_micros"])

    def held(self) -> list[str]:
        """The calls that hold credit."""
        return [row["call_id"] for row in self.rows("SELECT * FROM hold WHERE state = 'pending'")]

    def through_s(self, call: FakeCall) -> int:
        """Seconds of talk that a call has paid for."""
        (found,) = self.rows("SELECT through_s FROM hold WHERE call_id = ?", call.call_id)
        return int(found["through_s"])

    @contextmanager
    def books_locked(self) -> Iterator[None]:
        """Somebody else writes the books: the daemon waits a second for them, then gives up."""
        with closing(sqlite3.connect(self.site.database, isolation_level=None)) as books:
            books.execute("BEGIN IMMEDIATE")
            yield
            books.execute("ROLLBACK")


@asynccontextmanager
async def a_turn() -> AsyncIterator[None]:
    """One of as many turns as there are cores, whichever process asks."""
    slots = [Path(tempfile.gettempdir()) / f"exchange-turn-{n}" for n in range(os.cpu_count() or 1)]
    with ExitStack() as opened:
        files = [opened.enter_context(slot.open("w")) for slot in slots]
        await until(lambda: any(map(_take, files)), guard_s=120)
        yield


def _take(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@asynccontextmanager
async def exchange(
    users: Mapping[str, str],
    *,
    serve: bool = True,
    asterisk: bool = True,
    change: Callable[[Any], None] = lambda _: None,
    plan: str = PLAN,
) -> AsyncIterator[Exchange]:
    """An exchange in a folder of its own, gone when the block is left.

    Args:
        users: of the organization `acme`, with their credit; each has a phone of the same name.
        serve: start the daemon and wait until it is ready.
        asterisk: start Asterisk.
        change: may change the settings in place.
        plan: the charging plan of every user.
    """
    # Its name is short: a socket's path may have 107 bytes.
    with tempfile.TemporaryDirectory(prefix="exchange-") as folder:
        pbx = NotingAsterisk(free_port(SOCK_STREAM))
        pbx.ami_port = free_port(SOCK_STREAM)
        site = Site.make(
            Path(folder),
            ami_port=pbx.ami_port,
            agi_port=pbx.agi_port,
            ami_secret=SECRET,
            change=change,
        )
        (site.folder / "plans" / "seconds.yaml").write_text(plan)
        await fill(site.database, users)
        if asterisk:
            await pbx.start()
        try:
            async with running(site):
                exchanged = Exchange(site, pbx)
                if serve:
                    await exchanged.serve()
                yield exchanged
        finally:
            await pbx.stop()


async def fill(database: Path, users: Mapping[str, str]) -> None:
    """An organization, and users with a phone and credit, in one go."""
    database.parent.mkdir(mode=0o700, exist_ok=True)
    migrate_alone(database)
    async with open_store(database, currency="EUR", node="pbx1", log=RecordingLogger()) as store:
        acme = Account("acme", AccountKind.ORGANIZATION, None, "Acme", None, AccountStatus.ACTIVE)
        await store.writer.submit((), [AccountSaved(acme, 0, "test")])
        for number, (user, credit) in enumerate(users.items(), 101):
            account = Account(user, AccountKind.USER, "acme", user, "seconds", AccountStatus.ACTIVE)
            phone = Extension(user, str(number), user)
            wallet = wallet_id(user, WalletKind.OUTGOING)
            money = parse_amount(credit)
            paid = Post(Entry(f"fill-{user}", wallet, EntryKind.TOP_UP, money, 0, "test"))
            kinds = WalletPolicy.SEPARATE.kinds
            wallets = [OpenWallet(wallet_id(user, kind), user, kind, 0) for kind in kinds]
            await store.writer.submit(
                (*wallets, *([paid] if money else ())),
                [AccountSaved(account, 0, "test"), ExtensionSaved(phone, 0, "test")],
            )
