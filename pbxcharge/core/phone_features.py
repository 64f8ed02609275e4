"""Features of a phone as Asterisk's dialplan reads them: one line for each endpoint."""

from collections.abc import Mapping
from typing import Final

from pbxcharge.core.account import Account
from pbxcharge.core.entitlement import Entitlements, entitlements
from pbxcharge.core.feature import Feature
from pbxcharge.core.product import Product

FAMILY: Final = "pbxc-feature"
"""The family of Asterisk's database; a key is the name of an endpoint."""
SEPARATOR: Final = ":"


def feature_line(account: Account, products: Mapping[str, Product], at_us: int) -> str:
    """What Asterisk is to know of an account's phones; empty for one without a main product.

    `no:3:yes:no:50:default` is: no call waiting, three forwarding targets, a hidden number, no
    recording, a mailbox of 50 messages, music on hold of the class `default`. A feature that the
    account has not is `no`, or empty where it would have a number or a name.
    """
    if account.product is None:
        return ""
    has = entitlements(account.assigned, account.overrides, products, at_us)
    return SEPARATOR.join(
        (
            _yes(has, Feature.CALL_WAITING),
            _attribute(has, Feature.CALL_FORWARDING, "max_targets", "0"),
            _yes(has, Feature.HIDDEN_NUMBER),
            _yes(has, Feature.CALL_RECORDING),
            _attribute(has, Feature.MAILBOX, "limit"),
            _attribute(has, Feature.MUSIC_ON_HOLD, "music_class"),
        )
    )


def _yes(has: Entitlements, feature: Feature) -> str:
    return "yes" if has.allows(feature) else "no"


def _attribute(has: Entitlements, feature: Feature, name: str, without: str = "") -> str:
    if not has.allows(feature):
        return without
    # A separator within a name would make fields of it.
    return str(has.attribute(feature, name)).replace(SEPARATOR, "")
