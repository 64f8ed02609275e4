"""Ids and names of accounts and extensions: what they may look like, and whether two are the same.

No id has a colon: `alice:outgoing` is alice's wallet.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from pbxcharge.core.account import Account, AccountKind, Did, Extension
from pbxcharge.core.number import is_e164
from pbxcharge.flow.acts import Declined, Done, Refusal

NAME_MAX = 120
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_ENDPOINT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,79}")
_NUMBER = re.compile(r"[0-9]{1,15}")
_CODE = re.compile(r"[0-9]{1,8}")
_CONTEXT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


def unknown_account(account_id: str) -> Declined:
    """There is no such account."""
    return Declined(Refusal.UNKNOWN_ACCOUNT, f"there is no account {account_id!r}")


def same_account(existing: Account, wanted: Account) -> Done[Account] | Declined:
    """Whether an account that is to be added is there as wanted; its status does not count."""
    if replace(existing, status=wanted.status) == wanted:
        return Done(existing, already=True)
    return Declined(
        Refusal.EXISTS_OTHERWISE,
        f"{existing.account_id} exists: {existing.kind} of {existing.parent_id or 'the site'}, "
        f"name {existing.name!r}, plan {existing.plan or 'none'}"
        + (f", code {existing.code}" if existing.code else ""),
    )


def same_extension(existing: Extension, wanted: Extension) -> Done[Extension] | Declined:
    """Whether an extension that is to be added is there as wanted."""
    if existing == wanted:
        return Done(existing, already=True)
    return Declined(
        Refusal.ENDPOINT_TAKEN,
        f"{existing.endpoint} is number {existing.number} of {existing.account_id}",
    )


def malformed_account(wanted: Account) -> Declined | None:
    """What is wrong with the id or the name of a new account."""
    if _ID.fullmatch(wanted.account_id) is None:
        return _invalid(
            wanted.account_id, "an account id", "1 to 64 letters, digits, dots, dashes, underscores"
        )
    if not wanted.name.strip() or len(wanted.name) > NAME_MAX or not wanted.name.isprintable():
        return _invalid(wanted.name, "a name", f"one line of 1 to {NAME_MAX} characters")
    if wanted.code is not None and _CODE.fullmatch(wanted.code) is None:
        return _invalid(wanted.code, "a code", "1 to 8 digits")
    if wanted.code is not None and wanted.kind is not AccountKind.ORGANIZATION:
        return Declined(Refusal.NOT_AN_ORGANIZATION, "only organizations have a code")
    return None


def malformed_extension(wanted: Extension) -> Declined | None:
    """What is wrong with the endpoint or the number of a new extension."""
    if _ENDPOINT.fullmatch(wanted.endpoint) is None:
        return _invalid(wanted.endpoint, "an endpoint", "the name of its section in pjsip.conf")
    if _NUMBER.fullmatch(wanted.number) is None:
        return _invalid(wanted.number, "an extension number", "1 to 15 digits")
    return None


def malformed_did(wanted: Did, number: str | None) -> Declined | None:
    """What is wrong with a new DID; `number` is what the site's rules make of it."""
    if number is None or not is_e164(number):
        return _invalid(wanted.number, "a number", "a full international number: 442079460000")
    if wanted.endpoint is not None and wanted.context is not None:
        return Declined(Refusal.NAME_INVALID, "a DID reaches a phone or a context, not both")
    if wanted.context is not None and _CONTEXT.fullmatch(wanted.context) is None:
        return _invalid(wanted.context, "a context", "the name of its section in extensions.conf")
    return None


def ambiguous_code(code: str, codes: Mapping[str, str]) -> Declined | None:
    """Whose code a new one would be mistaken for: 1 for 12 as well as 12 for 1."""
    for other, organization_id in codes.items():
        if other.startswith(code) or code.startswith(other):
            return Declined(
                Refusal.CODE_TAKEN,
                f"{code} cannot be told from {other}, the code of {organization_id}",
            )
    return None


def _invalid(text: str, what: str, hint: str) -> Declined:
    return Declined(Refusal.NAME_INVALID, f"{text[:80]!r} is not {what}: {hint}")
