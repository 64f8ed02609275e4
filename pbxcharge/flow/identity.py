"""Ids and names of accounts and extensions: what they may look like, and whether two are the same.

No id has a colon: `alice:outgoing` is alice's wallet.
"""

import re
from collections.abc import Iterator

from pbxcharge.core.account import Account, Did, Extension
from pbxcharge.core.account_kinds import AccountKind
from pbxcharge.core.number import is_e164
from pbxcharge.flow.acts import Declined, Done, Refusal
from pbxcharge.flow.zones import is_zone

NAME_MAX = 120
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_ENDPOINT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,79}")
_NUMBER = re.compile(r"[0-9]{1,15}")
_CODE = re.compile(r"[0-9]{1,8}")
_CONTEXT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


def unknown_account(account_id: str, field: str = "account") -> Declined:
    """There is no such account."""
    message = f"there is no account {account_id!r}"
    return Declined(Refusal.UNKNOWN_ACCOUNT, message, field=field)


def same_account(existing: Account, wanted: Account) -> Done[Account] | Declined:
    """Whether an account that is to be added is there as wanted.

    What became of it since, and what it was assigned, does not count: a product brings its plan.
    """
    plan = wanted.plan if existing.product is not None else existing.plan
    as_added = Account(
        existing.account_id,
        existing.kind,
        existing.parent_id,
        existing.name,
        plan,
        wanted.status,
        existing.code,
        existing.time_zone,
    )
    if as_added == wanted:
        return Done(existing, already=True)
    return Declined(
        Refusal.EXISTS_OTHERWISE,
        f"{existing.account_id} exists: {existing.kind} of {existing.parent_id or 'the site'}, "
        f"name {existing.name!r}, plan {existing.plan or 'none'}"
        + (f", code {existing.code}" if existing.code else "")
        + (f", time zone {existing.time_zone}" if existing.time_zone else ""),
    )


def same_extension(existing: Extension, wanted: Extension) -> Done[Extension] | Declined:
    """Whether an extension that is to be added is there as wanted."""
    if existing == wanted:
        return Done(existing, already=True)
    return Declined(
        Refusal.ENDPOINT_TAKEN,
        f"{existing.endpoint} is number {existing.number} of {existing.account_id}",
    )


def malformed_account(wanted: Account) -> Iterator[Declined]:
    """Whatever is wrong with the id, the name and the code of a new account."""
    if _ID.fullmatch(wanted.account_id) is None:
        hint = "1 to 64 letters, digits, dots, dashes, underscores"
        yield _invalid(wanted.account_id, "an account id", hint, "account")
    if not wanted.name.strip() or len(wanted.name) > NAME_MAX or not wanted.name.isprintable():
        yield _invalid(wanted.name, "a name", f"one line of 1 to {NAME_MAX} characters", "name")
    if wanted.code is not None and _CODE.fullmatch(wanted.code) is None:
        yield _invalid(wanted.code, "a code", "1 to 8 digits", "code")
    elif wanted.code is not None and wanted.kind is not AccountKind.ORGANIZATION:
        refusal = Refusal.NOT_AN_ORGANIZATION
        yield Declined(refusal, "only organizations have a code", field="code")
    if wanted.time_zone is not None:
        yield from malformed_zone(wanted.time_zone)


def malformed_assignment(assignment_id: str) -> Iterator[Declined]:
    """Whatever is wrong with the id of an assignment."""
    if _ID.fullmatch(assignment_id) is None:
        hint = "1 to 64 letters, digits, dots, dashes, underscores"
        yield _invalid(assignment_id, "an id of an assignment", hint, "id")


def malformed_zone(name: str) -> Iterator[Declined]:
    """Whether it is the name of no time zone."""
    if not is_zone(name):
        yield _invalid(name, "a time zone", "an IANA name, such as Europe/London", "time_zone")


def malformed_extension(wanted: Extension) -> Iterator[Declined]:
    """Whatever is wrong with the endpoint and the number of a new extension."""
    if _ENDPOINT.fullmatch(wanted.endpoint) is None:
        hint = "the name of its section in pjsip.conf"
        yield _invalid(wanted.endpoint, "an endpoint", hint, "endpoint")
    if _NUMBER.fullmatch(wanted.number) is None:
        yield _invalid(wanted.number, "an extension number", "1 to 15 digits", "number")


def malformed_did(wanted: Did, number: str | None) -> Iterator[Declined]:
    """Whatever is wrong with a new DID; `number` is what the site's rules make of it."""
    if number is None or not is_e164(number):
        hint = "a full international number: 442079460000"
        yield _invalid(wanted.number, "a number", hint, "number")
    if wanted.endpoint is not None and wanted.context is not None:
        message = "a DID reaches a phone or a context, not both"
        yield Declined(Refusal.NAME_INVALID, message, field="context")
    if wanted.context is not None and _CONTEXT.fullmatch(wanted.context) is None:
        hint = "the name of its section in extensions.conf"
        yield _invalid(wanted.context, "a context", hint, "context")


def _invalid(text: str, what: str, hint: str, field: str) -> Declined:
    return Declined(Refusal.NAME_INVALID, f"{text[:80]!r} is not {what}", hint, field)
