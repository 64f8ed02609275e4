"""Files against the models of what may stand in them: every finding, each with its line.

A value that cannot be read is left out and the rest is read again, so that the checks that need
several values still see those that are right: one wrong line never hides another.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any, ClassVar, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import ErrorDetails

from pbxcharge.catalog.findings import Finding
from pbxcharge.catalog.source import Group, Items, KeyPath, Node, Scalar, Source


class Form(BaseModel):
    """A group of keys in a file. Every field has a default; `required` names those to be written.

    A field that is a `dict` holds names of the admin's own, each with such a group. A list whose
    key is in `alone` may be written as its one item; a group in `listed` as the list below the key
    that is named there.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, arbitrary_types_allowed=True)

    required: ClassVar[tuple[str, ...]] = ()
    hints: ClassVar[dict[str, str]] = {}
    alone: ClassVar[tuple[str, ...]] = ()
    listed: ClassVar[dict[str, str]] = {}


class ShortForm(Form):
    """A group that may be written as the value of its one key that is required."""

    @model_validator(mode="before")
    @classmethod
    def _from_value(cls, value: Any) -> Any:
        return {cls.required[0]: value} if isinstance(value, str) else value


FormT = TypeVar("FormT", bound=Form)


def read_form(
    model: type[FormT], source: Source, context: dict[str, Any] | None = None
) -> tuple[FormT, tuple[Finding, ...]]:
    """A file as its model, without the values that could not be read, and every finding.

    Beside an error the value is for further checks only: what is missing reads as its default.
    """
    found = list(_key_findings(model, source, source.root, ()))
    content = _content(source.root)
    try:
        return model.model_validate(content, context=context), tuple(found)
    except ValidationError as refused:
        errors = refused.errors()
    found += [_value_finding(source, error) for error in errors]
    # From the end of each list, so that leaving one item out does not move the next.
    for error in sorted(errors, key=_place, reverse=True):
        _leave_out(content, error)
    return model.model_validate(content, context=context), tuple(found)


def _key_findings(
    model: type[Form], source: Source, group: Group, path: KeyPath
) -> Iterator[Finding]:
    """Keys that are unknown, without a value, or missing."""
    fields = _fields(model)
    for key, entry in group.entries.items():
        at = (*path, key)
        if key not in fields:
            yield source.error(at, *_unknown(model, key, list(fields)))
        else:
            yield from _value_findings(fields[key], source, entry.value, at)
    for key in model.required:
        if key not in group.entries:
            yield source.error((*path, key), "is missing", model.hints.get(key, ""))


@cache
def _fields(model: type[Form]) -> Mapping[str, Any]:
    """What each key holds; asked for in every row of a long file."""
    return {field.alias or name: field.annotation for name, field in model.model_fields.items()}


def _value_findings(
    annotation: Any, source: Source, node: Node, path: KeyPath
) -> Iterator[Finding]:
    """What is wrong with the keys below a key; those of a `dict` are names of the admin's own."""
    if isinstance(node, Scalar) and node.text is None:
        yield source.error(path, "has no value", "write one, or remove the key")
    elif get_origin(annotation) is dict and isinstance(node, Group):
        named = get_args(annotation)[1]
        for name, entry in node.entries.items():
            yield from _value_findings(named, source, entry.value, (*path, name))
    elif not isinstance(node, Scalar):
        yield from _deeper(_form_of(annotation), source, node, path)


def _deeper(
    model: type[Form] | None, source: Source, node: Node, path: KeyPath
) -> Iterator[Finding]:
    if isinstance(node, Items):
        for place, item in enumerate(node.items):
            yield from _deeper(model, source, item, (*path, place))
    elif isinstance(node, Group) and model is not None:
        yield from _key_findings(model, source, node, path)


def _form_of(annotation: Any) -> type[Form] | None:
    """The model inside an annotation, such as RateForm in `tuple[RateForm, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, Form):
        return annotation
    return next((form for part in get_args(annotation) if (form := _form_of(part))), None)


def _unknown(model: type[Form], key: str, known: list[str]) -> tuple[str, str]:
    if key in model.hints:
        return "does not belong here", model.hints[key]
    near = get_close_matches(key, known, n=1)
    return "is not known here", f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"


def _content(node: Node) -> Any:
    """A node as dicts, lists and texts, without the keys that have no value."""
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Items):
        return [_content(item) for item in node.items]
    values = {key: _content(entry.value) for key, entry in node.entries.items()}
    return {key: value for key, value in values.items() if value is not None}


def _value_finding(source: Source, error: ErrorDetails) -> Finding:
    path, context = error["loc"], error.get("ctx", {})
    while source.at(path) is None:
        # A single value that stands for a group has no keys of its own to show.
        path = path[:-1]
    match error["type"]:
        case "wrong":
            return source.error(path, context["message"], context["hint"])
        case "tuple_type":
            return source.error(path, "is not a list", "write [first, second]")
        case "model_type" | "dict_type":
            return source.error(path, "is not a group of keys")
        case _:
            return source.error(path, error["msg"])


def _place(error: ErrorDetails) -> tuple[tuple[bool, int, str], ...]:
    return tuple(
        (True, part, "") if isinstance(part, int) else (False, 0, part) for part in error["loc"]
    )


def _leave_out(content: Any, error: ErrorDetails) -> None:
    *parents, last = error["loc"]
    for part in parents:
        if not isinstance(content[part], dict | list):
            # A single value that stands for a group, such as a number for its only key.
            last = part
            break
        content = content[part]
    if isinstance(content, list) and error["type"] == "model_type":
        content[int(last)] = {}  # keeps the places of the rows behind it
    else:
        del content[last]
