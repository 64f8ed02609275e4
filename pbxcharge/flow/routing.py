"""Resolving an attempt: who pays for it, what kind of call it is, where it goes.

`core.resolution` says what goes before what; here it is looked up.
"""

from dataclasses import dataclass

from pbxcharge.core.account import Account
from pbxcharge.core.number import Numbering
from pbxcharge.core.plan import CallType
from pbxcharge.core.resolution import (
    Inside,
    Outside,
    Route,
    Way,
    from_outside,
    meanings,
    organization_of,
    sent_as,
    to_did,
    to_phone,
)
from pbxcharge.flow.ports import Directory


@dataclass(frozen=True, slots=True)
class Question:
    """An attempt, as far as it decides who pays for what.

    Args:
        way: from a phone, or in from the public network.
        endpoint: that Asterisk authenticated.
        dialled: by the phone; the DID as the trunk sends it.
        caller_number: who calls from the public network; empty if the trunk does not say.
    """

    way: Way
    endpoint: str
    dialled: str
    caller_number: str = ""


@dataclass(frozen=True, slots=True)
class Resolved:
    """Who pays, with the accounts above, and for what; no route if who asks is nobody here."""

    chain: tuple[Account, ...]
    route: Route | None


NOBODY = Resolved((), None)


async def resolve(
    question: Question, directory: Directory, numbering: Numbering, trunks: frozenset[str]
) -> Resolved:
    """Who pays for an attempt, and for what.

    A trunk calls in, to a DID whose owner pays; it never calls out, whatever it says of itself.

    Args:
        question: the attempt.
        directory: who owns what.
        numbering: how this site dials.
        trunks: the endpoints that lead out of the house.
    """
    from_trunk = question.endpoint in trunks
    if question.way is Way.INCOMING:
        return await _incoming(question, directory, numbering) if from_trunk else NOBODY
    payer = None if from_trunk else await directory.payer(question.endpoint)
    if payer is None:
        return NOBODY
    _, chain = payer
    organization_id = organization_of(chain[0])
    return Resolved(chain, await route_to(question.dialled, organization_id, directory, numbering))


async def route_to(
    dialled: str, organization_id: str, directory: Directory, numbering: Numbering
) -> Route:
    """What a string means that is dialled in an organization: the first of its meanings there is.

    101 is the colleague with this number, if there is one.
    """
    for meaning in meanings(dialled, organization_id, numbering, await directory.codes()):
        match meaning:
            case Inside():
                phone = await directory.phone(meaning.organization_id, meaning.number)
                if phone is not None:
                    return to_phone(phone, meaning, organization_id)
            case Outside():
                owned = await directory.did(meaning.number)
                if owned is None:
                    return Route(CallType.PUBLIC, meaning.number)
                did, owner = owned
                return to_did(did, owner[0], organization_id)
    return Route(CallType.PUBLIC, None)


async def _incoming(question: Question, directory: Directory, numbering: Numbering) -> Resolved:
    for number in sent_as(question.dialled, numbering):
        owned = await directory.did(number)
        if owned is not None:
            did, chain = owned
            return Resolved(chain, from_outside(did, question.caller_number, numbering))
    return Resolved((), Route(CallType.INCOMING, None))
