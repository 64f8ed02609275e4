"""What other plan files change: which plans are new, which are other ones now, which are gone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pbxcharge.catalog.findings import Finding, Severity

NAMED_MAX = 10


@dataclass(frozen=True, slots=True)
class PlanChange:
    """A plan whose version before and after differ; None where there is no such plan."""

    name: str
    before: str | None
    after: str | None


def plan_changes(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[PlanChange, ...]:
    """The plans that differ, by name; both mappings give the version of each plan."""
    return tuple(_changes(before, after))


def _changes(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[PlanChange]:
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            yield PlanChange(name, before.get(name), after.get(name))


def vanished_finding(folder: Path, plan: str, account_ids: Sequence[str]) -> Finding:
    """A plan that accounts are charged by is no longer in the folder."""
    return _of_users(Severity.ERROR, folder, f"plan {plan} is gone", account_ids)


def missing_finding(folder: Path, plan: str, account_ids: Sequence[str]) -> Finding:
    """A plan that accounts are charged by was not in the folder before either."""
    return _of_users(Severity.WARNING, folder, f"there is no plan {plan}", account_ids)


def _of_users(severity: Severity, folder: Path, what: str, account_ids: Sequence[str]) -> Finding:
    named = ", ".join(account_ids[:NAMED_MAX])
    more = f" and {len(account_ids) - NAMED_MAX} more" if len(account_ids) > NAMED_MAX else ""
    hint = "put the file back, or give them another plan first: pbxcharge account set-plan"
    return Finding(
        severity, str(folder), 0, "", f"{what}, but it charges the accounts {named}{more}", hint
    )
