"""Patterns of numbers within bounds, for schemas: they take exactly what the readers take."""

from collections.abc import Iterator


def whole_pattern(at_least: int, at_most: int, digits_max: int) -> str:
    """Whole numbers within bounds: from 5 to 12 are `(?:0{0,8}[5-9]|0{0,7}1[0-2])` of 9 digits.

    Args:
        at_least: the least one, 0 or more.
        at_most: the greatest one.
        digits_max: how many digits may be written, zeros before the number too.
    """
    parts = []
    for length in range(len(str(at_least)), len(str(at_most)) + 1):
        low = max(at_least, 10 ** (length - 1) if length > 1 else 0)
        high = min(at_most, 10**length - 1)
        parts.append(f"0{{0,{digits_max - length}}}{_between(str(low), str(high))}")
    return f"(?:{'|'.join(parts)})"


def decimal_pattern(whole_digits_max: int, decimals_max: int) -> str:
    """Decimal numbers of 0 or more: of two digits and one decimal 99.9 and +7, not 7. and 100."""
    return rf"\+?[0-9]{{1,{whole_digits_max}}}(?:\.[0-9]{{1,{decimals_max}}})?"


def _between(low: str, high: str) -> str:
    """Numbers of one length, from one to the other."""
    if low == high:
        return low
    if low[0] == high[0]:
        return low[0] + _between(low[1:], high[1:])
    parts = list(_by_first_digit(low, high))
    return parts[0] if len(parts) == 1 else f"(?:{'|'.join(parts)})"


def _by_first_digit(low: str, high: str) -> Iterator[str]:
    """The beginning and the end of the span, where other digits count, and what lies between."""
    rest = len(low) - 1
    first, last = int(low[0]), int(high[0])
    if low[1:] != "0" * rest:
        yield low[0] + _between(low[1:], "9" * rest)
        first += 1
    if high[1:] != "9" * rest:
        last -= 1
    if first <= last:
        digit = str(first) if first == last else f"[{first}-{last}]"
        yield digit + ("[0-9]" * rest if rest < 2 else f"[0-9]{{{rest}}}")
    if high[1:] != "9" * rest:
        yield high[0] + _between("0" * rest, high[1:])
