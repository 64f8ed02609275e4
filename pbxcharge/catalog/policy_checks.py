"""How accounts of a plan pay: type, wallets, method, dates and what follows when credit ends."""

from collections.abc import Iterator

from pbxcharge.catalog.findings import Finding
from pbxcharge.catalog.plan_form import Action, Method, PlanForm
from pbxcharge.catalog.source import KeyPath, Source
from pbxcharge.core.money import format_amount
from pbxcharge.core.plan import CallType, PlanKind, WalletPolicy


def policy_findings(form: PlanForm, source: Source) -> Iterator[Finding]:
    """What contradicts itself beside the prices."""
    yield from _kind_findings(form, source)
    yield from _wallet_findings(form, source)
    yield from _method_findings(form, source)
    yield from span_findings(form.effective_from, form.effective_until, source, ())
    yield from _out_of_credit_findings(form, source)


def span_findings(
    from_s: int, until_s: int | None, source: Source, path: KeyPath
) -> Iterator[Finding]:
    """Dates of a plan or a price between which there is no time."""
    if until_s is not None and until_s <= from_s:
        message = "is not after effective_from"
        yield source.error((*path, "effective_until"), message, "it is the first instant without")


def _kind_findings(form: PlanForm, source: Source) -> Iterator[Finding]:
    written = source.at(("monthly_limit",)) is not None
    if form.type is PlanKind.POSTPAID and not written:
        hint = "what may be spent in a month, such as 50.00, or unlimited"
        yield source.error(("monthly_limit",), "is missing in a postpaid plan", hint)
    if form.type is not PlanKind.POSTPAID and written:
        message = f"is for postpaid plans, and this one is {form.type}"
        yield source.error(("monthly_limit",), message, "write type: postpaid, or remove it")
    if form.type is not PlanKind.PREPAID and form.credit_limit:
        message = f"is for prepaid plans, and this one is {form.type}"
        hint = "remove it; a postpaid plan has its monthly_limit"
        yield source.error(("credit_limit",), message, hint)


def _wallet_findings(form: PlanForm, source: Source) -> Iterator[Finding]:
    credit = form.initial_credit
    if form.wallets is WalletPolicy.SHARED and credit.incoming not in (0, credit.outgoing):
        message = f"a shared wallet begins with {format_amount(credit.outgoing)}, the outgoing one"
        yield source.error(("initial_credit", "incoming"), message, "remove it")


def _method_findings(form: PlanForm, source: Source) -> Iterator[Finding]:
    if form.method is Method.FIXED:
        if source.at(("relative",)) is not None:
            yield source.error(("relative",), "is not used with fixed prices", "method: relative")
        return
    if form.relative is None and source.at(("relative",)) is None:
        hint = "such as {multiplier: 1.20, adjustment: {amount: 0.01, interval_s: 10}}"
        yield source.error(("relative",), "is missing in a relative plan", hint)
    for call_type in CallType:
        at = ("prices", str(call_type))
        if source.at(at) is not None:
            message = "is a price of its own in a relative plan"
            yield source.error(at, message, "write it under exceptions")


def _out_of_credit_findings(form: PlanForm, source: Source) -> Iterator[Finding]:
    out, at = form.out_of_credit, ("out_of_credit",)
    if out.action is Action.CONTINUE and not out.context:
        hint = "the context of the dialplan in which the caller goes on, such as pbxc-topup"
        yield source.error((*at, "context"), "is missing", hint)
    if out.action is Action.HANG_UP and out.context:
        message = "is not used when the caller is hung up"
        yield source.error((*at, "context"), message, "write action: continue")
    if out.sound and not out.warn_before_s:
        message = "is never heard: there is no warning"
        yield source.warning((*at, "sound"), message, "write warn_before_s: 10")
