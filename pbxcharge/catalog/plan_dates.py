"""Plans that have ended, and nothing has taken their place."""

from collections.abc import Iterable, Iterator
from datetime import tzinfo

from pbxcharge.catalog.findings import Finding
from pbxcharge.catalog.instants import written_instant
from pbxcharge.catalog.load import ReadPlan
from pbxcharge.core.plan import Plan


def ended_findings(plans: Iterable[ReadPlan], zone: tzinfo, at_s: int) -> Iterator[Finding]:
    """Plans that have ended at an instant, without another of their name in force.

    Their accounts keep them, and are refused every call.
    """
    read = [(each.source, each.plan) for each in plans if each.plan is not None]
    in_force = {plan.name for _, plan in read if _is_in_force(plan, at_s)}
    for source, plan in read:
        until_s = plan.effective_until_s
        if until_s is not None and plan.has_ended(at_s) and plan.name not in in_force:
            message = f"the plan has ended at {written_instant(until_s, zone)}, and no other one "
            hint = "write a later day, or give its accounts another plan and remove it"
            yield source.warning(("effective_until",), f"{message}has its name", hint)


def _is_in_force(plan: Plan, at_s: int) -> bool:
    return plan.effective_from_s <= at_s and not plan.has_ended(at_s)
