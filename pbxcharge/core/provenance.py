"""Why this account pays for a call, and what the dialled string was taken for: from the record."""

from enum import StrEnum

from pbxcharge.core.attempt import INCOMING
from pbxcharge.core.cdr import EMERGENCY, Cdr
from pbxcharge.core.dialling import LOCAL, endpoint_of
from pbxcharge.core.number import is_e164
from pbxcharge.core.plan import CallType


class PayerRule(StrEnum):
    """Which rule found who pays, in the order in which they are tried."""

    EMERGENCY = "emergency"
    NOBODY = "nobody"
    TRANSFER = "transfer"
    ON_BEHALF = "on_behalf"
    OWN_PHONE = "own_phone"
    DID = "did"
    ENDPOINT = "endpoint"


class Meaning(StrEnum):
    """What the dialled string was taken for, in the order in which they are tried."""

    EMERGENCY = "emergency"
    EXTENSION = "extension"
    ON_NET = "on_net"
    DID = "did"
    PUBLIC = "public"
    INCOMING = "incoming"
    NOTHING = "nothing"


def payer_rule(cdr: Cdr) -> PayerRule:
    """Why this account pays: `own_phone` if the channel that asked is the phone's own.

    Asked for by PJSIP/bob-0000001a in the name of alice, it is alice's transfer of bob's leg; by a
    Local channel, a forward or a group that calls in her name. Records from before the channel was
    kept say `endpoint`: her phone asked, or somebody in its name.
    """
    if cdr.call_type == EMERGENCY:
        return PayerRule.EMERGENCY
    if cdr.account_id is None:
        return PayerRule.NOBODY
    if cdr.direction == INCOMING:
        return PayerRule.DID
    if cdr.caller_channel is None:
        return PayerRule.ENDPOINT
    if cdr.caller_channel.startswith(f"{LOCAL}/"):
        return PayerRule.ON_BEHALF
    own = endpoint_of(cdr.caller_channel) == cdr.endpoint
    return PayerRule.OWN_PHONE if own else PayerRule.TRANSFER


def meaning(cdr: Cdr) -> Meaning:
    """What was dialled: 101 an extension, 820101 the extension 101 by the code 20 of its owners."""
    number = cdr.number
    if cdr.call_type == EMERGENCY:
        return Meaning.EMERGENCY
    if number is None:
        return Meaning.NOTHING
    if cdr.call_type == CallType.INCOMING:
        return Meaning.INCOMING
    if cdr.call_type == CallType.PUBLIC:
        return Meaning.PUBLIC
    if number == cdr.dialled and not is_e164(number):
        return Meaning.EXTENSION
    if cdr.call_type == CallType.EXTENDED_LOCAL and cdr.callee_endpoint and not is_e164(number):
        return Meaning.ON_NET
    return Meaning.DID
