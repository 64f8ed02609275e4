"""The JSON Schema of each file: it takes what the reader takes, and knows every key."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from pbxcharge.catalog.form import Form, read_form
from pbxcharge.catalog.schema import key_texts
from pbxcharge.catalog.source import parse_source, with_group, with_list
from pbxcharge.schemas import FILES, file_schema

CONFIG = Path(__file__).parents[3] / "config"
PLAN = "name: retail\ntype: prepaid\n"
EXAMPLES = {
    CONFIG / "pbxcharge.yaml": "settings",
    CONFIG / "import" / "house.yaml": "import",
    **dict.fromkeys((CONFIG / "plans").glob("*.yaml"), "plan"),
    **dict.fromkeys((CONFIG / "subscriptions").glob("*.yaml"), "subscription"),
    **dict.fromkeys((CONFIG / "products").glob("*.yaml"), "product"),
}


def complaints(kind: str, text: str) -> list[str]:
    """What an editor marks in a text."""
    content = plain(YAML(typ="safe", pure=True).load(text))
    return [error.message for error in Draft202012Validator(file_schema(kind)).iter_errors(content)]


def plain(node: Any) -> Any:
    """As an editor sees it: dates are texts, keys are names."""
    if isinstance(node, dict):
        return {str(key): plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [plain(item) for item in node]
    return node.isoformat(" ")[:19] if isinstance(node, datetime) else (
        node.isoformat() if isinstance(node, date) else node
    )  # fmt: skip


@pytest.mark.parametrize("kind", FILES)
def test_the_schema_is_one(kind: str) -> None:
    """It is valid, and says of every key what it means."""
    Draft202012Validator.check_schema(file_schema(kind))
    model, _ = FILES[kind]
    assert all(key_texts(model).values())


@pytest.mark.parametrize("kind", FILES)
def test_the_schema_beside_the_example_is_todays(kind: str) -> None:
    """`pbxcharge schema --output config/schemas` was given after the last change of a key."""
    kept = json.loads((CONFIG / "schemas" / f"{kind}.schema.json").read_text())
    assert kept == file_schema(kind)


@pytest.mark.parametrize(("path", "kind"), EXAMPLES.items(), ids=lambda it: getattr(it, "name", it))
def test_an_editor_marks_nothing_in_the_example_site(path: Path, kind: str) -> None:
    """And its first line names a schema that is there."""
    text = path.read_text()
    assert complaints(kind, text) == []
    named = text.splitlines()[0].partition("$schema=")[2]
    assert (path.parent / named).resolve() == CONFIG / "schemas" / f"{kind}.schema.json"


WRONG = {
    "an unknown key": "prcies: {}",
    "a word that is none of the known": "method: sliding",
    "no pair of segments": "charging_segments: {outgoing: 60}",
    "a negative price": "prices: {local: {price_per_minute: -1}}",
    "a slice that is too short": "reservation: {slice_s: 1}",
    "neither yes nor no": "allow: {public: perhaps}",
    "a prefix with a plus": "prices: {public: [{destination: UK, prefixes: ['+44']}]}",
    "a row without prefixes": "prices: {public: {rates: [{destination: UK}]}}",
    "no date": "effective_from: tomorrow",
    "a limit that is no number": "limits: {calls_per_minute: many}",
}


@pytest.mark.parametrize("lines", WRONG.values(), ids=WRONG)
def test_what_the_reader_refuses_is_marked(lines: str) -> None:
    """The editor says it while it is typed, `check` afterwards."""
    assert complaints("plan", PLAN + lines)
    assert _refused(FILES["plan"][0], PLAN + lines)


RIGHT = {
    "one price for incoming calls": "prices: {incoming: {price_per_minute: 0.02}}",
    "public prices as a list": "prices: {public: [{destination: UK, prefixes: [44, '4420']}]}",
    "a deck": "prices: {public: {deck: carrier}}",
    "a lifted limit": "limits: {call_max_s: unlimited, spend_per_hour: 10.50}",
    "an amount in quotes": "credit_limit: '5.00'",
    "a day, and a time": "effective_from: 2026-12-01\neffective_until: 2027-01-01 18:30",
}


@pytest.mark.parametrize("lines", RIGHT.values(), ids=RIGHT)
def test_what_the_reader_takes_is_not_marked(lines: str) -> None:
    """Short forms, quotes and texts that YAML takes for numbers are as good as the long ones."""
    assert complaints("plan", PLAN + lines) == []
    assert not _refused(FILES["plan"][0], PLAN + lines)


def test_short_forms_of_the_settings_are_known() -> None:
    """A trunk by its name, an emergency number by its digits."""
    text = (CONFIG / "pbxcharge.yaml").read_text()
    assert (
        complaints("settings", text.replace("- {name: carrier, deck: carrier}", "- carrier")) == []
    )
    assert complaints("settings", text.replace("- carrier-two ", "- {nmae: carrier-two} "))


def _refused(model: type[Form], text: str) -> bool:
    source, _ = parse_source("plan.yaml", text.encode())
    assert source is not None
    alone, _ = with_list(source, ("prices", "incoming"))
    whole, _ = with_group(alone, ("prices", "public"), "rates")
    return bool(read_form(model, whole)[1])
