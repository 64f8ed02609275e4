"""Wallets that take the place of others, on every credit engine; never does money come or go."""

from dataclasses import replace
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from pbxcharge.core.credit import (
    Close,
    Convert,
    Converted,
    CreditEngine,
    HoldLine,
    InUse,
    NotOpen,
    OpenWallet,
    OutOfBounds,
    Payer,
    Post,
    Refund,
    Refused,
    Reserve,
    Reserved,
    Shortage,
    Wallet,
)
from pbxcharge.core.ledger import Entry, EntryKind
from pbxcharge.core.limits import UNLIMITED
from pbxcharge.core.money import AMOUNT_MAX_MICROS, MICROS
from tests.examples import examples
from tests.fakes.granted_call import a_rate
from tests.fakes.memory_engine import MemoryEngine
from tests.fakes.small_site import ACTOR, ALICE, NOW_US, PRICE, close, reserve, top_up

INCOMING, SHARED = "alice:incoming", "alice:shared"
EXAMPLES = examples(150)


def convert(*sources: str, into: str = SHARED, at_us: int = NOW_US) -> Convert:
    """Put Alice's credit into another wallet."""
    return Convert(sources, into, "wallets are others now", at_us, ACTOR)


async def wallet(engine: CreditEngine, name: str) -> Wallet:
    """A wallet, opened if it was not: that is the only way to ask an engine."""
    opened = await engine.execute(OpenWallet(name, "alice", name.partition(":")[2], 0))
    return opened.wallet  # type: ignore[union-attr]


async def test_a_shared_wallet_takes_both_balances(engine: CreditEngine) -> None:
    """7 and 2 seconds make 9, and both wallets are empty."""
    await engine.execute(top_up("t1", 7 * PRICE))
    await engine.execute(top_up("t2", 2 * PRICE, INCOMING))
    await wallet(engine, SHARED)
    done = await engine.execute(convert(ALICE, INCOMING))
    assert done == Converted(SHARED, 9 * PRICE)
    assert [(await wallet(engine, name)).balance_micros for name in (ALICE, INCOMING)] == [0, 0]


async def test_live_calls_keep_their_wallet(engine: CreditEngine) -> None:
    """Also a free one in the other wallet; nothing is moved until they have ended."""
    await engine.execute(top_up("t1", 20 * PRICE))
    await wallet(engine, SHARED)
    await engine.execute(reserve("a"))
    assert await engine.execute(convert(ALICE, INCOMING)) == InUse(ALICE)
    await engine.execute(close("a", 4 * PRICE))
    assert await engine.execute(convert(ALICE, INCOMING)) == Converted(SHARED, 16 * PRICE)


async def test_nothing_is_paid_from_a_closed_wallet_or_into_it(engine: CreditEngine) -> None:
    """Whoever asked who pays before the conversion is refused, and a payment finds no wallet."""
    await engine.execute(top_up("t1", 20 * PRICE))
    await wallet(engine, SHARED)
    await engine.execute(convert(ALICE, INCOMING))
    refused = Refused("a", 1, Shortage.NOT_ENOUGH_CREDIT, ALICE)
    assert await engine.execute(reserve("a")) == refused
    assert await engine.execute(top_up("t2", PRICE)) == NotOpen(ALICE)


async def test_a_free_call_does_not_begin_in_a_closed_wallet(engine: CreditEngine) -> None:
    """Else the next conversion would have to wait for it."""
    await wallet(engine, SHARED)
    await engine.execute(convert(ALICE, INCOMING))
    asked = reserve("a")
    free = replace(asked.payers[0], price=a_rate(price_per_minute=Fraction(0)))
    assert isinstance(await engine.execute(replace(asked, payers=(free,))), Refused)


async def test_a_refund_reaches_the_wallet_that_paid_and_goes_on(engine: CreditEngine) -> None:
    """A call that Alice's outgoing wallet paid is given back to her shared one."""
    await engine.execute(top_up("t1", 20 * PRICE))
    await engine.execute(reserve("a"))
    await engine.execute(close("a", 4 * PRICE))
    await wallet(engine, SHARED)
    await engine.execute(convert(ALICE, INCOMING))
    await engine.execute(Refund("r1", "a", ALICE, None, NOW_US, ACTOR))
    done = await engine.execute(convert(ALICE, at_us=NOW_US + 1))
    assert done == Converted(SHARED, 20 * PRICE)


async def test_a_sum_beyond_the_bounds_is_not_made(engine: CreditEngine) -> None:
    """Both wallets stay as they are."""
    await engine.execute(top_up("t1", AMOUNT_MAX_MICROS))
    await engine.execute(top_up("t2", 1, INCOMING))
    await wallet(engine, SHARED)
    assert isinstance(await engine.execute(convert(ALICE, INCOMING)), OutOfBounds)
    assert (await wallet(engine, ALICE)).balance_micros == AMOUNT_MAX_MICROS


async def test_two_directions_share_the_last_credit(engine: CreditEngine) -> None:
    """One wallet for both: of 40, two calls hold 10 each, and a renewal gets half of the rest."""
    await wallet(engine, SHARED)
    await engine.execute(top_up("t1", 40 * PRICE, SHARED))
    for call_id in ("out", "in"):
        await engine.execute(of_shared(call_id))
    held = await engine.execute(of_shared("out", 2, 30, 11))
    assert isinstance(held, Reserved)
    assert (held.through_s, held.short) == (20, True)


