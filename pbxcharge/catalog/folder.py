"""Folders of YAML files: every one that can be read, and what is wrong with the others."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from pbxcharge.catalog.findings import Finding, Severity
from pbxcharge.catalog.source import Source, read_source

NOTHING_INSTEAD: Mapping[Path, Path] = MappingProxyType({})


def read_folder(
    folder: Path, instead: Mapping[Path, Path] = NOTHING_INSTEAD, needs: str = ""
) -> tuple[list[Source], list[Finding]]:
    """The files of a folder, `*.yaml`, in the order of their names.

    Args:
        folder: where they lie.
        instead: files of the folder, there or to be, with the file that is read in its place.
        needs: what it must hold at least one of; nothing if it may be empty.
    """
    try:
        found_paths = {path for path in folder.iterdir() if not path.name.startswith(".")}
    except OSError as error:
        reason = error.strerror or str(error)
        return [], [_of_file(folder, Severity.ERROR, f"cannot be read: {reason}")]
    paths = sorted(found_paths | instead.keys())
    found = [_ignored(path) for path in paths if path.suffix == ".yml"]
    files = [path for path in paths if path.suffix == ".yaml"]
    if needs and not files:
        found.append(_of_file(folder, Severity.ERROR, f"holds no {needs} (*.yaml)"))
    sources: list[Source] = []
    for path in files:
        source, source_findings = read_source(instead.get(path, path))
        found += source_findings
        sources += [] if source is None else [source]
    return sources, found


def _ignored(path: Path) -> Finding:
    return _of_file(path, Severity.WARNING, "is not read", "name it *.yaml")


def _of_file(path: Path, severity: Severity, message: str, hint: str = "") -> Finding:
    return Finding(severity, str(path), 0, "", message, hint)
