"""New plan files and their places in the folder: which file each replaces, and the replacing.

All of them get their places, or none: what was there before is kept until the end, and comes back
if anything goes wrong.
"""

import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pbxcharge.catalog.findings import Finding, Severity
from pbxcharge.catalog.load import PlanKey, plan_key
from pbxcharge.catalog.source import read_source

NO_PLAN: PlanKey = ("", 0)


@dataclass(frozen=True, slots=True)
class Placed:
    """Each new file by the path that it is to have; and what is wrong with their names."""

    files: Mapping[Path, Path]
    findings: tuple[Finding, ...]


def place(folder: Path, files: Sequence[Path]) -> Placed:
    """Where new plan files belong: a plan replaces the file with its name and its beginning inside.

    The others keep their own file name. What cannot be read is left to the check.
    """
    by_key = _by_plan_key(folder)
    held_by = {path: key for key, path in by_key.items()}
    placed: dict[Path, Path] = {}
    found: list[Finding] = []
    for file in files:
        key = _plan_key(file)
        path = by_key.get(key or NO_PLAN, folder / file.name)
        if path.suffix != ".yaml" or path.name.startswith("."):
            found.append(_wrong(file, "is no name of a plan file", "name it *.yaml"))
        elif path in placed:
            found.append(_wrong(file, f"has the same place as {placed[path]}", "give one of them"))
        elif key is not None and (held := held_by.get(path, key)) != key:
            hint = "give the file another name"
            found.append(_wrong(file, f"would replace the plan {held[0]} in {path}", hint))
        else:
            placed[path] = file
    return Placed(placed, tuple(found))


@contextmanager
def alone_in(folder: Path) -> Iterator[bool]:
    """Whether nobody else is replacing plan files of this folder, until the block is left."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


class Installation:
    """New files beside their places, put there together, and taken back together.

    A file that replaces another takes its mode and owner; a new one keeps its mode and gets the
    owner of the folder.
    """

    def __init__(self, files: Mapping[Path, Path]) -> None:
        self._files = {
            path.resolve(): file for path, file in files.items() if not _is_same(path, file)
        }
        self._put: list[Path] = []

    def put(self) -> None:
        """Put every file at its place, durably.

        Raises:
            OSError: none is there.
        """
        try:
            for path, file in self._files.items():
                _prepare(path, file)
            for path in self._files:
                _beside(path, "new").replace(path)
                self._put.append(path)
            self._flush()
        except BaseException:
            self.take_back()
            raise

    def take_back(self) -> None:
        """Bring back what was there before."""
        for path in self._put:
            old = _beside(path, "old")
            if old.exists():
                old.replace(path)
            else:
                path.unlink(missing_ok=True)
        self.finish()

    def finish(self) -> None:
        """Let go of what was there before."""
        self._put.clear()
        for path in self._files:
            _beside(path, "new").unlink(missing_ok=True)
            _beside(path, "old").unlink(missing_ok=True)
        self._flush()

    def _flush(self) -> None:
        for folder in {path.parent for path in self._files}:
            _fsync(folder)


def _prepare(path: Path, file: Path) -> None:
    """Write the new file beside its place, and give the old one a second name."""
    new, old = _beside(path, "new"), _beside(path, "old")
    old.unlink(missing_ok=True)
    new.unlink(missing_ok=True)
    kept = path if path.exists() else None
    if kept is not None:
        os.link(path, old)
    with new.open("xb") as out:
        owner, mode = (kept or path.parent).stat(), (kept or file).stat().st_mode
        os.fchmod(out.fileno(), mode & 0o777)
        if (owner.st_uid, owner.st_gid) != (os.geteuid(), os.getegid()):
            os.fchown(out.fileno(), owner.st_uid, owner.st_gid)
        out.write(file.read_bytes())
        out.flush()
        os.fsync(out.fileno())


def _fsync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _beside(path: Path, end: str) -> Path:
    """A hidden name, which is no plan's."""
    return path.with_name(f".{path.name}.{end}")


def _is_same(path: Path, file: Path) -> bool:
    return path.exists() and file.exists() and path.samefile(file)


def _by_plan_key(folder: Path) -> dict[PlanKey, Path]:
    paths = sorted(path for path in folder.glob("*.yaml") if not path.name.startswith("."))
    keyed = ((_plan_key(path), path) for path in paths)
    return {key: path for key, path in keyed if key is not None}


def _plan_key(file: Path) -> PlanKey | None:
    source, _ = read_source(file)
    return None if source is None else plan_key(source)


def _wrong(file: Path, message: str, hint: str) -> Finding:
    return Finding(Severity.ERROR, str(file), 0, "", message, hint)
