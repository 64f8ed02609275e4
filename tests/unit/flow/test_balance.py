"""What a menu is told of a phone's owner: nothing of anybody else, and nothing is held for it."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from pbxcharge.asterisk.agi_protocol import AgiRequest
from pbxcharge.asterisk.agi_session import AgiSession
from pbxcharge.core.account import Account, Extension
from pbxcharge.core.account_kinds import AccountKind, AccountStatus
from pbxcharge.core.authorization import Denial, Reason
from pbxcharge.core.credit import OpenWallet, Operation, Outcome, Post, Refused, Reserved
from pbxcharge.core.ledger import Entry, EntryKind
from pbxcharge.errors import StorageDown
from pbxcharge.flow.authorize import Ask
from pbxcharge.flow.balance import Teller
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.ports import Directory, Then
from pbxcharge.flow.prices import Prices
from tests.fakes.memory_engine import MemoryEngine
from tests.fakes.plans import NUMBERING, PLANS
from tests.fakes.recording_logger import RecordingLogger

ALICE = Account("alice", AccountKind.USER, "acme", "Alice", "plain", AccountStatus.ACTIVE)


class EngineAsWriter:
    """The engine in memory, asked as the writer is; `down`, it can say nothing."""

    healthy = True

    def __init__(self, *, down: bool = False) -> None:
        self.engine = MemoryEngine()
        self.engine.decide(OpenWallet("alice:outgoing", "alice", "outgoing", 0))
        entry = Entry("t", "alice:outgoing", EntryKind.TOP_UP, 12_340_000, 1, "uid:0")
        self.engine.decide(Post(entry))
        self._down = down

    def submit(
        self, operations: Sequence[Operation] = (), then: Then = ()
    ) -> "asyncio.Future[tuple[Outcome, ...]]":
        """Decide at once."""
        future: asyncio.Future[tuple[Outcome, ...]] = asyncio.get_running_loop().create_future()
        if self._down:
            future.set_exception(StorageDown("no disk"))
        else:
            future.set_result(tuple(self.engine.decide(operation) for operation in operations))
        return future


class OnlyAlice:
    """A directory with one phone."""

    async def payer(self, endpoint: str) -> tuple[Extension, tuple[Account, ...]] | None:
        """Alice's, or nobody's."""
        return (Extension("alice", "101", "alice"), (ALICE,)) if endpoint == "alice" else None


class Says:
    """An estimator that always answers the same."""

    def __init__(self, answer: Reserved | Refused | Denial) -> None:
        self._answer = answer

    async def estimate(self, ask: Ask) -> Reserved | Refused | Denial:
        """The same."""
        return self._answer


async def told(
    channel: str,
    *args: str,
    estimate: Reserved | Refused | Denial | None = None,
    writer: EngineAsWriter | None = None,
) -> tuple[str, str]:
    """PBXC_TALK_S and PBXC_BALANCE for who asks on this channel."""
    variables: dict[str, str] = {}

    async def set_variables(values: dict[str, str]) -> None:
        variables.update(values)

    writer = writer or EngineAsWriter()
    teller = Teller(
        cast(Directory, OnlyAlice()),
        writer,
        Says(estimate or Denial(Reason.NO_RATE)),
        Prices(PLANS, NUMBERING),
        Clock(),
        RecordingLogger(),
    )
    session = cast(AgiSession, cast(Any, SimpleNamespace(set_variables=set_variables)))
    await teller.answer(AgiRequest("balance", args, channel, "1.2", {}), session)
    assert not writer.engine.holds
    return variables["PBXC_TALK_S"], variables["PBXC_BALANCE"]


async def test_a_phone_is_told_what_its_owner_has() -> None:
    """12.34, and no seconds without a number."""
    assert await told("PJSIP/alice-0000001a") == ("", "12.34")


@pytest.mark.parametrize("channel", ["PJSIP/carrier-0000001a", "Local/alice@x-0000001a;1"])
async def test_strangers_are_told_nothing(channel: str) -> None:
    """A trunk, or a leg that is no phone's."""
    assert await told(channel, "0049") == ("", "")


async def test_seconds_are_told_for_a_number() -> None:
    """What the engine says, or 0 if the call would be refused."""
    held = Reserved("a", 1, 6, (), short=False, affordable_s=180)
    assert await told("PJSIP/alice-0000001a", "0049", estimate=held) == ("180", "12.34")
    assert await told("PJSIP/alice-0000001a", "0049") == ("0", "12.34")


async def test_nobody_who_knows_says_nothing() -> None:
    """The books cannot be asked: both empty, and the menu asks again."""
    assert await told("PJSIP/alice-0000001a", writer=EngineAsWriter(down=True)) == ("", "")
