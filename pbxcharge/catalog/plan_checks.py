"""What must hold between the values of a plan, beyond each of them being readable."""

from collections.abc import Iterator
from itertools import pairwise

from pbxcharge.catalog.findings import Finding
from pbxcharge.catalog.plan_form import PlanForm, RateForm, RateStatus
from pbxcharge.catalog.plan_rates import rate_of
from pbxcharge.catalog.source import Group, Items, KeyPath, Scalar, Source, child
from pbxcharge.core.money import format_amount
from pbxcharge.core.rate import hang_up_limit_s

ROWS: KeyPath = ("prices", "public")


def plan_findings(form: PlanForm, source: Source) -> Iterator[Finding]:
    """Everything that is wrong between the values of a plan file."""
    yield from _allow_findings(form, source)
    yield from _twice_priced(source)
    for place, row in enumerate(form.prices.public):
        path = (*ROWS, place)
        if not isinstance(source.at(path), Group):
            continue
        found = [*_missing_prices(row, source, path), *_contradictions(row, source, path)]
        yield from found or _useless(row, form, source, path)


def written_prefixes(source: Source) -> Iterator[tuple[KeyPath, str]]:
    """Every prefix of a plan file with its place, readable or not."""
    rows = source.at(ROWS)
    for place, row in enumerate(rows.items if isinstance(rows, Items) else ()):
        prefixes = child(row, "prefixes")
        for position, node in enumerate(prefixes.items if isinstance(prefixes, Items) else ()):
            if isinstance(node, Scalar) and node.text:
                yield (*ROWS, place, "prefixes", position), node.text


def _allow_findings(form: PlanForm, source: Source) -> Iterator[Finding]:
    rows = source.at(ROWS)
    if form.allow.public and not (isinstance(rows, Items) and rows.items):
        hint = "write a row for each destination, or allow: {public: no}"
        yield source.error(ROWS, "public calls are allowed but have no price", hint)
    flag = source.at(("allow", "public"))
    if flag is None or (isinstance(flag, Scalar) and (flag.text or "").lower() in ("no", "false")):
        yield source.warning(("allow",), "allows no calls at all", "write allow: {public: yes}")


def _twice_priced(source: Source) -> Iterator[Finding]:
    first_lines: dict[str, int] = {}
    for path, prefix in written_prefixes(source):
        if prefix in first_lines:
            message = f"prefix {prefix} has two prices, the first in line {first_lines[prefix]}"
            yield source.error(path, message, "keep one of them")
        else:
            first_lines[prefix] = source.line(path)


def _missing_prices(row: RateForm, source: Source, path: KeyPath) -> Iterator[Finding]:
    node = source.at(path)
    prefixes = child(node, "prefixes")
    if isinstance(prefixes, Items) and not prefixes.items:
        yield source.error((*path, "prefixes"), "is empty", "such as [44]")
    if row.status is RateStatus.OPEN and child(node, "price_per_minute") is None:
        hint = "write the price (0 is free), or status: forbidden"
        yield source.error((*path, "price_per_minute"), "is missing", hint)
    for place in range(len(row.steps)):
        step = child(child(node, "steps"), place)
        if child(step, "price_per_minute") is None and child(step, "segment") is None:
            at = (*path, "steps", place)
            yield source.error(at, "changes nothing", "write price_per_minute, segment or both")


def _contradictions(row: RateForm, source: Source, path: KeyPath) -> Iterator[Finding]:
    if row.first_amount is not None and row.first_price_per_minute is not None:
        message = "the first block has both an amount and a price per minute"
        yield source.error((*path, "first_amount"), message, "keep one of them")
    for place, (earlier, later) in enumerate(pairwise(row.steps), start=1):
        if later.from_s <= earlier.from_s:
            message = f"does not begin after the step at {earlier.from_s} s"
            yield source.error((*path, "steps", place, "from"), message, "sort the steps")
    maximum = row.maximum_charge
    if maximum is not None and row.minimum_charge > maximum.amount:
        least, most = format_amount(row.minimum_charge), format_amount(maximum.amount)
        message = f"the minimum charge {least} is above the maximum charge {most}"
        yield source.error((*path, "minimum_charge"), message)


def _useless(row: RateForm, form: PlanForm, source: Source, path: KeyPath) -> Iterator[Finding]:
    """A row whose terms are consistent but leave no call: the maximum ends it as it begins."""
    rate = rate_of(row, "0", form)
    if hang_up_limit_s(rate) == 0:
        message = "ends each call at once: not even the first block stays within it"
        yield source.error((*path, "maximum_charge"), message, "raise the amount, or then: free")
