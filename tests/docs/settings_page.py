"""`docs/settings.md`: every key of every file that an admin writes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args, get_origin

from pbxcharge.catalog.deck_columns import ALSO_CALLED, COLUMNS
from pbxcharge.catalog.deck_words import DECK_COLUMNS
from pbxcharge.catalog.form import Form
from pbxcharge.catalog.price_form import PriceForm, RateForm
from pbxcharge.catalog.product_form import FeatureForm
from pbxcharge.catalog.schema import Schema, key_texts
from pbxcharge.schemas import FILES, file_schema
from tests.docs.markdown import code, page, sentence, table
from tests.docs.texts import PLACES

HEAD = ("key", "may be", "what it is")

INTRODUCTION = """\
What may stand in the files of a site. `pbxcharge check` names everything that does not fit, with file and line, and an editor
completes keys by the schemas of `pbxcharge schema`. Required keys are **bold**. `[]` is an item of a list, `NAME` a name of your
own. Amounts and prices are exact decimal numbers with a point; days and times (`2026-12-01`, `2026-12-01 18:30`) are those of the
site's time zone."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a file.

    Args:
        path: where it stands, such as `prices.public.rates[].prefixes`.
        name: the key itself.
        owner: the group that it belongs to.
        text: what it means.
        group: the keys below it; None where a value stands.
    """

    path: str
    name: str
    owner: type[Form]
    text: str
    group: type[Form] | None

    @property
    def required(self) -> bool:
        """Whether the file is wrong without it."""
        return self.name in self.owner.required


def settings_page() -> str:
    """The page."""
    parts = (_file(kind) for kind in FILES)
    return page(
        "Settings, plans, subscriptions, products, import files, rate decks",
        "tests.docs.make",
        INTRODUCTION,
        *parts,
        _decks(),
        _high_risk(),
    )


def _file(kind: str) -> str:
    name, text = PLACES[kind]
    model, _ = FILES[kind]
    parts = [f"## {name}", text, table(HEAD, _cells(kind, model))]
    if kind == "plan":
        parts += ["### In every price", table(HEAD, _cells(kind, PriceForm))]
    if kind == "product":
        parts += ["### In every feature", table(HEAD, _cells(kind, FeatureForm))]
    return "\n\n".join(parts)


def _cells(kind: str, model: type[Form]) -> Iterator[tuple[str, str, str]]:
    allowed = _allowed(kind)
    for key in keys(model):
        written = f"**{code(key.path)}**" if key.required else code(key.path)
        values = "" if key.group else _values(allowed[key.owner.__name__][key.name], key.text)
        yield written, values, sentence(key.text)


def keys(model: type[Form], before: str = "") -> Iterator[Key]:
    """Every key of a file, those of a group behind it; what every price has is left out."""
    texts = key_texts(model)
    for field_name, field in model.model_fields.items():
        name = field.alias or field_name
        inner, place = _group_in(field.annotation)
        key = Key(before + name, name, model, texts[name], inner)
        if not before or not _is_shared(model, field_name) or _is_required_price(key):
            yield key
            if inner is not None:
                yield from keys(inner, key.path + place)


def _is_shared(model: type[Form], field_name: str) -> bool:
    """Whether it stands in every price, or in every feature, and is told once for all of them."""
    shared = (each for each in (PriceForm, FeatureForm) if issubclass(model, each))
    return any(field_name in each.model_fields for each in shared)


def _is_required_price(key: Key) -> bool:
    return key.required and issubclass(key.owner, PriceForm)


def _allowed(kind: str) -> dict[str, Schema]:
    """What each key of each group may hold."""
    whole = file_schema(kind)
    groups = {FILES[kind][0].__name__: whole, **whole["$defs"]}
    found = {
        name: (group if "properties" in group else group["anyOf"][1])["properties"]
        for name, group in groups.items()
    }
    return {**found, PriceForm.__name__: found.get(RateForm.__name__, {})}


def _group_in(annotation: Any) -> tuple[type[Form] | None, str]:
    """The group of keys that a key holds, and how one comes to them: `.`, `[].` or `.NAME.`."""
    if isinstance(annotation, type) and issubclass(annotation, Form):
        return annotation, "."
    way = {tuple: "[].", dict: ".NAME."}.get(get_origin(annotation))
    for part in get_args(annotation):
        inner, deeper = _group_in(part)
        if inner is not None:
            return inner, way or deeper
    return None, ""


def _values(schema: Schema, text: str) -> str:
    """What may be written, from the schema of a key; nothing where its text says it."""
    known = schema.get("enum", [schema["const"]] if "const" in schema else [])
    if True in known:
        return "yes or no"
    if known:
        words = dict.fromkeys(str(word).replace("-", "_") for word in known)
        return "" if all(f"`{word}`" in text for word in words) else ", ".join(map(code, words))
    if "anyOf" in schema:
        inner = (_values(each, text) for each in schema["anyOf"])
        return " or ".join(dict.fromkeys(filter(None, inner)))
    if "minimum" in schema and "maximum" in schema:
        return f"{schema['minimum']} to {schema['maximum']}"
    if schema.get("type") == "array":
        return "list"
    return "number" if "minimum" in schema else ""


def _decks() -> str:
    others = ", ".join(sorted(ALSO_CALLED))
    rows = ((code(column), sentence(DECK_COLUMNS[column])) for column in COLUMNS)
    return "\n\n".join(
        (
            "## rates/*.csv",
            "A rate deck. The first line names the columns, in any order, separated by `,` or `;`; UTF-8; lines that begin with `#`"
            " are passed over. An empty cell says nothing of its own.",
            table(("column", "what it is"), rows),
            f"Other names that carriers use ({others}) are told with the name that is meant; none is guessed.",
        )
    )


def _high_risk() -> str:
    return (
        "## high-risk.txt\n\nThe file that `high_risk` names: a prefix in each line, leading digits of the full international number;"
        " what stands behind a `#` is passed over. These numbers are refused (`destination_forbidden`) unless a plan says"
        " `limits: {high_risk: yes}`."
    )
