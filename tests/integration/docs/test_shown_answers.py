"""What the pages show as the answer of a command is what the command answers."""

import pytest

from tests.docs.pages import Shown, shape, shown
from tests.docs.story import Said, tell
from tests.site import REPOSITORY

PAGES = (REPOSITORY / "docs" / "admin.md", REPOSITORY / "docs" / "support.md")
OF_LARGER_BOOKS = frozenset(
    {
        "replay --plans new-plans --from 2026-01 --to 2026-01",
        "rerate --plan kiosk --from 2026-11 --apply --id nov-1 --note 'wrong price'",
    }
)
"""Answers from more calls than the story has; their shape is that of the story's own."""
SOMETIMES = frozenset({"rounding #"})
"""Lines that an answer has for most lengths of a call, and not for all."""


def not_said(one: Shown, said: list[Said]) -> list[str]:
    """Lines of a page that the command never printed, whatever the numbers in them."""
    answers = [each.printed for each in said if shape(each.typed) == shape(one.typed)]
    known = SOMETIMES | {shape(line) for answer in answers for line in answer.splitlines()}
    return [line for line in one.lines if shape(line) not in known]


@pytest.mark.timeout(300)
async def test_a_page_shows_what_commands_print() -> None:
    """Each answer, line by line, without its numbers; the story is real calls and commands.

    Seen failing with `paid up to` in the place of `paid through` in `calls`.
    """
    said = await tell()
    pages = [one for page in PAGES for one in shown(page) if one.typed not in OF_LARGER_BOOKS]
    assert len(pages) > 30
    assert [(one.page, one.typed, wrong) for one in pages if (wrong := not_said(one, said))] == []
