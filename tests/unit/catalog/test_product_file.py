"""The file of a product: every key becomes a part of it, and contradictions are named."""

from fractions import Fraction

import pytest

from pbxcharge.catalog.findings import Severity
from pbxcharge.catalog.product_form import FeaturesForm
from pbxcharge.core.allowance import EVERYWHERE, Quota, Tier
from pbxcharge.core.assigned_product import ProductKind
from pbxcharge.core.feature import EditedBy, Feature, FeatureSetting, Service
from pbxcharge.core.measure import Measure
from pbxcharge.core.product import AccountRole, Acl, Overdraft, OverdraftMode, UsageCharge
from pbxcharge.core.tariff import Prefixes
from tests.unit.catalog.offer_texts import ADD_ON, MAIN, product

EVERYTHING = """
name: smartcall
visible_name: Smart
type: add_on
currency: EUR
managed_by: acme
account_role: phone_line
services: [voice_calls, messages]
features:
  incoming_calls: yes
  international_calls: no
  mailbox: {enabled: yes, limit: 20, edited_by: [admin, reseller, user]}
usage:
  - {plan: retail}
  - {service: voice_calls, node: pbx1, access_code: "*72", plan: gold, overdraft: all_funds}
  - {node: any, access_code: callback, plan: gold, overdraft: {amount: 5.00}}
subscription: basic
included:
  - {name: home, visible_name: Home, minutes: 2, prefixes: [44], rolls_over: 1}
  - {name: free, amount: 5.00}
volume_discounts:
  - {name: bulk, count: amount, call_types: [public, local], tiers: [{from: 0.5, discount_percent: 12.5}]}
priority: 7
goes_with: [one, two]
"""  # noqa: E501 - a row of a file
VOICE, HOME = Service.VOICE_CALLS, Prefixes(frozenset({"44"}))


def test_every_key_becomes_a_part_of_the_product() -> None:
    """And nothing else is found."""
    found, findings = product(EVERYTHING)
    assert not findings
    assert found is not None
    assert (found.name, found.shown_name, found.kind) == ("smartcall", "Smart", ProductKind.ADD_ON)
    assert (found.currency, found.managed_by, found.subscription) == ("EUR", "acme", "basic")
    assert found.account_role is AccountRole.PHONE_LINE
    assert found.services == {VOICE, Service.MESSAGES}
    assert (found.priority, sorted(found.goes_with)) == (7, ["one", "two"])
    assert len(found.version) == 12


def test_features_come_with_attributes_and_editors() -> None:
    """`yes` alone is a feature that only the operator changes."""
    found, _ = product(EVERYTHING)
    mailbox = FeatureSetting(Feature.MAILBOX, True, {"limit": 20}, frozenset(EditedBy))
    assert found is not None
    assert found.features == {
        Feature.INCOMING_CALLS: FeatureSetting(Feature.INCOMING_CALLS, on=True),
        Feature.INTERNATIONAL_CALLS: FeatureSetting(Feature.INTERNATIONAL_CALLS, on=False),
        Feature.MAILBOX: mailbox,
    }


def test_usage_charges_are_rows() -> None:
    """Any node and no code where nothing is written, slices where no protection is."""
    found, _ = product(EVERYTHING)
    assert found is not None
    assert found.usage == (
        UsageCharge(VOICE, None, None, "retail"),
        UsageCharge(VOICE, "pbx1", "*72", "gold", Overdraft(OverdraftMode.ALL_FUNDS)),
        UsageCharge(VOICE, None, "callback", "gold", Overdraft(OverdraftMode.AMOUNT, 5_000_000)),
    )
    assert found.plain_plan == "retail"


def test_an_empty_access_code_is_plain_calling() -> None:
    """As one that is left out, also to the version."""
    left_out, _ = product(MAIN)
    empty, findings = product(MAIN.replace("plan: retail", 'plan: retail, access_code: ""'))
    assert not findings
    assert empty == left_out


def test_included_minutes_and_volume_discounts_are_quotas() -> None:
    """Two minutes are 120 s; `public` is every number outside."""
    free, none = Tier(0, Fraction(100)), Fraction(0)
    public = Prefixes(frozenset({*"123456789", "@local"}))
    found, _ = product(EVERYTHING)
    assert found is not None
    assert found.discounts == (
        Quota("home", "Home", Measure.SECONDS, (free, Tier(120, none)), HOME, 1),
        Quota("free", "free", Measure.AMOUNT, (free, Tier(5_000_000, none)), EVERYWHERE),
        Quota("bulk", "bulk", Measure.AMOUNT, (Tier(500_000, Fraction(25, 2)),), public),
    )


def test_every_feature_has_a_key_and_each_of_its_attributes() -> None:
    """What the core knows can be written, and nothing else."""
    assert set(FeaturesForm.model_fields) == set(Feature)
    for feature in Feature:
        parts = FeaturesForm.model_fields[feature].annotation.__args__[0].model_fields  # type: ignore[union-attr]
        assert set(parts) == {"enabled", "edited_by", *feature.attributes}


