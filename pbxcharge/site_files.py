"""The files of a site, settings and plans, read together."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from pbxcharge.catalog.decks import deck_names, no_such_deck
from pbxcharge.catalog.findings import Finding, Severity, has_errors, in_order
from pbxcharge.catalog.form import Form
from pbxcharge.catalog.load import Catalog, ReadPlan, load_catalog
from pbxcharge.catalog.offers import NO_OFFERS, Offers
from pbxcharge.catalog.plan_dates import ended_findings
from pbxcharge.catalog.source import Source, read_source
from pbxcharge.settings import Settings, load_settings, settings_so_far

NOTHING_INSTEAD: Mapping[Path, Path] = MappingProxyType({})

_WHOLE = ("plans", "subscriptions", "products", "discounts", "numbers", "high_risk", "rates")
LIVE = (*_WHOLE, "emergency.numbers", "site.time_zone", "site.close_month_after_d")
"""The settings that a reload puts into force, each with what stands below it."""


@dataclass(frozen=True, slots=True)
class SiteFiles:
    """The files of a site as read: what could be read of them, and every finding.

    `plans` are the plan files one by one, those with errors too, and `offers` those of subscription
    plans and products; `source` is the settings file.
    """

    settings: Settings | None
    catalog: Catalog | None
    findings: tuple[Finding, ...]
    plans: tuple[ReadPlan, ...] = ()
    offers: Offers = NO_OFFERS
    source: Source | None = None


def read_files(
    config: Path,
    instead: Mapping[Path, Path] = NOTHING_INSTEAD,
    tolerance_ms: int | None = None,
) -> SiteFiles:
    """Read every file of a site; all findings at once.

    Args:
        config: the settings file.
        instead: files that are read in place of plan files, or beside them.
        tolerance_ms: the duration tolerance in force, where that is not what the file says.
    """
    settings, found = load_settings(config)
    if settings is None:
        return SiteFiles(None, None, in_order((*found, *_errors_beside(config, instead))))
    own_ms = settings.duration_tolerance_ms
    result = load_catalog(
        settings.plans,
        settings.number_rules,
        emergency=settings.emergency_numbers,
        tolerance_ms=own_ms if tolerance_ms is None else tolerance_ms,
        high_risk=settings.high_risk,
        instead=instead,
        decks=settings.decks,
        zone=settings.time_zone,
        today=datetime.now(settings.time_zone).date(),
        offers=settings.offers,
    )
    found = in_order((*found, *result.findings, *_unknown_decks(config, settings)))
    catalog = None if has_errors(found) else result.catalog
    return SiteFiles(settings, catalog, found, result.read, result.offers)


def _errors_beside(config: Path, instead: Mapping[Path, Path]) -> Iterator[Finding]:
    """Errors of the other files, beside settings that have errors themselves.

    Warnings would tell of what is only missing in the settings.
    """
    settings = settings_so_far(config)
    if settings is None or Path() in (settings.plans, settings.database):
        return
    result = load_catalog(
        settings.plans,
        settings.number_rules,
        high_risk=settings.high_risk,
        instead=instead,
        decks=settings.decks,
        zone=settings.time_zone,
        offers=settings.offers,
    )
    yield from (found for found in result.findings if found.severity is Severity.ERROR)
    yield from _unknown_decks(config, settings)


def inspect_files(config: Path) -> SiteFiles:
    """Read every file of a site, and look longer than a daemon has time for.

    What is found beyond `read_files` are warnings, of things that no call is refused for.
    """
    files = replace(read_files(config), source=read_source(config)[0])
    return replace(files, findings=in_order((*files.findings, *_inspected(files))))


def _inspected(files: SiteFiles) -> Iterator[Finding]:
    settings = files.settings
    if settings is None:
        return
    at_s = int(datetime.now(UTC).timestamp())
    yield from ended_findings(files.plans, settings.time_zone, at_s)


def _unknown_decks(config: Path, settings: Settings) -> Iterator[Finding]:
    """Trunks that name a deck which is not there: no call could be priced by it."""
    names = deck_names(settings.decks)
    unknown = {
        place: trunk.deck
        for place, trunk in enumerate(settings.trunks)
        if trunk.deck and trunk.deck not in names
    }
    source = read_source(config)[0] if unknown else None
    if source is not None:
        for place, name in unknown.items():
            yield source.error(("trunks", place, "deck"), *no_such_deck(name, names))


def needs_restart(running: Settings, written: Settings) -> tuple[str, ...]:
    """The settings that were changed in the file and that no reload puts into force.

    `("ami.port", "dial")`, in the order of the settings.
    """
    return tuple(key for key in _changed(running, written) if not _is_live(key))


def with_live_settings(running: Settings, written: Settings) -> Settings:
    """The settings in force after a reload: those of the file where they are live."""
    emergency = running.emergency.model_copy(update={"numbers": written.emergency.numbers})
    keys = ("time_zone", "close_month_after_d")
    site = running.site.model_copy(update={key: getattr(written.site, key) for key in keys})
    live = {"emergency": emergency, "site": site} | {key: getattr(written, key) for key in _WHOLE}
    return running.model_copy(update=live)


def _changed(running: Form, written: Form, before: str = "") -> Iterator[str]:
    for name in type(running).model_fields:
        old, new = getattr(running, name), getattr(written, name)
        if isinstance(old, Form) and isinstance(new, Form):
            yield from _changed(old, new, f"{before}{name}.")
        elif old != new:
            yield before + name


def _is_live(key: str) -> bool:
    return any(key == live or key.startswith(f"{live}.") for live in LIVE)
