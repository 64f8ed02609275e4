"""The lines of a charge as `cdr show` and `quote` name them."""

import pytest

from pbxcharge.cli.record import line_name


@pytest.mark.parametrize(
    ("kind", "window", "name"),
    [("first_block", "", "first block"), ("blocks", "late evening", "blocks, late evening")],
)
def test_a_line_names_its_time_window(kind: str, window: str, name: str) -> None:
    """Where the price's own terms count, there is none to name."""
    assert line_name({"kind": kind, "window": window}) == name
