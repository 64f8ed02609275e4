"""What must hold between the values of a product, beyond each of them being readable."""

from collections.abc import Iterator

from pbxcharge.catalog.discount_form import IncludedForm, VolumeForm, quota_of
from pbxcharge.catalog.findings import Finding
from pbxcharge.catalog.offer_values import missing_step
from pbxcharge.catalog.product_form import ProductForm
from pbxcharge.catalog.source import KeyPath, Source
from pbxcharge.core.assigned_product import ProductKind
from pbxcharge.core.entitlement import SOURCES
from pbxcharge.core.feature import EditedBy, Service
from pbxcharge.core.product import Acl

_ADD_ONS_ONLY = ("priority", "goes_with")


def product_findings(form: ProductForm, source: Source) -> Iterator[Finding]:
    """Everything that is wrong between the values of a product's file."""
    if form.name in SOURCES:
        yield source.error(("name",), f"{form.name} is no name of a product", "take another one")
    of_kind = _main_findings if form.type is ProductKind.MAIN else _add_on_findings
    yield from of_kind(form, source)
    yield from _service_findings(form, source)
    yield from _usage_findings(form, source)
    yield from _editor_findings(form, source)
    yield from _discount_findings(form, source)


def discounts_of(form: ProductForm) -> Iterator[tuple[KeyPath, IncludedForm | VolumeForm]]:
    """The groups of included minutes and volume discounts, each with its place."""
    for place, row in enumerate(form.included):
        yield ("included", place), row
    for place, volume in enumerate(form.volume_discounts):
        yield ("volume_discounts", place), volume


def _main_findings(form: ProductForm, source: Source) -> Iterator[Finding]:
    for key in _ADD_ONS_ONLY:
        if source.at((key,)) is not None:
            yield source.error((key,), "is of add-ons only", "remove it, or write type: add_on")
    if Service.VOICE_CALLS not in form.services:
        message = "lack voice_calls: accounts with this product could make no call"
        hint = missing_step("add a service", "services: [voice_calls]")
        yield source.error(("services",), message, hint)
    if not any(not row.access_code for row in form.usage):
        message = "has no row for plain calling, so its accounts have no charging plan"
        hint = missing_step("add usage charges", "usage: [{plan: NAME}]")
        yield source.error(("usage",), message, hint)


def _add_on_findings(form: ProductForm, source: Source) -> Iterator[Finding]:
    if source.at(("default_acl",)) is not None:
        message = "is that of the main product"
        yield source.error(("default_acl",), message, "remove it, or write type: main")
    if not form.goes_with:
        message = "names no main product, so no account can have this add-on"
        hint = missing_step("choose the main products it is compatible with", "goes_with: [NAME]")
        yield source.error(("goes_with",), message, hint)
    changes = (form.usage, form.subscription, form.included, form.volume_discounts)
    if not (any(changes) or form.features.model_fields_set or form.services):
        message = "an account that has this add-on is charged and may do what it did before"
        hint = "write features, usage, included, volume_discounts or subscription"
        yield source.warning(("name",), message, hint)


def _service_findings(form: ProductForm, source: Source) -> Iterator[Finding]:
    """An add-on may add to the calls of its main product only if it has them itself."""
    if form.type is ProductKind.MAIN or Service.VOICE_CALLS in form.services:
        return
    if form.features.model_fields_set:
        message = "are of voice_calls, which is not among the services"
        hint = missing_step("add a service", "services: [voice_calls]")
        yield source.error(("features",), message, hint)


def _usage_findings(form: ProductForm, source: Source) -> Iterator[Finding]:
    known: dict[tuple[str, str, str], int] = {}
    for place, row in enumerate(form.usage):
        first = known.setdefault((row.service, row.node, row.access_code), place)
        if first != place:
            line = source.line(("usage", first))
            message = f"is the same access point as the one in line {line}"
            yield source.error(("usage", place), message, "keep one of them")


def _editor_findings(form: ProductForm, source: Source) -> Iterator[Finding]:
    """Features that users may edit, where they may edit nothing; an add-on follows its main one."""
    if form.default_acl is Acl.SELF_CARE or form.type is ProductKind.ADD_ON:
        return
    for name in form.features.model_fields_set:
        feature = getattr(form.features, name)
        if feature is not None and EditedBy.USER in feature.edited_by:
            message = f"users cannot change it with default_acl: {form.default_acl}"
            hint = "write default_acl: self_care, or leave user out"
            yield source.warning(("features", name, "edited_by"), message, hint)


def _discount_findings(form: ProductForm, source: Source) -> Iterator[Finding]:
    known: dict[str, KeyPath] = {}
    for at, row in discounts_of(form):
        first = known.setdefault(row.name, at)
        if first != at:
            message = f"{row.name} is also the name of the discount in line {source.line(first)}"
            yield source.error((*at, "name"), message, "give each its own name")
        try:
            quota_of(row)
        except ValueError as error:
            yield from (source.error(at, str(problem)) for problem in error.args)
