"""The lines of a charge as `explain` and `quote` name them."""

import pytest

from pbxcharge.cli.charge_text import line_name, priced_as


@pytest.mark.parametrize(
    ("kind", "window", "name"),
    [("first_block", "", "first block"), ("blocks", "late evening", "blocks, late evening")],
)
def test_a_line_names_its_time_window(kind: str, window: str, name: str) -> None:
    """Where the price's own terms count, there is none to name."""
    assert line_name({"kind": kind, "window": window}) == name


@pytest.mark.parametrize(
    ("destination", "prefix", "said"),
    [
        ("Germany", "49", "Germany, prefix 49"),
        ("Own organization", "@local", "Own organization, prefix @local"),
        ("", "", "relative to the level above"),
    ],
)
def test_a_level_says_by_which_row_it_pays(destination: str, prefix: str, said: str) -> None:
    """A plan that has one margin for all public numbers has no row to name."""
    assert priced_as({"destination": destination, "prefix": prefix}) == said
