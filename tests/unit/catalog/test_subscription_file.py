"""The file of a subscription plan: every key becomes a term, and contradictions are named."""

from dataclasses import replace

import pytest

from pbxcharge.catalog.findings import Severity
from pbxcharge.core.billing_cycle import BillingCycle
from pbxcharge.core.money import Rounding
from pbxcharge.core.subscription_terms import (
    ActivationMode,
    Applied,
    CreditTerms,
    DeadReason,
    MinimumTerm,
    PenaltyKind,
    PromotionalRow,
    SubscriptionPlan,
)
from pbxcharge.core.subscription_text import (
    subscription_body,
    subscription_of,
    subscription_version,
)
from tests.unit.catalog.offer_texts import subscription

EVERYTHING = """
visible_name: Basic
managed_by: acme
description: |
  Of two
  lines.
applied: in_advance
periods_in_advance: 2
activation_mode: first_use
activation_fee: 5.00
fees: {weekly: 3, yearly: 99.99999}
more_than_once: yes
rounding: {method: half_even, decimals: 5}
prorate: {first: no, last: no}
minimum_term: {months: 12, penalty: fixed, amount: 20}
promotions:
  - {months: 1, monthly_fee: 0}
  - {months: 5, monthly_fee: 1.99, fees: {weekly: 0.5}, periods: {weekly: 20}}
credits: {for_days: [blocked], skip: [first, last]}
"""
PLAN = SubscriptionPlan(
    name="basic",
    monthly_fee_micros=10_000_000,
    shown_name="Basic",
    currency="EUR",
    managed_by="acme",
    description="Of two\nlines.",
    applied=Applied.IN_ADVANCE,
    periods_in_advance=2,
    activation_mode=ActivationMode.FIRST_USE,
    activation_fee_micros=5_000_000,
    fees_micros={BillingCycle.WEEKLY: 3_000_000, BillingCycle.YEARLY: 99_999_990},
    more_than_once=True,
    rounding=Rounding.HALF_EVEN,
    rounding_decimals=5,
    prorate_first=False,
    prorate_last=False,
    minimum_term=MinimumTerm(months=12, penalty=PenaltyKind.FIXED, fixed_micros=20_000_000),
    promotions=(
        PromotionalRow(months=1, monthly_fee_micros=0),
        PromotionalRow(
            months=5,
            monthly_fee_micros=1_990_000,
            fees_micros={BillingCycle.WEEKLY: 500_000},
            periods={BillingCycle.WEEKLY: 20},
        ),
    ),
    credits=CreditTerms(reasons=frozenset({DeadReason.BLOCKED}), skip_first=True, skip_last=True),
)


def test_every_key_becomes_a_term() -> None:
    """And nothing else is found."""
    assert subscription(EVERYTHING) == (PLAN, ())


def test_what_is_not_written_has_its_default() -> None:
    """At the end of the period, prorated, rounded up to cents, all dead days credited."""
    bare = SubscriptionPlan(
        name="basic", monthly_fee_micros=10_000_000, shown_name="basic", currency="EUR"
    )
    assert subscription() == (bare, ())


def test_a_version_is_of_the_content_and_is_read_back() -> None:
    """The same text for the same plan, another version for any other."""
    assert subscription_of(subscription_body(PLAN)) == PLAN
    turned = replace(PLAN, fees_micros=dict(sorted(PLAN.fees_micros.items(), reverse=True)))
    assert subscription_version(turned) == subscription_version(PLAN)
    assert subscription_version(replace(PLAN, more_than_once=False)) != subscription_version(PLAN)


ERRORS = {
    "activation_fee: 0.000001": ("activation_fee", "more than 5 decimals"),
    "activation_fee: -1": ("activation_fee", "below zero"),
    "managed_by: '-x'": ("managed_by", "is not an account"),
    "applied: later": ("applied", "is not known here"),
    "periods_in_advance: 0\napplied: in_advance": ("periods_in_advance", "out of bounds"),
    "fees: {monthly: 3}": ("fees.monthly", "is not known here"),
    "rounding: {decimals: 6}": ("rounding.decimals", "out of bounds"),
    "minimum_term: {penalty: remaining}": ("minimum_term.months", "is missing"),
    "minimum_term: {months: 3, penalty: fixed}": ("minimum_term.amount", "is missing"),
    "minimum_term: {months: 3, penalty: remaining, amount: 2}": (
        "minimum_term.amount",
        "counts only with penalty: fixed",
    ),
    "promotions: [{months: 0, monthly_fee: 1}]": ("promotions[1].months", "out of bounds"),
    "promotions: [{months: 1}]": ("promotions[1].monthly_fee", "is missing"),
    "credits: {for_days: [rain]}": ("credits.for_days[1]", "is not known here"),
}


@pytest.mark.parametrize(("lines", "said"), ERRORS.items(), ids=ERRORS)
def test_a_file_that_no_charge_follows_from_is_refused(lines: str, said: tuple[str, str]) -> None:
    """With key and reason, each once."""
    plan, found = subscription(lines)
    assert plan is None
    ((key, message),) = [(finding.key, finding.message) for finding in found]
    assert (key, said[1] in message) == (said[0], True), message


WARNINGS = {
    "periods_in_advance: 2": ("periods_in_advance", "counts only with applied: in_advance"),
    "minimum_term: {months: 3}": ("minimum_term", "closing it earlier costs nothing"),
    "promotions: [{months: 3, monthly_fee: 10.00}]": ("promotions[1]", "is of no effect"),
    "promotions: [{months: 3, monthly_fee: 1}, {months: 2, monthly_fee: 1}]": (
        "promotions[1]",
        "is of no effect",
    ),
    "credits: {for_days: [], skip: [first]}": ("credits.skip", "no days are credited"),
}


@pytest.mark.parametrize(("lines", "said"), WARNINGS.items(), ids=WARNINGS)
def test_what_changes_nothing_is_named(lines: str, said: tuple[str, str]) -> None:
    """It stands in the file, so somebody thinks that it counts."""
    plan, found = subscription(lines)
    ((severity, key, message),) = [(it.severity, it.key, it.message) for it in found]
    assert plan is not None
    assert (severity, key, said[1] in message) == (Severity.WARNING, said[0], True), message


def test_a_plan_that_never_charges_anything_is_named() -> None:
    """A fee was forgotten, or the file; one at the activation is one."""
    nothing = "nothing is ever charged by this plan"
    assert [it.message for it in subscription(monthly_fee="0")[1]] == [nothing]
    assert not subscription("activation_fee: 1", monthly_fee="0")[1]
