"""Prices of a plan that its own limits never let anybody use."""

from collections.abc import Iterator

from pbxcharge.catalog.findings import Finding
from pbxcharge.catalog.plan_checks import priced_rows, written_prefixes
from pbxcharge.catalog.plan_form import PlanForm, RateStatus
from pbxcharge.catalog.plan_rates import rate_of
from pbxcharge.catalog.source import Source
from pbxcharge.core.price import passes_price
from pbxcharge.core.tariff import Prefixes


def limit_findings(form: PlanForm, source: Source, barred: Prefixes) -> Iterator[Finding]:
    """Rows that are refused whoever calls; of a plan without errors."""
    price_max = form.limits.price_per_minute_max
    for call_type, at, row in priced_rows(form):
        if row.status is RateStatus.FORBIDDEN or price_max is None:
            continue
        if passes_price(rate_of(row, call_type, "0", form), price_max):
            message = "always refused: a block costs more than limits.price_per_minute_max"
            yield source.warning(at, message, "raise that limit, or write status: forbidden")
    for path, prefix in written_prefixes(source):
        risky = barred.match(prefix)
        if risky and form.prices.public[int(path[2])].status is RateStatus.OPEN:
            message = f"always refused: {risky} is on the list of high-risk destinations"
            yield source.warning(path, message, "write limits: {high_risk: yes} to allow them")
