"""What may stand in each file, as JSON Schema: editors complete keys and values by it.

Made from the very models that read the files. What several keys together must fulfil is not in
it: `pbxcharge check` finds that.
"""

import ast
import inspect
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, get_args

from pbxcharge.catalog.form import Form, ShortForm

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def form_schema(model: type[Form], title: str) -> Schema:
    """The JSON Schema of a file: keys with what they mean, none but these."""
    schema = model.model_json_schema()
    forms = {form.__name__: form for form in _forms(model)}
    groups = {name: _group(forms[name], group) for name, group in schema.pop("$defs").items()}
    head = {"$schema": DIALECT, "title": title}
    return {**head, **_group(model, schema), "$defs": groups}


def _forms(model: type[Form]) -> Iterator[type[Form]]:
    """A model and every one inside it."""
    yield model
    for field in model.model_fields.values():
        yield from _forms_in(field.annotation)


def _forms_in(annotation: Any) -> Iterator[type[Form]]:
    if isinstance(annotation, type) and issubclass(annotation, Form):
        yield from _forms(annotation)
    for part in get_args(annotation):
        yield from _forms_in(part)


def _group(form: type[Form], generated: Schema) -> Schema:
    """One group: its keys with their meaning, and that there are no others."""
    texts = key_texts(form)
    keys = {
        key: {"description": texts[key], **_value(form, key, value, generated["properties"])}
        for key, value in generated["properties"].items()
    }
    group = {
        "description": generated["description"].splitlines()[0],
        "type": "object",
        "properties": keys,
        "additionalProperties": False,
        **({"required": list(form.required)} if form.required else {}),
    }
    if not issubclass(form, ShortForm):
        return group
    short = {name: part for name, part in keys[form.required[0]].items() if name != "description"}
    return {"anyOf": [short, group]}


def _value(form: type[Form], key: str, generated: Schema, keys: Schema) -> Schema:
    """What a key takes: not its internal default, not nothing, and what may stand in its place."""
    value = {name: part for name, part in generated.items() if name not in ("default", "title")}
    some = [part for part in value.get("anyOf", []) if part != {"type": "null"}]
    if len(some) == 1:
        value = some[0]
    elif some:
        value["anyOf"] = some
    if key in form.alone:
        return {"anyOf": [value, value["items"]]}
    if key in form.listed:
        inside = next(_forms_in(form.model_fields[key].annotation))
        rows = inside.model_json_schema()["properties"][form.listed[key]]
        return {"anyOf": [value, {"type": "array", "items": rows["items"]}]}
    return value


def key_texts(form: type[Form]) -> dict[str, str]:
    """What each key of a group means: the text below its field, in this class or one above it."""
    texts: dict[str, str] = {}
    for owner in reversed(form.__mro__):
        if owner is not Form and issubclass(owner, Form):
            texts |= dict(_texts_in(owner))
    names = {name: field.alias or name for name, field in form.model_fields.items()}
    return {key: texts[name] for name, key in names.items()}


def _texts_in(owner: type[Form]) -> Iterator[tuple[str, str]]:
    (body,) = ast.parse(inspect.cleandoc("\n" + inspect.getsource(owner))).body
    statements = body.body if isinstance(body, ast.ClassDef) else []
    for field, text in pairwise(statements):
        match field, text:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(words))),
            ):
                yield name, " ".join(words.split())
