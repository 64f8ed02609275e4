"""The file of a charging plan, read into the plan that calls are charged by."""

import json
from collections import defaultdict
from dataclasses import asdict, replace
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from pbxcharge.catalog.findings import Finding, has_errors
from pbxcharge.catalog.form import read_form
from pbxcharge.catalog.limit_checks import limit_findings
from pbxcharge.catalog.plan_checks import plan_findings
from pbxcharge.catalog.plan_form import LimitsForm, PlanForm
from pbxcharge.catalog.plan_rates import plan_rates
from pbxcharge.catalog.source import Source, key_text, with_list
from pbxcharge.core.limits import Limits
from pbxcharge.core.plan import UNLIMITED_S, CallType, Plan, Terms
from pbxcharge.core.price import Rate, terms_to_canonical
from pbxcharge.core.tariff import NO_PREFIXES, Prefixes, Tariff

VERSION_DIGITS = 12
INCOMING = ("prices", "incoming")
"""One price, or a list of them."""


def read_plan(
    source: Source, tolerance_ms: int, high_risk: Prefixes = NO_PREFIXES
) -> tuple[Plan | None, tuple[Finding, ...]]:
    """The plan of a file, or None if any finding is an error.

    `tolerance_ms` is the site's duration tolerance, which becomes part of the plan's terms;
    `high_risk` are the destinations that the plan bars unless it says otherwise.
    """
    rows, written_alone = with_list(source, INCOMING)
    plan, found = _read(rows, tolerance_ms, high_risk)
    if written_alone:
        found = tuple(_of_one(finding) for finding in found)
    return plan, found


def _of_one(finding: Finding) -> Finding:
    """A finding in a price that stands alone names no place in a list."""
    row, alone = key_text((*INCOMING, 0)), key_text(INCOMING)
    if not finding.key.startswith(row):
        return finding
    return replace(finding, key=alone + finding.key.removeprefix(row))


def _read(
    source: Source, tolerance_ms: int, high_risk: Prefixes
) -> tuple[Plan | None, tuple[Finding, ...]]:
    form, found = read_form(PlanForm, source)
    # What could not be read is named already; what follows from its absence would mislead.
    named = {finding.key for finding in found}
    found += tuple(also for also in plan_findings(form, source) if also.key not in named)
    if has_errors(found):
        return None, found
    barred = NO_PREFIXES if form.limits.high_risk else high_risk
    found += tuple(limit_findings(form, source, barred))
    return _plan(form, tolerance_ms, barred), found


def _plan(form: PlanForm, tolerance_ms: int, barred: Prefixes) -> Plan:
    plan = Plan(
        name=form.name,
        version="",
        kind=form.type,
        allowed=frozenset(kind for kind in CallType if getattr(form.allow, kind)),
        tariffs=MappingProxyType(_tariffs(form)),
        initial_credit_micros=form.initial_credit.outgoing,
        credit_limit_micros=form.credit_limit,
        terms=Terms(
            slice_s=form.reservation.slice_s,
            warn_before_s=form.out_of_credit.warn_before_s,
            call_max_s=form.limits.call_max_s or UNLIMITED_S,
            tolerance_ms=tolerance_ms,
        ),
        limits=_limits(form.limits),
        price_per_minute_max=form.limits.price_per_minute_max,
        barred=barred,
        initial_incoming_micros=form.initial_credit.incoming,
    )
    return replace(plan, version=plan_version(plan))


def _limits(form: LimitsForm) -> Limits:
    return Limits(
        concurrent_calls=form.concurrent_calls,
        calls_per_minute=form.calls_per_minute,
        spend_per_hour_micros=form.spend_per_hour,
        spend_per_day_micros=form.spend_per_day,
    )


def _tariffs(form: PlanForm) -> dict[CallType, Tariff]:
    rates: defaultdict[CallType, list[Rate]] = defaultdict(list)
    for call_type, rate in plan_rates(form):
        rates[call_type].append(rate)
    return {call_type: Tariff(tuple(found)) for call_type, found in rates.items()}


def plan_version(plan: Plan) -> str:
    """Twelve hexadecimal digits of the hash of what a plan says, whatever way it is written.

    Comments, blanks, the order of rows, and 0.1 for 0.10 change nothing; any price does.
    """
    rates = sorted(
        (terms_to_canonical(rate) for tariff in plan.tariffs.values() for rate in tariff.rates),
        key=_prefix,
    )
    content = {
        "name": plan.name,
        "kind": plan.kind,
        "allowed": sorted(plan.allowed),
        "initial_credit_micros": plan.initial_credit_micros,
        "credit_limit_micros": plan.credit_limit_micros,
        "slice_s": plan.terms.slice_s,
        "warn_before_s": plan.terms.warn_before_s,
        "call_max_s": plan.terms.call_max_s,
        "limits": asdict(plan.limits),
        "price_per_minute_max": str(plan.price_per_minute_max),
        "high_risk": not plan.barred.digits,
        "rates": rates,
    }
    if plan.initial_incoming_micros:
        # Plans that say nothing of it keep the version that they had before it could be said.
        content["initial_incoming_micros"] = plan.initial_incoming_micros
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()[:VERSION_DIGITS]


def _prefix(record: dict[str, Any]) -> str:
    return str(record["prefix"])
