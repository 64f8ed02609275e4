"""What the files of a site mean for the accounts, phones and numbers that there are."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pbxcharge.catalog.changes import unknown_owner_finding
from pbxcharge.catalog.findings import Finding, Severity
from pbxcharge.catalog.load import ReadPlan
from pbxcharge.catalog.plan_form import OWNER_SITE
from pbxcharge.catalog.site_checks import EMERGENCY
from pbxcharge.catalog.source import KeyPath, Scalar, Source

NAME: KeyPath = ("name",)
OWNER: KeyPath = ("owner",)


@dataclass(frozen=True, slots=True)
class PlanUse:
    """How many accounts a plan charges, below those of another plan; None: nobody pays above."""

    plan: str
    above: str | None
    accounts: int


def owners_of(plans: Iterable[ReadPlan]) -> tuple[str, ...]:
    """The accounts that are written as owners of plans."""
    return tuple(sorted({owner for read in plans if (owner := _owner(read))}))


def use_findings(
    folder: Path, plans: Sequence[ReadPlan], uses: Sequence[PlanUse]
) -> Iterator[Finding]:
    """Plans that charge nobody, and accounts whose plan is not there.

    Nothing is said of plans as long as no account has any: then the site is only being set up.
    """
    used, written = {use.plan for use in uses}, {read.name for read in plans}
    for read in plans:
        if used and read.name and read.name not in used:
            hint = "give it to somebody: pbxcharge account set-plan, or remove the file"
            yield read.source.warning(NAME, "no account uses this plan", hint)
    for name in sorted(used - written):
        accounts = sum(use.accounts for use in uses if use.plan == name)
        message = f"there is no plan {name}, but accounts have it: {accounts}"
        hint = f"put the file back, or give them another plan: pbxcharge plan show {name}"
        yield Finding(Severity.WARNING, str(folder), 0, "", message, hint)


def owner_findings(plans: Iterable[ReadPlan], known: Iterable[str]) -> Iterator[Finding]:
    """Plans that belong to an account which does not exist: none of them comes into force."""
    there = frozenset(known)
    for read in plans:
        owner = _owner(read)
        if owner and owner not in there:
            yield unknown_owner_finding(read.source.file, read.source.line(OWNER), owner)


def number_findings(
    source: Source,
    emergency: Sequence[str],
    phones: Iterable[tuple[str, str]],
    dids: Iterable[tuple[str, str]],
) -> Iterator[Finding]:
    """Phones and numbers of the site that nobody reaches, since emergency numbers come first.

    Args:
        source: the settings file.
        emergency: its list, as users dial it.
        phones: extension numbers that are on the list, each with its phone.
        dids: numbers on the list as they are dialled, each with the DID that it would be.
    """
    for number, endpoint in phones:
        at = (*EMERGENCY, emergency.index(number))
        message = f"{number} is also the extension of {endpoint}, which nobody reaches by it"
        yield source.warning(at, message, "give the phone another number")
    for number, did in dids:
        at = (*EMERGENCY, emergency.index(number))
        yield source.warning(at, f"{number} is also the DID {did}", "take one of them away")


def _owner(read: ReadPlan) -> str:
    written = read.source.at(OWNER)
    text = written.text if isinstance(written, Scalar) else None
    return "" if text in (None, OWNER_SITE) else str(text)
