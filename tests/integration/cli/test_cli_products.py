"""The commands of products, add-ons and subscriptions, with the daemon and without it."""

import pytest

from tests.site import Site

WITH_PRODUCT = ("account", "add", "carol", "--parent", "acme", "--product", "smartcall")


async def smart(site: Site) -> None:
    """Carol has the main product."""
    await site.run(*WITH_PRODUCT)


async def test_an_account_gets_a_product_with_its_plan_and_subscription(site: Site) -> None:
    """In one command; given again, it is already done, also with what came since."""
    assert (await site.run(*WITH_PRODUCT)).out.startswith("user carol added, balance 10.00 EUR")
    again = await site.ask(*WITH_PRODUCT)
    assert again["already"] and again["account"]["product"] == "smartcall"
    (found,) = (await site.ask("account", "subscriptions", "carol"))["subscriptions"]
    assert (found["subscription"], found["state"]) == ("smartcall-basic", "active")
    assert (found["fee"], found["billing_period"], found["currency"]) == ("0.00", "monthly", "EUR")
    assert found["next"]["amount"] == "1.99"


async def test_add_ons_are_assigned_listed_and_unassigned(site: Site) -> None:
    """With their ends; twice is already done."""
    await smart(site)
    words = ("addon", "assign", "carol", "call-forwarding", "--until", "2099-01-01")
    assert "carol has call-forwarding from" in (await site.run(*words, "--id", "a-1")).out
    assert (await site.run(*words)).out.startswith("already done: ")
    (had,) = (await site.ask("addon", "list", "carol"))["add_ons"]
    assert (had["id"], had["state"], had["until"][:4]) == ("a-1", "running", "2099")
    await site.run("addon", "unassign", "carol", "call-forwarding")
    listed = (await site.run("addon", "list", "carol")).out
    assert "ended" in listed and "call-forwarding" in listed
    closed = (await site.ask("account", "subscriptions", "carol", "--all"))["subscriptions"]
    assert sorted(it["state"] for it in closed) == ["active", "closed"]


async def test_features_say_who_decides(site: Site) -> None:
    """The main product, an add-on, or the account's own."""
    await smart(site)
    said = await site.run("feature", "set", "carol", "mailbox", "--attribute", "limit=20")
    assert said.out == "carol: mailbox is on by smartcall, limit 20\n"
    assert (await site.run("feature", "set", "carol", "mailbox", "--off")).out.startswith(
        "carol: mailbox is off by override"
    )
    too_many = await site.run(
        "feature", "set", "carol", "mailbox", "--attribute", "limit=0", code=1
    )
    assert "mailbox limit" in too_many.err
    shown = (await site.ask("account", "products", "carol"))["account"]
    features = {it["feature"]: (it["on"], it["by"]) for it in shown["features"]}
    assert features["mailbox"] == (False, "override")
    assert features["outgoing_calls"] == (True, "smartcall")
    await site.run("feature", "clear", "carol", "mailbox")
    assert "smartcall" in (await site.run("account", "products", "carol")).out


async def test_subscriptions_are_assigned_closed_and_removed(site: Site) -> None:
    """Of an account without a product, at a discount, and one that is to come."""
    words = ("subscription", "assign", "alice", "smartcall-basic", "--id", "s-1")
    assert (
        "smartcall-basic of alice assigned from"
        in (await site.run(*words, "--discount", "20%")).out
    )
    (found,) = (await site.ask("subscription", "list", "--account", "alice"))["subscriptions"]
    assert (found["discount"], found["via"]) == ("-20 %", None)
    await site.run("subscription", "remove", "s-1", code=1)
    assert "closed at" in (await site.run("subscription", "close", "s-1")).out
    later = ("--from", "2099-01-01", "--id", "s-2")
    await site.run("subscription", "assign", "alice", "call-forwarding", *later)
    assert (await site.run("subscription", "remove", "s-2")).out.endswith("removed, id s-2\n")
    assert (await site.run("verify")).code == 0


async def test_what_is_offered_is_listed_and_shown(site: Site) -> None:
    """Products and subscription plans of the example site, with how many have them."""
    await smart(site)
    products = {it["name"]: it for it in (await site.ask("product", "list"))["products"]}
    assert products["smartcall"]["accounts"] == 1
    assert products["call-forwarding"]["goes_with"] == ["smartcall"]
    assert "smartcall-basic" in (await site.run("product", "show", "smartcall")).out
    plans = {it["name"]: it for it in (await site.ask("subscription", "list"))["subscriptions"]}
    assert (plans["smartcall-basic"]["monthly_fee"], plans["smartcall-basic"]["assigned"]) == (
        "2.99",
        1,
    )
    shown = (await site.run("subscription", "show", "smartcall-basic")).out
    assert "1 month at 0.00, then 5 months at 1.99, then 2.99" in shown
    await site.run("product", "show", "nothing", code=1)


