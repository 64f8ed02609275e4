"""What must hold between products, subscription plans, charging plans and the site.

What a product names and is not there is a step of the set-up that was left out; the finding says
which one.
"""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from pbxcharge.catalog.findings import Finding
from pbxcharge.catalog.offer_values import missing_step
from pbxcharge.catalog.offers import Offers, Priced, ReadOffer
from pbxcharge.catalog.source import Items, KeyPath, Scalar, Source
from pbxcharge.core.assigned_product import ProductKind
from pbxcharge.core.feature import EditedBy, Feature
from pbxcharge.core.plan import Plan
from pbxcharge.core.product import Acl, Product

SUBSCRIPTION: KeyPath = ("subscription",)
_WAYS = ("type", "wallets", "credit_limit", "monthly_limit")


def offer_findings(offers: Offers, priced: Priced) -> Iterator[Finding]:
    """Everything that does not fit together; only of files without errors of their own."""
    currency = offers.files.currency
    for read in offers.subscriptions:
        if read.value is not None:
            yield from _currency_findings(read.source, read.value.currency, currency)
    for product in offers.products:
        if product.value is not None:
            yield from _currency_findings(product.source, product.value.currency, currency)
            yield from _subscription_findings(product.source, product.value, offers)
            yield from _plan_findings(product.source, product.value, priced)
            yield from _main_findings(product.source, product.value, offers)
            yield from _editor_findings(product.source, product.value, offers)
            yield from _node_findings(product.source, product.value, offers.files.pbx)
            yield from _home_findings(product.source, product.value, offers.files.tells_home)
    yield from _agreement_findings(offers, priced)


def _currency_findings(source: Source, written: str, currency: str) -> Iterator[Finding]:
    if currency and written != currency:
        message = f"is {written}, but the site charges in {currency}"
        yield source.error(("currency",), message, f"write {currency}, and the amounts in it")


def _subscription_findings(source: Source, product: Product, offers: Offers) -> Iterator[Finding]:
    name = product.subscription
    known = {read.name: read.value for read in offers.subscriptions}
    if name is None:
        return
    if name not in known:
        where = offers.files.subscriptions
        to_do = "in the folder that the settings name with subscriptions" if where is None else (
            f"in {where.name}/"
        )  # fmt: skip
        step = missing_step(f"create the subscription plan {name}", f"a file {to_do}")
        message = f"there is no subscription plan {name}"
        yield source.error(SUBSCRIPTION, message, _or_meant(name, known, step))
    elif (plan := known[name]) is not None and plan.managed_by and not product.managed_by:
        message = f"{name} is managed by {plan.managed_by}, and the product by the site"
        hint = "write the same managed_by in both"
        yield source.error(SUBSCRIPTION, message, hint)


def _plan_findings(source: Source, product: Product, priced: Priced) -> Iterator[Finding]:
    owners = {plan.name: plan.owner for plan in priced.plans}
    for place, row in enumerate(product.usage):
        at = ("usage", place, "plan")
        if row.plan not in priced.names:
            step = missing_step(f"create the charging plan {row.plan}", "a file in plans/")
            message = f"there is no charging plan {row.plan}"
            yield source.error(at, message, _or_meant(row.plan, priced.names, step))
        elif (owner := owners.get(row.plan)) and product.managed_by is None:
            message = f"{row.plan} is for accounts below {owner} alone, the product for all"
            yield source.error(at, message, f"write managed_by: {owner}, or take another plan")


def _main_findings(source: Source, product: Product, offers: Offers) -> Iterator[Finding]:
    """An add-on whose main products are not there, or are none."""
    known = {read.name: read.value for read in offers.products}
    for place, name in enumerate(_written_mains(source)):
        at = ("goes_with", place)
        if name not in known:
            step = missing_step(f"create the main product {name}", "a file beside this one")
            message = f"there is no product {name}"
            yield source.error(at, message, _or_meant(name, known, step))
        elif (main := known[name]) is not None and main.kind is not ProductKind.MAIN:
            message = f"{name} is an add-on, too"
            yield source.error(at, message, "name main products")