def test_a_version_does_not_depend_on_how_it_is_written() -> None:
    """The order of features and rows is none; a default that is written out says nothing new."""
    (plain, _), (spelt, _) = (
        product(MAIN),
        product(MAIN + "default_acl: read\nvisible_name: smartcall"),
    )
    (other, _) = product(MAIN + "default_acl: self_care")
    assert plain is not None
    assert spelt is not None
    assert other is not None
    assert plain.version == spelt.version != other.version
    assert other.default_acl is Acl.SELF_CARE


ERRORS = {
    "a main product with a priority": (MAIN + "priority: 3", "priority", "add-ons only"),
    "a main product beside others": (MAIN + "goes_with: [x]", "goes_with", "add-ons only"),
    "a main product without calls": (
        MAIN.replace("[voice_calls]", "[messages]"),
        "services",
        "could make no call",
    ),
    "a main product without a plan": (
        MAIN.replace("plan: retail", "plan: retail, access_code: callback"),
        "usage",
        "no row for plain calling",
    ),
    "an add-on beside nothing": (
        ADD_ON.replace("goes_with: [smartcall]", ""),
        "goes_with",
        "names no main product",
    ),
    "an add-on with an ACL": (ADD_ON + "default_acl: read", "default_acl", "of the main product"),
    "features of a service that is not there": (
        ADD_ON.replace("voice_calls", "messages"),
        "features",
        "not among the services",
    ),
    "an access point twice": (
        MAIN.replace("usage: [", "usage: [{plan: gold, node: any}, "),
        "usage[2]",
        "the same access point as the one in line 6",
    ),
    "a name that stands for something else": (
        MAIN.replace("smartcall", "override"),
        "name",
        "no name of a product",
    ),
    "an unknown feature": (MAIN + "features: {telepathy: yes}", "features.telepathy", "not known"),
    "neither yes nor no": (
        MAIN + "features: {mailbox: maybe}",
        "features.mailbox",
        "neither yes nor no",
    ),
    "an attribute out of bounds": (
        MAIN + "features: {mailbox: {enabled: yes, limit: 0}}",
        "features.mailbox.limit",
        "out of bounds",
    ),
    "an unknown protection": (
        MAIN.replace("plan: retail", "plan: retail, overdraft: most"),
        "usage[1].overdraft",
        "not known here",
    ),
    "a protection of nothing": (
        MAIN.replace("plan: retail", "plan: retail, overdraft: {amount: 0}"),
        "usage[1].overdraft",
        "holds nothing",
    ),
    "a protection with other keys": (
        MAIN.replace("plan: retail", "plan: retail, overdraft: {least: 1}"),
        "usage[1].overdraft",
        "other keys than amount",
    ),
    "minutes and an amount": (
        MAIN + "included: [{name: a, minutes: 1, amount: 1}]",
        "included[1]",
        "either minutes or amount",
    ),
    "two discounts of one name": (
        MAIN + "included: [{name: a, minutes: 1}, {name: a, minutes: 2}]",
        "included[2].name",
        "also the name of the discount in line",
    ),
    "tiers that fall": (
        MAIN
        + "volume_discounts: [{name: a, tiers: [{from: 2, discount_percent: 1}, "
        + "{from: 1, discount_percent: 2}]}]",
        "volume_discounts[1]",
        "do not rise",
    ),
}


@pytest.mark.parametrize(("text", "key", "message"), ERRORS.values(), ids=ERRORS)
def test_a_product_that_cannot_be_had_is_refused(text: str, key: str, message: str) -> None:
    """With key and reason, each once."""
    found, findings = product(text)
    assert found is None
    ((at, said),) = [(it.key, it.message) for it in findings]
    assert (at, message in said) == (key, True), said


def test_the_step_that_is_missing_is_named() -> None:
    """In the words of the set-up."""
    _, findings = product(ADD_ON.replace("goes_with: [smartcall]", ""))
    assert findings[0].hint == (
        "a step is missing: choose the main products it is compatible with; goes_with: [NAME]"
    )


WARNINGS = {
    "an add-on that changes nothing": (
        "name: a\ntype: add_on\ncurrency: EUR\ngoes_with: [b]",
        "name",
        "did before",
    ),
    "users who may edit, and may not": (
        MAIN + "features: {mailbox: {enabled: yes, edited_by: [user]}}",
        "features.mailbox.edited_by",
        "default_acl: read",
    ),
}


@pytest.mark.parametrize(("text", "key", "message"), WARNINGS.values(), ids=WARNINGS)
def test_what_changes_nothing_is_named(text: str, key: str, message: str) -> None:
    """It stands in the file, so somebody thinks that it counts."""
    found, findings = product(text)
    ((severity, at, said),) = [(it.severity, it.key, it.message) for it in findings]
    assert found is not None
    assert (severity, at, message in said) == (Severity.WARNING, key, True), said
