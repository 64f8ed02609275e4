"""What Asterisk has loaded, compared with this release and with what charging relies on."""

from pathlib import Path

from pbxcharge.catalog.dialplan import SHIPPED, dialplan_findings, digest, endpoint_findings
from tests.fakes.dialplan_files import contexts

RIGHT = {"context": "pbxc-out", "rtp_timeout": "60", "direct_media": "false"}
NOWHERE = {"context": "", "rtp_timeout": "", "direct_media": ""}


def test_the_digests_are_those_of_the_files() -> None:
    """Whoever changes the dialplan writes the new digests down; the difference names them."""
    assert {name: digest(lines) for name, lines in contexts().items()} == SHIPPED


def test_the_dialplan_of_this_release_is_right() -> None:
    """In whatever order Asterisk lists it."""
    loaded = {name: lines[::-1] for name, lines in contexts().items()}
    assert list(dialplan_findings(loaded, {})) == []


def test_a_context_that_was_edited_is_named() -> None:
    """A warning: the site may know what it does."""
    loaded = contexts() | {"pbxc-paid": contexts()["pbxc-paid"][:-1]}
    (found,) = dialplan_findings(loaded, {})
    assert (found.severity, found.message) == (
        "warning",
        "is not that of this release: pbxc-paid",
    )


def test_a_dialplan_that_is_not_loaded_is_an_error() -> None:
    """Five contexts are named; nobody reads more."""
    (found,) = dialplan_findings(dict.fromkeys(SHIPPED, ()), {})
    assert found.severity == "error"
    assert found.message.endswith(f"pbxc-called and {len(SHIPPED) - 5} more")


FILE = Path("/etc/asterisk/pbxcharge-extensions.conf")
EDITED = {"pbxc-paid": contexts()["pbxc-paid"][:-1]}


def test_a_file_that_was_edited_and_not_reloaded_is_named() -> None:
    """With the context and what to do; that it is another release's can be said afterwards."""
    (found,) = dialplan_findings(contexts(), {FILE: contexts() | EDITED})
    assert (found.severity, found.file) == ("warning", str(FILE))
    assert found.message == "is not what Asterisk has loaded: pbxc-paid"
    assert "dialplan reload" in found.hint


def test_a_new_file_that_was_not_reloaded_is_not_said_to_be_an_old_one() -> None:
    """The update was copied; the hint to copy it anew would lead nowhere."""
    (found,) = dialplan_findings(contexts() | EDITED, {FILE: contexts()})
    assert found.message == "is not what Asterisk has loaded: pbxc-paid"


def test_an_edited_file_that_is_loaded_is_only_not_this_releases() -> None:
    """There is nothing to reload."""
    (found,) = dialplan_findings(contexts() | EDITED, {FILE: contexts() | EDITED})
    assert found.message == "is not that of this release: pbxc-paid"


def test_a_file_that_asterisk_does_not_include_is_not_compared() -> None:
    """The menu is optional; a context that somebody added to a file that is included is not."""
    menu = {Path("pbxcharge-topup.conf"): {"pbxc-topup": ("s,1,Answer()",)}}
    loaded = contexts() | {"pbxc-topup": ()}
    assert list(dialplan_findings(loaded, menu)) == []
    (found,) = dialplan_findings(loaded, {FILE: contexts() | menu.popitem()[1]})
    assert found.message.endswith(": pbxc-topup")


def test_endpoints_as_they_should_be_are_not_mentioned() -> None:
    """The trunk and the phones."""
    assert list(endpoint_findings({"carrier": RIGHT}, {"alice": RIGHT})) == []


def test_endpoints_that_would_not_notice_silence_are_named() -> None:
    """Without rtp_timeout, or with media that pass Asterisk by."""
    trunks = {"carrier": RIGHT | {"rtp_timeout": "0"}}
    found = list(endpoint_findings(trunks, {"alice": RIGHT | {"direct_media": "true"}}))
    assert [(it.severity, it.key) for it in found] == [
        ("warning", "rtp_timeout"),
        ("warning", "direct_media"),
    ]
    assert "(carrier)" in found[0].message
    assert "(alice)" in found[1].message


def test_endpoints_that_asterisk_does_not_have_are_named() -> None:
    """A trunk that is not there is an error: no call leaves by it."""
    found = list(endpoint_findings({"carrier": NOWHERE}, {"alice": RIGHT, "bob": NOWHERE}))
    assert [(it.severity, it.key) for it in found] == [("error", "trunk"), ("warning", "phone")]
    assert found[1].message.endswith(": bob")


def test_an_asterisk_without_the_function_is_said_to_know_nothing() -> None:
    """Instead of every endpoint being missing."""
    (found,) = endpoint_findings({"carrier": NOWHERE}, {"alice": NOWHERE})
    assert "func_pjsip_endpoint.so" in found.hint
