"""What other plan files change: which plans are new, which are other ones now, which are gone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pbxcharge.catalog.findings import Finding, Severity

NAMED_MAX = 10
_SET_PLAN = "give them another plan first: pbxcharge account set-plan"
_PUT_BACK = f"put the file back, or {_SET_PLAN}"


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
    return _of_users(Severity.ERROR, folder, f"plan {plan} is gone, but it charges", account_ids)


def unknown_owner_finding(file: str, line: int, owner: str) -> Finding:
    """The plan is for the accounts below one that does not exist."""
    hint = unknown_account_hint(owner)
    return Finding(Severity.ERROR, file, line, "owner", f"there is no account {owner}", hint)


def unknown_account_hint(account_id: str) -> str:
    """What to do about a reseller that is written and not there."""
    add = f"pbxcharge account add {account_id} --kind service-provider"
    return f"add it first: {add}; or mend the name"


def elsewhere_finding(folder: Path, plan: str, account_ids: Sequence[str]) -> Finding:
    """A plan charges accounts that do not stand below its owner."""
    what = f"plan {plan} is for the accounts below its owner, but it charges"
    return _of_users(Severity.ERROR, folder, what, account_ids, _SET_PLAN)


def calls_live_finding(folder: Path, plan: str, account_ids: Sequence[str]) -> Finding:
    """A plan pays from other wallets now, and live calls hold credit of the former ones."""
    what = f"plan {plan} pays from other wallets now, but calls live of"
    hint = "apply it when they have ended: pbxcharge calls"
    return _of_users(Severity.ERROR, folder, what, account_ids, hint)


def missing_finding(folder: Path, plan: str, account_ids: Sequence[str]) -> Finding:
    """A plan that accounts are charged by was not in the folder before either."""
    what = f"there is no plan {plan}, but it charges"
    return _of_users(Severity.WARNING, folder, what, account_ids)


def _of_users(
    severity: Severity, folder: Path, what: str, account_ids: Sequence[str], hint: str = _PUT_BACK
) -> Finding:
    named = ", ".join(account_ids[:NAMED_MAX])
    more = f" and {len(account_ids) - NAMED_MAX} more" if len(account_ids) > NAMED_MAX else ""
    return Finding(severity, str(folder), 0, "", f"{what} the accounts {named}{more}", hint)
