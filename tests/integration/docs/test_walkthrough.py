"""SmartCall and call forwarding, set up and charged in the order of the handbook's checklist."""

import re

import pytest

from tests.docs.pages import shape, shown
from tests.docs.products_story import ADD_ON, BASIC, FORWARDING, Told, tell
from tests.site import REPOSITORY

PAGE = REPOSITORY / "docs" / "products.md"


def lines(text: str) -> list[list[str]]:
    """The lines of a table, by its columns."""
    return [re.split(r" {2,}", line) for line in text.splitlines()]


def initial_configuration(told: dict[str, Told]) -> None:
    """Its files have no errors before anything is offered."""
    assert "no errors" in told["Initial configuration"].answer("check")


def create_subscription_plans(told: dict[str, Told]) -> None:
    """Free for a month, 1.99 for five, then 2.99; credits, proration, term and penalty."""
    step = told["Create subscription plans"]
    assert "subscription smartcall-basic  new" in step.answer("plan apply")
    plan = dict(line[:2] for line in lines(step.answer("subscription show")) if len(line) > 1)
    assert plan["promotions"] == "1 month at 0.00, then 5 months at 1.99, then 2.99"
    assert (plan["shown as"], plan["monthly fee"]) == ("SmartCall Basic", "2.99 EUR")
    assert (plan["applied"], plan["activation"]) == ("in_advance, 1 period", "start_date")
    assert (plan["activation fee"], plan["more than once"]) == ("0.00 EUR", "no")
    assert (plan["minimum term"], plan["penalty"]) == ("6 months", "remaining fees")
    assert plan["credits"] == "blocked, expired, no_funds, suspended; none in the last period"
    assert plan["rounding"] == "away_from_zero, 2 decimals"


def create_the_main_product(told: dict[str, Told]) -> None:
    """Role, ACL, voice calls, incoming calls that administrators edit, usage, subscription."""
    step = told["Create the main product"]
    assert "product smartcall  new" in step.answer("plan apply")
    found = lines(step.answer("product show"))
    product = dict(line for line in found if len(line) == 2)
    assert (product["kind"], product["account role"]) == ("main", "phone_line")
    assert (product["users may"], product["services"]) == ("self_care", "voice_calls")
    assert product["subscription"] == BASIC
    assert ["incoming_calls", "yes", "admin", "authorization"] in found
    assert ["voice_calls", "pbx1", "plain calling", "retail", "slices"] in found


def create_an_add_on_product(told: dict[str, Told]) -> None:
    """It has a subscription of its own, and goes with SmartCall."""
    step = told["Create an add-on product"]
    assert "product call-forwarding  new" in step.answer("plan apply")
    listed = lines(step.answer("product list"))
    assert [FORWARDING, "add_on", "Call forwarding", FORWARDING, "smartcall", "0"] in listed


def create_an_account_and_assign_the_main_product(told: dict[str, Told]) -> None:
    """The product's subscription comes with it, the first month free."""
    step = told["Create an account for this customer and assign the main product to it"]
    assert step.answer("account add acme") == "organization acme added\n"
    assert step.answer("account add carol").startswith("user carol added, balance 10.00 EUR")
    (basic,) = step.subscriptions
    assert (basic["subscription"], basic["state"], basic["fee"]) == (BASIC, "active", "0.00")
    assert (basic["next"]["at"][:19], basic["next"]["amount"]) == ("2027-03-31T23:00:00", "1.99")


def assign_the_add_on_product_to_an_account(told: dict[str, Told]) -> None:
    """With an activation and an expiration date; what it grants begins with the first."""
    step = told["Assign the add-on product to an account"]
    said = f"carol has call-forwarding from 2027-04-15 until 2027-10-15, id {ADD_ON}\n"
    assert step.answer("addon assign") == said
    has = lines(step.answer("account products"))
    assert ["call-forwarding", "pending"] in [[line[0], line[3]] for line in has if len(line) > 5]
    assert "call_forwarding" not in [line[0] for line in has]


def check_subscription_plan_assignment(told: dict[str, Told]) -> None:
    """Both subscriptions under the account, with states, dates, fees, and what comes next."""
    step = told["Check subscription plan assignment"]
    listed = lines(step.answer("account subscriptions"))
    columns = ["2027-04-15", "2027-10-15", "1.50", "monthly", "2027-04-15", "1.00", "activation"]
    assert [FORWARDING, "pending", *columns, FORWARDING, f"{ADD_ON}.s"] in listed
    foreseen = lines(step.answer("bill preview"))
    assert ["2027-04-16 to 2027-05-01", "fee in 16 parts", FORWARDING] in [
        line[:3] for line in foreseen
    ]


def review_xdr_history(told: dict[str, Told]) -> None:
    """Each charge on its day, made by the daemon by itself: `bill run` finds nothing left."""
    step = told["Review xDR history"]
    assert "nothing was owed" in step.answer("bill run")
    charged = [(row["at"][:19], row["kind"], row["amount"]) for row in step.charged]
    assert charged[0][1:] == ("fee", "0.00")
    assert charged[1:] == [
        ("2027-03-31T23:00:00", "fee", "-1.99"),
        ("2027-04-14T23:00:00", "activation", "-1.00"),
        ("2027-04-15T23:00:00", "fee", "-0.05"),
        ("2027-04-16T23:00:00", "fee", "-0.05"),
        ("2027-04-17T23:00:00", "fee", "-0.05"),
    ]
    history = step.answer("xdr list")
    assert history.index("initial credit") < history.index("subscription fee")
    assert "Its lines add up to what was booked" in step.answer("explain")


def the_page_shows_what_the_commands_print(told: dict[str, Told]) -> None:
    """Each answer in docs/products.md, line by line, without its numbers.

    Seen failing with a line of another command's answer below a preview.
    """
    said = [one for step in told.values() for one in step.said]
    pages = list(shown(PAGE))
    assert len(pages) > 15
    for one in pages:
        answers = [each.printed for each in said if shape(each.typed) == shape(one.typed)]
        known = {shape(line) for answer in answers for line in answer.splitlines()}
        assert [line for line in one.lines if shape(line) not in known] == [], one.typed


STEPS = (
    initial_configuration,
    create_subscription_plans,
    create_the_main_product,
    create_an_add_on_product,
    create_an_account_and_assign_the_main_product,
    assign_the_add_on_product_to_an_account,
    check_subscription_plan_assignment,
    review_xdr_history,
    the_page_shows_what_the_commands_print,
)


@pytest.mark.timeout(300)
async def test_the_walk_through_of_the_handbook() -> None:
    """Every step, by the real command and the real daemon, whose clock is moved.

    They are one test, since the tale is told once: a failure names its step.
    """
    told = await tell()
    for step in STEPS:
        step(told)
