"""Markdown out of what the code says of itself."""

import ast
import inspect
import re
from collections.abc import Iterable, Sequence
from enum import Enum
from itertools import pairwise
from typing import Any

_ARGUMENT = re.compile(r"^ {4}(\w+): (.+)$")


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table with these titles; a `|` in a cell stays in it."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|")


def code(value: object) -> str:
    """Something to be typed, or found so in a file; nothing stays nothing."""
    return f"`{value}`" if value not in (None, "") else ""


def page(title: str, maker: str, *parts: str) -> str:
    """A whole page, with a first line that says where it comes from."""
    head = f"<!-- Made by `python -m {maker}` from the code: change it there. -->\n\n# {title}"
    return "\n\n".join((head, *parts)) + "\n"


def sentence(text: str) -> str:
    """A text as a cell: with a capital letter, without the full stop of a single sentence."""
    text = text[:1].upper() + text[1:]
    return text if ". " in text else text.removesuffix(".")


def member_texts(kind: type[Enum]) -> dict[str, str]:
    """What each value of an enumeration means: the text below it."""
    (body,) = ast.parse(inspect.getsource(kind)).body
    assert isinstance(body, ast.ClassDef)
    texts: dict[str, str] = {}
    for member, text in pairwise(body.body):
        match member, text:
            case ast.Assign(targets=[ast.Name(id=name)]), ast.Expr(value=ast.Constant(value=words)):
                texts[str(kind[name].value)] = " ".join(str(words).split())
    return texts


def argument_texts(model: Any) -> dict[str, str]:
    """What each field of a value means: the lines below `Args:` in its docstring."""
    lines = (inspect.getdoc(model) or "").partition("Args:\n")[2].splitlines()
    texts: dict[str, str] = {}
    name = ""
    for line in lines:
        found = _ARGUMENT.match(line)
        if found:
            name = found[1]
            texts[name] = found[2]
        elif name and line.startswith(" " * 8):
            texts[name] += " " + line.strip()
    return texts
