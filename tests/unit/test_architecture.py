"""The rooms of the house: who may import whom, where each package lives, what core may not do.

An arrow that this test refuses is not a style matter: it is what keeps the rules of charging free
of clocks, files and sockets, so that every order of events can be tried in memory.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "pbxcharge"

# Each room with the rooms that it may import, all of them below it. The longest name counts.
ARROWS: dict[str, set[str]] = {
    "errors": set(),
    "logger": set(),
    "core": {"errors"},
    "catalog": {"core", "errors"},
    "asterisk": {"core", "errors", "logger"},
    "store": {"core", "errors", "failpoints", "logger"},
    "redis": {"core", "errors"},
    "flow": {
        *("asterisk", "store", "redis", "catalog", "core", "errors", "failpoints", "logger"),
    },
    "reports": {"flow", "store", "core", "errors"},
    "api": {"flow", "store", "core", "errors"},
    "api.client": {"core", "errors"},
    "settings": {"catalog", "core", "errors"},
    "site_files": {"settings", "catalog", "core", "errors"},
    "site_of_books": {"settings", "site_files", "catalog", "core"},
    "site_costs": {"site_files", "catalog"},
    "site_prices": {"settings", "catalog", "core", "flow"},
    "in_force": {"settings", "site_files", "site_prices", "catalog", "core", "flow"},
    "schemas": {"settings", "catalog"},
    "log": {"errors"},
    "notify": {"errors"},
    "failpoints": set(),
    "background": {"logger"},
    "daemon": {
        *("api", "reports", "flow", "asterisk", "store", "redis", "catalog", "core", "errors"),
        *("settings", "in_force", "background", "logger", "notify"),
    },
    "serve": {"daemon", "store", "catalog", "settings", "log", "logger", "errors"},
    # The daemon's parts, wired for the time of one command that finds no daemon.
    "alone": {
        *("api", "flow", "store", "redis", "catalog", "core", "errors", "settings", "site_files"),
        *("asterisk", "log", "site_costs", "site_of_books", "site_prices"),
    },
    # Past calls by other files, in the command's own process.
    "reconciling": {"store", "catalog", "core", "settings"},
    "replaying": {"flow", "store", "catalog", "core", "errors", "settings", "site_prices"},
    "cli": {
        *(
            "api.client",
            "reports",
            "serve",
            "alone",
            "reconciling",
            "replaying",
            "schemas",
            "settings",
            "log",
        ),
        *("core", "errors"),
    },
    "__main__": {"cli"},
}

# Each third-party package with the only rooms that may import it.
HOMES: dict[str, set[str]] = {
    "panoramisk": {"asterisk"},
    "aiosqlite": {"store"},
    "asyncio_redis": {"redis"},
    "ruamel": {"catalog", "settings"},
    "marisa_trie": {"catalog"},
    "pydantic": {"catalog", "settings", "api"},
    "pydantic_core": {"catalog", "settings", "api"},
    "structlog": {"log"},
    "orjson": {"log", "api", "store"},
    "uvloop": {"serve"},
    "fastapi": {"api"},
    "starlette": {"api"},
    "uvicorn": {"api"},
    "httpx": {"api"},
    "typer": {"cli"},
    "rich": {"cli", "reports"},
    "jinja2": {"reports"},
    "matplotlib": {"reports"},
    "weasyprint": {"reports"},
}

# What core may take from the standard library: nothing that knows a clock, a file or a socket.
CORE_IMPORTS = {
    *("bisect", "collections", "dataclasses", "datetime", "enum", "fractions", "functools"),
    *("hashlib", "heapq", "itertools", "json", "math", "re", "types", "typing"),
}
CORE_MATH = {"gcd", "lcm"}
CORE_NAMES_REFUSED = {"round", "float", "open", "print", "input"}
CORE_CLOCKS_REFUSED = {"now", "utcnow", "today", "fromtimestamp"}


def offences(module: str, source: str) -> list[str]:
    """Everything that a module does which its room may not, as texts with line numbers."""
    tree = ast.parse(source)
    room = room_of(module)
    if room is None:
        return [f"{module}: is in no room of ARROWS; give it one"]
    found = [*wrong_imports(module, room, tree)]
    if room == "core":
        found += impure_code(module, tree)
    return found


def room_of(module: str) -> str | None:
    """The room of a module, by the longest name in ARROWS; None for an unknown one."""
    parts = module.split(".")[1:]
    names = [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
    return next((name for name in names if name in ARROWS), None)


def wrong_imports(module: str, room: str, tree: ast.AST) -> Iterator[str]:
    """Imports that point upward or sideways, or bring a package out of its home."""
    for line, imported in imports(tree):
        top = imported.split(".")[0]
        if top == "pbxcharge":
            allowed = may_import(room, imported)
        elif top in sys.stdlib_module_names:
            allowed = room != "core" or top in CORE_IMPORTS
        else:
            allowed = not {room, room.partition(".")[0]}.isdisjoint(HOMES.get(top, set()))
        if not allowed:
            yield f"{module}:{line}: {room} may not import {imported}"


def may_import(room: str, imported: str) -> bool:
    """Whether an arrow leads from the room to what is imported."""
    target = room_of(imported)
    if target is None:
        return False
    return target == room or any(
        target == name or target.startswith(name + ".") for name in ARROWS[room]
    )


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every import with its line; of `from package import name` both, as `package.name`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            # A relative import has no room to be looked up by, so there are none.
            name = "pbxcharge" if node.level else base
            yield from ((node.lineno, f"{name}.{alias.name}") for alias in node.names)


def impure_code(module: str, tree: ast.AST) -> Iterator[str]:
    """Every impurity of a module of core, with its line."""
    for node in ast.walk(tree):
        word = impurity(node)
        if word is not None:
            yield f"{module}:{getattr(node, 'lineno', 0)}: core may not use {word}"


def impurity(node: ast.AST) -> str | None:
    """What a node of the syntax tree does that core may not, None for nothing."""
    match node:
        case ast.BinOp(op=ast.Div()) | ast.AugAssign(op=ast.Div()):
            return "true division"
        case ast.Constant(value=float() | complex()):
            return "a float"
        case ast.Name(id=name) if name in CORE_NAMES_REFUSED:
            return name
        # A protocol may declare `async def`; what waits is the await.
        case ast.Await() | ast.AsyncFor() | ast.AsyncWith():
            return "await"
        case ast.Attribute(attr=name) if name in CORE_CLOCKS_REFUSED:
            return f"a clock: {name}"
        case ast.ImportFrom(module="math", names=names):
            return next((f"math.{one.name}" for one in names if one.name not in CORE_MATH), None)
        case ast.Import(names=names) if any(one.name == "math" for one in names):
            return "the whole of math"
    return None


def modules() -> Iterator[tuple[str, str]]:
    """Name and source of every module but the package itself."""
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        name = ".".join(part for part in parts if part != "__init__")
        if name != "pbxcharge":
            yield name, path.read_text("utf-8")


def test_every_module_keeps_to_its_room() -> None:
    """Imports point downward, packages stay at home, core is pure: in every module there is."""
    found = [offence for name, source in modules() for offence in offences(name, source)]
    assert not found, "\n".join(found)
    assert "pbxcharge.core.rate" in dict(modules())


def test_the_package_itself_imports_nothing() -> None:
    """`import pbxcharge` is free, so that `--help` is quick and no room comes in by the door."""
    assert not list(imports(ast.parse((PACKAGE / "__init__.py").read_text("utf-8"))))


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("core.rate", "from pbxcharge.store import writer"),
        ("core.rate", "import pbxcharge.flow.meter"),
        ("core.rate", "from pbxcharge import settings"),
        ("core.rate", "from . import money"),
        ("core.rate", "import time"),
        ("core.rate", "import math"),
        ("core.rate", "from math import sqrt"),
        ("core.rate", "def f(a, b):\n    return a / b"),
        ("core.rate", "a = 3\na /= 2"),
        ("core.rate", "a = 0.5"),
        ("core.rate", "a = round(1)"),
        ("core.rate", "a: float"),
        ("core.rate", "async def f():\n    await g()"),
        ("core.rate", "from datetime import datetime\na = datetime.now()"),
        ("asterisk.ami_client", "from pbxcharge.store import writer"),
        ("asterisk.ami_client", "from pbxcharge.flow.meter import x"),
        ("asterisk.ami_client", "def f():\n    import aiosqlite"),
        ("flow.meter", "import panoramisk.manager"),
        ("flow.meter", "from pbxcharge.serve import serve"),
        ("flow.meter", "from pbxcharge.settings import Settings"),
        ("api.client", "from pbxcharge.flow.meter import x"),
        ("cli.account", "from pbxcharge.api.server import x"),
        ("cli.account", "from pbxcharge.store.writer import x"),
        ("store.writer", "import nowhere_to_be_found"),
        ("attic", "import time"),
    ],
)
def test_what_a_room_may_not_do_is_found(module: str, source: str) -> None:
    """Each of these breaks one rule, and the rule sees it."""
    assert len(offences(f"pbxcharge.{module}", source)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("core.rate", "from math import lcm\nfrom pbxcharge.core.money import MICROS\na = 7 // 2"),
        ("core.rate", "from datetime import datetime, tzinfo\nasync def f(): ..."),
        ("asterisk.ami_client", "import panoramisk\nimport asyncio\nimport time\na = 0.5"),
        ("flow.meter", "from pbxcharge.core import call\nfrom pbxcharge.errors import AmountError"),
        ("cli.account", "import typer\nfrom pbxcharge.api.client import Client"),
        ("daemon", "from pbxcharge.api.server import x\nfrom pbxcharge.settings import y"),
    ],
)
def test_what_a_room_may_do_is_let_through(module: str, source: str) -> None:
    """The rules do not refuse what the house is built of."""
    assert offences(f"pbxcharge.{module}", source) == []
