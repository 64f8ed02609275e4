"""Entitlements: what an account may have at an instant, by its products and its own settings."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from pbxcharge.core.assigned_product import AssignedProduct, ProductKind
from pbxcharge.core.feature import (
    AttributeValue,
    EditedBy,
    Feature,
    FeatureOverride,
    FeatureSetting,
    Service,
)
from pbxcharge.core.product import Product, UsageCharge

OVERRIDE: Final = "override"
"""The source of what is set for one account; no product has this name."""
SERVICE: Final = "service"
"""The source of what comes with a service as such; no product has this name."""
SOURCES: Final = frozenset({OVERRIDE, SERVICE})

_WITH_SERVICE: Final = frozenset({Feature.OUTGOING_CALLS})


@dataclass(frozen=True, slots=True)
class Entitlements:
    """What an account may have.

    Args:
        services: of its products.
        overrides: its own settings, by feature.
        products: its products, the one that decides first.
    """

    services: frozenset[Service]
    overrides: Mapping[Feature, FeatureOverride]
    products: tuple[Product, ...]

    def allows(self, feature: Feature) -> bool:
        """Whether the account has a feature; none of a service that no product includes."""
        if feature.service not in self.services:
            return False
        return next((on for _, on in self._said(feature)), feature in _WITH_SERVICE)

    def source(self, feature: Feature) -> str | None:
        """Who decides about a feature: `override`, a product, `service`; None where nobody does."""
        with_service = feature in _WITH_SERVICE and feature.service in self.services
        return next((who for who, _ in self._said(feature)), SERVICE if with_service else None)

    def attribute(self, feature: Feature, name: str) -> AttributeValue:
        """What a feature is had with, by the first who says it, else its default.

        An add-on that grants the mailbox and says no limit leaves that of the main product.

        Raises KeyError for an attribute that the feature has not.
        """
        override = self.overrides.get(feature)
        settings = (setting for _, setting in self._settings(feature))
        said = [
            it.attributes
            for it in (override, *settings)
            if it is not None and name in it.attributes
        ]
        return said[0][name] if said else feature.attributes[name].default

    def edited_by(self, feature: Feature) -> frozenset[EditedBy]:
        """Who may change a feature of this account; nobody one that no product speaks of."""
        return next((it.edited_by for _, it in self._settings(feature)), frozenset())

    def _said(self, feature: Feature) -> Iterator[tuple[str, bool]]:
        override = self.overrides.get(feature)
        if override is not None and override.on is not None:
            yield OVERRIDE, override.on
        yield from ((name, setting.on) for name, setting in self._settings(feature))

    def _settings(self, feature: Feature) -> Iterator[tuple[str, FeatureSetting]]:
        for product in self.products:
            if feature in product.features:
                yield product.name, product.features[feature]


def running(assigned: Iterable[AssignedProduct], at_us: int) -> tuple[AssignedProduct, ...]:
    """The products that count at an instant; one that expires at it does not."""
    return tuple(each for each in assigned if each.runs(at_us))


def in_precedence(
    assigned: Iterable[AssignedProduct], products: Mapping[str, Product], at_us: int
) -> tuple[Product, ...]:
    """The products of an account at an instant, the one that decides first.

    Add-ons come by priority, the highest number first and then by name, and the main product last.
    An add-on that the account has twice counts once; one that is not written any more, never.
    """
    names = {each.product for each in running(assigned, at_us)}
    return tuple(sorted((products[name] for name in names if name in products), key=_rank))


def entitlements(
    assigned: Iterable[AssignedProduct],
    overrides: Iterable[FeatureOverride],
    products: Mapping[str, Product],
    at_us: int,
) -> Entitlements:
    """What an account may have at an instant.

    An override decides before add-ons, and those before the main product: a main product without
    call forwarding and an add-on with it make an account that has it, until the add-on expires.

    Args:
        assigned: its products, whenever they count.
        overrides: its own settings, at most one for each feature.
        products: those of the site, by name.
        at_us: UTC microsecond.
    """
    ranked = in_precedence(assigned, products, at_us)
    services = frozenset[Service]().union(*(product.services for product in ranked))
    own = MappingProxyType({each.feature: each for each in overrides})
    return Entitlements(services, own, ranked)


def usage_of(
    assigned: Iterable[AssignedProduct],
    products: Mapping[str, Product],
    service: Service,
    node: str,
    access_codes: Sequence[str],
    at_us: int,
) -> UsageCharge | None:
    """What a call is charged by, and how it is protected; None is no access point of the account.

    Product by product, the one that decides first; in each the row of this node and code, else of
    this node, else of this code, else of any. A row without a code takes whatever has no row of its
    own; a plain call has no code, and takes no row with one.

    Args:
        assigned: the account's products, whenever they count.
        products: those of the site, by name.
        service: of the call.
        node: the PBX that asks.
        access_codes: by which the call came in, the most exact one first: see `access_codes`.
        at_us: UTC microsecond.
    """
    places = {code: place for place, code in enumerate(access_codes)}
    for product in in_precedence(assigned, products, at_us):
        fitting = [
            row
            for row in product.usage
            if row.service is service
            and row.node in (None, node)
            and (row.access_code is None or row.access_code in places)
        ]
        if fitting:
            return min(fitting, key=lambda row: _distance(row, places))
    return None


def access_codes(context: str, number: str) -> tuple[str, ...]:
    """The codes of a call, the most exact one first: its context, then all prefixes of the number.

    The context `callback` and the number 12 make `callback`, `12` and `1`.
    """
    return (context, *(number[:length] for length in range(len(number), 0, -1)))


def _rank(product: Product) -> tuple[bool, int, str]:
    return product.kind is ProductKind.MAIN, -product.priority, product.name


def _distance(row: UsageCharge, places: Mapping[str, int]) -> tuple[bool, bool, int]:
    """How far a row is from exact: the node counts before the code."""
    code = row.access_code
    return row.node is None, code is None, 0 if code is None else places[code]
