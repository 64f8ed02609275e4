"""Every file of the catalog, read together: one frozen value, or every finding at once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from pbxcharge.catalog.deck import Deck
from pbxcharge.catalog.decks import NO_DECKS, DeckFiles, load_decks
from pbxcharge.catalog.findings import Finding, Severity, has_errors, in_order
from pbxcharge.catalog.high_risk import read_high_risk
from pbxcharge.catalog.plan_file import read_plan
from pbxcharge.catalog.site_checks import price_findings
from pbxcharge.catalog.source import Scalar, Source, read_source
from pbxcharge.core.number import NumberRule
from pbxcharge.core.plan import Plan


@dataclass(frozen=True, slots=True)
class Catalog:
    """All charging plans and rate decks of the site, by name."""

    plans: Mapping[str, Plan]
    decks: Mapping[str, Deck]


@dataclass(frozen=True, slots=True)
class CatalogResult:
    """A catalog, or None if any finding is an error; warnings may stand beside a catalog."""

    catalog: Catalog | None
    findings: tuple[Finding, ...]


def load_catalog(
    plans: Path,
    rules: tuple[NumberRule, ...],
    *,
    emergency: tuple[str, ...] = (),
    tolerance_ms: int = 100,
    high_risk: Path | None = None,
    instead: Mapping[Path, Path] = MappingProxyType({}),
    decks: DeckFiles | None = None,
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
    """
    sources, found = _read_folder(plans, instead)
    risky, risk_findings = read_high_risk(high_risk)
    found += risk_findings
    known_decks, deck_findings = load_decks(decks) if decks else (NO_DECKS, [])
    found += deck_findings
    read: dict[str, Plan] = {}
    for source in sources:
        plan, plan_findings = read_plan(source, tolerance_ms, risky)
        found += [*plan_findings, *price_findings(source, rules, emergency)]
        if plan is not None:
            read[plan.name] = plan
    found += _same_names(sources)
    findings = in_order(found)
    catalog = None if has_errors(findings) else Catalog(MappingProxyType(read), known_decks)
    return CatalogResult(catalog, findings)


def plan_name(source: Source) -> str | None:
    """The name that a plan file gives its plan; None if there is none to be read."""
    name = source.at(("name",))
    return name.text if isinstance(name, Scalar) and name.text else None


def _read_folder(folder: Path, instead: Mapping[Path, Path]) -> tuple[list[Source], list[Finding]]:
    try:
        found_paths = {path for path in folder.iterdir() if not path.name.startswith(".")}
    except OSError as error:
        reason = error.strerror or str(error)
        return [], [_of_file(folder, Severity.ERROR, f"cannot be read: {reason}")]
    paths = sorted(found_paths | instead.keys())
    found = [_ignored(path) for path in paths if path.suffix == ".yml"]
    files = [path for path in paths if path.suffix == ".yaml"]
    if not files:
        found.append(_of_file(folder, Severity.ERROR, "holds no plan (*.yaml)"))
    sources: list[Source] = []
    for path in files:
        source, source_findings = read_source(instead.get(path, path))
        found += source_findings
        sources += [] if source is None else [source]
    return sources, found


def _same_names(sources: list[Source]) -> Iterator[Finding]:
    first_files: dict[str, str] = {}
    for source in sources:
        name = plan_name(source)
        if name is None:
            continue
        if name in first_files:
            message = f"plan {name} is also written in {first_files[name]}"
            yield source.error(("name",), message, "give each plan its own name")
        first_files.setdefault(name, source.file)


def _ignored(path: Path) -> Finding:
    return _of_file(path, Severity.WARNING, "is not read", "name it *.yaml")


def _of_file(path: Path, severity: Severity, message: str, hint: str = "") -> Finding:
    return Finding(severity, str(path), 0, "", message, hint)
