"""The engine on SQLite decides what the model in memory decides, whatever it is asked."""

import asyncio
import tempfile
from contextlib import AsyncExitStack
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from pbxcharge.core.credit import (
    Close,
    Collect,
    HoldLine,
    OpenWallet,
    Operation,
    Payer,
    Post,
    Recharge,
    Refund,
    Reserve,
    Wallet,
)
from pbxcharge.core.ledger import Entry, EntryKind
from pbxcharge.core.limits import UNLIMITED, Limits
from pbxcharge.core.money import MICROS
from pbxcharge.store import Store
from tests.fakes.granted_call import a_rate
from tests.fakes.memory_engine import MemoryEngine
from tests.fakes.small_site import ACTOR, ANSWERED_US, NODE, NOW_US, PRICE, open_site, wallets

LATE_US = st.integers(0, 30).map(lambda late_s: late_s * MICROS)
"""Some were asked before others that were decided first."""
LIMITS = st.sampled_from(
    [
        UNLIMITED,
        Limits(2, None, None, None),
        Limits(None, 3, None, None),
        Limits(None, None, 40 * PRICE, 90 * PRICE),
        replace(UNLIMITED, monthly_limit_micros=50 * PRICE),
    ]
)
MONTHS = st.sampled_from([NOW_US + hours * 3600 * MICROS for hours in (-1, 0, 1, 26)])
"""When a month may begin; engines are told that by who asks."""
PAYERS = {
    "a": ("alice",),
    "b": ("bob", "acme"),
    "c": ("alice", "acme"),
    "d": ("alice", "bob", "acme"),
}
CALLS = st.sampled_from(sorted(PAYERS))
NAMES = st.sampled_from(["alice", "bob", "acme"])
RATES = st.sampled_from(
    [
        a_rate(),
        a_rate(price_per_minute=Fraction(0)),
        a_rate(first_s=6, next_s=3, connect_fee_micros=PRICE, price_per_minute=Fraction(1, 3)),
    ]
)
SECONDS = st.integers(1, 60)
AMOUNTS = st.integers(-40 * PRICE, 80 * PRICE)


@st.composite
def reservations(draw: st.DrawFn) -> Reserve:
    """A slice of a call; who pays for a call does not change, except by a defect."""
    call_id = draw(CALLS)
    names = draw(st.sampled_from([PAYERS[call_id]] * 9 + [("acme",)]))
    payers = tuple(
        Payer(f"{name}:outgoing", draw(RATES), draw(LIMITS), draw(MONTHS)) for name in names
    )
    least_s = draw(SECONDS)
    want_s = least_s + draw(st.integers(0, 30))
    step, late_us = draw(st.integers(1, 4)), draw(LATE_US)
    return Reserve(call_id, step, payers, least_s, want_s, ANSWERED_US, NODE, late_us)


@st.composite
def postings(draw: st.DrawFn) -> Post:
    """An entry under one of a few ids, so that they clash."""
    entry_id = draw(st.sampled_from(["e1", "e2", "e3", "e4", "e5", "e6"]))
    wallet = f"{draw(NAMES)}:outgoing"
    return Post(Entry(entry_id, wallet, EntryKind.ADJUSTMENT, draw(AMOUNTS), NOW_US, ACTOR))


@st.composite
def refunds(draw: st.DrawFn) -> Refund:
    """Some or all of what a call was charged."""
    entry_id = draw(st.sampled_from(["r1", "r2", "r3"]))
    amount = draw(st.none() | st.integers(-1, 20 * PRICE))
    return Refund(entry_id, draw(CALLS), f"{draw(NAMES)}:outgoing", amount, NOW_US, ACTOR)


@st.composite
def recharges(draw: st.DrawFn) -> Recharge:
    """What a call costs after a correction: more, less, nothing, or what it cost before."""
    revision, amount = draw(st.integers(1, 3)), draw(st.integers(0, 20 * PRICE))
    wallet, early_us = f"{draw(NAMES)}:outgoing", draw(LATE_US)
    return Recharge(draw(CALLS), wallet, revision, amount, NOW_US - early_us, NOW_US, ACTOR)


@st.composite
def collections(draw: st.DrawFn) -> Collect:
    """A fee, and perhaps a credit, under one of a few ids; some within a monthly limit."""
    wallet, fee, credit = f"{draw(NAMES)}:outgoing", draw(AMOUNTS), draw(st.sampled_from([0, 5]))
    names = draw(st.sampled_from([("s1",), ("s2",), ("s1", "s2"), ("s3", "s4")]))
    items = tuple(
        Entry(name, wallet, kind, micros, NOW_US, ACTOR)
        for name, kind, micros in zip(
            names, (EntryKind.FEE, EntryKind.CREDIT), (-abs(fee), credit * PRICE), strict=False
        )
    )
    needs, month = draw(st.integers(0, 80 * PRICE)), draw(st.none() | MONTHS)
    return Collect(items, needs, draw(st.booleans()), None if month is None else needs, month)


