"""How long a call can last, as `quote` says it."""

from typing import Any

import pytest

from pbxcharge.cli.quote import longest_talk


def level(account_id: str, talk_s: int | None) -> dict[str, Any]:
    """A level whose credit lasts so long."""
    return {"account_id": account_id, "talk_s": talk_s}


@pytest.mark.parametrize(
    ("talk_s", "levels", "limit_s", "said"),
    [
        (90, [level("bob", 90), level("acme", None)], 3600, "90 s (0:01:30), then bob has no more"),
        (66, [level("bob", 90), level("acme", 70)], 3600, "66 s (0:01:06), then acme has no more"),
        (3600, [level("bob", 3600)], 3600, "3600 s (1:00:00), as long as the plan lets it"),
        (None, [level("bob", None)], None, "as long as anybody likes"),
    ],
)
def test_it_says_what_ends_the_call(
    talk_s: int | None, levels: list[dict[str, Any]], limit_s: int | None, said: str
) -> None:
    """The level with the least talk, or the plan's longest call, or nothing."""
    told = longest_talk({"talk_s": talk_s, "levels": levels}, limit_s)
    assert told == f"the call can last {said}"


def test_it_says_who_keeps_a_call_from_beginning() -> None:
    """The organization is out of credit, whatever the user has."""
    credit = {"talk_s": 0, "levels": [level("bob", 90), level("acme", 0)]}
    assert longest_talk(credit, 60) == "the call cannot begin: acme has not what it needs"
