"""The pages that people write: what they tell to type is there, and so is where they lead."""

from pathlib import Path

import pytest

from tests.docs.make import FOLDER, PAGES
from tests.docs.pages import WRITTEN, Typed, dead_links, every_option, options_in_text, typed

ALL = (*WRITTEN, *(FOLDER / name for name in PAGES))


@pytest.mark.parametrize("page", ALL, ids=lambda page: page.name)
def test_a_page_names_only_commands_and_options_that_exist(page: Path) -> None:
    """Also examples of the help, and commands in the middle of a sentence."""
    commands = list(typed(page))
    assert commands
    assert [mistake for one in commands for mistake in one.mistakes()] == []


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.name)
def test_an_option_in_a_sentence_is_some_commands(page: Path) -> None:
    """An option that was renamed is found in every page."""
    assert set(options_in_text(page)) <= every_option()


@pytest.mark.parametrize("page", ALL, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    """To a file that is there, and to a heading in it."""
    assert dead_links(page) == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("report calls --account alice --month 2026-11 | less", 0),
        ("--config x.yaml calls --watch", 0),
        ("cdr show 01a2", 1),
        ("topup alice 1.00 --node x", 1),
        ("explain 01a2 --json  # for programs", 0),
    ],
)
def test_a_command_that_is_not_there_is_found(text: str, wrong: int) -> None:
    """By its words, and by its options."""
    assert len(Typed("page", text).mistakes()) == wrong
