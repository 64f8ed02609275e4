"""The history of what is offered: what is new is written, what is known is not."""

from dataclasses import replace

from pbxcharge.core.effects import ProductsTurned, SubscriptionsTurned
from pbxcharge.core.subscription_text import subscription_version
from pbxcharge.flow.offer_record import recorded
from tests.fakes.offers import BASIC, SMARTCALL


def test_what_is_new_is_written_with_what_it_says() -> None:
    """A subscription plan and a product, each with its text and its version."""
    plans, products = recorded({}, [BASIC], [SMARTCALL], 7, "reload")
    assert isinstance(plans, SubscriptionsTurned) and isinstance(products, ProductsTurned)
    ((name, version, body),) = plans.bodies
    assert (name, version) == ("smartcall-basic", subscription_version(BASIC)) and "2990000" in body
    (turn,) = plans.turns
    assert (turn.version, turn.since_us, turn.actor) == (version, 7, "reload")


def test_what_is_known_is_not_written_again() -> None:
    """Only what it says otherwise since."""
    kept: dict[tuple[str, str], str | None] = {
        ("subscription", "smartcall-basic"): subscription_version(BASIC)
    }
    assert recorded(kept, [BASIC], (), 7, "reload", whole=True) == []
    (plans,) = recorded(kept, [replace(BASIC, monthly_fee_micros=1)], (), 7, "reload")
    assert isinstance(plans, SubscriptionsTurned) and len(plans.turns) == 1


def test_what_has_gone_from_the_files_counts_no_more() -> None:
    """Once; and only where all that there is was told."""
    kept: dict[tuple[str, str], str | None] = {("subscription", "old"): "v1"}
    (plans,) = recorded(kept, (), (), 7, "reload", whole=True)
    assert isinstance(plans, SubscriptionsTurned) and plans.bodies == ()
    assert [(turn.name, turn.version) for turn in plans.turns] == [("old", None)]
    assert recorded(kept, (), (), 7, "reload") == []
    assert recorded({("subscription", "old"): None}, (), (), 7, "reload", whole=True) == []
