"""Owners of plans, as the books have the accounts: before plan files come into force."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pbxcharge.alone import Finding, SiteFiles
    from pbxcharge.cli.reach import Api


async def owner_findings(
    api: "Api",
    files: "SiteFiles",
    folder: Path,
    users: Mapping[str, int],
    in_force: Mapping[str, str],
) -> "tuple[Finding, ...]":
    """Plans of nobody, plans of others than they charge, and products that accounts would lose.

    Args:
        api: whoever knows the accounts.
        files: as they are to be.
        folder: of the plans.
        users: how many accounts each plan charges now.
        in_force: the versions of all that is, by name.
    """
    from pbxcharge.alone import (
        asked_of_books,
        elsewhere_finding,
        offers_against,
        plans_now,
        unknown_owners,
    )

    if files.catalog is None:
        return ()
    facts = await api.get("/check", owners=asked_of_books(files)["owners"])
    known = facts["accounts"]
    found = [*unknown_owners(files.plans, known), *offers_against(files, facts, in_force)]
    for plan in plans_now(files.catalog).values():
        if plan.owner is not None and plan.owner in known and users.get(plan.name):
            others = await _others(api, plan.name, plan.owner)
            found += [elsewhere_finding(folder, plan.name, others)] if others else []
    return tuple(found)


async def _others(api: "Api", plan: str, owner: str) -> list[str]:
    """Accounts that have a plan and do not stand below its owner."""
    subtree = (await api.get("/accounts", scope=owner))["accounts"]
    below = {account["account_id"] for account in subtree} - {owner}
    return [name for name in (await api.get("/plan", name=plan))["accounts"] if name not in below]
