"""Calls of one wallet under every order of events: money and talk stay right.

An example that fails is shown as it was found, at once, and kept in hypothesis' own database; run
once more with `PBXC_SHRINK` set, it is made as small as it can be, which takes minutes.
"""

import os
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)

from pbxcharge.core.call_events import (
    Accompanied,
    CreditRaised,
    EndOrdered,
    LeftAlone,
    RenewalStopped,
    Unknown,
)
from pbxcharge.core.cdr import EndedBy
from pbxcharge.core.credit import OpenWallet, Post
from pbxcharge.core.ledger import Entry, EntryKind
from pbxcharge.core.measure import Measure
from pbxcharge.core.plan import Terms
from pbxcharge.core.price import Rate
from pbxcharge.core.quotas import QuotaWallet
from tests.examples import examples
from tests.fakes.granted_call import WALLET, a_rate, granted
from tests.fakes.memory_engine import MemoryEngine
from tests.fakes.quotas import MINUTES, discounted, included, with_quotas
from tests.scenarios.adversary import Adversary
from tests.scenarios.ordeal import Ordeal

EXAMPLES = examples(400)
PHASES = [Phase.explicit, Phase.reuse, Phase.generate]
if os.environ.get("PBXC_SHRINK"):
    PHASES.append(Phase.shrink)
# An alarm in the midst of an example looks like a failure of it, which another try does not show.
pytestmark = pytest.mark.timeout(600)
ORG = "acme:outgoing"

lengths = st.sampled_from([1, 2, 6, 10, 30])
rates = st.builds(
    a_rate,
    price_per_minute=st.sampled_from([Fraction(3, 5), Fraction(3, 5), Fraction(1, 7), Fraction(0)]),
    first_s=lengths,
    next_s=lengths,
    connect_fee_micros=st.sampled_from([0, 50_000]),
    grace_s=st.sampled_from([0, 0, 5]),
    free_s=st.sampled_from([0, 0, 20]),
)
plan_terms = st.builds(
    Terms,
    slice_s=st.sampled_from([5, 7, 15, 30]),
    warn_before_s=st.sampled_from([0, 5, 10, 30]),
    call_max_s=st.sampled_from([40, 75, 200]),
    after=st.sampled_from(["", "topup"]),
)
FREE_S = 90
quotas = st.sampled_from(
    [
        (),
        (),
        (included(FREE_S),),
        (included(FREE_S), discounted((0, 50), (60, 25), wallet_id=f"{MINUTES}:more")),
        (discounted((0, 33), wallet_id=f"{MINUTES}:amount", measure=Measure.AMOUNT),),
    ]
)
mostly = st.sampled_from([True, True, True, False])
rarely = st.sampled_from([False, False, False, False, True])


