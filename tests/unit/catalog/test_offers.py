"""Products, subscription plans and charging plans together: what is missing is a step left out."""

from pathlib import Path

import pytest

from pbxcharge.catalog.findings import Severity
from pbxcharge.catalog.offer_books import (
    kept_findings,
    manager_findings,
    managers_of,
    unused_findings,
    vanished_findings,
)
from pbxcharge.core.assigned import CameWith, OffersUsed
from tests.unit.catalog.offer_texts import ADD_ON, MAIN, PLAN, SUBSCRIPTION, site

OWNED = PLAN.format(name="retail") + "owner: acme\n"
LIMITED = PLAN.format(name="gold") + "credit_limit: 5\n"
POSTPAID = """
name: gold
type: postpaid
monthly_limit: 50
wallets: shared
allow: {local: yes}
prices: {local: {price_per_minute: 0}}
"""


def test_a_site_has_its_products_and_subscription_plans_by_name(tmp_path: Path) -> None:
    """In the same catalog as its plans."""
    result = site(tmp_path)
    assert result.findings == ()
    assert result.catalog is not None
    assert set(result.catalog.products) == {"smartcall", "forwarding"}
    assert set(result.catalog.subscriptions) == {"basic", "extra"}
    assert [read.name for read in result.offers.products] == ["forwarding", "smartcall"]


MISSING = {
    "a subscription plan": (
        {"smartcall": MAIN.replace("basic", "premium")},
        ("smartcall.yaml", 7, "subscription", "there is no subscription plan premium"),
        "a step is missing: create the subscription plan premium; a file in subscriptions/",
    ),
    "a charging plan": (
        {"smartcall": MAIN.replace("retail", "public")},
        ("smartcall.yaml", 6, "usage[1].plan", "there is no charging plan public"),
        "a step is missing: create the charging plan public; a file in plans/",
    ),
    "a main product": (
        {"forwarding": ADD_ON.replace("[smartcall]", "[office]")},
        ("forwarding.yaml", 7, "goes_with[1]", "there is no product office"),
        "a step is missing: create the main product office; a file beside this one",
    ),
}


@pytest.mark.parametrize(("changed", "said", "hint"), MISSING.values(), ids=MISSING)
def test_what_is_named_and_not_there_is_a_missing_step(
    tmp_path: Path, changed: dict[str, str], said: tuple[str, int, str, str], hint: str
) -> None:
    """With file, line, key, and what to do; nothing at all comes into force."""
    result = site(tmp_path, **changed)
    assert result.catalog is None
    (found,) = [it for it in result.findings if it.severity is Severity.ERROR]
    assert (Path(found.file).name, found.line, found.key, found.message) == said
    assert found.hint == hint


def test_a_name_that_is_nearly_there_is_asked_for(tmp_path: Path) -> None:
    """A slip of the pen is more likely than a step left out."""
    found, *_ = site(tmp_path, smartcall=MAIN.replace("basic", "basik")).findings
    assert found.hint.startswith("did you mean basic? else a step is missing")


WRONG = {
    "another currency": (
        {"basic": SUBSCRIPTION.format(name="basic", fee=1).replace("EUR", "GBP")},
        "currency",
        "is GBP, but the site charges in EUR",
    ),
    "a product in another currency": (
        {"smartcall": MAIN.replace("EUR", "USD")},
        "currency",
        "is USD, but the site charges in EUR",
    ),
    "an add-on to an add-on": (
        {"forwarding": ADD_ON.replace("[smartcall]", "[smartcall, forwarding]")},
        "goes_with[2]",
        "forwarding is an add-on, too",
    ),
    "a name twice": (
        {"product_more": MAIN},
        "name",
        "product smartcall is also written in",
    ),
    "a subscription of a reseller": (
        {"basic": SUBSCRIPTION.format(name="basic", fee=1) + "managed_by: acme"},
        "subscription",
        "basic is managed by acme, and the product by the site",
    ),
    "a plan of a reseller": (
        {"retail": OWNED},
        "usage[1].plan",
        "retail is for accounts below acme alone",
    ),
    "plans with other credit limits": (
        {
            "plan_gold": LIMITED,
            "smartcall": MAIN.replace("}]", "}, {access_code: callback, plan: gold}]"),
        },
        "usage[2].plan",
        "gold and retail, by which plain calls of smartcall are charged, differ in credit_limit",
    ),
    "an add-on that pays in another way": (
        {"plan_gold": POSTPAID, "forwarding": ADD_ON + "usage: [{plan: gold}]"},
        "usage[1].plan",
        "differ in type, wallets, monthly_limit",
    ),
}


