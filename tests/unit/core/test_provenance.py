"""Why an account pays for a call, and what the dialled string was taken for."""

from dataclasses import replace
from typing import Any

import pytest

from pbxcharge.core.cdr import Cdr
from pbxcharge.core.disposition import Disposition
from pbxcharge.core.provenance import Meaning, PayerRule, meaning, payer_rule
from pbxcharge.core.settlement import blank_cdr
from tests.fakes.granted_call import granted


def record(**changed: Any) -> Cdr:
    """A call that alice's phone dialled to Germany."""
    blank = blank_cdr(granted().attempt, "EUR", Disposition.NO_ANSWER)
    return replace(blank, **changed)


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({}, PayerRule.OWN_PHONE),
        ({"caller_channel": "PJSIP/bob-0000001a"}, PayerRule.TRANSFER),
        ({"caller_channel": "PJSIP/carrier-0000001a"}, PayerRule.TRANSFER),
        ({"caller_channel": "Local/alice@pbxc-ring-00000001;2"}, PayerRule.ON_BEHALF),
        ({"direction": "incoming", "endpoint": "carrier"}, PayerRule.DID),
        ({"account_id": None}, PayerRule.NOBODY),
        ({"caller_channel": None}, PayerRule.ENDPOINT),
        ({"call_type": "emergency"}, PayerRule.EMERGENCY),
    ],
)
def test_a_record_says_which_rule_found_the_payer(changed: dict[str, Any], rule: str) -> None:
    """By the channel that asked: it is what the caller cannot forge."""
    assert payer_rule(record(**changed)) == rule


@pytest.mark.parametrize(
    ("call_type", "dialled", "number", "meant"),
    [
        ("public", "004930123456", "4930123456", Meaning.PUBLIC),
        ("local", "101", "101", Meaning.EXTENSION),
        ("extended_local", "820101", "101", Meaning.ON_NET),
        ("local", "02079460101", "442079460101", Meaning.DID),
        ("extended_local", "442079460101", "442079460101", Meaning.DID),
        ("incoming", "02079460101", "442079460101", Meaning.INCOMING),
        ("emergency", "112", None, Meaning.EMERGENCY),
        ("public", "0012", None, Meaning.NOTHING),
    ],
)
def test_a_record_says_what_was_dialled(
    call_type: str, dialled: str, number: str | None, meant: str
) -> None:
    """In the order in which the meanings are tried."""
    cdr = record(call_type=call_type, dialled=dialled, number=number, callee_endpoint="bob")
    assert meaning(cdr) == meant