class Calls(RuleBasedStateMachine):
    """Two calls of one wallet, one of them also paid by an organization.

    Seen failing, each broken for itself, with: core.credit: `abs(` for `max(0,` in
    `_budget_micros`, a wallet not released of the whole hold, or of the call, in `_release`;
    core.call: the step not compared in `_reserved`, a missed answer settled in `_ended`, a
    leg's end settled with trunks left, or `caller_gone` not looked at, in `_may_go_on`;
    core.call_due: `ArmTimeout` for a slice more than is held, `armed_s` not compared in `_arm_ms`,
    `hang_up_ms=now_ms` in `_end`, `SECOND_MEANS_MS` of 3 s, `stopped` and `ending_as` not looked at
    in `_after_s`; core.settlement: `talk_s` for `min(talk_s, call.through_s)`; core.allowances:
    without `held` in `_counter`; core.call: without `coverage` in `_reserved`.
    """

    names: tuple[str, ...] = ("a", "b")

    @initialize(
        cents=st.integers(60, 600),
        floor=st.sampled_from([0, 0, -50]),
        price=rates,
        above=rates,
        terms=plan_terms,
        lead_s=st.integers(2, 12),
        ring_s=st.sampled_from([5, 30]),
        trunks=st.integers(1, 3),
        quotas=quotas,
        answered=mostly,
    )
    def open(
        self,
        cents: int,
        floor: int,
        price: Rate,
        above: Rate,
        terms: Terms,
        lead_s: int,
        ring_s: int,
        trunks: int,
        quotas: tuple[QuotaWallet, ...],
        answered: bool,
    ) -> None:
        """Wallets with some credit, what the calls are priced with, and their first slices."""
        engine = MemoryEngine()
        self.world = Adversary(engine)
        self.posts = 0
        for wallet in (WALLET, ORG):
            engine.decide(OpenWallet(wallet, "x", "outgoing", floor * 10_000))
            self._post(wallet, cents)
        self.granted = {
            name: with_quotas(
                granted(
                    name,
                    rates=[price, above] if name == "b" else [price],
                    wallets=[WALLET, ORG] if name == "b" else [WALLET],
                    terms=terms,
                    renew_lead_ms=lead_s * 1000,
                    ring_s=ring_s,
                    trunks=("carrier", "second", "third")[:trunks],
                ),
                *quotas,
            )
            for name in self.names
        }
        for name in self.names:
            self._dial(name, answered=answered)

    def _dial(self, name: str, *, answered: bool) -> None:
        while not self.world.dial(self.granted[name]):
            self._post(WALLET, 60)
            self._post(ORG, 60)
        if answered:
            self.world.answer(self.world.calls[name])
            self.world.flush()

    def _post(self, wallet: str, cents: int) -> None:
        self.posts += 1
        kind = EntryKind.TOP_UP if cents >= 0 else EntryKind.ADJUSTMENT
        entry = Entry(f"t-{self.posts}", wallet, kind, cents * 10_000, 1, "uid:0")
        self.world.engine.decide(Post(entry))

    def _call(self, number: int) -> Ordeal:
        return list(self.world.calls.values())[number % len(self.world.calls)]

    # What people do.

    @rule(number=st.integers(0, 9))
    def answer(self, number: int) -> None:
        """The far end answers."""
        self.world.answer(self._call(number))

    @rule(number=st.integers(0, 9), told_late=st.booleans())
    def fail(self, number: int, told_late: bool) -> None:
        """The trunk that is tried does not put the call through."""
        self.world.fail(self._call(number), told_late=told_late)

    @rule(number=st.integers(0, 9))
    def go_on(self, number: int) -> None:
        """The dialplan tries the next one."""
        self.world.go_on(self._call(number))

    @rule(number=st.integers(0, 9), by=st.sampled_from([EndedBy.CALLER, EndedBy.CALLEE]), so=rarely)
    def hang_up(self, number: int, by: EndedBy, so: bool) -> None:
        """A party hangs up, also while a reservation is open."""
        if so:
            self.world.party_hangs_up(self._call(number), by)

    @rule(cents=st.integers(1, 100), told=mostly)
    def top_up(self, cents: int, told: bool) -> None:
        """Credit comes; the calls hear of it after the answers, or never."""
        self._post(WALLET, cents)
        self._post(ORG, cents)
        if told:
            self.credit_raised()

    @rule(cents=st.integers(1, 100))
    def lower(self, cents: int) -> None:
        """Credit is taken away."""
        self._post(WALLET, -cents)

    @rule()
    def spend(self) -> None:
        """All that is not held goes elsewhere: the slices that run are the last."""
        cents = self.world.engine.wallets[WALLET].available_micros // 10_000
        if cents > 0:
            self._post(WALLET, -cents)

    @rule(by=st.sampled_from([None, None, None, EndedBy.STATUS]))
    def stop_renewal(self, by: EndedBy | None) -> None:
        """The account is suspended, or active again."""
        for ordeal in self.world.calls.values():
            self.world.tell(ordeal, RenewalStopped(by))

    @rule(number=st.integers(0, 9), so=rarely)
    def order_end(self, number: int, so: bool) -> None:
        """The operator ends a call."""
        if so:
            self.world.tell(self._call(number), EndOrdered(EndedBy.OPERATOR))

    @rule(number=st.integers(0, 9), for_ms=st.sampled_from([0, 20_000]))
    def leave_alone(self, number: int, for_ms: int) -> None:
        """The phone has left: the call talks to another trunk leg, and pays while it does."""
        self.world.tell(self._call(number), LeftAlone(for_ms))

    @rule(number=st.integers(0, 9))
    def come_back(self, number: int) -> None:
        """Somebody of the site is there again."""
        self.world.tell(self._call(number), Accompanied())

    # What comes in between, late, twice or never.

    @rule()
    def credit_raised(self) -> None:
        """The calls are told that there may be more, whether it is so or not."""
        for ordeal in self.world.calls.values():
            self.world.tell(ordeal, CreditRaised())

    @rule(number=st.integers(0, 9), which=st.integers(0, 9))
    def decide(self, number: int, which: int) -> None:
        """The engine decides a question, new or old, once more."""
        ordeal = self._call(number)
        if ordeal.asked:
            self.world.decide_question(ordeal, which)

    @rule(number=st.integers(0, 9), which=st.integers(0, 9))
    def deliver(self, number: int, which: int) -> None:
        """An outcome is told, new or old, once more."""
        ordeal = self._call(number)
        if ordeal.outcomes:
            self.world.deliver(ordeal, which)

    @rule(number=st.integers(0, 9), stale=st.booleans())
    def unknown(self, number: int, stale: bool) -> None:
        """Nobody knows what became of a question."""
        ordeal = self._call(number)
        if ordeal.call is not None and ordeal.asked:
            step = ordeal.asked[0].step if stale else ordeal.asked[-1].step
            self.world.tell(ordeal, Unknown(step))

    @rule(number=st.integers(0, 9))
    def hear(self, number: int) -> None:
        """The next event of Asterisk's arrives."""
        ordeal = self._call(number)
        if ordeal.heard:
            self.world.hear(ordeal)

    @rule(number=st.integers(0, 9))
    def lose_event(self, number: int) -> None:
        """An event of Asterisk's is never told: another witness must know."""
        self.world.lose_event(self._call(number))

    @rule(number=st.integers(0, 9), reply_lost=st.booleans())
    def act(self, number: int, reply_lost: bool) -> None:
        """Asterisk carries out an action; its reply may be lost."""
        ordeal = self._call(number)
        if ordeal.actions:
            self.world.act(ordeal, reply_lost=reply_lost)

    @rule(number=st.integers(0, 9))
    def settle_again(self, number: int) -> None:
        """A settlement is given, or given again."""
        ordeal = self._call(number)
        if ordeal.settling and ordeal.call is not None and self.world.daemon_up:
            self.world.settle(ordeal)

    @rule()
    def look(self) -> None:
        """The periodic check."""
        if self.world.daemon_up and self.world.link_up:
            self.world.look()

    # What breaks.

    @rule(dies=rarely)
    def kill_or_start(self, dies: bool) -> None:
        """The daemon dies, or comes back."""
        if not self.world.daemon_up:
            self.world.start()
        elif dies:
            self.world.kill()

    @rule(breaks=rarely)
    def cut_or_mend(self, breaks: bool) -> None:
        """The link to Asterisk breaks, or is mended."""
        if not self.world.link_up:
            self.world.mend_link()
        elif breaks:
            self.world.cut_link()

    @rule(number=st.integers(0, 9), so=rarely)
    def lose_timer(self, number: int, so: bool) -> None:
        """Something in Asterisk takes a leg's timer away."""
        if so:
            self.world.lose_timer(self._call(number))

    @rule(span_ms=st.integers(1, 1_000) | st.integers(1_000, 70_000), prompt=mostly)
    def pass_time(self, span_ms: int, prompt: bool) -> None:
        """Timers and deadlines come on time."""
        self.world.pass_time(span_ms, prompt=prompt)

    @rule(number=st.integers(0, 9), early_ms=st.integers(-1500, 12_000))
    def approach_the_paid_instant(self, number: int, early_ms: int) -> None:
        """Time passes up to a moment about which things happen."""
        ordeal = self._call(number)
        hold = self.world.engine.holds.get(ordeal.call_id)
        if ordeal.answered_ms is not None and hold is not None:
            at_ms = ordeal.answered_ms + hold.through_s * 1000 - early_ms
            self.world.pass_time(max(0, at_ms - self.world.now_ms), prompt=True)

    @invariant()
    def books_and_leases_are_right(self) -> None:
        """Sums, holds, no timer beyond what is paid, and no minute that is used twice."""
        if hasattr(self, "world"):
            self.world.check()
            minutes = self.world.engine.wallets.get(MINUTES)
            assert minutes is None or minutes.held_micros - minutes.balance_micros <= FREE_S

    def teardown(self) -> None:
        """However it went, every call ends, and is settled once."""
        if hasattr(self, "world"):
            self.world.finish()


class ThreeCalls(Calls):
    """Three calls of one wallet."""

    names = ("a", "b", "c")


common = settings(
    deadline=None,
    phases=PHASES,
    stateful_step_count=40,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestTwoCalls = Calls.TestCase
TestTwoCalls.settings = settings(common, max_examples=EXAMPLES)
TestThreeCalls = ThreeCalls.TestCase
TestThreeCalls.settings = settings(common, max_examples=EXAMPLES // 2)
