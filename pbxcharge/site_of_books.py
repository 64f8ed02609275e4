"""The files of a site against its books: what a check asks of them, and what follows from it."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pbxcharge.catalog.books_checks import (
    PlanUse,
    number_findings,
    owner_findings,
    owners_of,
    use_findings,
)
from pbxcharge.catalog.findings import Finding, Severity, in_order
from pbxcharge.catalog.jump_checks import jump_findings
from pbxcharge.catalog.offer_books import (
    kept_findings,
    manager_findings,
    managers_of,
    unused_findings,
    vanished_findings,
)
from pbxcharge.core.assigned import CameWith, OffersUsed
from pbxcharge.core.number import digits_of, normalise
from pbxcharge.settings import Settings
from pbxcharge.site_files import SiteFiles

Document = dict[str, Any]


def asked_of_books(files: SiteFiles) -> dict[str, str]:
    """What the books are asked, as the API takes it: names, separated by commas."""
    settings = files.settings
    dialled = settings.emergency_numbers if settings else ()
    dids = sorted(_public(settings)) if settings else ()
    owners = sorted({*owners_of(files.plans), *managers_of(files.offers)})
    return {"owners": ",".join(owners), "dialled": ",".join(dialled), "dids": ",".join(dids)}


def books_findings(files: SiteFiles, facts: Document) -> tuple[Finding, ...]:
    """What the files mean for the accounts that there are, by what the API has answered."""
    return in_order(_findings(files, facts)) if files.settings else ()


def offers_against(
    files: SiteFiles, facts: Document, in_force: Mapping[str, str]
) -> tuple[Finding, ...]:
    """Why products and subscription plans cannot come into force, or not for whom.

    Args:
        files: as they are to be.
        facts: what the API has answered.
        in_force: the versions of what is, by `product smartcall`.
    """
    used = OffersUsed(
        {name: it for name, it in facts["products"].items() if f"product {name}" in in_force},
        {
            name: it
            for name, it in facts["subscriptions"].items()
            if f"subscription {name}" in in_force
        },
        {name: it for name, it in facts["discounts"].items() if f"discount {name}" in in_force},
    )
    managers = manager_findings(files.offers, facts["accounts"])
    vanished = vanished_findings(files.offers, used, Severity.ERROR)
    return (*managers, *vanished, *kept_findings(files.offers, _came_with(facts)))


def last_versions(files: SiteFiles, places: Sequence[Document]) -> dict[str, tuple[str, str]]:
    """The plan and the last version of each plan file whose content is another one now.

    By the version that the file has. The last version is the one that was applied for the same
    instant, else the one in force.
    """
    found = {}
    for plan in (read.plan for read in files.plans if read.plan is not None):
        known = [place for place in places if place["plan"] == plan.name]
        same = [it for it in known if it["effective_from_s"] == plan.effective_from_s]
        last = next(iter([*same, *(it for it in known if it["in_force"])]), None)
        if last is not None and plan.version not in [it["version"] for it in known]:
            found[plan.version] = (plan.name, last["version"])
    return found


def jumps(files: SiteFiles, last: Mapping[str, str]) -> tuple[Finding, ...]:
    """Prices that are ten times the last version's, or a tenth.

    Args:
        files: of the site.
        last: what the last version of a plan said, by the version that its file has now.
    """
    settings, now_s = files.settings, int(time.time())
    if settings is None:
        return ()
    return tuple(
        finding
        for read in files.plans
        if read.plan is not None and read.plan.version in last and not read.plan.has_ended(now_s)
        for finding in jump_findings(read, last[read.plan.version], now_s, settings.time_zone)
    )


def _findings(files: SiteFiles, facts: Document) -> Iterator[Finding]:
    settings = files.settings
    if settings is None or files.source is None:
        return
    uses = [PlanUse(use["plan"], use["above"], use["accounts"]) for use in facts["plans"]]
    yield from use_findings(settings.plans, files.plans, uses)
    yield from owner_findings(files.plans, facts["accounts"])
    used = OffersUsed(facts["products"], facts["subscriptions"], facts["discounts"])
    yield from manager_findings(files.offers, facts["accounts"])
    yield from vanished_findings(files.offers, used, Severity.WARNING)
    yield from unused_findings(files.offers, used.subscriptions)
    yield from kept_findings(files.offers, _came_with(facts))
    phones = [(phone["number"], phone["endpoint"]) for phone in facts["phones"]]
    public = _public(settings)
    dids = [(public[did["number"]], did["number"]) for did in facts["dids"]]
    yield from number_findings(files.source, settings.emergency_numbers, phones, dids)


def _came_with(facts: Document) -> list[CameWith]:
    return [CameWith(**each) for each in facts["came_with"]]


def _public(settings: Settings) -> Mapping[str, str]:
    """What emergency numbers would be in the public network, with how they are dialled."""
    rules = settings.number_rules
    return {
        number: dialled
        for dialled in settings.emergency_numbers
        for number in (normalise(dialled, rules), digits_of(dialled))
        if number
    }
