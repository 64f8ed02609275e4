"""The files of a site against its books: what a check asks of them, and what follows from it."""

from collections.abc import Iterator, Mapping
from typing import Any

from pbxcharge.catalog.books_checks import (
    PlanUse,
    number_findings,
    owner_findings,
    owners_of,
    use_findings,
)
from pbxcharge.catalog.findings import Finding, in_order
from pbxcharge.core.number import digits_of, normalise
from pbxcharge.settings import Settings
from pbxcharge.site_files import SiteFiles

Document = dict[str, Any]


def asked_of_books(files: SiteFiles) -> dict[str, str]:
    """What the books are asked, as the API takes it: names, separated by commas."""
    settings = files.settings
    dialled = settings.emergency_numbers if settings else ()
    dids = sorted(_public(settings)) if settings else ()
    owners = owners_of(files.plans)
    return {"owners": ",".join(owners), "dialled": ",".join(dialled), "dids": ",".join(dids)}


def books_findings(files: SiteFiles, facts: Document) -> tuple[Finding, ...]:
    """What the files mean for the accounts that there are, by what the API has answered."""
    return in_order(_findings(files, facts)) if files.settings else ()


def _findings(files: SiteFiles, facts: Document) -> Iterator[Finding]:
    settings = files.settings
    if settings is None or files.source is None:
        return
    uses = [PlanUse(use["plan"], use["above"], use["accounts"]) for use in facts["plans"]]
    yield from use_findings(settings.plans, files.plans, uses)
    yield from owner_findings(files.plans, facts["accounts"])
    phones = [(phone["number"], phone["endpoint"]) for phone in facts["phones"]]
    public = _public(settings)
    dids = [(public[did["number"]], did["number"]) for did in facts["dids"]]
    yield from number_findings(files.source, settings.emergency_numbers, phones, dids)


def _public(settings: Settings) -> Mapping[str, str]:
    """What emergency numbers would be in the public network, with how they are dialled."""
    rules = settings.number_rules
    return {
        number: dialled
        for dialled in settings.emergency_numbers
        for number in (normalise(dialled, rules), digits_of(dialled))
        if number
    }
