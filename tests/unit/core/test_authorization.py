"""Authorization: what is refused before credit is asked, and by what a call is priced."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbxcharge.core.account import Account, AccountKind, AccountStatus
from pbxcharge.core.authorization import Denial, Offer, Reason, authorize
from pbxcharge.core.circumstances import Circumstances
from pbxcharge.core.plan import CallType, Plan
from pbxcharge.core.price import Rate
from pbxcharge.core.resolution import Route
from pbxcharge.core.tariff import Tariff
from tests.fakes.plans import a_plan

ALICE = Account("alice", AccountKind.USER, "acme", "Alice", "retail", AccountStatus.ACTIVE)
ACME = Account("acme", AccountKind.ORGANIZATION, None, "Acme", "wholesale", AccountStatus.ACTIVE)
NOW = Circumstances(1_790_000_000)
ROUTES = {
    CallType.PUBLIC: Route(CallType.PUBLIC, "4930123456"),
    CallType.LOCAL: Route(CallType.LOCAL, "101", "bob"),
    CallType.EXTENDED_LOCAL: Route(CallType.EXTENDED_LOCAL, "101", "carol"),
    CallType.INCOMING: Route(CallType.INCOMING, "442079460000", "alice", None, "4930123456"),
}
NOT_FOR_CARRIERS = [
    Reason.ACCOUNT_SUSPENDED,
    Reason.ACCOUNT_BLOCKED,
    Reason.ACCOUNT_EXPIRED,
    Reason.ACCOUNT_CLOSED,
    Reason.CALL_TYPE_NOT_ALLOWED,
    Reason.NOT_ENOUGH_CREDIT,
]


def a_price(prefix: str, per_minute: int) -> Rate:
    """So many units a minute."""
    return Rate(destination=prefix, prefix=prefix, price_per_minute=Fraction(per_minute))


def full_plan(name: str) -> Plan:
    """Every kind of call allowed, each at another price."""
    house = {kind: Tariff((a_price(f"@{kind}", 1),)) for kind in CallType}
    incoming = Tariff((a_price("@incoming", 2), a_price("@incoming:49", 3)))
    public = Tariff((a_price("49", 4),))
    tariffs = {**house, CallType.INCOMING: incoming, CallType.PUBLIC: public}
    return replace(a_plan(name), allowed=frozenset(CallType), tariffs=tariffs)


PLANS = {name: full_plan(name) for name in ("retail", "wholesale")}


def offered(route: Route) -> Offer:
    """An offer that is made."""
    decided = authorize(route, (ALICE, ACME), PLANS, NOW)
    assert isinstance(decided, Offer), decided
    return decided


@pytest.mark.parametrize("kind", CallType)
def test_every_level_pays_from_its_wallet_of_the_right_kind(kind: CallType) -> None:
    """Calls from outside from incoming wallets, all others from outgoing ones."""
    wallet = "incoming" if kind is CallType.INCOMING else "outgoing"
    levels = [level.wallet_id for level in offered(ROUTES[kind]).levels]
    assert levels == [f"alice:{wallet}", f"acme:{wallet}"]


@pytest.mark.parametrize("kind", CallType)
def test_each_kind_has_its_own_flag(kind: CallType) -> None:
    """Refused where one level's plan does not allow it, by the name of that level."""
    narrow = replace(PLANS["wholesale"], allowed=frozenset(CallType) - {kind})
    denied = authorize(ROUTES[kind], (ALICE, ACME), {**PLANS, "wholesale": narrow}, NOW)
    assert isinstance(denied, Denial)
    assert (denied.reason, denied.account_id) == (Reason.CALL_TYPE_NOT_ALLOWED, "acme")
    for other in set(CallType) - {kind}:
        assert isinstance(authorize(ROUTES[other], (ALICE, ACME), PLANS, NOW), Offer)


@pytest.mark.parametrize(
    ("caller", "prefix"),
    [("4930123456", "@incoming:49"), ("442079460000", "@incoming"), ("", "@incoming")],
)
def test_the_longest_caller_prefix_prices_a_call_from_outside(caller: str, prefix: str) -> None:
    """Who shows no number pays the general price."""
    route = replace(ROUTES[CallType.INCOMING], caller_number=caller)
    assert {level.rate.prefix for level in offered(route).rating.levels} == {prefix}


@given(st.text("0123456789", max_size=15), st.sets(st.text("0123456789", min_size=1, max_size=6)))
def test_a_caller_takes_the_price_of_the_longest_prefix(caller: str, prefixes: set[str]) -> None:
    """Worked out the slow way: every prefix of the caller is tried, the longest first.

    Seen failing with `reverse=True` left out of `Tariff`.
    """
    rates = (a_price("@incoming", 1), *(a_price(f"@incoming:{prefix}", 2) for prefix in prefixes))
    plan = replace(full_plan("retail"), tariffs={CallType.INCOMING: Tariff(rates)})
    route = replace(ROUTES[CallType.INCOMING], caller_number=caller)
    decided = authorize(route, (ALICE,), {"retail": plan}, NOW)
    assert isinstance(decided, Offer)
    known = [caller[:end] for end in range(len(caller), 0, -1) if caller[:end] in prefixes]
    expected = f"@incoming:{known[0]}" if known else "@incoming"
    assert decided.rating.levels[0].rate.prefix == expected


@pytest.mark.parametrize("reason", Reason)
def test_a_carrier_does_not_see_what_a_customer_may_not_do(reason: Reason) -> None:
    """480 for what is between us and the customer; all else as for outgoing calls."""
    expected = 480 if reason in NOT_FOR_CARRIERS else reason.sip_code
    assert Denial(reason, call_type=CallType.INCOMING).sip_code == expected
    assert Denial(reason, call_type=CallType.LOCAL).sip_code == reason.sip_code


def test_who_may_not_ask_is_told_so_first() -> None:
    """And a number that is nobody's is no number, also where nobody pays for it."""
    assert authorize(None, (), PLANS, NOW) == Denial(Reason.UNKNOWN_ACCOUNT)
    nobody = authorize(Route(CallType.INCOMING, None), (), PLANS, NOW)
    assert isinstance(nobody, Denial)
    assert (nobody.reason, nobody.sip_code) == (Reason.NUMBER_INVALID, 404)


def test_the_status_goes_before_the_number() -> None:
    """A suspended user who dials nonsense hears of the suspension."""
    suspended = replace(ACME, status=AccountStatus.SUSPENDED)
    denied = authorize(Route(CallType.PUBLIC, None), (ALICE, suspended), PLANS, NOW)
    assert isinstance(denied, Denial)
    assert (denied.reason, denied.account_id) == (Reason.ACCOUNT_SUSPENDED, "acme")
