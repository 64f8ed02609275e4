"""Prices that jump, as findings: where in the plan file, and from what to what."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import tzinfo
from fractions import Fraction

from pydantic_core import PydanticCustomError

from pbxcharge.catalog.exception_checks import EXCEPTIONS
from pbxcharge.catalog.findings import Finding
from pbxcharge.catalog.instants import read_instant
from pbxcharge.catalog.load import ReadPlan
from pbxcharge.catalog.plan_checks import INCOMING, PUBLIC, ROWS, written_prefixes
from pbxcharge.catalog.price_jumps import CONNECT_FEE, JUMP, PriceJump, price_jumps
from pbxcharge.catalog.source import Group, Items, KeyPath, Scalar, Source
from pbxcharge.catalog.stored_plan import stored_plan
from pbxcharge.core.money import format_amount
from pbxcharge.core.plan import CallType
from pbxcharge.core.price import Rate, RelativeTerms

HINT = "is the decimal point in its place?"
_WORDS: Mapping[Fraction, str] = {
    Fraction(10): "ten times",
    Fraction(100): "a hundred times",
    Fraction(1000): "a thousand times",
    Fraction(1, 10): "a tenth of",
    Fraction(1, 100): "a hundredth of",
    Fraction(1, 1000): "a thousandth of",
}

Place = tuple[bool, str, int]
"""Of a row: whether it is an exception, its prefix, and the second from which on it counts."""


def jump_findings(read: ReadPlan, last: str, now_s: int, zone: tzinfo) -> tuple[Finding, ...]:
    """The prices of a plan file that are ten times those of its last version, or a tenth.

    One for each row of the file, whatever number of prefixes it has.

    Args:
        read: the file.
        last: what the last version said, as it is kept.
        now_s: the UTC second from which on prices are compared.
        zone: the local time in which dates are written.
    """
    if read.plan is None:
        return ()
    try:
        before = stored_plan(last)
    except (ValueError, KeyError, TypeError):
        # Another release kept it: there is nothing to compare with.
        return ()
    jumps = price_jumps(before, read.plan, max(now_s, read.plan.effective_from_s))
    return tuple(_findings(jumps, read.source, zone)) if jumps else ()


def _findings(jumps: Iterable[PriceJump], source: Source, zone: tzinfo) -> Iterator[Finding]:
    places = _places(source, zone)
    by_path: dict[KeyPath, list[PriceJump]] = {}
    for jump in jumps:
        by_path.setdefault(_path(jump, places, source), []).append(jump)
    for path, group in by_path.items():
        yield source.warning(path, _message(group), HINT)


def _path(jump: PriceJump, places: Mapping[Place, KeyPath], source: Source) -> KeyPath:
    """The value that is mostly the cause, else the row."""
    if jump.row is None:
        relative: KeyPath = ("relative", "multiplier")
        return relative if source.at(relative) else (*PUBLIC, "deck")
    is_exception, _, row = jump.row
    path = places.get((is_exception, row.rate.prefix, row.from_s), ())
    inside = (*path, "windows", jump.window) if jump.window else path
    keys = ("connect_fee",) if jump.talk_s == CONNECT_FEE else ("price_per_minute", "multiplier")
    candidates = ((*at, key) for at in (inside, path) for key in keys)
    return next((each for each in candidates if source.at(each) is not None), path)


def _places(source: Source, zone: tzinfo) -> Mapping[Place, KeyPath]:
    """Where each row of a file is written, by what it is for and from when on."""
    found: dict[Place, KeyPath] = {}
    for path, is_exception, prefix in _written(source):
        found[is_exception, prefix, _begins(source, path, zone)] = path
    return found


def _written(source: Source) -> Iterator[tuple[KeyPath, bool, str]]:
    """Every row of a file, whether it is an exception, and what it is for."""
    public = PUBLIC if isinstance(source.at(PUBLIC), Items) else ROWS
    for at, is_exception in ((public, False), (EXCEPTIONS, True)):
        for path, prefix in written_prefixes(source, at, "prefixes"):
            yield path[:-2], is_exception, prefix
    for path in (("prices", "local"), ("prices", "extended_local")):
        yield path, False, f"@{path[1]}"
    incoming = [INCOMING] if isinstance(source.at(INCOMING), Group) else _items(source, INCOMING)
    for path in incoming:
        callers = _callers(source, path) or [f"@{CallType.INCOMING}"]
        yield from ((path, False, caller) for caller in callers)
    for path in _items(source, EXCEPTIONS):
        kind = source.at((*path, "call_type"))
        kinds = [f"@{kind.text}"] if isinstance(kind, Scalar) else []
        yield from ((path, True, each) for each in (*_callers(source, path), *kinds))


def _items(source: Source, path: KeyPath) -> list[KeyPath]:
    node = source.at(path)
    return [(*path, place) for place in range(len(node.items) if isinstance(node, Items) else 0)]


def _callers(source: Source, path: KeyPath) -> list[str]:
    """`@incoming:44` of a row that is for callers from there."""
    nodes = (source.at(each) for each in _items(source, (*path, "caller_prefixes")))
    return [f"@{CallType.INCOMING}:{it.text}" for it in nodes if isinstance(it, Scalar)]


def _begins(source: Source, path: KeyPath, zone: tzinfo) -> int:
    written = source.at((*path, "effective_from"))
    try:
        text = written.text if isinstance(written, Scalar) else None
        return read_instant(text, zone) if text else 0
    except PydanticCustomError:
        return 0


def _message(group: list[PriceJump]) -> str:
    first = group[0]
    rate = first.row[2].rate if first.row else None
    name = f"{rate.destination}: " if rate and rate.destination else ""
    more = f", as for {len(group) - 1} more of its prefixes" if len(group) > 1 else ""
    window = f" in time window {first.window}" if first.window else ""
    above = "over 1.00 a minute, " if rate is None or isinstance(rate, RelativeTerms) else ""
    return f"{name}{above}{_sentence(first)}{window}{more}"


def _sentence(jump: PriceJump) -> str:
    before, after = format_amount(jump.before_micros), format_amount(jump.after_micros)
    what, is_, was, beside = f"{jump.talk_s} s", "cost", "cost", _beside_fee(jump)
    if jump.talk_s == CONNECT_FEE:
        what, is_, was, beside = "the connect fee", "is", "was", ""
    if not jump.after_micros:
        return f"{what} {is_} nothing, and {was} {before} in the last version"
    return f"{what} {is_} {after}{beside}, {_times(jump.factor)} the {before} of the last version"


def _beside_fee(jump: PriceJump) -> str:
    rate = jump.row[2].rate if jump.row else None
    return " beside the connect fee" if isinstance(rate, Rate) and rate.connect_fee_micros else ""


def _times(factor: Fraction) -> str:
    if factor in _WORDS:
        return _WORDS[factor]
    tenths = factor * 10 // 1
    if factor >= JUMP:
        return f"{tenths // 10}.{tenths % 10} times".replace(".0 ", " ")
    return f"less than 1/{1 / factor // 1} of"
