"""Where the prices of a plan stand in its file, for findings about prices as calls take them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo

from pydantic_core import PydanticCustomError

from pbxcharge.catalog.exception_checks import EXCEPTIONS
from pbxcharge.catalog.instants import read_instant
from pbxcharge.catalog.plan_checks import INCOMING, PUBLIC, ROWS, written_prefixes
from pbxcharge.catalog.source import Group, Items, KeyPath, Scalar, Source
from pbxcharge.core.plan import CallType

Place = tuple[bool, str, int]
"""Of a row: whether it is an exception, its prefix, and the second from which on it counts."""

OF_DECK: KeyPath = (*PUBLIC, "deck")
OF_MARGIN: KeyPath = ("relative", "multiplier")

PRICE = ("price_per_minute", "multiplier")
CONNECT_FEE = ("connect_fee",)


def row_places(source: Source, zone: tzinfo) -> Mapping[Place, KeyPath]:
    """Every row of a file by what it is for and from when on, once for each of its prefixes."""
    return {
        (is_exception, prefix, _begins(source, at, zone)): at
        for at, is_exception, prefix in _written(source)
    }


def price_of(source: Source, *places: KeyPath, keys: Sequence[str] = PRICE) -> KeyPath:
    """Where a price itself is written: in the first of these places that has one, else the last."""
    candidates = ((*at, key) for at in places for key in keys)
    return next((each for each in candidates if source.at(each) is not None), places[-1])


def _written(source: Source) -> Iterator[tuple[KeyPath, bool, str]]:
    """Every row of a file, whether it is an exception, and what it is for."""
    public = PUBLIC if isinstance(source.at(PUBLIC), Items) else ROWS
    for at, is_exception in ((public, False), (EXCEPTIONS, True)):
        for path, prefix in written_prefixes(source, at, "prefixes"):
            yield path[:-2], is_exception, prefix
    for path in (("prices", "local"), ("prices", "extended_local")):
        yield path, False, f"@{path[1]}"
    for path in _rows(source, INCOMING):
        callers = _callers(source, path) or [f"@{CallType.INCOMING}"]
        yield from ((path, False, caller) for caller in callers)
    for path in _rows(source, EXCEPTIONS):
        kind = source.at((*path, "call_type"))
        kinds = [f"@{kind.text}"] if isinstance(kind, Scalar) else []
        yield from ((path, True, each) for each in (*_callers(source, path), *kinds))


def _rows(source: Source, at: KeyPath) -> list[KeyPath]:
    """The rows of a list, or the one that stands in its place."""
    return [at] if isinstance(source.at(at), Group) else _items(source, at)


def _items(source: Source, at: KeyPath) -> list[KeyPath]:
    node = source.at(at)
    return [(*at, place) for place in range(len(node.items) if isinstance(node, Items) else 0)]


def _callers(source: Source, at: KeyPath) -> list[str]:
    """`@incoming:44` of a row that is for callers from there."""
    nodes = (source.at(each) for each in _items(source, (*at, "caller_prefixes")))
    return [f"@{CallType.INCOMING}:{it.text}" for it in nodes if isinstance(it, Scalar)]


def _begins(source: Source, at: KeyPath, zone: tzinfo) -> int:
    written = source.at((*at, "effective_from"))
    try:
        text = written.text if isinstance(written, Scalar) else None
        return read_instant(text, zone) if text else 0
    except PydanticCustomError:
        return 0
