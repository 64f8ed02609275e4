"""Answers about charging plans: which are in force, and for whom; putting others into force."""

from dataclasses import asdict

from pbxcharge.api.desk import Desk, declined
from pbxcharge.api.documents import Document
from pbxcharge.api.plan_document import plan_document, whole_plan_document
from pbxcharge.core.account_kinds import AccountStatus
from pbxcharge.core.plan import Plan
from pbxcharge.core.plan_history import PlanSource
from pbxcharge.errors import StorageDown
from pbxcharge.flow.acts import Refusal
from pbxcharge.flow.reload import Reloaded
from pbxcharge.flow.versions import offer_versions


async def list_plans(desk: Desk) -> Document:
    """Every plan in force, to come, or missing; versions of decks, subscriptions and products."""
    users, zone = await desk.queries.plan_users(), desk.prices.zone
    return {
        "plans": [plan_document(plan, users.get(plan.name, 0), zone) for plan in _sorted(desk)],
        "to_come": [plan_document(plan, 0, zone) for plan in desk.prices.to_come],
        "missing": {name: count for name, count in users.items() if name not in desk.prices.plans},
        "decks": dict(desk.prices.decks),
        "offers": offer_versions(
            desk.prices.subscriptions, desk.prices.products, desk.prices.discounts
        ),
    }


async def show_plan(desk: Desk, name: str) -> Document:
    """One plan, with the accounts that are charged by it; closed ones are not."""
    accounts = await desk.queries.accounts_of_plan(name)
    account_ids = [one.account_id for one in accounts if one.status is not AccountStatus.CLOSED]
    plan, zone = desk.prices.plans.get(name), desk.prices.zone
    later = [plan for plan in desk.prices.to_come if plan.name == name]
    if plan is None and not account_ids and not later:
        known = ", ".join(sorted(desk.prices.plans)) or "none"
        raise declined(Refusal.UNKNOWN_PLAN, f"there is no plan {name!r}; known: {known}")
    shown = None if plan is None else whole_plan_document(plan, len(account_ids), zone)
    to_come = [whole_plan_document(plan, 0, zone) for plan in later]
    return {"plan": shown, "accounts": account_ids, "to_come": to_come}


async def apply_plans(desk: Desk, by: str) -> Document:
    """Put the files as they are now into force.

    Without the daemon they are what every command goes by, and the history of plans says so.
    """
    if desk.reload is not None:
        reloaded = await desk.reload.reload(by, PlanSource.APPLY)
    elif desk.plan_record is None:
        raise declined(Refusal.NOT_ALLOWED, "the books are only read here")
    elif await desk.plan_record.note(desk.prices, by, PlanSource.APPLY):
        reloaded = Reloaded(done=True)
    else:
        raise StorageDown("the history of plans is not written")
    return {
        "done": reloaded.done,
        "changes": [
            {"plan": change.name, "before": change.before, "after": change.after}
            for change in reloaded.changes
        ],
        "findings": [asdict(finding) for finding in reloaded.findings],
        "needs_restart": list(reloaded.needs_restart),
    }


def _sorted(desk: Desk) -> list[Plan]:
    return sorted(desk.prices.plans.values(), key=lambda plan: plan.name)