LIVES = [
    (("expire", "alice", "2099-01-01"), "alice expires 20"),
    (("expire", "alice", "--never"), "already done: alice does not expire"),
    (("suspend", "acme", "--reason", "overdue"), "acme is suspended: overdue"),
    (("resume", "acme"), "already done: acme is suspended for nothing it owes"),
    (("set-billing", "acme", "weekly"), "acme is billed weekly"),
    (("set-manager", "acme", "--none"), "already done: acme is managed by the operator"),
    (("set-product", "alice", "smartcall"), "alice has smartcall, charged by retail"),
]


@pytest.mark.parametrize(("words", "said"), LIVES)
async def test_what_becomes_of_an_account_is_said(
    site: Site, words: tuple[str, ...], said: str
) -> None:
    """Each act in one line; done again it says so."""
    assert (await site.run("account", *words)).out.startswith(said)


async def test_it_is_the_same_with_the_daemon(served: Site) -> None:
    """Over its socket: product, add-on, suspension, and what a caller then is refused for."""
    await smart(served)
    await served.run("addon", "assign", "carol", "call-forwarding")
    shown = (await served.ask("account", "products", "carol"))["account"]
    assert [had["product"] for had in shown["products"]] == ["smartcall", "call-forwarding"]
    await served.run("account", "suspend", "carol", "--reason", "overdue")
    account = (await served.ask("account", "show", "carol"))["account"]
    assert account["suspended_for"] == ["overdue"]
    (basic, _) = (await served.ask("account", "subscriptions", "carol"))["subscriptions"]
    assert basic["state"] == "suspended"
    declined = await served.run("account", "set-plan", "carol", "kiosk", code=1)
    assert "its product smartcall" in declined.err


async def test_who_keeps_a_subscription_that_a_product_no_longer_names_is_said(site: Site) -> None:
    """By `plan apply`, which changes nothing of theirs, and by `check`."""
    await smart(site)
    file = site.folder / "products" / "smartcall.yaml"
    file.write_text(file.read_text().replace("n: smartcall-basic", "n: call-forwarding"))
    said = "accounts that keep the subscription smartcall-basic: 1"
    assert said in (await site.run("plan", "apply")).err
    assert said in (await site.run("check")).out
    (kept,) = (await site.ask("account", "subscriptions", "carol"))["subscriptions"]
    assert kept["subscription"] == "smartcall-basic"


async def test_what_is_left_of_quotas_is_shown(site: Site) -> None:
    """In the order in which calls use them; of nobody without any, a line says so."""
    await smart(site)
    shown = await site.ask("account", "quotas", "carol")
    found = [(it["quota"], it["source"], it["granted"], it["left"]) for it in shown["quotas"]]
    assert found == [
        ("uk-60", "product", 3_600, 3_600),
        ("colleagues", "product", "5.00", "5.00"),
        ("germany", "product", None, None),
    ]
    assert (shown["billing_period"], shown["period_first"][-2:]) == ("monthly", "01")
    table = (await site.run("account", "quotas", "carol")).out
    assert "60:00 min" in table and "10.00 % from 100:00 min" in table
    nobody = await site.run("account", "quotas", "alice")
    assert "alice has no included minutes and no discounts" in nobody.err
    await site.run("account", "quotas", "nobody", code=1)


async def test_discounts_of_one_account_come_before_those_of_its_product(site: Site) -> None:
    """Set, seen, done again, and taken away; the file cannot go meanwhile."""
    await smart(site)
    words = ("account", "set-discounts", "carol")
    assert (await site.run(*words, "welcome-60")).out == "carol has welcome-60 of its own\n"
    assert (await site.run(*words, "welcome-60")).out.startswith("already done: ")
    quotas = (await site.ask("account", "quotas", "carol"))["quotas"]
    assert [(it["quota"], it["source"]) for it in quotas][:2] == [
        ("welcome-60", "account"),
        ("uk-60", "product"),
    ]
    (site.folder / "discounts" / "welcome-60.yaml").unlink()
    assert "there is no discount welcome-60" in (await site.run("check", code=None)).out
    assert (await site.run(*words, "--none")).out == "carol has no discounts of its own\n"
