"""Runs the command line as another user: `python -m tests.fakes.as_user UID WORDS…`.

What is imported is imported before the change, since the interpreter may lie where only root
may read; so this works wherever the tests do.
"""

import importlib
import os
import pkgutil
import sys

import pbxcharge

PRELOADED = (
    *("anyio._backends._asyncio", "importlib.readers", "rich.console", "rich.table", "rich.text"),
    *("encodings.idna", "uvloop", "uvicorn.protocols.http.h11_impl", "uvicorn.lifespan.off"),
)


def main() -> None:
    """Import everything, become the user, run the command."""
    uid = int(sys.argv.pop(1))
    for module in pkgutil.walk_packages(pbxcharge.__path__, "pbxcharge."):
        importlib.import_module(module.name)
    for name in PRELOADED:
        importlib.import_module(name)
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)
    from pbxcharge.cli.main import app_entry

    app_entry()


if __name__ == "__main__":
    main()