def _editor_findings(source: Source, product: Product, offers: Offers) -> Iterator[Finding]:
    """Features of an add-on that users may edit, where none of its main products lets them."""
    known = offers.offered.products
    mains = [known[name] for name in product.goes_with if name in known]
    acls = {main.default_acl for main in mains}
    if len(mains) < len(product.goes_with) or not mains or Acl.SELF_CARE in acls:
        return
    for feature, setting in product.features.items():
        if EditedBy.USER in setting.edited_by:
            names = ", ".join(sorted(product.goes_with))
            message = f"no main product that it goes with lets users change anything: {names}"
            hint = "write default_acl: self_care in one of them, or leave user out"
            yield source.warning(("features", feature, "edited_by"), message, hint)


def _written_mains(source: Source) -> list[str]:
    """The main products in the order of the file, which their places are counted in."""
    node = source.at(("goes_with",))
    items = node.items if isinstance(node, Items) else ()
    return [item.text or "" for item in items if isinstance(item, Scalar)]


def _node_findings(source: Source, product: Product, pbx: str) -> Iterator[Finding]:
    nodes = [row.node for row in product.usage if row.access_code is None]
    if pbx and nodes and not {None, pbx} & set(nodes) and product.kind is ProductKind.MAIN:
        message = f"has no row for this PBX: its name is {pbx} in the settings"
        hint = f"write node: {pbx}, or none for any"
        yield source.warning(("usage",), message, hint)


def _home_findings(source: Source, product: Product, tells_home: bool) -> Iterator[Finding]:
    """International calls, where nobody could tell which those are."""
    if Feature.INTERNATIONAL_CALLS in product.features and not tells_home:
        at = ("features", str(Feature.INTERNATIONAL_CALLS))
        message = "decides nothing: the settings do not say which numbers are not international"
        hint = missing_step("write home below numbers in the settings", "home: [44]")
        yield source.error(at, message, hint)


def _agreement_findings(offers: Offers, priced: Priced) -> Iterator[Finding]:
    """Plans of a main product and its add-ons that pay in different ways: one wallet, one floor."""
    for main in offers.products:
        plain = main.value.plain_plan if main.value is not None else None
        for read in offers.products if plain else ():
            with_it = read is main or (read.value and main.name in read.value.goes_with)
            if with_it and plain:
                yield from _against(plain, main.name, read, priced)


def _against(plain: str, main: str, read: ReadOffer[Product], priced: Priced) -> Iterator[Finding]:
    """Of plans with several dates only that some differ; an account follows its own plan."""
    wanted = _ways(plain, priced)
    for place, row in enumerate(read.value.usage if read.value else ()):
        found = _ways(row.plan, priced) if row.plan != plain else wanted
        if wanted and found and wanted != found:
            keys = [
                key
                for key, one, other in zip(_WAYS, found[0], wanted[0], strict=True)
                if one != other
            ]
            message = f"{row.plan} and {plain}, by which plain calls of {main} are charged, differ"
            message += f" in {', '.join(keys)}" if keys else ""
            hint = "an account has one set of wallets: make them agree, or take another plan"
            yield read.source.error(("usage", place, "plan"), message, hint)


def _ways(name: str, priced: Priced) -> list[tuple[object, ...]]:
    """How accounts of a plan pay, each way once; a plan may change it at a date."""
    found = dict.fromkeys(_pays(plan) for plan in priced.plans if plan.name == name)
    return sorted(found, key=str)


def _pays(plan: Plan) -> tuple[object, ...]:
    return plan.kind, plan.wallets, plan.credit_limit_micros, plan.monthly_limit_micros


def _or_meant(name: str, known: Iterable[str], step: str) -> str:
    near = get_close_matches(name, [*known], n=1)
    return f"did you mean {near[0]}? else {step}" if near else step
