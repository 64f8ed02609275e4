"""Plans that have ended, by the dates in their files."""

from datetime import UTC
from pathlib import Path

from pbxcharge.catalog.load import load_catalog
from pbxcharge.catalog.plan_dates import ended_findings
from pbxcharge.core.number import NumberRule

PLAN = """\
name: {name}
type: prepaid
effective_until: {until}
allow: {{local: yes}}
prices: {{local: {{price_per_minute: 0}}}}
"""
LATER_S = 3 * 86_400


def test_a_plan_that_has_ended_is_told_unless_another_one_has_its_name(tmp_path: Path) -> None:
    """Its accounts are refused; in force is the one of the name that has begun and not ended."""
    for file, name, until in (
        ("a.yaml", "fair", "1970-01-02"),
        ("b.yaml", "gold", "1970-01-03 12:00"),
        ("c.yaml", "night", "1970-01-05"),
    ):
        (tmp_path / file).write_text(PLAN.format(name=name, until=until))
    (tmp_path / "d.yaml").write_text(
        PLAN.format(name="gold", until="1971-01-01") + "effective_from: 1970-01-02\n"
    )
    read = load_catalog(tmp_path, (NumberRule("+", 1, ""),)).read
    found = list(ended_findings(read, UTC, LATER_S))
    assert [(Path(it.file).name, it.line, it.key) for it in found] == [
        ("a.yaml", 3, "effective_until")
    ]
    assert found[0].message == "the plan has ended at 1970-01-02, and no other one has its name"
    assert list(ended_findings(read, UTC, 86_399)) == []
