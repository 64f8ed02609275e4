"""What may stand in a row of a table, as JSON Schema: for programs that make or check CSV files.

A row is an object of texts by the names of its columns, as every reader of CSV gives it; a cell
that is empty is an empty text, null, or not there. Made from what the readers themselves go by.
What rows must fulfil together, the days of the calendar, and blanks around a cell, which the
readers pass over, are left to `pbxcharge check` and `pbxcharge import`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pbxcharge.catalog.deck_columns import (
    COLUMNS,
    DESTINATION_CHARACTERS_MAX,
    FORBIDDEN,
    FROM,
    PREFIX,
    PREFIX_PATTERN,
    PRICE,
    REQUIRED,
    STATUS,
    TERMS_ACCEPT,
    UNTIL,
)
from pbxcharge.catalog.deck_words import DECK_COLUMNS
from pbxcharge.catalog.import_form import ImportForm
from pbxcharge.catalog.import_table import SECTIONS
from pbxcharge.catalog.instants import FORM
from pbxcharge.catalog.schema import DIALECT, Schema, form_schema
from pbxcharge.core.imported import COLUMNS as IMPORT_COLUMNS
from pbxcharge.core.imported import Subject

_PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
_OF_TEXTS = ("pattern", "minLength", "maxLength")


def deck_row_schema() -> Schema:
    """A row of a rate deck: what each cell may hold, and which go together."""
    accepts: dict[str, Schema] = {
        PREFIX: {"pattern": f"^(?:{PREFIX_PATTERN})$"},
        **{name: {"pattern": FORM} for name in (FROM, UNTIL)},
        **TERMS_ACCEPT,
    }
    free = {"pattern": _PRINTABLE, "maxLength": DESTINATION_CHARACTERS_MAX}
    cells = {name: _cell(accepts.get(name, free), never_empty=name == PREFIX) for name in COLUMNS}
    schema = _row("rates/*.csv: a row of a rate deck", cells, DECK_COLUMNS, REQUIRED)
    return {**schema, "allOf": _deck_conditions()}


def import_row_schema(subject: Subject) -> Schema:
    """A row of a table of accounts, phones or numbers; what its site knows of them is not in it."""
    whole = form_schema(ImportForm, "")
    name = whole["properties"][SECTIONS[subject]]["items"]["$ref"].rpartition("/")[2]
    keys: Mapping[str, Schema] = whole["$defs"][name]["properties"]
    columns = IMPORT_COLUMNS[subject]
    cells = {column: _cell(keys[column], never_empty=column == columns[0]) for column in columns}
    texts = {column: keys[column]["description"] for column in columns}
    title = f"{SECTIONS[subject]}*.csv: a row of a table for pbxcharge import"
    return _row(title, cells, texts, columns[:1])


def _row(
    title: str, cells: Mapping[str, Schema], texts: Mapping[str, str], required: Sequence[str]
) -> Schema:
    return {
        "$schema": DIALECT,
        "title": title,
        "type": "object",
        "properties": {name: {"description": texts[name], **cells[name]} for name in cells},
        "additionalProperties": False,
        "required": list(required),
    }


def _cell(accepts: Schema, *, never_empty: bool) -> Schema:
    """A text that the reader of the column takes."""
    if "enum" in accepts:
        return {"enum": [*accepts["enum"], *([] if never_empty else ["", None])]}
    text = {name: accepts[name] for name in _OF_TEXTS if name in accepts}
    if never_empty:
        return {"type": "string", "minLength": 1, **text}
    if "pattern" in text:
        text["pattern"] = f"^$|{text['pattern']}"
    return {"type": ["string", "null"], **text}


def _deck_conditions() -> list[Schema]:
    """What must hold between the cells of a row, as `deck_columns` finds it."""
    forbidden = {"properties": {STATUS: {"const": FORBIDDEN}}, "required": [STATUS]}
    first, following = _said("first_s"), _said("next_s")
    return [
        {"if": {"not": forbidden}, "then": _said(PRICE)},
        {"if": first, "then": following, "else": {"not": following}},
        {"not": {"allOf": [_said("first_amount"), _said("first_price_per_minute")]}},
        {"if": _said("maximum_then"), "then": _said("maximum_charge")},
    ]


def _said(column: str) -> dict[str, Any]:
    """That a cell says something."""
    return {"properties": {column: {"type": "string", "minLength": 1}}, "required": [column]}
