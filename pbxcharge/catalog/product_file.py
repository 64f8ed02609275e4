"""The file of a product, read into the product that accounts have."""

from collections.abc import Iterator
from dataclasses import replace
from types import MappingProxyType

from pbxcharge.catalog.discount_form import quota_of
from pbxcharge.catalog.findings import Finding, has_errors
from pbxcharge.catalog.form import read_form
from pbxcharge.catalog.offer_values import ANY_NODE
from pbxcharge.catalog.plan_form import OWNER_SITE
from pbxcharge.catalog.product_checks import discounts_of, product_findings
from pbxcharge.catalog.product_form import FeaturesForm, ProductForm, UsageForm
from pbxcharge.catalog.source import Source
from pbxcharge.core.feature import Feature, FeatureSetting, Service
from pbxcharge.core.product import Product, UsageCharge
from pbxcharge.core.product_text import product_version


def read_product(source: Source) -> tuple[Product | None, tuple[Finding, ...]]:
    """The product of a file, or None if any finding is an error."""
    form, found = read_form(ProductForm, source)
    # What could not be read is named already; what follows from its absence would mislead.
    named = {finding.key for finding in found}
    also = product_findings(form, source)
    found += tuple(finding for finding in also if finding.key not in named)
    return (None if has_errors(found) else _product(form)), found


def _product(form: ProductForm) -> Product:
    product = Product(
        name=form.name,
        shown_name=form.visible_name or form.name,
        kind=form.type,
        currency=form.currency,
        managed_by=None if form.managed_by == OWNER_SITE else form.managed_by,
        account_role=form.account_role,
        default_acl=form.default_acl,
        services=frozenset(form.services),
        features=MappingProxyType({it.feature: it for it in _settings(form.features)}),
        usage=tuple(map(_usage, form.usage)),
        subscription=form.subscription,
        discounts=tuple(quota_of(row) for _, row in discounts_of(form)),
        priority=form.priority,
        goes_with=frozenset(form.goes_with),
    )
    return replace(product, version=product_version(product))


def _settings(form: FeaturesForm) -> Iterator[FeatureSetting]:
    for feature in Feature:
        said = getattr(form, feature)
        if said is not None:
            given = {name: getattr(said, name) for name in feature.attributes}
            attributes = {name: value for name, value in given.items() if value is not None}
            editors = frozenset(said.edited_by)
            yield FeatureSetting(feature, said.enabled, MappingProxyType(attributes), editors)


def _usage(form: UsageForm) -> UsageCharge:
    node = None if form.node == ANY_NODE else form.node
    return UsageCharge(
        Service(form.service), node, form.access_code or None, form.plan, form.overdraft
    )
