"""The file of a charging plan, read into the plan that calls are charged by."""

import json
from dataclasses import replace
from hashlib import sha256
from typing import Any

from pbxcharge.catalog.findings import Finding, has_errors
from pbxcharge.catalog.form import read_form
from pbxcharge.catalog.plan_checks import plan_findings
from pbxcharge.catalog.plan_form import PlanForm
from pbxcharge.catalog.plan_rates import plan_rates
from pbxcharge.catalog.source import Source
from pbxcharge.core.plan import CallType, Plan, Terms
from pbxcharge.core.rate import rate_to_canonical
from pbxcharge.core.tariff import Tariff

VERSION_DIGITS = 12


def read_plan(source: Source, tolerance_ms: int) -> tuple[Plan | None, tuple[Finding, ...]]:
    """The plan of a file, or None if any finding is an error.

    `tolerance_ms` is the site's duration tolerance, which becomes part of the plan's terms.
    """
    form, found = read_form(PlanForm, source)
    # What could not be read is named already; what follows from its absence would mislead.
    named = {finding.key for finding in found}
    found += tuple(also for also in plan_findings(form, source) if also.key not in named)
    if has_errors(found):
        return None, found
    return _plan(form, tolerance_ms), found


def _plan(form: PlanForm, tolerance_ms: int) -> Plan:
    plan = Plan(
        name=form.name,
        version="",
        kind=form.type,
        allowed=frozenset({CallType.PUBLIC} if form.allow.public else ()),
        tariff=Tariff(tuple(plan_rates(form))),
        initial_credit_micros=form.initial_credit.outgoing,
        credit_limit_micros=form.credit_limit,
        terms=Terms(
            slice_s=form.reservation.slice_s,
            warn_before_s=form.out_of_credit.warn_before_s,
            call_max_s=form.limits.call_max_s,
            tolerance_ms=tolerance_ms,
        ),
    )
    return replace(plan, version=plan_version(plan))


def plan_version(plan: Plan) -> str:
    """Twelve hexadecimal digits of the hash of what a plan says, whatever way it is written.

    Comments, blanks, the order of rows, and 0.1 for 0.10 change nothing; any price does.
    """
    rates = sorted((rate_to_canonical(rate) for rate in plan.tariff.rates), key=_prefix)
    content = {
        "name": plan.name,
        "kind": plan.kind,
        "allowed": sorted(plan.allowed),
        "initial_credit_micros": plan.initial_credit_micros,
        "credit_limit_micros": plan.credit_limit_micros,
        "slice_s": plan.terms.slice_s,
        "warn_before_s": plan.terms.warn_before_s,
        "call_max_s": plan.terms.call_max_s,
        "rates": rates,
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()[:VERSION_DIGITS]


def _prefix(record: dict[str, Any]) -> str:
    return str(record["prefix"])
