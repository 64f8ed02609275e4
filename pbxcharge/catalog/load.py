"""Every file of the catalog, read together: one frozen value, or every finding at once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, tzinfo
from pathlib import Path
from types import MappingProxyType

from pydantic_core import PydanticCustomError

from pbxcharge.catalog.deck import Deck
from pbxcharge.catalog.decks import NO_DECKS, DeckFiles, deck_names, load_decks
from pbxcharge.catalog.findings import Finding, has_errors, in_order
from pbxcharge.catalog.folder import NOTHING_INSTEAD, read_folder
from pbxcharge.catalog.high_risk import read_high_risk
from pbxcharge.catalog.instants import read_instant
from pbxcharge.catalog.offers import (
    NO_OFFER_FILES,
    NO_OFFERS,
    NOTHING_OFFERED,
    Offered,
    OfferFiles,
    Offers,
    Priced,
    load_offers,
)
from pbxcharge.catalog.plan_file import Surroundings, read_plan
from pbxcharge.catalog.site_checks import price_findings
from pbxcharge.catalog.source import Scalar, Source
from pbxcharge.core.number import NumberRule
from pbxcharge.core.plan import NO_TARIFFS, NOT_RELATIVE, Plan
from pbxcharge.core.product import Product
from pbxcharge.core.subscription_terms import SubscriptionPlan

OwnerPlaces = Mapping[tuple[str, str], tuple[str, int]]
"""The file and the line in which a plan, by name, says who its owner is."""
NO_OWNERS: OwnerPlaces = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Catalog:
    """All that a site charges by: plans in force and to come, decks, subscription plans, products.

    Several plans may have one name and begin at different instants. Of those that have begun and
    have not ended, the one that began last is in force: a plan for December takes the place of the
    usual one, and gives it back at the end of the month.
    """

    written: tuple[Plan, ...]
    decks: Mapping[str, Deck] = field(default_factory=lambda: NO_DECKS)
    owners: OwnerPlaces = field(default_factory=lambda: NO_OWNERS)
    offered: Offered = NOTHING_OFFERED

    @property
    def subscriptions(self) -> Mapping[str, SubscriptionPlan]:
        """The subscription plans, by name."""
        return self.offered.subscriptions

    @property
    def products(self) -> Mapping[str, Product]:
        """The products, by name."""
        return self.offered.products

    def in_force(self, at_s: int) -> Mapping[str, Plan]:
        """The plans that calls are charged by at a UTC second, by name.

        One that has ended without another of its name keeps its place, its accounts and their
        wallets, but has no prices: what is asked of it is `no_rate`.
        """
        begun = [plan for plan in self.written if plan.effective_from_s <= at_s]
        held = [plan for plan in begun if not plan.has_ended(at_s)]
        ended = [_without_prices(plan) for plan in begun if plan.has_ended(at_s)]
        groups = (sorted(group, key=lambda it: it.effective_from_s) for group in (ended, held))
        return MappingProxyType({plan.name: plan for group in groups for plan in group})

    def to_come(self, at_s: int) -> tuple[Plan, ...]:
        """The plans that begin after a UTC second, the first one first."""
        later = (plan for plan in self.written if plan.effective_from_s > at_s)
        return tuple(sorted(later, key=lambda plan: (plan.effective_from_s, plan.name)))

    def next_change_s(self, at_s: int) -> int | None:
        """The next UTC second after this one at which a plan begins or ends."""
        froms = (plan.effective_from_s for plan in self.written)
        untils = (plan.effective_until_s for plan in self.written)
        return min((it for it in (*froms, *untils) if it is not None and it > at_s), default=None)


def _without_prices(plan: Plan) -> Plan:
    return replace(
        plan, tariffs=NO_TARIFFS, exceptions=NO_TARIFFS, relative=NOT_RELATIVE, deck=None
    )


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """A plan file that could be read as YAML, and its plan; None if that has errors."""

    source: Source
    plan: Plan | None

    @property
    def name(self) -> str:
        """The name that is written in it; empty if there is none."""
        key = plan_key(self.source)
        return key[0] if key else ""


@dataclass(frozen=True, slots=True)
class CatalogResult:
    """A catalog, or None if any finding is an error; warnings may stand beside a catalog.

    `read` are the plan files one by one, and `offers` the files of subscription plans and products,
    for checks that ask more of them.
    """

    catalog: Catalog | None
    findings: tuple[Finding, ...]
    read: tuple[ReadPlan, ...] = ()
    offers: Offers = NO_OFFERS


def load_catalog(
    plans: Path,
    rules: tuple[NumberRule, ...],
    *,
    emergency: tuple[str, ...] = (),
    tolerance_ms: int = 100,
    high_risk: Path | None = None,
    instead: Mapping[Path, Path] = NOTHING_INSTEAD,
    decks: DeckFiles | None = None,
    zone: tzinfo = UTC,
    today: date | None = None,
    offers: OfferFiles = NO_OFFER_FILES,
) -> CatalogResult:
    """The catalog of a site; refused whole on any error, so that no half of a change goes live.

    Args:
        plans: the folder of the plan files, `*.yaml`.
        rules: how dialled strings become E.164; they say which prefixes can ever match.
        emergency: the numbers that are never charged, as they are dialled.
        tolerance_ms: the site's duration tolerance, which becomes part of every plan's terms.
        high_risk: the file of high-risk destinations.
        instead: plan files of the folder, there or to be, with the file that is read in its place.
        decks: where the rate decks are, if the site has any.
        zone: the local time in which dates are written.
        today: the date at the site, for lists of holidays that nobody went on with.
        offers: where subscription plans and products are, if the site has any.
    """
    sources, found = read_folder(plans, instead, "plan")
    risky, risk_findings = read_high_risk(high_risk)
    found += risk_findings
    known_decks, deck_findings = load_decks(decks) if decks else (NO_DECKS, [])
    found += deck_findings
    site = Surroundings(tolerance_ms, risky, zone, known_decks, deck_names(decks), today)
    read: list[ReadPlan] = []
    for source in sources:
        plan, plan_findings = read_plan(source, site)
        found += [*plan_findings, *price_findings(source, rules, emergency)]
        read.append(ReadPlan(source, plan))
    found += _same_names(sources)
    written = tuple(each.plan for each in read if each.plan is not None)
    priced = Priced(frozenset(each.name for each in read), written)
    offer_files, offer_findings = load_offers(offers, priced)
    found += offer_findings
    findings = in_order(found)
    owners = {key: place for each in read for key, place in _owner_place(each)}
    catalog = Catalog(written, known_decks, owners, offer_files.offered)
    whole = None if has_errors(findings) else catalog
    return CatalogResult(whole, findings, tuple(read), offer_files)


def _owner_place(read: ReadPlan) -> Iterator[tuple[tuple[str, str], tuple[str, int]]]:
    if read.plan is not None and read.plan.owner is not None:
        place = (read.source.file, read.source.line(("owner",)))
        yield (read.plan.name, read.plan.owner), place


PlanKey = tuple[str, int]


def plan_key(source: Source) -> PlanKey | None:
    """What tells the plan of a file from all others: its name, and when it begins.

    None if there is no name to be read. The instant is for comparing only: it is that of UTC.
    """
    name, begins = source.at(("name",)), source.at(("effective_from",))
    if not isinstance(name, Scalar) or not name.text:
        return None
    try:
        written = begins.text if isinstance(begins, Scalar) else None
        return name.text, read_instant(written, UTC) if written else 0
    except PydanticCustomError:
        return name.text, 0


def _same_names(sources: list[Source]) -> Iterator[Finding]:
    first_files: dict[PlanKey, str] = {}
    for source in sources:
        key = plan_key(source)
        if key is None:
            continue
        if key in first_files:
            message = f"plan {key[0]} is also written in {first_files[key]}"
            hint = "give each plan its own name, or its own effective_from"
            yield source.error(("name",), message, hint)
        first_files.setdefault(key, source.file)
