"""The file of a discount that accounts have by themselves."""

from collections.abc import Iterator

from pbxcharge.catalog.discount_form import OwnDiscountForm, quota_of
from pbxcharge.catalog.findings import Finding, has_errors
from pbxcharge.catalog.form import read_form
from pbxcharge.catalog.source import Source
from pbxcharge.core.allowance import Quota


def read_discount(source: Source) -> tuple[Quota | None, tuple[Finding, ...]]:
    """The quota of a file, or None if any finding is an error."""
    form, found = read_form(OwnDiscountForm, source)
    if not has_errors(found):
        found += tuple(_findings(form, source))
    return (None if has_errors(found) else quota_of(form)), found


def _findings(form: OwnDiscountForm, source: Source) -> Iterator[Finding]:
    try:
        quota_of(form)
    except ValueError as error:
        yield from (source.error((), str(problem)) for problem in error.args)
    if not form.tiers and source.at(("count",)) is not None:
        message, hint = "counts only with tiers", "remove it, or write tiers"
        yield source.warning(("count",), message, hint)
