"""What the operator offers: subscription plans, products, discounts, read from their folders."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final, Generic, TypeVar

from pbxcharge.catalog.findings import Finding
from pbxcharge.catalog.folder import read_folder
from pbxcharge.catalog.source import Scalar, Source
from pbxcharge.core.allowance import Quota
from pbxcharge.core.plan import Plan
from pbxcharge.core.product import Product
from pbxcharge.core.subscription_terms import SubscriptionPlan

NO_SUBSCRIPTIONS: Final[Mapping[str, SubscriptionPlan]] = MappingProxyType({})
NO_PRODUCTS: Final[Mapping[str, Product]] = MappingProxyType({})
NO_DISCOUNTS: Final[Mapping[str, Quota]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Offered:
    """The subscription plans, products and discounts of a site, by name."""

    subscriptions: Mapping[str, SubscriptionPlan] = field(default_factory=lambda: NO_SUBSCRIPTIONS)
    products: Mapping[str, Product] = field(default_factory=lambda: NO_PRODUCTS)
    discounts: Mapping[str, Quota] = field(default_factory=lambda: NO_DISCOUNTS)


NOTHING_OFFERED: Final = Offered()

T = TypeVar("T", SubscriptionPlan, Product, Quota)
Reader = Callable[[Source], tuple[T | None, tuple[Finding, ...]]]


@dataclass(frozen=True, slots=True)
class OfferFiles:
    """Where subscription plans, products and discounts are written, and for which site.

    Args:
        subscriptions: the folder of subscription plans, if the site has one.
        products: that of products.
        currency: the site's; empty compares none.
        pbx: the name of this machine's PBX; empty compares none.
        tells_home: whether the settings say which numbers are not international.
        discounts: the folder of discounts that accounts have by themselves.
    """

    subscriptions: Path | None = None
    products: Path | None = None
    currency: str = ""
    pbx: str = ""
    tells_home: bool = True
    discounts: Path | None = None


NO_OFFER_FILES: Final = OfferFiles()


@dataclass(frozen=True, slots=True)
class ReadOffer(Generic[T]):
    """A file that could be read as YAML, and what it offers; None if that has errors."""

    source: Source
    value: T | None

    @property
    def name(self) -> str:
        """The name that is written in it; empty if there is none."""
        return written_text(self.source, "name")

    @property
    def managed_by(self) -> str:
        """The account that is written as its manager; empty if none is."""
        return written_text(self.source, "managed_by")


@dataclass(frozen=True, slots=True)
class Offers:
    """The files one by one, those with errors too."""

    files: OfferFiles = NO_OFFER_FILES
    subscriptions: tuple[ReadOffer[SubscriptionPlan], ...] = ()
    products: tuple[ReadOffer[Product], ...] = ()
    discounts: tuple[ReadOffer[Quota], ...] = ()

    @property
    def offered(self) -> Offered:
        """What they offer, without those that have errors."""
        subscriptions, products = _by_name(self.subscriptions), _by_name(self.products)
        discounts = MappingProxyType(_by_name(self.discounts))
        return Offered(MappingProxyType(subscriptions), MappingProxyType(products), discounts)


NO_OFFERS: Final = Offers()


@dataclass(frozen=True, slots=True)
class Priced:
    """The charging plans that products may name.

    Args:
        names: of all that are written, those with errors too.
        plans: those without errors; several may have one name.
    """

    names: frozenset[str] = frozenset()
    plans: tuple[Plan, ...] = field(default=())


def load_offers(files: OfferFiles, priced: Priced) -> tuple[Offers, list[Finding]]:
    """All that a site offers, and everything that is wrong with it."""
    if files.subscriptions is None and files.products is None and files.discounts is None:
        return Offers(files), []
    # A site without products does without what reads them.
    from pbxcharge.catalog.discount_file import read_discount
    from pbxcharge.catalog.offer_checks import offer_findings
    from pbxcharge.catalog.product_file import read_product
    from pbxcharge.catalog.subscription_file import read_subscription

    subscriptions, found = _read(files.subscriptions, read_subscription)
    products, product_findings = _read(files.products, read_product)
    discounts, discount_findings = _read(files.discounts, read_discount)
    offers = Offers(files, subscriptions, products, discounts)
    found += product_findings + discount_findings
    found += same_names("discount", [read.source for read in discounts])
    found += same_names("subscription plan", [read.source for read in subscriptions])
    found += same_names("product", [read.source for read in products])
    found += offer_findings(offers, priced)
    return offers, found


def same_names(what: str, sources: Sequence[Source]) -> Iterator[Finding]:
    """Files that give the same name to two things of a kind."""
    first_files: dict[str, str] = {}
    for source in sources:
        name = written_text(source, "name")
        if name in first_files:
            message = f"{what} {name} is also written in {first_files[name]}"
            yield source.error(("name",), message, f"give each {what} its own name")
        elif name:
            first_files[name] = source.file


def written_text(source: Source, key: str) -> str:
    """What stands under a key of a file, readable or not; empty if nothing does."""
    node = source.at((key,))
    return (node.text or "") if isinstance(node, Scalar) else ""


def _read(folder: Path | None, reader: Reader[T]) -> tuple[tuple[ReadOffer[T], ...], list[Finding]]:
    if folder is None:
        return (), []
    sources, found = read_folder(folder)
    read: list[ReadOffer[T]] = []
    for source in sources:
        value, value_findings = reader(source)
        found += value_findings
        read.append(ReadOffer(source, value))
    return tuple(read), found


def _by_name(read: Iterable[ReadOffer[T]]) -> dict[str, T]:
    return {each.value.name: each.value for each in read if each.value is not None}
