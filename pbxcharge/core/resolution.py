"""Resolution: which kind of call a dialled string is, and where it goes.

A string may mean several things: 101 may be a colleague, and the beginning of a number elsewhere.
Here is only which of them goes before which; what there is on this PBX is looked up by others.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from pbxcharge.core.account import Account, Did, Extension
from pbxcharge.core.account_kinds import AccountKind
from pbxcharge.core.number import Numbering, digits_of, normalise
from pbxcharge.core.plan import CallType


class Way(StrEnum):
    """Which way a call goes: from a phone of this PBX, or in from the public network."""

    OUTGOING = "outgoing"
    INCOMING = "incoming"


@dataclass(frozen=True, slots=True)
class Inside:
    """Perhaps an extension number of an organization."""

    organization_id: str
    number: str


@dataclass(frozen=True, slots=True)
class Outside:
    """A number of the public network, E.164; perhaps one of this site."""

    number: str


@dataclass(frozen=True, slots=True)
class Route:
    """What a call is, and where it goes.

    Args:
        call_type: what it is allowed and priced as.
        number: E.164, inside the house an extension's number; None: it is nobody's number.
        endpoint: the phone that is called inside the house.
        context: the context of the dialplan that is called instead of a phone.
        caller_number: who calls from the public network, E.164 where the rules know it.
    """

    call_type: CallType
    number: str | None
    endpoint: str | None = None
    context: str | None = None
    caller_number: str = ""


def meanings(
    dialled: str, organization_id: str, numbering: Numbering, codes: Mapping[str, str]
) -> tuple[Inside | Outside, ...]:
    """What a dialled string may mean, the meaning that wins first.

    With the on-net prefix 8 and the code 20 of globex, 820101 dialled at acme is: extension 820101
    of acme; else extension 101 of globex; else a number of the public network.

    Args:
        dialled: as dialled.
        organization_id: whose phone dials.
        numbering: how this site dials.
        codes: organizations by their codes; no code is the beginning of another.
    """
    number = normalise(dialled, numbering.rules)
    elsewhere = _on_net(dialled, numbering.on_net, codes)
    colleagues = (Inside(organization_id, dialled),) if dialled.isascii() else ()
    outside = (Outside(number),) if number else ()
    return (*colleagues, *elsewhere, *outside)


def _on_net(dialled: str, prefix: str, codes: Mapping[str, str]) -> tuple[Inside, ...]:
    if not prefix or not dialled.startswith(prefix):
        return ()
    rest = dialled[len(prefix) :]
    for end in range(1, len(rest)):
        if (organization_id := codes.get(rest[:end])) is not None:
            return (Inside(organization_id, rest[end:]),)
    return ()


def to_phone(phone: Extension, meant: Inside, organization_id: str) -> Route:
    """A call to a colleague, or to somebody of another organization on this PBX."""
    kind = _house_type(meant.organization_id, organization_id)
    return Route(kind, meant.number, phone.endpoint)


def to_did(did: Did, owner: Account, organization_id: str) -> Route:
    """A call to a number of this site, dialled from inside: no trunk, and its owner pays nothing.

    Its type is that of a call to an extension of the owner's organization.
    """
    kind = _house_type(organization_of(owner), organization_id)
    return Route(kind, did.number, did.endpoint, did.context)


def _house_type(callee_organization: str, caller_organization: str) -> CallType:
    same = callee_organization == caller_organization
    return CallType.LOCAL if same else CallType.EXTENDED_LOCAL


def from_outside(did: Did, caller_number: str, numbering: Numbering) -> Route:
    """A call from the public network to a number of this site."""
    route = from_number(caller_number, numbering)
    return replace(route, number=did.number, endpoint=did.endpoint, context=did.context)


def from_number(caller_number: str, numbering: Numbering) -> Route:
    """A call from the public network, whichever number of the payer it is for."""
    caller = normalise(caller_number, numbering.rules) or digits_of(caller_number) or ""
    return Route(CallType.INCOMING, "", caller_number=caller)


def sent_as(sent: str, numbering: Numbering) -> tuple[str, ...]:
    """The numbers that a trunk may mean: by the site's rules, else its digits as they are.

    Trunks send 442079460000, +442079460000 or 02079460000 for one and the same number.
    """
    found = (normalise(sent, numbering.rules), digits_of(sent))
    return tuple(dict.fromkeys(number for number in found if number))


def organization_of(account: Account) -> str:
    """The organization that an account belongs to: a user's parent, or the account itself."""
    if account.kind is AccountKind.USER and account.parent_id is not None:
        return account.parent_id
    return account.account_id
