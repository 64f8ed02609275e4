"""What all numbers of a site take of several tables of prefixes, prefix by prefix, in one pass."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

_DIGITS = "0123456789"

Layer = Mapping[str, Any]
"""What stands at each prefix; of a number the longest one counts."""


def walk(layers: Sequence[Layer]) -> Iterator[tuple[str, list[Any]]]:
    """Each prefix of any layer, with what a number behind it takes of every layer, or None.

    With 44 in one layer and 447 in another, 44 takes (its own, None) and 447 takes both. Prefixes
    come in the order of their digits, so that whatever is above another one has been seen before.
    """
    above: list[tuple[str, list[Any]]] = [("", [layer.get("") for layer in layers])]
    for prefix in sorted(frozenset().union(*layers)):
        while not prefix.startswith(above[-1][0]):
            above.pop()
        taken = list(map(_or_above, layers, (prefix,) * len(layers), above[-1][1]))
        above.append((prefix, taken))
        yield prefix, taken


def _or_above(layer: Layer, prefix: str, inherited: Any) -> Any:
    return layer.get(prefix, inherited)


def outermost(prefixes: Iterable[str]) -> Iterator[str]:
    """The prefixes that begin with no other one of them: of 44, 447 and 49 these are 44 and 49."""
    last: str | None = None
    for prefix in sorted(prefixes):
        if last is None or not prefix.startswith(last):
            last = prefix
            yield prefix


def has_numbers_of_its_own(prefix: str, layers: Sequence[Layer]) -> bool:
    """Whether not each of the ten next digits has an entry: then none of its numbers is its own."""
    return not all(any(prefix + digit in layer for layer in layers) for digit in _DIGITS)
