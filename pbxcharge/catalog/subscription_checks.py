"""What must hold between the values of a subscription plan, beyond each of them being readable."""

from collections.abc import Iterator

from pbxcharge.catalog.findings import Finding
from pbxcharge.catalog.source import Source
from pbxcharge.catalog.subscription_form import FeesForm, PromotionForm, SubscriptionForm
from pbxcharge.core.subscription_terms import Applied, PenaltyKind


def subscription_findings(form: SubscriptionForm, source: Source) -> Iterator[Finding]:
    """Everything that is wrong between the values of a subscription plan's file."""
    if form.applied is not Applied.IN_ADVANCE and source.at(("periods_in_advance",)) is not None:
        message, hint = "counts only with applied: in_advance", "remove it, or write applied"
        yield source.warning(("periods_in_advance",), message, hint)
    yield from _term_findings(form, source)
    yield from _promotion_findings(form, source)
    yield from _credit_findings(form, source)
    if _is_free(form):
        message = "nothing is ever charged by this plan"
        yield source.warning(("monthly_fee",), message, "write a fee, or remove the file")


def _term_findings(form: SubscriptionForm, source: Source) -> Iterator[Finding]:
    term = form.minimum_term
    if term is None:
        return
    at = ("minimum_term",)
    if term.penalty is PenaltyKind.NONE:
        message = "closing it earlier costs nothing"
        yield source.warning(at, message, "write penalty: fixed or penalty: remaining")
    if term.penalty is PenaltyKind.FIXED and not term.amount:
        yield source.error((*at, "amount"), "is missing", "of a fixed penalty, such as 20.00")
    if term.penalty is not PenaltyKind.FIXED and term.amount is not None:
        message = "counts only with penalty: fixed"
        yield source.error((*at, "amount"), message, "remove it, or write penalty: fixed")


def _promotion_findings(form: SubscriptionForm, source: Source) -> Iterator[Finding]:
    """Rows that cost what comes after them anyway."""
    for place, row in enumerate(form.promotions):
        after = (*map(_fees, form.promotions[place + 1 :]), _fees(form))[0]
        if _fees(row) == after:
            message = "is of no effect: what comes after it costs the same"
            yield source.warning(("promotions", place), message, "make one row of both")


def _credit_findings(form: SubscriptionForm, source: Source) -> Iterator[Finding]:
    if form.credits.skip and not form.credits.for_days:
        message = "is of no effect: no days are credited"
        yield source.warning(("credits", "skip"), message, "remove it, or write for_days")


def _fees(row: SubscriptionForm | PromotionForm) -> tuple[int, FeesForm]:
    return row.monthly_fee, row.fees


def _is_free(form: SubscriptionForm) -> bool:
    rows = (_fees(form), *map(_fees, form.promotions))
    fees = (monthly or any(others.model_dump().values()) for monthly, others in rows)
    return not (form.activation_fee or any(fees))