@pytest.mark.parametrize(("changed", "key", "message"), WRONG.values(), ids=WRONG)
def test_what_does_not_fit_together_is_refused(
    tmp_path: Path, changed: dict[str, str], key: str, message: str
) -> None:
    """Each once, where it stands."""
    result = site(tmp_path, **changed)
    assert result.catalog is None
    (found,) = [it for it in result.findings if it.severity is Severity.ERROR]
    assert (found.key, message in found.message) == (key, True), found.message


def test_a_plan_that_changes_how_it_pays_at_a_date_agrees_with_itself(tmp_path: Path) -> None:
    """The wallets of its accounts are converted then."""
    later = POSTPAID.replace("gold", "retail") + "effective_from: 2030-01-01\n"
    assert not site(tmp_path, plan_later=later).findings


def test_a_subscription_plan_that_nobody_has_is_named(tmp_path: Path) -> None:
    """Most often a step was left out; where it is assigned by itself, all is well."""
    offers = site(tmp_path, smartcall=MAIN.replace("subscription: basic", "")).offers
    (found,) = unused_findings(offers, {})
    assert (Path(found.file).name, found.line, found.key) == ("basic.yaml", 1, "name")
    assert "associate the subscription plan with a product" in found.hint
    assert not list(unused_findings(offers, {"basic": 1}))


def test_what_accounts_have_and_no_file_has_is_named(tmp_path: Path) -> None:
    """With how many they are."""
    used = OffersUsed({"smartcall": 2, "office": 3}, {"premium": 1})
    found = vanished_findings(site(tmp_path).offers, used, Severity.ERROR)
    assert [(Path(it.file).name, it.message) for it in found] == [
        ("products", "there is no product office, but accounts have it: 3"),
        ("subscriptions", "there is no subscription plan premium, but accounts have it: 1"),
    ]


def test_a_product_with_another_subscription_names_who_keeps_the_one_before(tmp_path: Path) -> None:
    """Each plan that accounts got with it, and those who got none; what is as written is not."""
    came_with = [
        CameWith("smartcall", "basic", 5),
        CameWith("smartcall", "premium", 2),
        CameWith("smartcall", None, 3),
        CameWith("forwarding", "extra", 1),
        CameWith("long-gone", "basic", 1),
    ]
    found = list(kept_findings(site(tmp_path).offers, came_with))
    assert [(Path(it.file).name, it.line, it.key) for it in found] == [
        ("smartcall.yaml", 7, "subscription")
    ] * 2
    before = "who gets it from now on has basic; accounts that "
    assert [it.message for it in found] == [
        f"{before}keep the subscription premium: 2",
        f"{before}have none: 3",
    ]
    assert found[0].hint == "to move one: account set-product ACCOUNT --none, then smartcall again"


def test_an_add_on_that_users_edit_goes_with_a_product_that_lets_them(tmp_path: Path) -> None:
    """One of its main products is enough."""
    edited = ADD_ON.replace(
        "features:", "features: {call_forwarding: {enabled: yes, edited_by: [user]}} #"
    )
    (found,) = site(tmp_path, forwarding=edited).findings
    assert (found.severity, found.key) == (
        Severity.WARNING,
        "features.call_forwarding.edited_by",
    )
    assert found.message.endswith("lets users change anything: smartcall")
    care = MAIN + "default_acl: self_care\n"
    assert not site(tmp_path, forwarding=edited, smartcall=care).findings


def test_a_manager_who_does_not_exist_is_named(tmp_path: Path) -> None:
    """Nobody could use what only a misspelt reseller may; the site itself is always there."""
    offers = site(
        tmp_path,
        smartcall=MAIN + "managed_by: acme\n",
        extra=SUBSCRIPTION.format(name="extra", fee=1) + "managed_by: acne\n",
        basic=SUBSCRIPTION.format(name="basic", fee=1) + "managed_by: site\n",
    ).offers
    assert managers_of(offers) == ("acme", "acne")
    (found,) = manager_findings(offers, ["acme"])
    assert (Path(found.file).name, found.line, found.key) == ("extra.yaml", 4, "managed_by")
    assert found.message == "there is no account acne"


def test_a_product_for_another_pbx_alone_is_named(tmp_path: Path) -> None:
    """Every call at this one would be refused."""
    (found,) = site(tmp_path, smartcall=MAIN.replace("{plan", "{node: pbx9, plan")).findings
    assert found.message == "has no row for this PBX: its name is pbx1 in the settings"


def test_a_file_with_errors_is_named_for_those_alone(tmp_path: Path) -> None:
    """Not also for what would follow from its absence."""
    result = site(tmp_path, basic="name: basic\ncurrency: EUR\nmonthly_fee: ten\n")
    assert [it.key for it in result.findings] == ["monthly_fee"]
    (tmp_path / "products" / "old.yml").write_text("x")
    assert "is not read" in [it.message for it in site(tmp_path).findings]
