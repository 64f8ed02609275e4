"""Accounts: who pays, in the tree site → service provider → organization → user."""

from dataclasses import dataclass

from pbxcharge.core.account_kinds import AccountKind, AccountStatus, Suspension, WalletKind
from pbxcharge.core.assigned_product import AssignedDiscount, AssignedProduct
from pbxcharge.core.feature import FeatureOverride


@dataclass(frozen=True, slots=True)
class Account:
    """An account as it is now.

    Args:
        account_id: chosen by the operator, unique on the site.
        kind: service provider, organization or user.
        parent_id: the account above, None for those directly below the site.
        name: for people.
        plan: name of its charging plan; None passes calls through without a charge of its own.
        status: see AccountStatus.
        code: digits by which colleagues of other organizations dial its extensions.
        time_zone: IANA name, such as Europe/Berlin; None is that of the account above.
        product: name of its main product; `plan` is then that product's for plain calling.
        managed_by: the reseller whose account it is; None for the operator.
        suspensions: see Suspension.
        expires_at_us: from this UTC microsecond on it is expired; None is never.
        assigned: every product that it has, had or will have; none without a main product.
        overrides: its own features, before what its products say.
        discounts: its own, before those of its products.
    """

    account_id: str
    kind: AccountKind
    parent_id: str | None
    name: str
    plan: str | None
    status: AccountStatus
    code: str | None = None
    time_zone: str | None = None
    product: str | None = None
    managed_by: str | None = None
    suspensions: frozenset[Suspension] = frozenset()
    expires_at_us: int | None = None
    assigned: "tuple[AssignedProduct, ...]" = ()
    overrides: "tuple[FeatureOverride, ...]" = ()
    discounts: "tuple[AssignedDiscount, ...]" = ()

    def standing_at(self, at_us: int) -> AccountStatus:
        """What it may do at an instant: its status, or suspended by its fees, or expired by then.

        One that expires at midnight calls until then. Blocked and closed are graver than expired,
        expired than suspended.
        """
        if self.status.ends_calls:
            return self.status
        if self.expires_at_us is not None and self.expires_at_us <= at_us:
            return AccountStatus.EXPIRED
        suspended = self.suspensions and self.status is AccountStatus.ACTIVE
        return AccountStatus.SUSPENDED if suspended else self.status


@dataclass(frozen=True, slots=True)
class Extension:
    """A phone of a user: the endpoint that Asterisk authenticates, and its internal number."""

    endpoint: str
    number: str
    account_id: str


@dataclass(frozen=True, slots=True)
class Did:
    """A number of the public network that reaches this PBX.

    Args:
        number: E.164 digits.
        account_id: the user who pays for what comes in by it.
        endpoint: the phone that rings; None where a context of the dialplan answers.
        context: that context; None where a phone rings.
    """

    number: str
    account_id: str
    endpoint: str | None = None
    context: str | None = None


def wallet_id(account_id: str, kind: WalletKind) -> str:
    """The name of an account's wallet: `alice` and outgoing make `alice:outgoing`."""
    return f"{account_id}:{kind}"


def wallet_owner(wallet: str) -> str:
    """Whose wallet it is, by its name: `alice:outgoing` is alice's."""
    return wallet.rpartition(":")[0]
