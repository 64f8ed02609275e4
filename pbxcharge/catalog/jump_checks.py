"""Prices that jump, as findings: where in the plan file, and from what to what."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import tzinfo
from fractions import Fraction

from pbxcharge.catalog import row_places
from pbxcharge.catalog.findings import Finding
from pbxcharge.catalog.load import ReadPlan
from pbxcharge.catalog.price_jumps import CONNECT_FEE, JUMP, PriceJump, price_jumps
from pbxcharge.catalog.source import KeyPath, Source
from pbxcharge.catalog.stored_plan import stored_plan
from pbxcharge.core.money import format_amount
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
    places = row_places.row_places(source, zone)
    by_path: dict[KeyPath, list[PriceJump]] = {}
    for jump in jumps:
        by_path.setdefault(_path(jump, places, source), []).append(jump)
    for path, group in by_path.items():
        yield source.warning(path, _message(group), HINT)


def _path(jump: PriceJump, places: Mapping[row_places.Place, KeyPath], source: Source) -> KeyPath:
    """The value that is mostly the cause, else the row."""
    if jump.row is None:
        return row_places.OF_MARGIN if source.at(row_places.OF_MARGIN) else row_places.OF_DECK
    is_exception, _, row = jump.row
    path = places.get((is_exception, row.rate.prefix, row.from_s), ())
    inside = (*path, "windows", jump.window) if jump.window else path
    keys = row_places.CONNECT_FEE if jump.talk_s == CONNECT_FEE else row_places.PRICE
    return row_places.price_of(source, inside, path, keys=keys)


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
