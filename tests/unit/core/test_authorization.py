"""Authorization: what is refused before credit is asked, and by what a call is priced."""

from dataclasses import replace
from datetime import UTC, timedelta, timezone
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbxcharge.core.account import Account
from pbxcharge.core.account_kinds import AccountKind, AccountStatus, Suspension
from pbxcharge.core.authorization import Denial, Offer, Reason, authorize
from pbxcharge.core.circumstances import Circumstances, TrunkOffer
from pbxcharge.core.plan import CallType, Plan
from pbxcharge.core.price import Rate, RelativeTerms, Variant, charge_micros
from pbxcharge.core.resolution import Route
from pbxcharge.core.tariff import Tariff
from pbxcharge.core.windows import Day, Schedule, Window
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
    Reason.ACCESS_POINT_NOT_ALLOWED,
    Reason.CALL_TYPE_NOT_ALLOWED,
    Reason.FEATURE_MISSING,
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


# Levels above one another, trunks and hours.

DECK = Tariff((a_price("4930", 1), a_price("@incoming:49", 2)))
MARGIN = RelativeTerms(destination="any", prefix="", multiplier=Fraction(2))
PROVIDER = Account("west", AccountKind.SERVICE_PROVIDER, None, "West", "margin", ALICE.status)
TOPMOST = Account("site", AccountKind.SERVICE_PROVIDER, None, "Site", "margin", ALICE.status)
CHAIN = (ALICE, ACME, replace(PROVIDER, parent_id="site"), TOPMOST)
SELLING = {
    name: replace(
        full_plan(name),
        tariffs={},
        relative=dict.fromkeys(CallType, MARGIN),
        price_per_minute_max=None,
    )
    for name in ("retail", "wholesale", "margin")
}
DECKED, SILENT = TrunkOffer("carrier", "gold", "v7", DECK), TrunkOffer("other")


def asked(*trunks: TrunkOffer, **also: Any) -> Circumstances:
    """Now, over these trunks."""
    return Circumstances(NOW.at_s, 30, trunks, **also)


def sold(route: Route, *trunks: TrunkOffer) -> Offer:
    """An offer where every level sells at twice what it pays."""
    decided = authorize(route, CHAIN, SELLING, asked(*trunks))
    assert isinstance(decided, Offer), decided
    return decided


