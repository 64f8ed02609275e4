"""What an account may have: its own settings before add-ons, add-ons before the main product."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbxcharge.core.assigned_product import AssignedProduct, ProductKind
from pbxcharge.core.entitlement import (
    OVERRIDE,
    SERVICE,
    Entitlements,
    access_codes,
    entitlements,
    usage_of,
)
from pbxcharge.core.feature import (
    Attribute,
    AttributeValue,
    EditedBy,
    Enforced,
    Feature,
    FeatureOverride,
    FeatureSetting,
    Service,
)
from pbxcharge.core.product import Product, UsageCharge

VOICE = frozenset({Service.VOICE_CALLS})
FORWARDING, MAILBOX = Feature.CALL_FORWARDING, Feature.MAILBOX


def product(
    name: str,
    *settings: FeatureSetting,
    priority: int | None = None,
    services: frozenset[Service] = VOICE,
    usage: tuple[UsageCharge, ...] = (),
) -> Product:
    """A main product, or with a priority an add-on."""
    kind = ProductKind.MAIN if priority is None else ProductKind.ADD_ON
    features = {each.feature: each for each in settings}
    return Product(
        name=name,
        kind=kind,
        priority=priority or 0,
        services=services,
        features=features,
        usage=usage,
    )


def said(feature: Feature, on: bool, **attributes: AttributeValue) -> FeatureSetting:
    """What a product says of a feature."""
    return FeatureSetting(feature, on, attributes)


def having(
    *products: Product, overrides: tuple[FeatureOverride, ...] = (), at_us: int = 5
) -> Entitlements:
    """What an account has that has all these products for good."""
    return entitlements(assigned(*products), overrides, by_name(*products), at_us)


def assigned(*products: Product) -> tuple[AssignedProduct, ...]:
    """Each product from the beginning on."""
    return tuple(AssignedProduct(it.name, it.name, it.kind, 0) for it in products)


def by_name(*products: Product) -> Mapping[str, Product]:
    """The products of a site."""
    return {each.name: each for each in products}


MAIN = product("smartcall", said(FORWARDING, on=False))
ADD_ON = product("forwarding", said(FORWARDING, on=True, max_targets=3), priority=10)


def test_an_add_on_grants_what_the_main_product_forbids() -> None:
    """That is what it is bought for."""
    assert not having(MAIN).allows(FORWARDING)
    both = having(MAIN, ADD_ON)
    assert both.allows(FORWARDING)
    assert (both.source(FORWARDING), both.attribute(FORWARDING, "max_targets")) == ("forwarding", 3)


def test_an_override_decides_before_every_product() -> None:
    """Of what it says; the attributes that it leaves out are those of the products."""
    forbids = (FeatureOverride(FORWARDING, on=False),)
    one = (FeatureOverride(FORWARDING, attributes={"max_targets": 1}),)
    assert not having(MAIN, ADD_ON, overrides=forbids).allows(FORWARDING)
    assert having(MAIN, ADD_ON, overrides=forbids).source(FORWARDING) == OVERRIDE
    narrowed = having(MAIN, ADD_ON, overrides=one)
    assert narrowed.allows(FORWARDING)
    assert narrowed.source(FORWARDING) == "forwarding"
    assert narrowed.attribute(FORWARDING, "max_targets") == 1


def test_of_two_add_ons_the_higher_priority_decides_then_the_name() -> None:
    """20 goes before 10; of two with 10 the first one in the alphabet."""
    higher = product("strict", said(FORWARDING, on=False), priority=20)
    assert not having(MAIN, ADD_ON, higher).allows(FORWARDING)
    same = replace(higher, name="zulu", priority=10)
    assert having(MAIN, same, ADD_ON).source(FORWARDING) == "forwarding"


def test_an_attribute_that_the_add_on_does_not_say_is_that_of_the_main_product() -> None:
    """And where nobody says it, the default."""
    main = product("smartcall", said(MAILBOX, on=False, limit=20))
    assert (
        having(main, product("box", said(MAILBOX, on=True), priority=1)).attribute(MAILBOX, "limit")
        == 20
    )
    assert having(MAIN).attribute(MAILBOX, "limit") == 100


def test_calls_out_come_with_the_service_unless_it_is_said_otherwise() -> None:
    """Every other feature that nobody speaks of is off."""
    assert having(MAIN).allows(Feature.OUTGOING_CALLS)
    assert having(MAIN).source(Feature.OUTGOING_CALLS) == SERVICE
    assert not having(MAIN).allows(Feature.INCOMING_CALLS)
    assert having(MAIN).source(Feature.INCOMING_CALLS) is None
    barred = product("in-only", said(Feature.OUTGOING_CALLS, on=False))
    assert not having(barred).allows(Feature.OUTGOING_CALLS)


def test_without_the_service_there_is_none_of_its_features() -> None:
    """Whatever a product or an override says."""
    other = replace(ADD_ON, services=frozenset({Service.MESSAGES}))
    grants = (FeatureOverride(FORWARDING, on=True),)
    found = having(other, overrides=grants)
    assert not any(found.allows(feature) for feature in Feature)


def test_a_product_counts_from_its_first_instant_until_before_its_last() -> None:
    """An add-on that expires at 20 is gone at 20, and there at 19."""
    bought = AssignedProduct("a", "forwarding", ProductKind.ADD_ON, 10, 20)
    allowed = [
        entitlements((*assigned(MAIN), bought), (), by_name(MAIN, ADD_ON), at_us).allows(FORWARDING)
        for at_us in (9, 10, 19, 20)
    ]
    assert allowed == [False, True, True, False]


def test_a_product_that_is_not_written_any_more_says_nothing() -> None:
    """Those that are there go on."""
    found = entitlements(assigned(MAIN, ADD_ON), (), by_name(MAIN), 5)
    assert found.products == (MAIN,)


def test_who_may_edit_a_feature_says_the_product_that_decides() -> None:
    """Nobody may edit what no product speaks of."""
    open_to = FeatureSetting(FORWARDING, on=True, edited_by=frozenset({EditedBy.USER}))
    assert having(MAIN, replace(ADD_ON, features={FORWARDING: open_to})).edited_by(FORWARDING) == {
        EditedBy.USER
    }
    assert having(MAIN).edited_by(MAILBOX) == frozenset()


PLAIN = UsageCharge(Service.VOICE_CALLS, None, None, "retail")
AT_NODE = UsageCharge(Service.VOICE_CALLS, "pbx1", None, "node")
BY_CODE = UsageCharge(Service.VOICE_CALLS, None, "callback", "code")
BOTH = UsageCharge(Service.VOICE_CALLS, "pbx1", "callback", "both")


@pytest.mark.parametrize(
    ("rows", "node", "codes", "plan"),
    [
        ((PLAIN, AT_NODE, BY_CODE, BOTH), "pbx1", ("callback",), "both"),
        ((PLAIN, BY_CODE, AT_NODE), "pbx1", ("callback",), "node"),
        ((PLAIN, BY_CODE, AT_NODE), "pbx2", ("callback",), "code"),
        ((PLAIN, BY_CODE, AT_NODE), "pbx2", ("other",), "retail"),
        ((PLAIN, BY_CODE, AT_NODE), "pbx1", (), "node"),
        ((BY_CODE,), "pbx1", (), None),
        ((AT_NODE,), "pbx2", (), None),
    ],
)
def test_the_row_of_a_call_is_the_most_exact_one(
    rows: tuple[UsageCharge, ...], node: str, codes: tuple[str, ...], plan: str | None
) -> None:
    """Node and code, node, code, any; a plain call takes no row with a code."""
    main = product("smartcall", usage=rows)
    found = usage_of(assigned(main), by_name(main), Service.VOICE_CALLS, node, codes, 5)
    assert (found.plan if found else None) == plan


def test_an_add_ons_row_goes_before_a_more_exact_one_of_the_main_product() -> None:
    """Product by product; one that has no row for the call leaves it to the next."""
    main, more = product("smartcall", usage=(BOTH,)), product("more", usage=(PLAIN,), priority=1)
    sold, site = assigned(main, more), by_name(main, more)
    found = usage_of(sold, site, Service.VOICE_CALLS, "pbx1", ("callback",), 5)
    assert found is PLAIN
    only = by_name(main, replace(more, usage=(replace(PLAIN, node="pbx9"),)))
    assert usage_of(sold, only, Service.VOICE_CALLS, "pbx1", ("callback",), 5) is BOTH


def test_of_two_prefixes_the_longer_one_decides_and_the_context_before_both() -> None:
    """*72 goes before *7."""
    assert access_codes("pbxc-out", "*72") == ("pbxc-out", "*72", "*7", "*")
    short, long = (replace(BY_CODE, access_code=it, plan=it) for it in ("*7", "*72"))
    main = product("smartcall", usage=(short, long))
    codes = access_codes("pbxc-out", "*72442079460000")
    found = usage_of(assigned(main), by_name(main), Service.VOICE_CALLS, "pbx1", codes, 5)
    assert found is long


def test_every_feature_says_who_enforces_it_and_its_attributes_have_a_default() -> None:
    """What a call is asked for, what the dialplan obeys, and what is only known."""
    assert {feature.enforced for feature in Feature} == set(Enforced)
    for each in (it for feature in Feature for it in feature.attributes.values()):
        assert isinstance(each.default, each.kind)


@pytest.mark.parametrize(
    ("attribute", "text"),
    [
        (Attribute(int, 1, 1, 20), "0"),
        (Attribute(int, 1, 1, 20), "21"),
        (Attribute(int, 1, 1, 20), "two"),
        (Attribute(int, 1, 1, 20), "²"),
        (Attribute(bool, True), "perhaps"),
        (Attribute(str, "default"), ""),
        (Attribute(str, "default"), "a\nb"),
    ],
)
def test_an_attribute_refuses_what_it_cannot_be(attribute: Attribute, text: str) -> None:
    """And reads what it can."""
    with pytest.raises(ValueError, match=r"."):
        attribute.read(text)
    assert Attribute(int, 1, 1, 20).read("3") == 3
    assert Attribute(bool, False).read("yes") is True
    assert Attribute(str, "default").read("jazz") == "jazz"


_products = st.builds(
    product,
    st.sampled_from(["a", "b", "c", "d"]),
    st.builds(FeatureSetting, st.sampled_from([FORWARDING, MAILBOX]), st.booleans()),
    priority=st.none() | st.integers(0, 2),
)
_spans = st.tuples(st.integers(0, 9), st.none() | st.integers(0, 9))


@given(st.lists(st.tuples(_products, _spans), max_size=5), st.integers(0, 9))
def test_at_its_end_a_product_is_as_if_it_had_never_been(
    bought: list[tuple[Product, tuple[int, int | None]]], at_us: int
) -> None:
    """With `<=` instead of `<` in `runs` this fails."""
    site = {each.name: each for each, _ in bought}
    sold = [AssignedProduct("x", it.name, it.kind, *span) for it, span in bought]
    left = [it for it in sold if it.until_us is None or it.until_us > at_us]
    assert entitlements(sold, (), site, at_us) == entitlements(left, (), site, at_us)


@given(st.lists(_products, max_size=4, unique_by=lambda it: it.name))
def test_the_first_product_that_speaks_of_a_feature_decides(bought: list[Product]) -> None:
    """Add-ons before main products, by priority: with `priority` for `-priority` this fails."""
    found, speaking = having(*bought), [it for it in bought if FORWARDING in it.features]
    if speaking:
        only_mains = all(it.kind is ProductKind.MAIN for it in speaking)
        asked = [it for it in speaking if only_mains or it.kind is ProductKind.ADD_ON]
        top = min(asked, key=lambda it: (-it.priority, it.name))
        assert found.source(FORWARDING) == top.name
        assert found.allows(FORWARDING) == top.features[FORWARDING].on
