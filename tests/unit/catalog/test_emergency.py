"""The dialplan's emergency context: written from the site's list, and compared with it."""

from pathlib import Path

import pytest

from pbxcharge.catalog.emergency import (
    EmergencyRoute,
    compare,
    compare_loaded,
    emergency_context,
    read_context,
)
from pbxcharge.settings import load_settings

ROOT = Path(__file__).parents[3]
ROUTES = (EmergencyRoute("112", "PJSIP/112@carrier"), EmergencyRoute("911", "PJSIP/112@carrier"))


def test_the_example_sites_list_gives_the_dialplan_file_of_the_repository() -> None:
    """`asterisk-dialplan/` and `config/` belong together, byte for byte."""
    settings, findings = load_settings(ROOT / "config/pbxcharge.yaml")
    assert settings is not None, findings
    text = (ROOT / "asterisk-dialplan/pbxcharge-emergency.conf").read_text()
    assert emergency_context(settings.emergency_routes) == text


def test_what_was_written_is_what_is_read() -> None:
    """A file just written never differs, however it is spaced and commented."""
    text = emergency_context(ROUTES)
    assert compare(ROUTES, text, "e.conf") is None
    spaced = text.replace("exten => ", "  exten=>").replace("))\n", ")) ; carrier\n")
    assert compare(ROUTES, f"[other]\nexten => 1,1,NoOp()\n{spaced}[more]\n", "e.conf") is None


@pytest.mark.parametrize(
    ("old", "new", "difference"),
    [
        ("exten => 112", ";exten => 112", "112 is missing"),
        ("exten => 911", "exten => 999", "911 is missing; 999 is not on the list"),
        ("1(112,PJSIP/112@carrier)", "1(112,PJSIP/110@carrier)", "112 does Gosub"),
        ("[pbxc-emergency]\n", "[pbxc-emergency]\n#include more.conf\n", "#include more.conf is"),
        ("[pbxc-emergency]", "[emergency]", "112 is missing; 911 is missing"),
    ],
)
def test_each_difference_is_named(old: str, new: str, difference: str) -> None:
    """A number missing is a life at risk, a number too many a free call: neither is let pass."""
    finding = compare(ROUTES, emergency_context(ROUTES).replace(old, new), "e.conf")
    assert finding is not None
    assert (finding.severity, finding.file) == ("error", "e.conf")
    assert difference in finding.message


def test_a_dialplan_that_is_loaded_is_compared_the_same_way() -> None:
    """The file may be right and Asterisk may still run the old one."""
    loaded = read_context(emergency_context(ROUTES))
    assert compare_loaded(ROUTES, loaded, "Asterisk") is None
    del loaded["911"]
    finding = compare_loaded(ROUTES, loaded, "Asterisk")
    assert finding is not None
    assert finding.message.endswith("list: 911 is missing")
