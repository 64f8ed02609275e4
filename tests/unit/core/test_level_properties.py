"""Many calls that three levels pay for, in simulation: no level ever spends more than it has."""

from collections import Counter
from fractions import Fraction
from random import Random
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from pbxcharge.core.cdr import EndedBy
from pbxcharge.core.credit import Operation, Outcome
from pbxcharge.core.plan import Terms
from pbxcharge.core.price import Rate, RelativeTerms, charge_micros
from tests.examples import examples
from tests.fakes.granted_call import a_rate, final_prices, granted
from tests.fakes.memory_engine import MemoryEngine
from tests.scenarios.simulator import Exchange, Line

EXAMPLES = examples(60)
CENT = 10_000
CALLS = 10
LONGEST_MS = 1_000_000
USERS = ("alice", "bob")
WALLETS = ("alice:outgoing", "bob:outgoing", "acme:outgoing", "telco:outgoing")

rates = st.builds(
    a_rate,
    price_per_minute=st.sampled_from([Fraction(cents, 100) for cents in (0, 1, 7, 30, 60)]),
    first_s=st.sampled_from([1, 6, 30, 60]),
    next_s=st.sampled_from([1, 6, 10, 60]),
    connect_fee_micros=st.sampled_from([0, 0, CENT, 3_333]),
    minimum_charge_micros=st.sampled_from([0, 0, 5 * CENT]),
    free_s=st.sampled_from([0, 0, 7]),
)
margins = st.builds(
    RelativeTerms,
    destination=st.just(""),
    prefix=st.just(""),
    multiplier=st.sampled_from([Fraction(0), Fraction(1), Fraction(6, 5), Fraction(1, 3)]),
    adjustment_micros=st.sampled_from([0, 0, 1_000, CENT]),
    interval_s=st.sampled_from([1, 10, 60]),
    first_s=st.sampled_from([1, 60]),
    next_s=st.sampled_from([1, 10]),
)
levels = st.tuples(rates | margins, rates | margins, rates)
"""Of a user, of the organization, of the service provider above it."""


class Way(NamedTuple):
    """When one call begins, after how long it is answered, and how long they would talk."""

    begins_s: int
    rings_s: int
    talks_s: int


ways = st.lists(
    st.builds(Way, st.integers(0, 60), st.integers(1, 20), st.sampled_from([5, 40, 300, 900])),
    min_size=CALLS,
    max_size=CALLS,
)


class NeverOverspent(MemoryEngine):
    """An engine that looks at every wallet after every decision."""

    def decide(self, operation: Operation) -> Outcome:
        """As the rule has it; then no wallet may have given more than it has."""
        outcome = super().decide(operation)
        for wallet in self.wallets.values():
            assert wallet.available_micros >= 0, f"{wallet.wallet_id} is overspent"
        return outcome


class House:
    """Ten calls of two users of one organization, which a service provider sells to."""

    def __init__(self, credit_cents: tuple[int, ...], seed: int) -> None:
        random = Random(seed)
        self.exchange = Exchange(lambda: random.randint(1, 20))
        self.exchange.engine = NeverOverspent()
        self.credit = dict(zip(WALLETS, (cents * CENT for cents in credit_cents), strict=True))
        for wallet_id, micros in self.credit.items():
            self.exchange.open_wallet(wallet_id, micros)
        self.lines: list[Line] = []

    def call(self, number: int, priced: tuple[Rate | RelativeTerms, ...], way: Way) -> None:
        """One call: dialled, answered, and hung up after so long, unless its credit ends first."""
        own = f"{USERS[number % 2]}:outgoing"
        call = granted(
            f"c{number}",
            rates=priced,
            wallets=(own, *WALLETS[2:]),
            terms=Terms(slice_s=20, warn_before_s=5),
        )
        self.exchange.run(way.begins_s * 1000)
        line = self.exchange.dial(call)
        self.lines.append(line)
        if line.refused is None:
            answer_ms = self.exchange.now_ms + way.rings_s * 1000
            end_ms = answer_ms + way.talks_s * 1000
            self.exchange.at(answer_ms, lambda: self.exchange.answer(line))
            self.exchange.at(end_ms, lambda: self.exchange.hang_up(line, EndedBy.CALLER))

    def charged(self) -> Counter[str]:
        """What every call's own record says, priced anew for its paid talk, by wallet."""
        sums: Counter[str] = Counter()
        for line in self.lines:
            if line.cdr is None or line.cdr.answered_at_us is None:
                continue
            paid_s = line.cdr.paid_s
            priced = final_prices(line.granted, line.cdr)
            for level, price in zip(line.granted.levels, priced, strict=True):
                sums[level.wallet_id] += charge_micros(price, paid_s)
        return sums


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    priced=levels,
    ways=ways,
    credit_cents=st.tuples(*[st.sampled_from([0, 3, 20, 61, 250, 2_000])] * len(WALLETS)),
    seed=st.integers(0, 2**16),
)
def test_ten_calls_on_three_levels_never_overspend_any_level(
    priced: tuple[Rate | RelativeTerms, ...],
    ways: list[Way],
    credit_cents: tuple[int, ...],
    seed: int,
) -> None:
    """At no moment has a wallet given more than it had; each level pays by its own price.

    Seen failing with only the first two levels compared in `_fits` of the reservation.
    """
    house = House(credit_cents, seed)
    for number, way in enumerate(sorted(ways)):
        house.call(number, priced, way)
    house.exchange.run(LONGEST_MS)
    house.exchange.run_out()
    house.exchange.engine.check()
    charged = house.charged()
    for wallet_id, micros in house.credit.items():
        wallet = house.exchange.engine.wallets[wallet_id]
        assert (wallet.balance_micros, wallet.held_micros) == (micros - charged[wallet_id], 0)


def test_ten_calls_talk_for_exactly_what_the_poorest_level_has() -> None:
    """The organization has 3.00, at 0.005 a second that is 600 s of talk: they talk 600 s."""
    house = House((1_000, 1_000, 300, 1_000), seed=7)
    per_second = (a_rate(), a_rate(price_per_minute=Fraction(30, 100)), a_rate())
    for number in range(CALLS):
        house.call(number, per_second, Way(number * 2, 3, 10**6))
    house.exchange.run(LONGEST_MS)
    house.exchange.run_out()
    records = [line.cdr for line in house.lines]
    assert sum(cdr.paid_s for cdr in records if cdr) == 600
    assert {cdr and cdr.ended_by for cdr in records} == {EndedBy.CREDIT}
    wallets = house.exchange.engine.wallets
    balances = {name: wallet.balance_micros for name, wallet in wallets.items()}
    assert (balances["acme:outgoing"], balances["telco:outgoing"]) == (0, 400 * CENT)
    assert balances["alice:outgoing"] + balances["bob:outgoing"] == 1_400 * CENT
