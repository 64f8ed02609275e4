"""Rows of a plan that no call ever takes, and numbers that are left without a price by dates."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, tzinfo
from typing import Final

from pbxcharge.catalog.exception_checks import EXCEPTIONS
from pbxcharge.catalog.findings import Finding
from pbxcharge.catalog.instants import midnight_s, written_instant
from pbxcharge.catalog.plan_checks import INCOMING, ROWS, written_prefixes
from pbxcharge.catalog.plan_form import Method, PlanForm
from pbxcharge.catalog.plan_rates import house_prices
from pbxcharge.catalog.price_form import PriceForm
from pbxcharge.catalog.source import KeyPath, Source
from pbxcharge.core.plan import CallType

EVER: Final = 2**62
"""The end of what has none, in seconds since the epoch."""

_ANYBODY = f"@{CallType.INCOMING}"
_DIGITS = "0123456789"
_REMOVE = "remove it, or change the other one"


@dataclass(frozen=True, slots=True)
class _Row:
    """One prefix of a price or of an exception, with its place and when it is in effect."""

    at: KeyPath
    prefix: str
    from_s: int
    until_s: int


@dataclass(frozen=True, slots=True)
class _Rows:
    """All prices and exceptions of a plan, by prefix; `beginnings` are what prefixes begin with."""

    prices: tuple[_Row, ...]
    exceptions: tuple[_Row, ...]
    excepted: dict[str, list[_Row]] = field(default_factory=dict)
    by_prefix: dict[str, list[_Row]] = field(default_factory=dict)
    beginnings: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, prices: Iterable[_Row], exceptions: Iterable[_Row]) -> "_Rows":
        rows = cls(tuple(prices), tuple(exceptions))
        for row in rows.exceptions:
            rows.excepted.setdefault(row.prefix, []).append(row)
        for row in (*rows.prices, *rows.exceptions):
            rows.by_prefix.setdefault(row.prefix, []).append(row)
            rows.beginnings.update(row.prefix[:end] for end in range(1, len(row.prefix)))
        return rows


def row_findings(
    form: PlanForm, source: Source, zone: tzinfo, today: date | None
) -> Iterator[Finding]:
    """Prices and exceptions that never count; of a plan that can be read.

    Args:
        form: the plan.
        source: its file.
        zone: of the dates in messages.
        today: the date at the site; None looks at no date.
    """
    prices, exceptions = tuple(_prices(form, source)), tuple(_exceptions(form, source))
    plan_until_s = EVER if form.effective_until is None else form.effective_until
    inside = _Rows.of(
        *(_clipped(rows, form.effective_from, plan_until_s) for rows in (prices, exceptions))
    )
    for row in (*prices, *exceptions):
        if max(row.from_s, form.effective_from) >= min(row.until_s, plan_until_s):
            message = "never counts: the plan is not in force at any time of its dates"
            yield source.warning(row.at, message, "compare its dates with those of the plan")
    for row in inside.prices:
        yield from _outdone(row, inside, source)
    for row in (*inside.prices, *inside.exceptions):
        if row.prefix.isdigit() and _split(row, inside):
            message = f"never counts: every number of {row.prefix} has a longer prefix here"
            yield source.warning(row.at, message, "remove it, or one of the longer ones")
    if form.method is Method.FIXED and form.prices.public.deck is None:
        yield from _left_alone(inside, source, zone, today, plan_until_s)


def _prices(form: PlanForm, source: Source) -> Iterator[_Row]:
    rates, incoming = form.prices.public.rates, form.prices.incoming
    for path, prefix in written_prefixes(source, ROWS, "prefixes"):
        yield _row(rates[int(path[len(ROWS)])], path, prefix)
    for call_type, house in house_prices(form):
        yield _row(house, ("prices", str(call_type)), f"@{call_type}")
    for place, general in enumerate(incoming):
        if general.caller_prefixes is None:
            yield _row(general, (*INCOMING, place), _ANYBODY)
    for path, prefix in written_prefixes(source, INCOMING, "caller_prefixes"):
        yield _row(incoming[int(path[len(INCOMING)])], path, f"{_ANYBODY}:{prefix}")


def _exceptions(form: PlanForm, source: Source) -> Iterator[_Row]:
    rows = form.exceptions
    for key, before in (("prefixes", ""), ("caller_prefixes", f"{_ANYBODY}:")):
        for path, prefix in written_prefixes(source, EXCEPTIONS, key):
            yield _row(rows[int(path[len(EXCEPTIONS)])], path, before + prefix)
    for place, row in enumerate(rows):
        if row.call_type is not None:
            yield _row(row, (*EXCEPTIONS, place), f"@{row.call_type}")


def _row(form: PriceForm, at: KeyPath, prefix: str) -> _Row:
    until_s = EVER if form.effective_until is None else form.effective_until
    return _Row(at, prefix, form.effective_from, until_s)


def _clipped(rows: Iterable[_Row], from_s: int, until_s: int) -> Iterator[_Row]:
    """The rows within the dates of their plan."""
    for row in rows:
        begins_s, ends_s = max(row.from_s, from_s), min(row.until_s, until_s)
        if begins_s < ends_s:
            yield _Row(row.at, row.prefix, begins_s, ends_s)


def _outdone(row: _Row, rows: _Rows, source: Source) -> Iterator[Finding]:
    """Prices over which an exception always wins, whatever the length of its prefix.

    The one price of a kind of call must be there, so nothing is said of it.
    """
    if not row.prefix[-1].isdigit():
        return
    over = list(_along(row.prefix, rows.excepted))
    if over and _covered(row, over):
        line = source.line(over[0].at)
        message = f"never counts: the exception for {over[0].prefix} in line {line} wins over it"
        yield source.warning(row.at, message, _REMOVE)


def _split(row: _Row, rows: _Rows) -> bool:
    """Whether longer prefixes take every number of a row: 440 to 449 those of 44."""
    return row.prefix in rows.beginnings and all(
        _taken(row, row.prefix + digit, rows) for digit in _DIGITS
    )


def _taken(row: _Row, prefix: str, rows: _Rows) -> bool:
    if _covered(row, rows.by_prefix.get(prefix, ())):
        return True
    return prefix in rows.beginnings and all(_taken(row, prefix + digit, rows) for digit in _DIGITS)


def _covered(row: _Row, others: Iterable[_Row]) -> bool:
    """Whether other rows together are in effect at all times at which a row is."""
    reached_s = row.from_s
    for other in sorted(others, key=lambda other: other.from_s):
        if other.from_s <= reached_s:
            reached_s = max(reached_s, other.until_s)
    return reached_s >= row.until_s


def _left_alone(
    rows: _Rows, source: Source, zone: tzinfo, today: date | None, plan_until_s: int
) -> Iterator[Finding]:
    """Prices that end, so that their numbers have none: already, or until a later row begins."""
    now_s = None if today is None else midnight_s(today, zone)
    for row in rows.prices:
        if row.until_s == plan_until_s or _priced_at(row.prefix, row.until_s, rows):
            continue
        ends = written_instant(row.until_s, zone)
        later = [each.from_s for each in rows.by_prefix[row.prefix] if each.from_s > row.until_s]
        if later:
            begins = written_instant(min(later), zone)
            message = f"there is no price from {ends} until {begins}: such calls are refused"
            yield source.warning(row.at, message, "let one begin where the other one ends")
        elif now_s is not None and row.until_s <= now_s:
            message = f"has ended at {ends}, and nothing is in its place: such calls are refused"
            yield source.warning(row.at, message, "add a row for the time after, or remove it")


def _priced_at(prefix: str, at_s: int, rows: _Rows) -> bool:
    return any(row.from_s <= at_s < row.until_s for row in _along(prefix, rows.by_prefix))


def _along(prefix: str, rows: Mapping[str, Sequence[_Row]]) -> Iterator[_Row]:
    """The rows of a prefix and of everything that it begins with."""
    for end in range(1, len(prefix) + 1):
        yield from rows.get(prefix[:end], ())
