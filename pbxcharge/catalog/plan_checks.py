"""What must hold between the values of a plan, beyond each of them being readable."""

from collections.abc import Iterator
from itertools import pairwise

from pbxcharge.catalog.findings import Finding
from pbxcharge.catalog.plan_form import PlanForm, PriceForm, RateStatus
from pbxcharge.catalog.plan_rates import house_prices, rate_of
from pbxcharge.catalog.source import Group, Items, KeyPath, Node, Scalar, Source, child
from pbxcharge.core.money import format_amount
from pbxcharge.core.plan import CallType
from pbxcharge.core.price import hang_up_limit_s

ROWS: KeyPath = ("prices", "public")
INCOMING: KeyPath = ("prices", "incoming")
NO_PRICES = {
    CallType.PUBLIC: "write a row for each destination, or allow: {public: no}",
    CallType.LOCAL: "write local: {price_per_minute: 0}, or allow: {local: no}",
    CallType.EXTENDED_LOCAL: (
        "write extended_local: {price_per_minute: 0}, or allow: {extended_local: no}"
    ),
    CallType.INCOMING: "write incoming: {price_per_minute: 0}, or allow: {incoming: no}",
}
"""What to do about a kind of call that is allowed but has no price; 0 is one."""


def plan_findings(form: PlanForm, source: Source) -> Iterator[Finding]:
    """Everything that is wrong between the values of a plan file."""
    yield from _allow_findings(form, source)
    yield from _twice_priced(source, ROWS, "prefixes", "prefix")
    yield from _twice_priced(source, INCOMING, "caller_prefixes", "caller prefix")
    yield from _anybody_findings(form, source)
    for call_type, path, row in priced_rows(form):
        if not isinstance(source.at(path), Group):
            continue
        found = [*_missing_prices(row, source, path), *_contradictions(row, source, path)]
        yield from found or _useless(row, call_type, form, source, path)


def priced_rows(form: PlanForm) -> Iterator[tuple[CallType, KeyPath, PriceForm]]:
    """Every price of a plan file with its kind of call and its place."""
    for place, row in enumerate(form.prices.public):
        yield CallType.PUBLIC, (*ROWS, place), row
    for call_type, house in house_prices(form):
        yield call_type, ("prices", str(call_type)), house
    for place, incoming in enumerate(form.prices.incoming):
        yield CallType.INCOMING, (*INCOMING, place), incoming


def written_prefixes(
    source: Source, at: KeyPath = ROWS, key: str = "prefixes"
) -> Iterator[tuple[KeyPath, str]]:
    """Every prefix of a plan file with its place, readable or not."""
    rows = source.at(at)
    for place, row in enumerate(rows.items if isinstance(rows, Items) else ()):
        prefixes = child(row, key)
        for position, node in enumerate(prefixes.items if isinstance(prefixes, Items) else ()):
            if isinstance(node, Scalar) and node.text:
                yield (*at, place, key, position), node.text


def _allow_findings(form: PlanForm, source: Source) -> Iterator[Finding]:
    for call_type in CallType:
        at = ("prices", str(call_type))
        if getattr(form.allow, call_type) and not _has_price(source.at(at)):
            message = f"{_spoken(call_type)} calls are allowed but have no price"
            yield source.error(at, message, NO_PRICES[call_type])
    if all(_is_no(source.at(("allow", str(call_type)))) for call_type in CallType):
        yield source.warning(("allow",), "allows no calls at all", "write allow: {public: yes}")


def _spoken(call_type: CallType) -> str:
    return call_type.replace("_", " ")


def _has_price(node: Node | None) -> bool:
    return bool(node.items) if isinstance(node, Items) else isinstance(node, Group)


def _is_no(flag: Node | None) -> bool:
    return flag is None or (
        isinstance(flag, Scalar) and (flag.text or "").lower() in ("no", "false")
    )


def _anybody_findings(form: PlanForm, source: Source) -> Iterator[Finding]:
    """Of incoming prices exactly one is for everybody who has none of their own."""
    rows = form.prices.incoming
    general = [place for place, row in enumerate(rows) if row.caller_prefixes is None]
    for place in general[1:]:
        message = f"is for all callers, as the one in line {source.line((*INCOMING, general[0]))}"
        yield source.error((*INCOMING, place), message, "write caller_prefixes, or keep one")
    if form.allow.incoming and rows and not general:
        message = "callers with another number, or none, have no price and are refused"
        yield source.warning(INCOMING, message, "add a price without caller_prefixes")


def _twice_priced(source: Source, at: KeyPath, key: str, what: str) -> Iterator[Finding]:
    first_lines: dict[str, int] = {}
    for path, prefix in written_prefixes(source, at, key):
        if prefix in first_lines:
            message = f"{what} {prefix} has two prices, the first in line {first_lines[prefix]}"
            yield source.error(path, message, "keep one of them")
        else:
            first_lines[prefix] = source.line(path)


def _missing_prices(row: PriceForm, source: Source, path: KeyPath) -> Iterator[Finding]:
    node = source.at(path)
    for key in ("prefixes", "caller_prefixes"):
        prefixes = child(node, key)
        if isinstance(prefixes, Items) and not prefixes.items:
            yield source.error((*path, key), "is empty", "such as [44]")
    if row.status is RateStatus.OPEN and child(node, "price_per_minute") is None:
        hint = "write the price (0 is free), or status: forbidden"
        yield source.error((*path, "price_per_minute"), "is missing", hint)
    for place in range(len(row.steps)):
        step = child(child(node, "steps"), place)
        if child(step, "price_per_minute") is None and child(step, "segment") is None:
            at = (*path, "steps", place)
            yield source.error(at, "changes nothing", "write price_per_minute, segment or both")


def _contradictions(row: PriceForm, source: Source, path: KeyPath) -> Iterator[Finding]:
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


def _useless(
    row: PriceForm, call_type: CallType, form: PlanForm, source: Source, path: KeyPath
) -> Iterator[Finding]:
    """A row whose terms are consistent but leave no call: the maximum ends it as it begins."""
    rate = rate_of(row, call_type, "0", form)
    if hang_up_limit_s(rate) == 0:
        message = "ends each call at once: not even the first block stays within it"
        yield source.error((*path, "maximum_charge"), message, "raise the amount, or then: free")