def of_shared(call_id: str, step: int = 1, want_s: int = 10, least_s: int = 10) -> Reserve:
    """A slice that Alice's shared wallet pays."""
    asked = reserve(call_id, step, want_s, least_s)
    return replace(asked, payers=(replace(asked.payers[0], wallet_id=SHARED),))


acts = st.lists(
    st.tuples(
        st.sampled_from(["shared", "separate", "pay", "begin", "renew", "end", "refund"]),
        st.integers(0, 3),
        st.integers(1, 30),
    ),
    max_size=60,
)


class World:
    """Alice's wallets, and whatever is done with them; what she has is counted apart."""

    def __init__(self, monthly: int | None) -> None:
        self.engine = MemoryEngine()
        self.limits = replace(UNLIMITED, monthly_limit_micros=monthly)
        self.floor = 0 if monthly is None else -AMOUNT_MAX_MICROS
        self.kinds: tuple[str, ...] = ("outgoing", "incoming")
        self.now_us, self.has = NOW_US, 0
        self._open()

    def do(self, what: str, number: int, amount: int) -> None:
        """One act; then the sum of what Alice has is what was paid in less what was charged."""
        self.now_us += MICROS
        call_id = f"c{number}"
        match what:
            case "shared" | "separate":
                self._convert(("shared",) if what == "shared" else ("outgoing", "incoming"))
            case "pay":
                name = f"alice:{self.kinds[number % len(self.kinds)]}"
                self._post(name, amount * PRICE)
            case "begin" | "renew":
                self._ask(call_id, self.kinds[number % len(self.kinds)], amount)
            case "end":
                self._end(call_id, amount)
            case "refund":
                self._refund(call_id, amount)
        self.check()

    def check(self) -> None:
        """No money comes or goes; a closed wallet is empty; no level passes what it may spend."""
        self.engine.check()
        wallets = self.engine.wallets.values()
        assert sum(each.balance_micros for each in wallets) == self.has
        for each in wallets:
            assert not each.closed or (each.balance_micros, each.calls) == (0, 0)
            assert each.balance_micros - each.held_micros >= each.floor_micros
        most = self.limits.monthly_limit_micros
        held = sum(each.held_micros for each in wallets)
        if most is not None:
            assert held + self.engine.charged_micros("alice", NOW_US) <= most

    def _open(self) -> None:
        for kind in self.kinds:
            self.engine.decide(OpenWallet(f"alice:{kind}", "alice", kind, self.floor))

    def _convert(self, kinds: tuple[str, ...]) -> None:
        before, self.kinds = self.kinds, kinds
        self._open()
        sources = tuple(f"alice:{kind}" for kind in before if kind not in kinds)
        if sources and isinstance(
            self.engine.decide(convert(*sources, into=f"alice:{kinds[0]}", at_us=self.now_us)),
            InUse,
        ):
            self.kinds = before

    def _post(self, name: str, micros: int) -> None:
        entry_id = f"p{self.now_us}"
        entry = Entry(entry_id, name, EntryKind.TOP_UP, micros, self.now_us, ACTOR)
        if not isinstance(self.engine.decide(Post(entry)), NotOpen):
            self.has += micros

    def _ask(self, call_id: str, kind: str, seconds: int) -> None:
        hold = self.engine.holds.get(call_id)
        name = hold.lines[0].wallet_id if hold else f"alice:{kind}"
        payer = Payer(name, a_rate(), self.limits, NOW_US)
        step, want_s = (hold.step + 1, hold.through_s + seconds) if hold else (1, seconds)
        self.engine.decide(
            Reserve(call_id, step, (payer,), 1, want_s, self.now_us, "pbx1", self.now_us)
        )

    def _end(self, call_id: str, share: int) -> None:
        hold = self.engine.holds.get(call_id)
        if hold is not None:
            (line,) = hold.lines
            micros = line.amount_micros * share // 30
            charge = HoldLine(line.wallet_id, micros)
            self.engine.decide(Close(call_id, (charge,), self.now_us, ACTOR))
            self.has -= micros

    def _refund(self, call_id: str, amount: int) -> None:
        hold = self.engine.resolved.get(call_id)
        if hold is None:
            return
        name, refund_id = hold.lines[0].wallet_id, f"r{self.now_us}"
        self.engine.decide(Refund(refund_id, call_id, name, amount * PRICE, self.now_us, ACTOR))
        given = self.engine.entries.get(refund_id)
        self.has += given.amount_micros if given else 0
        if self.engine.wallets[name].closed:
            self.engine.decide(convert(name, into=f"alice:{self.kinds[0]}", at_us=self.now_us))


@settings(max_examples=EXAMPLES, deadline=None)
@given(monthly=st.none() | st.integers(0, 60).map(lambda s: s * PRICE), does=acts)
def test_conversions_keep_the_total_and_every_bound(
    monthly: int | None, does: list[tuple[str, int, int]]
) -> None:
    """However often wallets are converted between payments, calls and refunds.

    Seen failing with only the first source emptied in _convert, with live calls not asked for
    there, and with the held money left out of month_room_micros.
    """
    world = World(monthly)
    for act in does:
        world.do(*act)
