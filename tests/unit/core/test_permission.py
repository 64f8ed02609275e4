"""Permission: what products make of a call at the very instant at which it is asked for."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbxcharge.core.account import Account
from pbxcharge.core.account_kinds import AccountStatus
from pbxcharge.core.assigned_product import AssignedProduct, ProductKind
from pbxcharge.core.authorization import Denial, Offer, Reason, authorize
from pbxcharge.core.circumstances import Circumstances
from pbxcharge.core.feature import Feature, FeatureOverride, FeatureSetting, Service
from pbxcharge.core.money import MICROS
from pbxcharge.core.permission import Access, Offering
from pbxcharge.core.plan import CallType, Plan
from pbxcharge.core.price import Rate, charge_micros
from pbxcharge.core.product import Overdraft, OverdraftMode, Product, UsageCharge
from pbxcharge.core.resolution import Route
from pbxcharge.core.tariff import Tariff
from tests.unit.core.test_authorization import ACME, ALICE, ROUTES, full_plan

AT_S = 1_790_000_000
AT_US = AT_S * MICROS
CALLS = frozenset({Service.VOICE_CALLS})
PLANS = {name: full_plan(name) for name in ("retail", "wholesale", "night")}
ALL = frozenset(
    {
        Feature.INCOMING_CALLS,
        Feature.OUTGOING_CALLS,
        Feature.INTERNATIONAL_CALLS,
        Feature.CALL_FORWARDING,
    }
)
GERMANY = ROUTES[CallType.PUBLIC]


def features(on: frozenset[Feature]) -> dict[Feature, FeatureSetting]:
    """These granted, all others of the calls forbidden."""
    return {feature: FeatureSetting(feature, feature in on) for feature in ALL}


def row(node: str | None = None, code: str | None = None, plan: str = "retail") -> UsageCharge:
    """An access point."""
    return UsageCharge(Service.VOICE_CALLS, node, code, plan)


SMART = Product(name="smart", services=CALLS, features=features(ALL), usage=(row(),))
FORWARD = Product(
    name="forward",
    kind=ProductKind.ADD_ON,
    services=CALLS,
    features={Feature.CALL_FORWARDING: FeatureSetting(Feature.CALL_FORWARDING, on=True)},
)


def has(*added: AssignedProduct, of: Account = ALICE) -> Account:
    """Alice with the main product `smart` and these add-ons."""
    main = AssignedProduct("m", "smart", ProductKind.MAIN, 0)
    return replace(of, product="smart", assigned=(main, *added))


def add_on(until_us: int | None = None, name: str = "forward") -> AssignedProduct:
    """An add-on since ever."""
    return AssignedProduct(name, name, ProductKind.ADD_ON, 0, until_us)


def decided(
    account: Account,
    *products: Product,
    route: Route = GERMANY,
    access: Access | None = None,
    at_us: int = AT_US,
    home: tuple[str, ...] = ("49",),
    plans: dict[str, Plan] = PLANS,
) -> Offer | Denial:
    """The decision about a call of an account with these products on the site."""
    at_s, past_us = divmod(at_us, MICROS)
    known = {product.name: product for product in products}
    asked = Circumstances(
        at_s,
        past_us=past_us,
        access=access or Access("phones", route.number or ""),
        offering=Offering("pbx1", known, home),
    )
    return authorize(route, (account, ACME), plans, asked)


def refused(found: Offer | Denial) -> tuple[Reason, Feature | None, str | None]:
    """Why, for want of what, and who says so."""
    assert isinstance(found, Denial), found
    return found.reason, found.feature, found.source


@pytest.mark.parametrize(
    ("route", "access", "feature"),
    [
        (GERMANY, None, Feature.OUTGOING_CALLS),
        (replace(GERMANY, number="4320123456"), None, Feature.INTERNATIONAL_CALLS),
        (ROUTES[CallType.INCOMING], None, Feature.INCOMING_CALLS),
        (ROUTES[CallType.LOCAL], Access(forwarded=True), Feature.CALL_FORWARDING),
        (GERMANY, Access(forwarded=True), Feature.CALL_FORWARDING),
    ],
)
def test_each_kind_of_call_needs_its_feature(
    route: Route, access: Access | None, feature: Feature
) -> None:
    """Refused with its name and who forbids it; 403, and 480 for a caller from outside."""
    without = replace(SMART, features=features(ALL - {feature}))
    found = decided(has(), without, route=route, access=access)
    assert refused(found) == (Reason.FEATURE_MISSING, feature, "smart")
    assert isinstance(found, Denial)
    assert found.sip_code == (480 if route.call_type is CallType.INCOMING else 403)
    allowed = decided(has(), SMART, route=route, access=access, home=("49", "43"))
    assert isinstance(allowed, Offer) or allowed.reason is Reason.NO_RATE


@pytest.mark.parametrize("kind", [CallType.LOCAL, CallType.EXTENDED_LOCAL])
def test_calls_inside_the_house_need_the_service_alone(kind: CallType) -> None:
    """No feature of calls outside; but without voice calls there are none."""
    bare = replace(SMART, features=features(frozenset()))
    assert isinstance(decided(has(), bare, route=ROUTES[kind]), Offer)
    silent = replace(bare, services=frozenset())
    found = decided(has(), silent, route=ROUTES[kind])
    assert refused(found) == (Reason.FEATURE_MISSING, None, None)


def test_an_add_on_allows_until_the_very_instant_at_which_it_expires() -> None:
    """12:59:59.999999 is allowed, 13:00:00 is refused, although it is the second it ends in."""
    account, access = has(add_on(until_us=AT_US)), Access(forwarded=True)
    plain = replace(SMART, features=features(ALL - {Feature.CALL_FORWARDING}))
    before = decided(account, plain, FORWARD, access=access, at_us=AT_US - 1)
    assert isinstance(before, Offer)
    found = decided(account, plain, FORWARD, access=access)
    assert refused(found) == (Reason.FEATURE_MISSING, Feature.CALL_FORWARDING, "smart")


def test_an_override_decides_before_the_add_on() -> None:
    """What is set for one account goes before everything that it has."""
    own = replace(has(add_on()), overrides=(FeatureOverride(Feature.CALL_FORWARDING, on=False),))
    found = decided(own, SMART, FORWARD, access=Access(forwarded=True))
    assert refused(found) == (Reason.FEATURE_MISSING, Feature.CALL_FORWARDING, "override")


def test_without_a_home_country_nothing_is_international() -> None:
    """Nobody could tell; `check` says so of a product that asks for it."""
    national = replace(SMART, features=features(ALL - {Feature.INTERNATIONAL_CALLS}))
    assert isinstance(decided(has(), national, home=()), Offer)
    assert isinstance(decided(has(), national, home=("49",)), Offer)
    assert isinstance(decided(has(), national, home=("44",)), Denial)


@pytest.mark.parametrize(
    ("code", "plan"), [("phones", "retail"), ("callback", "night"), ("*72", "night")]
)
def test_an_access_code_has_a_plan_of_its_own(code: str, plan: str) -> None:
    """The same wallets; every code without a row is as plain calling."""
    codes = (row(), row(code="callback", plan="night"), row(code="*72", plan="night"))
    offer = decided(has(), replace(SMART, usage=codes), access=Access(code, "004930123456"))
    assert isinstance(offer, Offer)
    assert [level.plan for level in offer.rating.levels] == [plan, "wholesale"]
    assert offer.levels[0].wallet_id == "alice:outgoing"


def test_digits_that_are_dialled_first_are_an_access_code() -> None:
    """The longest one counts."""
    codes = (row(), row(code="00", plan="retail"), row(code="0049", plan="night"))
    offer = decided(has(), replace(SMART, usage=codes), access=Access("phones", "004930123456"))
    assert isinstance(offer, Offer)
    assert offer.rating.levels[0].plan == "night"


# The order of reasons.

SUSPENDED = replace(ACME, status=AccountStatus.SUSPENDED)
ELSEWHERE = (row(node="pbx2"),)


def test_an_access_point_goes_before_features_and_after_the_number() -> None:
    """Nothing is granted, and no row fits: told is the access point, unless there is no number."""
    nothing = replace(SMART, features=features(frozenset()), usage=ELSEWHERE)
    assert refused(decided(has(), nothing))[0] is Reason.ACCESS_POINT_NOT_ALLOWED
    no_number = decided(has(), nothing, route=replace(GERMANY, number=None))
    assert refused(no_number)[0] is Reason.NUMBER_INVALID


@given(
    st.sampled_from(["", "point", "feature"]),
    st.booleans(),
    st.booleans(),
    st.sampled_from([CallType.PUBLIC, CallType.INCOMING]),
)
def test_the_first_reason_of_the_table_is_told(
    product: str, allowed: bool, priced: bool, kind: CallType
) -> None:
    """Access point, call type, feature, price: in this order, whatever else is wrong."""
    plan = full_plan("retail")
    plan = plan if allowed else replace(plan, allowed=frozenset())
    plan = plan if priced else replace(plan, tariffs={})
    smart = SMART
    if product == "feature":
        smart = replace(smart, features=features(frozenset()))
    if product == "point":
        smart = replace(smart, usage=ELSEWHERE)
    found = decided(has(), smart, route=ROUTES[kind], plans={**PLANS, "retail": plan})
    wrong = {
        Reason.ACCESS_POINT_NOT_ALLOWED: product == "point",
        Reason.CALL_TYPE_NOT_ALLOWED: not allowed,
        Reason.FEATURE_MISSING: product == "feature",
        Reason.NO_RATE: not priced,
    }
    expected = next((reason for reason, it in wrong.items() if it), None)
    assert (found.reason if isinstance(found, Denial) else None) == expected


# How much a call holds.


def sold(overdraft: Overdraft, plan: Plan = PLANS["retail"]) -> Offer:
    """An offer of a call to Germany that is protected so."""
    protected = replace(SMART, usage=(replace(row(), overdraft=overdraft),))
    offer = decided(has(), protected, plans={**PLANS, "retail": plan})
    assert isinstance(offer, Offer)
    return offer


def holds_at_least(micros: int) -> Overdraft:
    """Each hold is so much at least."""
    return Overdraft(OverdraftMode.AMOUNT, micros)


ALL_FUNDS = Overdraft(OverdraftMode.ALL_FUNDS)


def test_slices_are_those_of_the_plan() -> None:
    """As without any product."""
    assert sold(Overdraft()).sale == decided_sale(replace(ALICE, product=None))


def decided_sale(account: Account) -> object:
    """How a call to Germany is sold to an account."""
    offer = decided(account, SMART)
    assert isinstance(offer, Offer)
    return offer.sale


@given(st.integers(1, 40))
def test_an_amount_is_held_with_the_first_slice_or_the_call_is_refused(blocks: int) -> None:
    """The shortest talk that costs so much, and not less than connect fee and first block."""
    own = sold(Overdraft()).sale.prices[0]
    for micros in (charge_micros(own, 10 * blocks), charge_micros(own, 10 * blocks) - 1):
        sale = sold(holds_at_least(micros)).sale
        assert charge_micros(own, sale.least_s) >= micros
        assert sale.least_s == 60 or charge_micros(own, sale.least_s - 10) < micros
        assert sale.want_s >= sale.least_s
        assert sale.rating.terms.slice_s >= 60


def test_all_funds_are_all_that_the_call_can_use() -> None:
    """The first slice is the longest call; what is not there is not held, and the call begins."""
    sale = sold(ALL_FUNDS).sale
    assert (sale.want_s, sale.least_s) == (sale.limit_s, sold(Overdraft()).sale.least_s)


@pytest.mark.parametrize("overdraft", [ALL_FUNDS, holds_at_least(5_000_000)])
def test_what_costs_nothing_holds_nothing(overdraft: Overdraft) -> None:
    """A free call is paid slice by slice as ever, so that it ends when something is withdrawn."""
    free = replace(a_rate("49"), price_per_minute=Fraction(0))
    tariffs = {**PLANS["retail"].tariffs, CallType.PUBLIC: Tariff((free,))}
    plan = replace(PLANS["retail"], tariffs=tariffs)
    assert sold(overdraft, plan).sale == sold(Overdraft(), plan).sale


def a_rate(prefix: str) -> Rate:
    """A price."""
    return Rate(destination=prefix, prefix=prefix, price_per_minute=Fraction(1))


# Calls at once.


@pytest.mark.parametrize(("on", "most"), [(True, 3), (False, None)])
def test_calls_at_once_are_limited_where_the_feature_is_had(on: bool, most: int | None) -> None:
    """Its own number, beside that of the plan."""
    calls = FeatureSetting(Feature.CONCURRENT_CALLS, on, {"max": 3})
    limited = replace(SMART, features={**features(ALL), Feature.CONCURRENT_CALLS: calls})
    offer = decided(has(), limited)
    assert isinstance(offer, Offer)
    assert [level.calls_max for level in offer.levels] == [most, None]


def test_without_a_main_product_nothing_is_asked() -> None:
    """An account with a plan of its own may what that says, whatever the site offers."""
    offer = decided(ALICE, SMART, access=Access(forwarded=True), home=("1",))
    assert isinstance(offer, Offer)
    assert offer.levels[0].calls_max is None
