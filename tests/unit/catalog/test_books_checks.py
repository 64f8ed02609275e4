"""The files of a site against the accounts and numbers that there are."""

from pathlib import Path

from pbxcharge.catalog.books_checks import (
    PlanUse,
    number_findings,
    owner_findings,
    owners_of,
    use_findings,
)
from pbxcharge.catalog.findings import Finding
from pbxcharge.catalog.load import ReadPlan
from pbxcharge.catalog.source import Source, parse_source

FOLDER = Path("plans")


def source_of(file: str, text: str) -> Source:
    """A file with this text."""
    source, findings = parse_source(file, text.encode())
    assert source is not None, findings
    return source


def read(name: str, owner: str = "site") -> ReadPlan:
    """A plan file that names its plan in line 2, its owner in line 3."""
    return ReadPlan(source_of(f"{name}.yaml", f"# a plan\nname: {name}\nowner: {owner}\n"), None)


def places(findings: list[Finding]) -> list[tuple[str, str, int, str]]:
    """Where findings are."""
    return [(it.severity, it.file, it.line, it.key) for it in findings]


def test_a_plan_that_no_account_uses_is_a_warning() -> None:
    """It may be for tomorrow, or the accounts were given a misspelt one."""
    plans = [read("kiosk"), read("retail")]
    found = list(use_findings(FOLDER, plans, [PlanUse("kiosk", None, 3)]))
    assert places(found) == [("warning", "retail.yaml", 2, "name")]
    assert found[0].message == "no account uses this plan"


def test_a_site_without_accounts_is_being_set_up() -> None:
    """Every plan is unused then, which goes without saying."""
    assert list(use_findings(FOLDER, [read("kiosk")], [])) == []


def test_accounts_whose_plan_is_not_there_are_counted() -> None:
    """At every level together; their calls are refused."""
    uses = [PlanUse("kiosk", None, 1), PlanUse("gold", None, 3), PlanUse("gold", "kiosk", 4)]
    found = list(use_findings(FOLDER, [read("kiosk")], uses))
    assert places(found) == [("warning", "plans", 0, "")]
    assert found[0].message == "there is no plan gold, but accounts have it: 7"


def test_a_plan_whose_owner_does_not_exist_is_an_error() -> None:
    """It does not come into force; the site itself is always there."""
    plans = [read("kiosk"), read("retail", "telco"), read("gold", "telko")]
    assert owners_of(plans) == ("telco", "telko")
    found = list(owner_findings(plans, ["telco"]))
    assert places(found) == [("error", "gold.yaml", 3, "owner")]
    assert found[0].message == "there is no account telko"


SETTINGS = source_of("site.yaml", "emergency:\n  numbers:\n    - 112\n    - 0800112112\n")


def test_an_extension_or_a_did_that_is_an_emergency_number_is_a_warning() -> None:
    """The list comes first, so nobody reaches them."""
    emergency = ("112", "0800112112")
    dids = [("0800112112", "44800112112")]
    found = list(number_findings(SETTINGS, emergency, [("112", "bob-desk")], dids))
    assert places(found) == [
        ("warning", "site.yaml", 3, "emergency.numbers[1]"),
        ("warning", "site.yaml", 4, "emergency.numbers[2]"),
    ]
    assert "extension of bob-desk" in found[0].message
    assert "also the DID 44800112112" in found[1].message
