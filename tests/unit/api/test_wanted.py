"""What a reader of the event stream asks for, and which lines it gets."""

import ast
from collections.abc import Iterator
from typing import Any

import pytest

from pbxcharge.api.wanted import Wanted
from pbxcharge.core.ledger import EntryKind
from pbxcharge.flow.journal import EVENTS
from tests.site import REPOSITORY

LINE = {"event": "credit raised", "account": "alice", "organization": "acme", "number": "442079"}
REFUSED = {"event": "refused", "account": None, "number": None, "dialled": "0044"}


def gets(line: dict[str, Any], **wanted: Any) -> bool:
    """Whether a reader who wants this gets the line."""
    return Wanted(**wanted).fits(line)


def told() -> Iterator[str]:
    """Every name of an event that stands in the program's text."""
    for file in (REPOSITORY / "pbxcharge").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("tell", "note"):
                for arg in node.args[:2]:
                    either = [arg.body, arg.orelse] if isinstance(arg, ast.IfExp) else [arg]
                    texts = (it.value for it in either if isinstance(it, ast.Constant))
                    yield from (text for text in texts if isinstance(text, str))


def test_every_event_can_be_asked_for_and_is_explained() -> None:
    """What is told has a known name, and each name a text."""
    assert {"settled", "emergency", "transferred"} <= set(told()) <= set(EVENTS)
    assert set(EntryKind) <= set(EVENTS)


def test_who_asks_for_nothing_gets_everything() -> None:
    """Also lines of nobody's account."""
    assert gets(LINE)
    assert gets(REFUSED)


@pytest.mark.parametrize(("name", "fits"), [("credit raised", True), ("slice", False)])
def test_events_are_chosen_by_name(name: str, fits: bool) -> None:
    """One of several is enough."""
    assert gets(LINE, events=frozenset({name, "settled"})) is fits


@pytest.mark.parametrize(("account", "fits"), [("alice", True), ("acme", True), ("bob", False)])
def test_an_account_is_its_own_and_that_of_those_below_it(account: str, fits: bool) -> None:
    """The organization gets its users' lines; a line of nobody is nobody's."""
    assert gets(LINE, accounts=frozenset({account})) is fits
    assert not gets(REFUSED, accounts=frozenset({account}))


@pytest.mark.parametrize(
    ("number", "fits"), [("442079", True), ("44*", True), ("44", False), ("49*", False)]
)
def test_a_number_is_whole_or_begins_so(number: str, fits: bool) -> None:
    """`44*` is every number of 44."""
    assert gets(LINE, numbers=(number,)) is fits


def test_a_number_may_be_as_it_was_dialled() -> None:
    """Refused attempts may have no other."""
    assert gets(REFUSED, numbers=("0044",))


def test_everything_asked_for_must_fit() -> None:
    """The right account with another number is not wanted."""
    assert not gets(LINE, accounts=frozenset({"alice"}), numbers=("49",))
