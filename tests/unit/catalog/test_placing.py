"""New plan files: what they change, where they belong, and how they get there."""

import os
from pathlib import Path

import pytest

from pbxcharge.catalog.changes import PlanChange, plan_changes, vanished_finding
from pbxcharge.catalog.placing import Installation, place


@pytest.fixture
def plans(tmp_path: Path) -> Path:
    """A folder with one plan, whose file has another name than the plan."""
    folder = tmp_path / "plans"
    folder.mkdir()
    (folder / "2026.yaml").write_text("name: retail\n")
    return folder


def new(tmp_path: Path, name: str, text: str) -> Path:
    """A file that is to go in."""
    file = tmp_path / name
    file.write_text(text)
    return file


def contents(folder: Path) -> dict[str, str]:
    """Every file of a folder, hidden ones too."""
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_plans_that_differ_are_named_with_both_versions() -> None:
    """New, changed, gone; what stays the same is not told."""
    before, after = {"a": "1", "b": "1", "c": "1"}, {"b": "2", "c": "1", "d": "1"}
    assert plan_changes(before, after) == (
        PlanChange("a", "1", None),
        PlanChange("b", "1", "2"),
        PlanChange("d", None, "1"),
    )


def test_long_lists_of_accounts_are_cut() -> None:
    """Ten names say whose plan it is."""
    users = [f"user{number}" for number in range(12)]
    message = vanished_finding(Path("plans"), "retail", users).message
    assert message.endswith("user8, user9 and 2 more")


def test_a_plan_replaces_the_file_that_has_its_name_inside(tmp_path: Path, plans: Path) -> None:
    """Whatever the new file is called; another plan keeps its own file name."""
    retail = new(tmp_path, "spring.yaml", "name: retail\ntype: prepaid\n")
    gold = new(tmp_path, "gold.yaml", "name: gold\n")
    placed = place(plans, [retail, gold])
    assert placed.findings == ()
    assert placed.files == {plans / "2026.yaml": retail, plans / "gold.yaml": gold}


def test_a_plan_that_begins_at_another_time_stands_beside_the_one_of_its_name(
    tmp_path: Path, plans: Path
) -> None:
    """And is replaced by one that begins when it does, however the instant is written."""
    later = new(tmp_path, "later.yaml", "name: retail\neffective_from: 2027-01-01\n")
    assert place(plans, [later]).files == {plans / "later.yaml": later}
    (plans / "2027.yaml").write_text(later.read_text())
    again = new(tmp_path, "a.yaml", "name: retail\neffective_from: 2027-01-01 00:00\n")
    assert place(plans, [again]).files == {plans / "2027.yaml": again}


def test_files_without_a_place_are_findings(tmp_path: Path, plans: Path) -> None:
    """A name that is not read, another plan's place, two for one."""
    files = [
        new(tmp_path, "gold.txt", "name: gold\n"),
        new(tmp_path, "2026.yaml", "name: silver\n"),
        new(tmp_path, "one.yaml", "name: retail\n"),
        new(tmp_path, "two.yaml", "name: retail\n"),
    ]
    messages = [finding.message for finding in place(plans, files).findings]
    assert messages[0] == "is no name of a plan file"
    assert messages[1].startswith("would replace the plan retail")
    assert messages[2].startswith("has the same place as")


def test_files_keep_mode_and_owner_and_come_back(tmp_path: Path, plans: Path) -> None:
    """Put there, taken back: the folder is as it was, down to the modes."""
    old = plans / "2026.yaml"
    old.chmod(0o640)
    os.chown(old, 42_424, 42_424)
    before = contents(plans)
    retail = new(tmp_path, "spring.yaml", "name: retail\ntype: prepaid\n")
    installation = Installation({old: retail, plans / "gold.yaml": retail})
    installation.put()
    assert old.read_text() == retail.read_text()
    assert (old.stat().st_mode & 0o777, old.stat().st_uid) == (0o640, 42_424)
    installation.take_back()
    assert contents(plans) == before
    assert (old.stat().st_mode & 0o777, old.stat().st_uid) == (0o640, 42_424)


def test_all_files_go_in_or_none(tmp_path: Path, plans: Path) -> None:
    """The second one cannot be read: the first is not there either, and nothing is left over."""
    before = contents(plans)
    retail = new(tmp_path, "spring.yaml", "name: retail\ntype: prepaid\n")
    files = {plans / "2026.yaml": retail, plans / "gold.yaml": tmp_path / "missing.yaml"}
    with pytest.raises(FileNotFoundError):
        Installation(files).put()
    assert contents(plans) == before


def test_a_file_that_is_in_its_place_stays(plans: Path) -> None:
    """`plan apply plans/2026.yaml` names what is there already."""
    old = plans / "2026.yaml"
    installation = Installation(place(plans, [old]).files)
    installation.put()
    installation.finish()
    assert contents(plans) == {"2026.yaml": "name: retail\n"}
