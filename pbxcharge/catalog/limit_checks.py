"""Prices of a plan that its own limits never let anybody use."""

from collections.abc import Iterator

from pbxcharge.catalog.findings import Finding
from pbxcharge.catalog.plan_checks import placed_rates, priced_rows, public_prefixes
from pbxcharge.catalog.plan_form import PlanForm
from pbxcharge.catalog.price_form import RateStatus
from pbxcharge.catalog.source import Scalar, Source
from pbxcharge.core.price import passes_price
from pbxcharge.core.tariff import Prefixes


def limit_findings(form: PlanForm, source: Source, barred: Prefixes) -> Iterator[Finding]:
    """Rows that are refused whoever calls; of a plan without errors."""
    price_max = form.limits.price_per_minute_max
    for call_type, at, row in priced_rows(form):
        if row.status is RateStatus.FORBIDDEN or price_max is None:
            continue
        rates = placed_rates(row, call_type, form)
        if rates and all(passes_price(rate, price_max) for rate in rates):
            message = "always refused: a block costs more than limits.price_per_minute_max"
            yield source.warning(at, message, "raise that limit, or write status: forbidden")
    for path, prefix in public_prefixes(source):
        risky = barred.match(prefix)
        status = source.at((*path[:-2], "status"))
        closed = isinstance(status, Scalar) and status.text == RateStatus.FORBIDDEN
        if risky and not closed:
            message = f"always refused: {risky} is on the list of high-risk destinations"
            yield source.warning(path, message, "write limits: {high_risk: yes} to allow them")
