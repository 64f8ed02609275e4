"""What the program's text says: names of events, their fields, findings of `verify`."""

import ast
from collections.abc import Iterator
from pathlib import Path

from pbxcharge.store.verify_calls import ACCOUNTS, CALLS
from pbxcharge.store.verify_money import HOLDS, MONEY
from pbxcharge.store.verify_recharges import RECHARGES
from tests.site import REPOSITORY

PACKAGE = REPOSITORY / "pbxcharge"
CHECKED = 2


def told_fields() -> Iterator[str]:
    """Every field that is named where a line of the live cost log is written."""
    for call in _calls(*(PACKAGE / "flow").glob("*.py"), *(PACKAGE / "api").glob("*.py")):
        if getattr(call.func, "attr", "") in ("tell", "note"):
            yield from (keyword.arg for keyword in call.keywords if keyword.arg)


def verify_findings() -> dict[str, str]:
    """The rule of the books behind each code that `verify` may show."""
    rules = (*MONEY, *HOLDS, *CALLS, *RECHARGES, *ACCOUNTS)
    return {**{rule.code: rule.what for rule in rules}, **dict(_written_findings())}


def _written_findings() -> Iterator[tuple[str, str]]:
    """Those that are made one by one: a code and the rule, both as texts, beside each other."""
    for file in (PACKAGE / "store").glob("verify*.py"):
        for call in _calls(file):
            if getattr(call.func, "id", "") == "Finding":
                code, what = call.args[:CHECKED]
                if isinstance(code, ast.Constant):
                    yield _text(code), _text(what) or _assigned(file, call.lineno)
        yield from _pairs(file)


def _assigned(file: Path, before: int) -> str:
    """The text that was given a name last, in the lines before this one."""
    texts = {
        node.lineno: _text(node.value)
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Assign) and node.lineno < before and " " in _text(node.value)
    }
    return texts[max(texts)]


def _pairs(file: Path) -> Iterator[tuple[str, str]]:
    """Tuples that begin with a code and the rule: what is compared, one after the other."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Tuple) and len(node.elts) > CHECKED:
            code, what = (_text(part) for part in node.elts[:CHECKED])
            if code and what and " " not in code and " " in what:
                yield code, what


def _text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _calls(*files: Path) -> Iterator[ast.Call]:
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call):
                yield node
