"""Products: services with their features, what calls cost with them, and a subscription."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from pbxcharge.core.allowance import Quota
from pbxcharge.core.assigned_product import ProductKind
from pbxcharge.core.feature import Feature, FeatureSetting, Service

NO_FEATURES: Final[Mapping[Feature, FeatureSetting]] = MappingProxyType({})


class AccountRole(StrEnum):
    """What an account of a product is."""

    PHONE_LINE = "phone_line"
    """It makes and receives calls."""


class Acl(StrEnum):
    """What the users of an account may see and do themselves, through the API."""

    NOTHING = "nothing"
    READ = "read"
    """See its balance, calls, products, subscriptions and statements."""
    SELF_CARE = "self_care"
    """Also change the features that `edited_by` gives to users."""


class OverdraftMode(StrEnum):
    """How much of the credit a call holds, so that calls together never spend more than there is.

    `slices`: what its next slice costs; `all_funds`: everything, so that there is one call at a
    time; `amount`: each hold is so much at least.
    """

    SLICES = "slices"
    ALL_FUNDS = "all_funds"
    AMOUNT = "amount"


@dataclass(frozen=True, slots=True)
class Overdraft:
    """Overdraft protection; `amount_micros` is above 0 with the mode `amount`, else 0."""

    mode: OverdraftMode = OverdraftMode.SLICES
    amount_micros: int = 0


SLICES: Final = Overdraft()


@dataclass(frozen=True, slots=True)
class UsageCharge:
    """An access point that a product permits, and the plan that calls by it are charged by.

    Args:
        service: of the calls.
        node: the PBX; None is any.
        access_code: the context of the dialplan, or the prefix, by which the service is called;
            None is plain calling, and every code that has no row of its own.
        plan: name of a charging plan.
        overdraft: see Overdraft.
    """

    service: Service
    node: str | None
    access_code: str | None
    plan: str
    overdraft: Overdraft = SLICES


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A product as an admin wrote it.

    Args:
        name: by which accounts have it.
        shown_name: what users see.
        kind: see ProductKind.
        currency: that of the site.
        managed_by: the reseller whose own it is; None for the operator alone.
        account_role: see AccountRole.
        default_acl: of a main product, see Acl.
        services: what it includes.
        features: what it says of features; of those that are not among them, nothing.
        usage: the access points that it permits.
        subscription: name of the subscription plan that comes with it.
        discounts: included minutes, free packages and volume discounts; names are unique.
        priority: of an add-on: the highest number decides before the others.
        goes_with: the main products beside which an add-on may be had.
        version: hash of the content.
    """

    name: str
    shown_name: str = ""
    kind: ProductKind = ProductKind.MAIN
    currency: str = ""
    managed_by: str | None = None
    account_role: AccountRole = AccountRole.PHONE_LINE
    default_acl: Acl = Acl.READ
    services: frozenset[Service] = frozenset()
    features: Mapping[Feature, FeatureSetting] = field(default_factory=lambda: NO_FEATURES)
    usage: tuple[UsageCharge, ...] = ()
    subscription: str | None = None
    discounts: tuple[Quota, ...] = ()
    priority: int = 0
    goes_with: frozenset[str] = frozenset()
    version: str = ""

    @property
    def plain_plan(self) -> str | None:
        """The plan of its plain calls, which an account of it has; of any PBX before one alone."""
        plain = [row for row in self.usage if row.access_code is None]
        return next((row.plan for row in sorted(plain, key=_of_one_pbx)), None)


def _of_one_pbx(row: UsageCharge) -> bool:
    return row.node is not None