@st.composite
def openings(draw: st.DrawFn) -> OpenWallet:
    """A wallet with a floor."""
    name = draw(NAMES)
    return OpenWallet(f"{name}:outgoing", name, "outgoing", draw(st.sampled_from([0, -20 * PRICE])))


OPERATIONS = reservations() | postings() | collections() | refunds() | recharges() | openings()


class Engines(RuleBasedStateMachine):
    """Both engines are asked the same; SQLite in groups, and with restarts in between."""

    def __init__(self) -> None:
        super().__init__()
        self.now_us = NOW_US
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.opened = AsyncExitStack()
        self.store = self._run(self._open())
        self.model = MemoryEngine()
        for wallet in wallets():
            self.model.decide(wallet)

    @rule(operations=st.lists(OPERATIONS, max_size=6))
    def ask(self, operations: list[Operation]) -> None:
        """Several at once are decided in order, as if one came after the other."""
        operations = [
            replace(op, at_us=self.now_us - op.at_us) if isinstance(op, Reserve) else op
            for op in operations
        ]
        assert self._asked(operations) == [self._modelled(each) for each in operations]

    @rule(seconds=st.sampled_from([1, 20, 59, 61, 900, 3600, 7200, 90_000]))
    def pass_time(self, seconds: int) -> None:
        """What counts for a limit now does not count later."""
        self.now_us += seconds * MICROS

    @rule(
        call_id=CALLS,
        share=st.fractions(0, 1),
        too_much=st.sampled_from([0, 0, 0, 1]),
        late_us=LATE_US,
    )
    def end(self, call_id: str, share: Fraction, too_much: int, late_us: int) -> None:
        """A call ends, charged a part of what it holds, or wrongly more than that."""
        hold = self.model.holds.get(call_id)
        charges = tuple(
            HoldLine(line.wallet_id, int(line.amount_micros * share))
            if not too_much
            else HoldLine(line.wallet_id, line.amount_micros + too_much)
            for line in (hold.lines if hold else ())
        )
        operation = Close(call_id, charges, self.now_us - late_us, ACTOR)
        assert self._asked([operation]) == [self._modelled(operation)]

    @rule()
    def restart(self) -> None:
        """What is on the disk is all that there is to know."""
        self._run(self.opened.aclose())
        self.opened = AsyncExitStack()
        self.store = self._run(self._open())

    @invariant()
    def books_agree(self) -> None:
        """Balances are the sums of entries, and what is held is held by pending holds."""
        self.model.check()
        assert self._run(self._wallets()) == self.model.wallets
        assert self._run(self._balances()) == {
            wallet.wallet_id: wallet.balance_micros for wallet in self.model.wallets.values()
        }

    def teardown(self) -> None:
        """Leave no thread and no file behind."""
        self._run(self.opened.aclose())
        self.runner.close()
        self.folder.cleanup()

    async def _open(self) -> Store:
        path = Path(self.folder.name) / "site.db"
        return await self.opened.enter_async_context(open_site(path, open_wallets=False))

    def _asked(self, operations: list[Operation]) -> list[Any]:
        async def together() -> list[Any]:
            answers = [self.store.writer.submit((operation,)) for operation in operations]
            outcomes = await asyncio.gather(*answers, return_exceptions=True)
            return [
                type(outcome) if isinstance(outcome, BaseException) else outcome[0]
                for outcome in outcomes
            ]

        return list(self._run(together()))

    def _modelled(self, operation: Operation) -> Any:
        try:
            return self.model.decide(operation)
        except ValueError as error:
            return type(error)

    async def _wallets(self) -> dict[str, Wallet]:
        found = await self.store.queries.wallets(["alice", "bob", "acme"])
        return {wallet.wallet_id: wallet for wallet in found}

    async def _balances(self) -> dict[str, int]:
        sums = dict.fromkeys(self.model.wallets, 0)
        for entry in await self.store.queries.ledger(None, limit=10_000):
            sums[entry.wallet_id] += entry.amount_micros
        return sums

    def _run(self, work: Any) -> Any:
        return self.runner.run(work)


def test_the_engines_agree() -> None:
    """Whatever is asked, in whatever groups, and after every restart, they never differ.

    Seen failing with `Batch.keep` not removing resolved holds from memory.
    """
    thorough = settings(
        max_examples=40,
        stateful_step_count=20,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    run_state_machine_as_test(Engines, settings=thorough)