def minute(offer: Offer) -> list[int]:
    """What each level pays for a minute, in whole units."""
    return [charge_micros(price, 60) // 1_000_000 for price in offer.sale.prices]


def test_every_level_pays_a_multiple_of_the_one_above() -> None:
    """The carrier asks 1 a minute: 2, 4, 8 and 16, in a chain of any depth."""
    offer = sold(ROUTES[CallType.PUBLIC], DECKED)
    assert minute(offer) == [16, 8, 4, 2]
    assert [level.account_id for level in offer.levels] == ["alice", "acme", "west", "site"]


def test_a_trunk_that_cannot_be_priced_is_left_out() -> None:
    """Without a deck's price there is nothing that the top could multiply; with none: no_rate."""
    offer = sold(ROUTES[CallType.PUBLIC], SILENT, DECKED)
    assert [trunk.name for trunk in offer.rating.trunks] == ["carrier"]
    for trunks in ((), (SILENT,), (replace(DECKED, rates=Tariff()),)):
        denied = authorize(ROUTES[CallType.PUBLIC], CHAIN, SELLING, asked(*trunks))
        assert isinstance(denied, Denial)
        assert (denied.reason, denied.account_id) == (Reason.NO_RATE, "site")


def test_a_call_that_no_carrier_is_paid_for_costs_nothing_above() -> None:
    """Inside the house, and from outside by a trunk without such a price, else what it asks."""
    assert minute(sold(ROUTES[CallType.LOCAL])) == [0, 0, 0, 0]
    assert minute(sold(ROUTES[CallType.INCOMING], SILENT)) == [0, 0, 0, 0]
    assert minute(sold(ROUTES[CallType.INCOMING], DECKED)) == [32, 16, 8, 4]


def test_a_deck_only_tells_the_cost_of_plans_with_prices_of_their_own() -> None:
    """Both trunks stay; where no deck speaks, the rating is the one of a site without decks."""
    route = ROUTES[CallType.PUBLIC]
    both = authorize(route, (ALICE,), PLANS, asked(SILENT, DECKED))
    assert isinstance(both, Offer)
    assert [(trunk.name, trunk.rate is None) for trunk in both.rating.trunks] == [
        ("other", True),
        ("carrier", False),
    ]
    silent = authorize(route, (ALICE,), PLANS, asked(SILENT))
    assert isinstance(silent, Offer)
    assert silent.rating == authorize(route, (ALICE,), PLANS, NOW).rating  # type: ignore[union-attr]


def test_a_destination_that_a_carrier_forbids_is_not_dialled_there() -> None:
    """Over the other one it is; where all forbid it, the call is refused at the top."""
    no = replace(DECKED, rates=Tariff((replace(a_price("49", 1), forbidden=True),)))
    route = ROUTES[CallType.PUBLIC]
    offer = authorize(route, (ALICE, ACME), PLANS, asked(no, SILENT))
    assert isinstance(offer, Offer)
    assert [trunk.name for trunk in offer.rating.trunks] == ["other"]
    denied = authorize(route, (ALICE, ACME), PLANS, asked(no))
    assert denied == Denial(Reason.DESTINATION_FORBIDDEN, "acme", route.number)


FORBIDDEN = {CallType.PUBLIC: Tariff((replace(a_price("49", 4), forbidden=True),))}
DEAR = {CallType.PUBLIC: Tariff((a_price("49", 6),))}


@pytest.mark.parametrize(
    ("own", "above", "expected"),
    [
        ({"tariffs": {}}, {"allowed": frozenset()}, (Reason.CALL_TYPE_NOT_ALLOWED, "acme")),
        ({"tariffs": {}}, {"tariffs": FORBIDDEN}, (Reason.DESTINATION_FORBIDDEN, "acme")),
        ({"tariffs": DEAR}, {"tariffs": {}}, (Reason.NO_RATE, "acme")),
        ({}, {"tariffs": DEAR}, (Reason.PRICE_TOO_HIGH, "acme")),
        ({"tariffs": {}}, {"tariffs": {}}, (Reason.NO_RATE, "alice")),
    ],
)
def test_the_first_reason_wins_at_whatever_level(
    own: dict[str, Any], above: dict[str, Any], expected: tuple[Reason, str]
) -> None:
    """A price that is missing below does not hide a destination that is forbidden above."""
    changes = {"retail": own, "wholesale": above}
    plans = {name: replace(PLANS[name], **changes[name]) for name in PLANS}
    denied = authorize(ROUTES[CallType.PUBLIC], (ALICE, ACME), plans, NOW)
    assert isinstance(denied, Denial)
    assert (denied.reason, denied.account_id) == expected


def test_windows_are_read_by_the_clock_of_who_pays_at_the_level() -> None:
    """14:13 UTC: it is evening in Tokyo, where the organization is, and not in London."""
    evening = Schedule((Window("evening", frozenset(Day), 18 * 3600, 24 * 3600),))
    cheap = Variant(window="evening", price_per_minute=Fraction(1))
    varied = Tariff((replace(a_price("49", 4), variants=(cheap,)),))
    plans = {
        name: replace(plan, schedule=evening, tariffs={CallType.PUBLIC: varied})
        for name, plan in PLANS.items()
    }
    london, tokyo = replace(ALICE, time_zone="Europe/London"), replace(ACME, time_zone="Asia/Tokyo")
    zones = {"Europe/London": UTC, "Asia/Tokyo": timezone(timedelta(hours=9)), None: UTC}
    chains = {(london, tokyo): [4, 1], (ALICE, tokyo): [1, 1], (ALICE, ACME): [4, 4]}
    for chain, expected in chains.items():
        decided = authorize(ROUTES[CallType.PUBLIC], chain, plans, asked(zone=zones.__getitem__))
        assert isinstance(decided, Offer)
        assert minute(decided) == expected


SUSPENDED = frozenset({Suspension.OVERDUE})
LIVES: list[tuple[dict[str, Any], Reason]] = [
    ({"suspensions": SUSPENDED}, Reason.ACCOUNT_SUSPENDED),
    ({"expires_at_us": NOW.at_us}, Reason.ACCOUNT_EXPIRED),
    ({"suspensions": SUSPENDED, "expires_at_us": NOW.at_us}, Reason.ACCOUNT_EXPIRED),
    ({"status": AccountStatus.BLOCKED, "expires_at_us": 1}, Reason.ACCOUNT_BLOCKED),
    ({"status": AccountStatus.SUSPENDED, "expires_at_us": 1}, Reason.ACCOUNT_EXPIRED),
]


@pytest.mark.parametrize(("life", "reason"), LIVES)
def test_an_account_is_refused_for_the_gravest_of_its_life(
    life: dict[str, Any], reason: Reason
) -> None:
    """Also the organization of who calls; blocked before expired, expired before suspended."""
    for chain in ((replace(ALICE, **life), ACME), (ALICE, replace(ACME, **life))):
        decided = authorize(ROUTES[CallType.PUBLIC], chain, PLANS, NOW)
        assert isinstance(decided, Denial) and decided.reason is reason


@pytest.mark.parametrize(("past_us", "allowed"), [(499_999, True), (500_000, False)])
def test_an_account_expires_within_a_second(past_us: int, allowed: bool) -> None:
    """At half past the second: the very microsecond of the attempt counts.

    Seen failing with the second of the attempt in its place.
    """
    expiring = replace(ALICE, expires_at_us=NOW.at_us + 500_000)
    asked = replace(NOW, past_us=past_us)
    decided = authorize(ROUTES[CallType.PUBLIC], (expiring, ACME), PLANS, asked)
    assert isinstance(decided, Offer) is allowed
