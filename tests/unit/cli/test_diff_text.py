"""Differences of a plan for people: alike ones together, very many by destination."""

from typing import Any

import pytest

from pbxcharge.cli.diff_text import ROWS_MAX, show_diff


def price(prefix: int, before: str | None, after: str | None, percent: str | None) -> Any:
    """One change of a price per minute."""
    change = "new" if before is None else "gone" if after is None else "changed"
    return {
        "for": "public",
        "exception": False,
        "prefix": str(prefix),
        "destination": "Spain",
        "effective_from": None,
        "change": change,
        "percent": percent,
        "differs": ["price_per_minute"],
        "before": before and {"price_per_minute": before, "segments": "60/10"},
        "after": after and {"price_per_minute": after, "segments": "60/10"},
    }


def shown(capsys: pytest.CaptureFixture[str], prices: list[Any], *, every: bool = False) -> str:
    """What is printed of a plan with these changes."""
    versions = {"before": "v1", "after": "v2", "replaces": None}
    plan = {"plan": "x", **versions, "settings": [], "prices": prices}
    show_diff(plan, every)
    return capsys.readouterr().out


def test_prefixes_that_change_alike_share_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Three are named, the others counted."""
    out = shown(capsys, [price(34 + n, "0.10", "0.12", "+20.0") for n in range(5)])
    assert "34, 35, 36 and 2 more" in out
    assert out.splitlines()[2].endswith("+20.0 %")


def test_very_many_changes_are_added_up_by_destination(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """How many are dearer, cheaper, new and gone; from the lowest to the highest change."""
    prices = [price(n, "1.00", f"1.{n:02}", f"+{n}.0") for n in range(1, ROWS_MAX + 2)]
    prices += [price(990, "1.00", "0.95", "-5.0"), price(991, None, "1.00", None)]
    line = shown(capsys, prices).splitlines()[2]
    assert "1 cheaper, 41 dearer, 1 new" in line
    assert line.endswith("-5.0 to +41.0 %")
    assert len(shown(capsys, prices, every=True).splitlines()) == len(prices) + 3
