"""The example site as documentation: every key that a file may have stands in it at least once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest

from pbxcharge.catalog.form import Form
from pbxcharge.catalog.plan_form import PlanForm
from pbxcharge.catalog.product_form import ProductForm
from pbxcharge.catalog.source import Entry, Group, Items, Node, read_source
from pbxcharge.catalog.subscription_form import FeesForm, PeriodsForm, SubscriptionForm

CONFIG = Path(__file__).parents[3] / "config"
FILES: dict[str, type[Form]] = {
    "plans": PlanForm,
    "subscriptions": SubscriptionForm,
    "products": ProductForm,
}
ONE_OF_MANY = (FeesForm, PeriodsForm)
"""Groups of which one key stands for the others: what is set for each billing period."""

Key = tuple[str, str]


def forms_in(annotation: Any) -> Iterator[type[Form]]:
    """The forms inside an annotation, such as RateForm in `tuple[RateForm, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, Form):
        yield annotation
    for part in get_args(annotation):
        yield from forms_in(part)


def keys_of(form: type[Form], seen: set[type[Form]]) -> Iterator[Key]:
    """Every key that may stand in a form, with the form that has it first."""
    if form in seen:
        return
    seen.add(form)
    for name, field in form.model_fields.items():
        yield owner(form, name), field.alias or name
        for below in forms_in(field.annotation):
            yield from keys_of(below, seen)


def owner(form: type[Form], field: str) -> str:
    """The form in which a field was written: of what rates and exceptions share, PriceForm."""
    return next(kind.__name__ for kind in reversed(form.__mro__) if field in vars_of(kind))


def vars_of(kind: type) -> dict[str, Any]:
    """What is annotated in a class itself."""
    return dict(vars(kind).get("__annotations__", {}))


def written(form: type[Form], node: Node) -> Iterator[Key]:
    """The keys that a file uses, each with the form that has it first."""
    if isinstance(node, Items):
        for item in node.items:
            yield from written(form, item)
    if not isinstance(node, Group):
        return
    fields = {field.alias or name: (name, field) for name, field in form.model_fields.items()}
    for key, entry in node.entries.items():
        if key not in fields:
            continue
        name, field = fields[key]
        yield owner(form, name), key
        values = [entry.value]
        if get_origin(field.annotation) is dict and isinstance(entry.value, Group):
            values = [named.value for named in entry.value.entries.values()]
        for below in forms_in(field.annotation):
            for value in values:
                yield from written(below, rows(below, value))


def rows(form: type[Form], value: Node) -> Node:
    """A list of public prices stands for the rows of a group."""
    if form.__name__ == "PublicForm" and isinstance(value, Items):
        return Group(value.line, {"rates": Entry(value.line, value)})
    return value


@pytest.mark.parametrize("folder", FILES)
def test_every_key_of_a_file_stands_in_the_example_site(folder: str) -> None:
    """People copy from it, and look there for what there is."""
    used: set[Key] = set()
    for path in (CONFIG / folder).glob("*.yaml"):
        source, found = read_source(path)
        assert source is not None, found
        used |= set(written(FILES[folder], source.root))
    assert not set(keys_of(FILES[folder], set(ONE_OF_MANY))) - used
