"""Rules of the history of plans: what is stored follows from what stood before it."""

import sqlite3
from collections.abc import Iterator

from pbxcharge.core.plan_history import broken_steps, version_of
from pbxcharge.store.finding import Finding
from pbxcharge.store.plan_queries import STEPS, plan_step
from pbxcharge.store.verify_rule import TAMPERED

VERSIONS = "SELECT plan, version, body FROM plan_version"
"""Everything that is kept of plans."""

GAPS = """
SELECT seq FROM plan_history AS step
WHERE seq > 1 AND NOT EXISTS (SELECT 1 FROM plan_history AS before WHERE before.seq = step.seq - 1)
"""
"""Steps that none stands before."""


def plan_findings(connection: sqlite3.Connection) -> Iterator[Finding]:
    """Versions that do not say what they said, and steps that cannot have happened."""
    for plan, version, body in connection.execute(VERSIONS):
        if version_of(body) != version:
            what = "a version of a plan is kept under the hash of what it says"
            yield Finding("plan_version_changed", what, f"{plan} {version}", TAMPERED)
    for (seq,) in connection.execute(GAPS):
        what = "the history of plans is numbered without a gap"
        yield Finding("plan_step_missing", what, f"before step {seq}", TAMPERED)
    steps = map(plan_step, connection.execute(STEPS, {"plan": None}))
    for step in broken_steps(steps):
        what = "one version of a plan is in force at a time, and what ended had begun"
        where = f"{step.plan} {step.version} {step.what} at {step.at_us}"
        yield Finding("plan_history_differs", what, where, TAMPERED)
