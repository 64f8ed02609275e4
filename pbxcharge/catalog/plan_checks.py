"""What must hold between the values of a plan, beyond each of them being readable."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from pbxcharge.catalog.exception_checks import EXCEPTIONS, at_once, exception_findings
from pbxcharge.catalog.findings import Finding
from pbxcharge.catalog.plan_form import Method, PlanForm
from pbxcharge.catalog.plan_rates import exception_prefixes, house_prices, rate_of
from pbxcharge.catalog.policy_checks import policy_findings, span_findings
from pbxcharge.catalog.price_form import (
    ExceptionForm,
    PriceForm,
    RateStatus,
    StepForm,
    WindowPriceForm,
)
from pbxcharge.catalog.source import Group, Items, KeyPath, Node, Scalar, Source, child
from pbxcharge.catalog.window_checks import WINDOWS, price_window_findings, window_findings
from pbxcharge.core.money import format_amount
from pbxcharge.core.plan import CallType
from pbxcharge.core.price import Rate, hang_up_limit_s
from pbxcharge.core.windows import always

PUBLIC: KeyPath = ("prices", "public")
ROWS: KeyPath = (*PUBLIC, "rates")
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
    yield from policy_findings(form, source)
    yield from window_findings(form, source)
    yield from _allow_findings(form, source)
    yield from _twice_priced(source, form.prices.public.rates, ROWS, "prefixes", "prefix")
    yield from _twice_priced(
        source, form.prices.incoming, INCOMING, "caller_prefixes", "caller prefix"
    )
    yield from _anybody_findings(form, source)
    yield from exception_findings(form, source)
    for call_type, path, row in priced_rows(form):
        if isinstance(source.at(path), Group):
            yield from _row_findings(row, call_type, form, source, path)
    if form.time_windows and not any(row.windows for _, _, row in priced_rows(form)):
        message = "no price has windows, so they change nothing"
        yield source.warning(WINDOWS, message, "write windows: in a price, or remove them")


def _row_findings(
    row: PriceForm, call_type: CallType, form: PlanForm, source: Source, path: KeyPath
) -> Iterator[Finding]:
    found = [
        *_missing_prices(row, source, path),
        *_contradictions(row, source, path),
        *span_findings(row.effective_from, row.effective_until, source, path),
        *price_window_findings(row, form, source, path),
    ]
    for name, window in row.windows.items():
        at = (*path, "windows", name)
        found += [
            *_step_findings(window.steps or (), source, at),
            *_first_findings(window, source, at),
        ]
    yield from found or _useless(row, call_type, form, source, path)


def priced_rows(form: PlanForm) -> Iterator[tuple[CallType, KeyPath, PriceForm]]:
    """Every price of a plan file with its kind of call and its place.

    An exception by caller prefixes or for calls inside the house comes with its own kind.
    """
    for place, row in enumerate(form.prices.public.rates):
        yield CallType.PUBLIC, (*ROWS, place), row
    for call_type, house in house_prices(form):
        yield call_type, ("prices", str(call_type)), house
    for place, incoming in enumerate(form.prices.incoming):
        yield CallType.INCOMING, (*INCOMING, place), incoming
    for place, exception in enumerate(form.exceptions):
        kinds = [call_type for call_type, _ in exception_prefixes(exception)]
        yield (*kinds, CallType.PUBLIC)[0], (*EXCEPTIONS, place), exception


def placed_rates(row: PriceForm, call_type: CallType, form: PlanForm) -> tuple[Rate, ...]:
    """What a row costs outside of its time windows and in each of them.

    Nothing for an exception with a multiplier, whose price is known with the call. Raises
    ValueError for terms that no price follows from.
    """
    if isinstance(row, ExceptionForm) and row.multiplier is not None:
        return ()
    rate = rate_of(row, call_type, "0", form)
    return (rate, *(rate.at(always(name), 0) for name in row.windows))


def public_prefixes(source: Source) -> Iterator[tuple[KeyPath, str]]:
    """Every prefix of public numbers that has a price or an exception, with its place."""
    rows = PUBLIC if isinstance(source.at(PUBLIC), Items) else ROWS
    yield from written_prefixes(source, rows, "prefixes")
    yield from written_prefixes(source, EXCEPTIONS, "prefixes")


def written_prefixes(source: Source, at: KeyPath, key: str) -> Iterator[tuple[KeyPath, str]]:
    """Every prefix of rows of a plan file with its place, readable or not."""
    rows = source.at(at)
    for place, row in enumerate(rows.items if isinstance(rows, Items) else ()):
        prefixes = child(row, key)
        for position, node in enumerate(prefixes.items if isinstance(prefixes, Items) else ()):
            if isinstance(node, Scalar) and node.text:
                yield (*at, place, key, position), node.text


def _allow_findings(form: PlanForm, source: Source) -> Iterator[Finding]:
    for call_type in CallType:
        at = ("prices", str(call_type))
        priced = form.method is Method.RELATIVE or _has_price(source.at(at))
        if getattr(form.allow, call_type) and not priced:
            message = f"{_spoken(call_type)} calls are allowed but have no price"
            yield source.error(at, message, NO_PRICES[call_type])
    if all(_is_no(source.at(("allow", str(call_type)))) for call_type in CallType):
        yield source.warning(("allow",), "allows no calls at all", "write allow: {public: yes}")


def _spoken(call_type: CallType) -> str:
    return call_type.replace("_", " ")


def _has_price(node: Node | None) -> bool:
    """A group of public prices may stand for its rows, or be a deck."""
    rows = child(node, "rates")
    if isinstance(rows, Items) and child(node, "deck") is None:
        return bool(rows.items)
    return bool(node.items) if isinstance(node, Items) else isinstance(node, Group)


def _is_no(flag: Node | None) -> bool:
    return flag is None or (
        isinstance(flag, Scalar) and (flag.text or "").lower() in ("no", "false")
    )


def _anybody_findings(form: PlanForm, source: Source) -> Iterator[Finding]:
    """Of incoming prices exactly one at a time is for everybody who has none of their own."""
    rows = form.prices.incoming
    general = [place for place, row in enumerate(rows) if row.caller_prefixes is None]
    for position, place in enumerate(general):
        same = (other for other in general[:position] if at_once(rows[other], rows[place]))
        if (other := next(same, None)) is not None:
            message = f"is for all callers, as the one in line {source.line((*INCOMING, other))}"
            yield source.error((*INCOMING, place), message, "write caller_prefixes, or keep one")
    if form.allow.incoming and rows and not general:
        message = "callers with another number, or none, have no price and are refused"
        yield source.warning(INCOMING, message, "add a price without caller_prefixes")


def _twice_priced(
    source: Source, rows: Sequence[PriceForm], at: KeyPath, key: str, what: str
) -> Iterator[Finding]:
    known: dict[str, list[KeyPath]] = {}
    for path, prefix in written_prefixes(source, at, key):
        earlier, place = known.setdefault(prefix, []), len(at)
        for other in earlier:
            if at_once(rows[int(other[place])], rows[int(path[place])]):
                message = f"{what} {prefix} has two prices, the first in line {source.line(other)}"
                yield source.error(path, message, "keep one of them, or give them dates")
                break
        earlier.append(path)


def _missing_prices(row: PriceForm, source: Source, path: KeyPath) -> Iterator[Finding]:
    node = source.at(path)
    for key in ("prefixes", "caller_prefixes"):
        prefixes = child(node, key)
        if isinstance(prefixes, Items) and not prefixes.items:
            yield source.error((*path, key), "is empty", "such as [44]")
    priced = child(node, "price_per_minute") or (
        isinstance(row, ExceptionForm) and child(node, "multiplier")
    )
    if row.status is RateStatus.OPEN and not priced:
        hint = "write the price (0 is free), or status: forbidden"
        yield source.error((*path, "price_per_minute"), "is missing", hint)


def _step_findings(steps: tuple[StepForm, ...], source: Source, path: KeyPath) -> Iterator[Finding]:
    for place in range(len(steps)):
        step = source.at((*path, "steps", place))
        if child(step, "price_per_minute") is None and child(step, "segment") is None:
            at = (*path, "steps", place)
            yield source.error(at, "changes nothing", "write price_per_minute, segment or both")
    for place, (earlier, later) in enumerate(pairwise(steps), start=1):
        if later.from_s <= earlier.from_s:
            message = f"does not begin after the step at {earlier.from_s} s"
            yield source.error((*path, "steps", place, "from"), message, "sort the steps")


def _first_findings(
    row: PriceForm | WindowPriceForm, source: Source, path: KeyPath
) -> Iterator[Finding]:
    if row.first_amount is not None and row.first_price_per_minute is not None:
        message = "the first block has both an amount and a price per minute"
        yield source.error((*path, "first_amount"), message, "keep one of them")


def _contradictions(row: PriceForm, source: Source, path: KeyPath) -> Iterator[Finding]:
    yield from _step_findings(row.steps, source, path)
    yield from _first_findings(row, source, path)
    maximum = row.maximum_charge
    if maximum is not None and row.minimum_charge > maximum.amount:
        least, most = format_amount(row.minimum_charge), format_amount(maximum.amount)
        message = f"the minimum charge {least} is above the maximum charge {most}"
        yield source.error((*path, "minimum_charge"), message)


def _useless(
    row: PriceForm, call_type: CallType, form: PlanForm, source: Source, path: KeyPath
) -> Iterator[Finding]:
    """A row that no price follows from, or one that leaves no call: it ends as it begins."""
    try:
        rates = placed_rates(row, call_type, form)
    except ValueError as error:
        yield from (source.error(path, str(problem)) for problem in error.args)
        return
    if any(hang_up_limit_s(rate) == 0 for rate in rates):
        message = "ends each call at once: not even the first block stays within it"
        yield source.error((*path, "maximum_charge"), message, "raise the amount, or then: free")
