"""Reading the history of plans: which version was in force when, and what it said."""

from typing import Any

import aiosqlite

from pbxcharge.core.plan_history import PlanPlace, PlanSource, PlanStep, PlanTurn
from pbxcharge.store.connection import fetch

STEP_COLUMNS = "at_us, actor, plan, version, effective_from_s, what, source"

STEPS = f"""
SELECT {STEP_COLUMNS} FROM plan_history WHERE :plan IS NULL OR plan = :plan ORDER BY seq
"""
"""The history of one plan, or of all."""

LAST_STEPS = f"""
SELECT {STEP_COLUMNS} FROM plan_history
WHERE seq IN (SELECT max(seq) FROM plan_history GROUP BY plan, version)
ORDER BY plan, seq
"""
"""What became of each version at last."""

BODY = "SELECT body FROM plan_version WHERE plan = :plan AND version = :version"
"""What a version of a plan says."""

OFFERED = """
SELECT 'subscription', name, version FROM subscription_history
WHERE seq IN (SELECT max(seq) FROM subscription_history GROUP BY name)
UNION ALL
SELECT 'product', name, version FROM product_history
WHERE seq IN (SELECT max(seq) FROM product_history GROUP BY name)
"""
"""Which version of each subscription plan and product counts, as their histories say."""

VERSIONS = """
SELECT version FROM plan_version WHERE plan = :plan AND substr(version, 1, length(:start)) = :start
ORDER BY version
"""
"""The versions of a plan whose names have this beginning."""


class PlanQueries:
    """What may be asked about the history of plans.

    Args:
        listing: a connection that can only read.
    """

    def __init__(self, listing: aiosqlite.Connection) -> None:
        self._listing = listing

    async def steps(self, plan: str | None = None) -> list[PlanStep]:
        """The history of one plan, or of all, the first step first."""
        return [plan_step(row) for row in await fetch(self._listing, STEPS, {"plan": plan})]

    async def places(self) -> list[PlanPlace]:
        """The versions that are in force, and to come, as the history says."""
        last = [plan_step(row) for row in await fetch(self._listing, LAST_STEPS, {})]
        return [
            PlanPlace(it.plan, it.version, it.effective_from_s, it.what is PlanTurn.BEGAN)
            for it in last
            if it.what in (PlanTurn.BEGAN, PlanTurn.PLANNED)
        ]

    async def offered(self) -> dict[tuple[str, str], str | None]:
        """By `subscription` or `product` and its name the version that counts; None has gone."""
        return {(row[0], row[1]): row[2] for row in await fetch(self._listing, OFFERED, {})}

    async def body(self, plan: str, version: str) -> str | None:
        """What a version of a plan says, as canonical JSON; None if it is not kept."""
        found = await fetch(self._listing, BODY, {"plan": plan, "version": version})
        return str(found[0][0]) if found else None

    async def versions(self, plan: str, beginning: str = "") -> list[str]:
        """The versions of a plan that are kept, whose names begin with this."""
        found = await fetch(self._listing, VERSIONS, {"plan": plan, "start": beginning})
        return [str(row[0]) for row in found]


def plan_step(row: Any) -> PlanStep:
    """From STEP_COLUMNS."""
    return PlanStep(row[0], row[1], row[2], row[3], row[4], PlanTurn(row[5]), PlanSource(row[6]))
