"""The file of a subscription plan, read into the plan that subscriptions are charged by."""

from collections.abc import Mapping

from pbxcharge.catalog.findings import Finding, has_errors
from pbxcharge.catalog.form import Form, read_form
from pbxcharge.catalog.plan_form import OWNER_SITE
from pbxcharge.catalog.source import Source
from pbxcharge.catalog.subscription_checks import subscription_findings
from pbxcharge.catalog.subscription_form import (
    CreditsForm,
    MinimumTermForm,
    PromotionForm,
    Skip,
    SubscriptionForm,
)
from pbxcharge.core.billing_cycle import BillingCycle
from pbxcharge.core.subscription_terms import (
    CreditTerms,
    MinimumTerm,
    PromotionalRow,
    SubscriptionPlan,
)


def read_subscription(source: Source) -> tuple[SubscriptionPlan | None, tuple[Finding, ...]]:
    """The subscription plan of a file, or None if any finding is an error."""
    form, found = read_form(SubscriptionForm, source)
    # What could not be read is named already; what follows from its absence would mislead.
    named = {finding.key for finding in found}
    also = subscription_findings(form, source)
    found += tuple(finding for finding in also if finding.key not in named)
    return (None if has_errors(found) else _plan(form)), found


def _plan(form: SubscriptionForm) -> SubscriptionPlan:
    return SubscriptionPlan(
        name=form.name,
        monthly_fee_micros=form.monthly_fee,
        shown_name=form.visible_name or form.name,
        currency=form.currency,
        managed_by=None if form.managed_by == OWNER_SITE else form.managed_by,
        description=form.description,
        applied=form.applied,
        periods_in_advance=form.periods_in_advance,
        activation_mode=form.activation_mode,
        activation_fee_micros=form.activation_fee,
        fees_micros=_by_cycle(form.fees),
        more_than_once=form.more_than_once,
        rounding=form.rounding.method,
        rounding_decimals=form.rounding.decimals,
        prorate_first=form.prorate.first,
        prorate_last=form.prorate.last,
        minimum_term=_term(form.minimum_term),
        promotions=tuple(map(_row, form.promotions)),
        credits=_credits(form.credits),
    )


def _by_cycle(form: Form) -> Mapping[BillingCycle, int]:
    """What is said of billing periods; the others follow from the month's."""
    said = form.model_dump()
    return {cycle: said[cycle] for cycle in BillingCycle if said.get(cycle) is not None}


def _term(form: MinimumTermForm | None) -> MinimumTerm:
    if form is None:
        return MinimumTerm()
    return MinimumTerm(months=form.months, penalty=form.penalty, fixed_micros=form.amount or 0)


def _row(form: PromotionForm) -> PromotionalRow:
    return PromotionalRow(
        months=form.months,
        monthly_fee_micros=form.monthly_fee,
        fees_micros=_by_cycle(form.fees),
        periods=_by_cycle(form.periods),
    )


def _credits(form: CreditsForm) -> CreditTerms:
    return CreditTerms(
        reasons=frozenset(form.for_days),
        skip_first=Skip.FIRST in form.skip,
        skip_regular=Skip.REGULAR in form.skip,
        skip_last=Skip.LAST in form.skip,
    )
