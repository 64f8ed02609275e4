"""Runs the command line as another user: `python -m tests.fakes.as_user UID WORDS…`.

The working copy or the interpreter may lie where only root may look, such as in /root. The other
user sees the same files at the same places, in a world of mounts of its own, but may get there.
"""

import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pbxcharge

ALONE = "--alone"
"""Marks the process that has a world of mounts of its own."""


def main() -> None:
    """Become the user, run the command."""
    if sys.argv[1] != ALONE:
        world = ("unshare", "--mount", "--propagation", "private")
        again = (sys.executable, "-m", "tests.fakes.as_user", ALONE, *sys.argv[1:])
        os.execvp(world[0], (*world, *again))
    del sys.argv[1]
    for folder in closed_on_the_way():
        open_up(folder)
    uid = int(sys.argv.pop(1))
    os.chdir("/")
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)
    from pbxcharge.cli.main import app_entry

    app_entry()


def closed_on_the_way() -> Iterator[Path]:
    """The folders above what must be read that others may not pass, the topmost first."""
    needed = (Path(pbxcharge.__path__[0]), Path(sys.prefix), Path(sys.base_prefix))
    for path in needed:
        for folder in reversed(path.parents):
            if not folder.stat().st_mode & stat.S_IXOTH:
                yield folder


def open_up(folder: Path) -> None:
    """Put a folder in its place that has the same folders in it and can be passed by anybody."""
    aside = Path(tempfile.mkdtemp())
    mount("--bind", folder, aside)
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", folder)
    for inner in aside.iterdir():
        if inner.is_dir() and not inner.is_symlink():
            (folder / inner.name).mkdir()
            mount("--bind", inner, folder / inner.name)
    subprocess.run(("umount", aside), check=True)
    aside.rmdir()


def mount(*words: str | Path) -> None:
    """One mount, seen by this process alone."""
    subprocess.run(("mount", *words), check=True)


if __name__ == "__main__":
    main()
