"""The prices of a site against what its trunks cost: what a check tells of them."""

import time
from functools import partial
from typing import Any

from pbxcharge.catalog.cost_checks import cost_findings
from pbxcharge.catalog.cost_losses import Buying
from pbxcharge.catalog.findings import Finding
from pbxcharge.catalog.level_checks import Levels, level_findings
from pbxcharge.catalog.site_checks import can_match
from pbxcharge.site_files import SiteFiles

Document = dict[str, Any]


def below_cost(files: SiteFiles, facts: Document | None) -> tuple[Finding, ...]:
    """Prices of the plans that the site itself sells by, which are below what a trunk's deck asks.

    Args:
        files: of the site.
        facts: what the books say of who is charged by which plan; None if they could not be read.
    """
    settings, catalog, now_s = files.settings, files.catalog, int(time.time())
    if settings is None or catalog is None:
        return ()
    is_dialled = partial(can_match, rules=settings.number_rules)
    buying = Buying(settings.routing, catalog.decks, is_dialled)
    below = _charged_below(facts)
    read = ((each.source, each.plan) for each in files.plans)
    return tuple(
        finding
        for source, plan in read
        if plan is not None and plan.owner is None and plan.name not in below
        for finding in cost_findings(source, plan, buying, settings.time_zone, now_s)
    )


def below_level(files: SiteFiles, facts: Document | None) -> tuple[Finding, ...]:
    """Prices of plans that are below what the plan of the next level above asks.

    Args:
        files: of the site.
        facts: what the books say of who is charged by which plan; None if they could not be read.
    """
    settings, catalog, now_s = files.settings, files.catalog, int(time.time())
    if settings is None or catalog is None or facts is None:
        return ()
    is_dialled = partial(can_match, rules=settings.number_rules)
    sold = {(use["plan"], use["above"]) for use in facts["plans"] if use["above"] is not None}
    found: list[Finding] = []
    for each in files.plans:
        plan = each.plan
        if plan is None or plan.has_ended(now_s):
            continue
        at_s = max(now_s, plan.effective_from_s)
        then = catalog.in_force(at_s)
        for above in sorted(name for below, name in sold if below == plan.name and name in then):
            levels = Levels(plan, then[above], is_dialled)
            found += level_findings(each.source, levels, settings.time_zone, at_s)
    return tuple(found)


def _charged_below(facts: Document | None) -> frozenset[str]:
    """The plans that only accounts have above whom somebody else is charged."""
    uses = facts["plans"] if facts else []
    at_top = {use["plan"] for use in uses if use["above"] is None}
    return frozenset(use["plan"] for use in uses) - at_top
