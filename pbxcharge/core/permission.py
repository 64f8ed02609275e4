"""Permission: what the products of an account make of an attempt, before anybody asks its price."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from pbxcharge.core.account import Account
from pbxcharge.core.attempt import Attempt
from pbxcharge.core.denial import Reason
from pbxcharge.core.entitlement import (
    Entitlements,
    access_codes,
    entitlements,
    usage_of,
)
from pbxcharge.core.feature import Feature, Service
from pbxcharge.core.plan import CallType
from pbxcharge.core.product import Overdraft, Product

NO_PRODUCTS: Final[Mapping[str, Product]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Access:
    """How an attempt came to the daemon.

    Args:
        code: the context of the dialplan, or the access code that was dialled before the number.
        dialled: the number as it was dialled; its leading digits may be an access code, too.
        forwarded: whether it goes on from an extension that has not dialled it: a forward, a member
            of a queue or group, follow-me.
    """

    code: str = ""
    dialled: str = ""
    forwarded: bool = False


PLAIN: Final = Access()


@dataclass(frozen=True, slots=True)
class Offering:
    """What a site offers, as far as it decides about calls.

    Args:
        node: name of this PBX.
        products: by name.
        home: leading digits of numbers that are not international; none where nobody can tell.
    """

    node: str = ""
    products: Mapping[str, Product] = field(default_factory=lambda: NO_PRODUCTS)
    home: tuple[str, ...] = ()


NOTHING: Final = Offering()


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of an account's products.

    Args:
        call_type: of the call.
        number: as it is rated.
        access: how the attempt came.
        at_us: its very instant: an add-on that ends then is gone.
    """

    call_type: CallType
    number: str
    access: Access
    at_us: int


@dataclass(frozen=True, slots=True)
class Permit:
    """What products make of a call that they allow.

    Args:
        plan: by which the account is charged for it.
        overdraft: how much of its credit the call holds.
        calls_max: so many calls at once, beside what the plan says; None is no limit of its own.
    """

    plan: str
    overdraft: Overdraft
    calls_max: int | None = None


@dataclass(frozen=True, slots=True)
class Forbidden:
    """Why products do not allow a call.

    Args:
        reason: `access_point_not_allowed` or `feature_missing`.
        feature: the one that is missing; None where the service is, or the access point.
        source: who forbids it: `override` or a product; None where nobody grants it.
        plan: by which the account would be charged; None without an access point.
    """

    reason: Reason
    feature: Feature | None = None
    source: str | None = None
    plan: str | None = None


def permission(account: Account, asked: Asked, offering: Offering) -> Permit | Forbidden:
    """What the products of an account make of a call at the instant at which it is asked for.

    A forwarded call at 12:59:59 is allowed with an add-on that ends at 13:00:00, at 13:00:00 it is
    `feature_missing`. A call by an access point that no product has is `access_point_not_allowed`,
    whatever features are missing.

    Args:
        account: one with a main product.
        asked: the call.
        offering: the products of the site.
    """
    access, at_us = asked.access, asked.at_us
    codes = access_codes(access.code, access.dialled)
    row = usage_of(
        account.assigned, offering.products, Service.VOICE_CALLS, offering.node, codes, at_us
    )
    if row is None:
        return Forbidden(Reason.ACCESS_POINT_NOT_ALLOWED)
    has = entitlements(account.assigned, account.overrides, offering.products, at_us)
    missing = _missing(has, asked, offering.home)
    if missing is not None:
        return replace(missing, plan=row.plan)
    return Permit(row.plan, row.overdraft, _calls_max(has))


def access_of(attempt: Attempt) -> Access:
    """How an attempt came; a DID that is called is no access code."""
    return Access(attempt.access, "" if attempt.incoming else attempt.dialled, attempt.forwarded)


def asked_again(attempt: Attempt, at_us: int) -> Asked:
    """What is asked of products about a call that runs, at another instant than its attempt's."""
    return Asked(CallType(attempt.call_type), attempt.number or "", access_of(attempt), at_us)


def needed(asked: Asked, home: tuple[str, ...]) -> Iterator[Feature]:
    """The features without which a call may not be made.

    Calls inside the house need none of their own; a number outside is international unless it
    begins as numbers at home do, where the site says how those begin.
    """
    if asked.call_type is CallType.INCOMING:
        yield Feature.INCOMING_CALLS
    if asked.call_type is CallType.PUBLIC:
        yield Feature.OUTGOING_CALLS
        if home and not asked.number.startswith(home):
            yield Feature.INTERNATIONAL_CALLS
    if asked.access.forwarded:
        yield Feature.CALL_FORWARDING


def _missing(has: Entitlements, asked: Asked, home: tuple[str, ...]) -> Forbidden | None:
    if Service.VOICE_CALLS not in has.services:
        return Forbidden(Reason.FEATURE_MISSING)
    lacking = (feature for feature in needed(asked, home) if not has.allows(feature))
    feature = next(lacking, None)
    if feature is None:
        return None
    return Forbidden(Reason.FEATURE_MISSING, feature, has.source(feature))


def _calls_max(has: Entitlements) -> int | None:
    if not has.allows(Feature.CONCURRENT_CALLS):
        return None
    return int(has.attribute(Feature.CONCURRENT_CALLS, "max"))
