"""High-risk destinations: the file of prefixes, and the prices that they and the limits bar."""

from pathlib import Path

import pytest

from pbxcharge.catalog.findings import Severity
from pbxcharge.catalog.high_risk import read_high_risk
from pbxcharge.catalog.load import load_catalog
from pbxcharge.core.number import NumberRule
from pbxcharge.core.tariff import NO_PREFIXES

EXAMPLE = Path(__file__).parents[3] / "config" / "high-risk.txt"
PLAN = """name: retail
type: prepaid
allow: {public: yes}
prices:
  public:
    - {destination: Germany, prefixes: [49], price_per_minute: 0.10}
    - {destination: Satellite, prefixes: [44, 8705], price_per_minute: 4.90}
"""


def found_in(folder: Path, plan: str, risky: str = "870\n") -> list[tuple[str, str]]:
    """Key and message of every finding of a site with this plan and list; all are warnings."""
    (folder / "plans").mkdir()
    (folder / "plans" / "retail.yaml").write_text(plan)
    (folder / "risky.txt").write_text(risky)
    rules = (NumberRule("00", 2, ""),)
    result = load_catalog(folder / "plans", rules, high_risk=folder / "risky.txt")
    assert result.catalog is not None
    return [(finding.key, finding.message) for finding in result.findings]


def test_each_line_is_a_prefix_and_the_rest_a_comment(tmp_path: Path) -> None:
    """The shortest that fits is told, so that it can be found in the file."""
    path = tmp_path / "risky.txt"
    path.write_text("# Satellites\n\n870  # Inmarsat\n  8816\n881\n")
    prefixes, findings = read_high_risk(path)
    assert findings == []
    assert [prefixes.match(n) for n in ("870776", "88165", "871", "8")] == [
        *("870", "881", None, None),
    ]


def test_every_line_that_is_no_prefix_is_named(tmp_path: Path) -> None:
    """With its number; and nobody is let through because of a slip: the catalog is refused."""
    path = tmp_path / "risky.txt"
    path.write_text("870\n+881\n0088\nCuba 53\n")
    _, findings = read_high_risk(path)
    assert [(finding.line, finding.severity) for finding in findings] == [
        (line, Severity.ERROR) for line in (2, 3, 4)
    ]
    assert "'+881' is not a prefix" in findings[0].message


@pytest.mark.parametrize("content", [None, b"\xff\xfe8"])
def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path, content: bytes | None) -> None:
    """Otherwise a file that was moved would open every destination."""
    path = tmp_path / "risky.txt"
    if content is not None:
        path.write_bytes(content)
    prefixes, (finding,) = read_high_risk(path)
    assert (prefixes, finding.severity) == (NO_PREFIXES, Severity.ERROR)


def test_without_a_file_nothing_is_high_risk() -> None:
    """The settings may leave it out."""
    assert read_high_risk(None) == (NO_PREFIXES, [])


def test_the_example_list_is_read_and_leaves_ordinary_numbers_alone() -> None:
    """Satellites are on it; London, Berlin, New York are not."""
    prefixes, findings = read_high_risk(EXAMPLE)
    assert findings == []
    assert prefixes.match("870776400123") == "870"
    for number in ("442079460000", "4930123456", "12125550100"):
        assert prefixes.match(number) is None


def test_a_price_that_nobody_may_use_is_warned_of(tmp_path: Path) -> None:
    """The list bars it, or the plan's own maximum price does."""
    tight = PLAN + "limits: {price_per_minute_max: 1}\n"
    assert found_in(tmp_path, tight) == [
        (
            "prices.public[2]",
            "always refused: a block costs more than limits.price_per_minute_max",
        ),
        (
            "prices.public[2].prefixes[2]",
            "always refused: 870 is on the list of high-risk destinations",
        ),
    ]


def test_a_plan_that_allows_high_risk_is_not_warned(tmp_path: Path) -> None:
    """Nor is one whose price is within its limits."""
    assert found_in(tmp_path, PLAN + "limits: {high_risk: yes}\n") == []
